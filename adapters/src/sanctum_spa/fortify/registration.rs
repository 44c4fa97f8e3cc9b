//! Registration.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post};
use countersign_core::{Auth, AuthError, Registration, Request};

use super::{
    super::{
        NAME, SanctumSpa,
        account::{self, LONGEST, RegistrationInput},
        entry,
    },
    Next, password, told,
};
use crate::{
    body::Unread,
    laravel::{
        answer, document,
        fault::Fault,
        guard,
        input::Input,
        rules::{Errors, Rule, ValidationError, check},
        stateful::Group,
    },
    mount::Use,
};

/// Register
///
/// Creates a user, opens a session and makes the first api-token. The address is written in lower case.
#[utoipa::path(
    operation_id = "sanctum_spa_register_user",
    tag = NAME,
    request_body(content(
        (RegistrationInput = "application/json"),
        (RegistrationInput = "application/x-www-form-urlencoded"),
        (RegistrationInput = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "Registered and logged in", body = String),
        (status = 302, description = "Logged in before, or for not asking for JSON: sent home or back"),
        (status = 422, description = "Not what is expected, or taken", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/register", wrap = "Group::Web")]
pub async fn register(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    sign_up(request, mount, body).await
}

/// Register
///
/// Creates a user, opens a session and makes the first api-token. The address is written in lower case. (`/register` is the
/// minimal API's here.)
#[utoipa::path(
    operation_id = "sanctum_spa_register_user",
    tag = NAME,
    request_body(content(
        (RegistrationInput = "application/json"),
        (RegistrationInput = "application/x-www-form-urlencoded"),
        (RegistrationInput = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "Registered and logged in", body = String),
        (status = 302, description = "Logged in before, or for not asking for JSON: sent home or back"),
        (status = 422, description = "Not what is expected, or taken", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/api/register", wrap = "Group::Web")]
pub async fn register_beside_minimal(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    sign_up(request, mount, body).await
}

async fn sign_up(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    if guard::signed_in(&request, &mount).await?.is_some() {
        return Ok(answer::redirect(&mount.site.base_url));
    }
    let input: Input = body.read().await?;
    let remembers = entry::remembers(&input);
    let input = input.lowered("email");
    mount.count(&request, Request::Registration).await?;
    let registration = mount.blocking(move |auth| read(&input, auth)).await??;
    entry::register(&request, &mount, registration, remembers).await?.admit(&request, &mount);
    Ok(told(&request, &mount, answer::json(StatusCode::CREATED, &""), Next::Home))
}

/// The rules of Fortify's `CreateNewUser`, in their order. Asks the store whether the address is free.
fn read(input: &Input, auth: &Auth) -> Result<Result<Registration, Errors>, AuthError> {
    let mut errors = Errors::default();
    check(input, "name", &[Rule::Required, Rule::Text, Rule::Visible, Rule::Max(LONGEST)], &mut errors);
    check(input, "email", &[Rule::Required, Rule::Text, Rule::Email, Rule::Max(LONGEST)], &mut errors);
    let email = input.text("email").unwrap_or_default();
    account::check_free(auth, &email, &mut errors)?;
    let password = password::new(input, auth, &email, &mut errors)?;
    let name = input.text("name").unwrap_or_default();
    let registration = Registration { name: Some(name), email: Some(email), ..Registration::new(password) };
    Ok(errors.verdict().map(|()| registration))
}
