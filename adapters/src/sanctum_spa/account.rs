//! Login, logout and registration of the SPA.

use actix_web::{HttpRequest, HttpResponse, post};
use countersign_core::{
    Auth, AuthError, Guess, Registration, Request, Secret,
    identifier::{Key, Kind},
    password::PasswordOwner,
};
use utoipa::ToSchema;

use super::{
    NAME, SanctumSpa,
    entry::{self, Entry},
};
use crate::{
    body::Unread,
    laravel::{
        answer, document,
        fault::{Fault, NO_SUCH_CREDENTIALS, flaw_message},
        guard,
        input::Input,
        lockout,
        login::{Fields, Login},
        rules::{Errors, Rule, ValidationError, check, is_blank},
        stateful::Group,
    },
    mount::Use,
};

/// The width of the name columns.
pub(super) const LONGEST: usize = 255;

/// Credentials.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::Credentials)]
#[expect(dead_code, reason = "it describes the fields that `Login` reads")]
pub(super) struct CredentialsInput {
    /// The e-mail address; a user name or a phone number will do.
    #[schema(example = "your-email@example.com")]
    email: String,
    /// The password.
    #[schema(format = Password, example = "your-password")]
    password: String,
    /// Is the device to stay logged in when the session has ended?
    #[schema(required = false)]
    remember: bool,
}

/// Log in
///
/// Opens a session and makes a new api-token; with `remember` the device opens sessions by itself later. Session and CSRF token are others afterwards. Who is logged in already is
/// sent to the front page.
#[utoipa::path(
    operation_id = "sanctum_spa_log_in",
    tag = NAME,
    request_body(content(
        (CredentialsInput = "application/json"),
        (CredentialsInput = "application/x-www-form-urlencoded"),
        (CredentialsInput = "multipart/form-data"),
    )),
    responses(
        (status = 204, description = "Logged in"),
        (status = 302, description = "Logged in already, or sent back for not asking for JSON"),
        (status = 422, description = "Wrong credentials, too many of them, or not what is expected", body = ValidationError),
        document::Changing,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/login", wrap = "Group::Web")]
pub async fn log_in(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    if guard::signed_in(&request, &mount).await?.is_some() {
        return Ok(answer::redirect(&mount.site.base_url));
    }
    let input: Input = body.read().await?;
    let login = Login::read(&input, Fields::Strict, NO_SUCH_CREDENTIALS, &[]);
    let (credentials, refusal) = login?.into_parts();
    let options = mount.options.clone();
    let lock = lockout::pass(&request, &mount, options.login_lockout, &credentials.identifier).await?;
    let remembers = entry::remembers(&input);
    let guess = mount.guess(&request, Guess::Login(&credentials.identifier)).await;
    let opened = match guess {
        Ok(attempt) => {
            let entering = move |auth: &Auth| Entry::open(auth, &auth.authenticate(&credentials)?, &options, remembers);
            attempt.behind(lock).hashing(entering).await
        }
        Err(error) => {
            let refused = Err::<Entry, _>(error);
            mount.settled_after(&refused, lock.settle(&refused)).await;
            refused
        }
    };
    let entry = opened.map_err(|error| lockout::refused(Login::refused(refusal, error)))?;
    entry.admit(&request, &mount);
    Ok(answer::no_content())
}

/// Log out
///
/// Ends the session, and no device is remembered any more; the api-token stays.
#[utoipa::path(
    operation_id = "sanctum_spa_log_out",
    tag = NAME,
    responses(
        (status = 204, description = "Logged out"),
        document::Unauthenticated,
        document::Changing,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/logout", wrap = "Group::Web")]
pub async fn log_out(request: HttpRequest, mount: Use<SanctumSpa>) -> Result<HttpResponse, Fault> {
    let session = guard::session(&request, &mount).await?;
    entry::leave(&request, &mount, session).await?;
    Ok(answer::no_content())
}

/// Somebody who registers.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::Registration)]
#[expect(dead_code, reason = "it describes the fields that `sign_up` reads")]
pub(super) struct RegistrationInput {
    /// The name that is shown.
    #[schema(max_length = 255, example = "Alice Example")]
    name: String,
    /// The address, in lower case.
    #[schema(max_length = 255, example = "alice@example.com")]
    email: String,
    /// The password.
    #[schema(format = Password, min_length = 8)]
    password: String,
    /// The password again.
    #[schema(format = Password, min_length = 8)]
    password_confirmation: String,
}

/// Register
///
/// Creates a user, opens a session and makes the first api-token.
#[utoipa::path(
    operation_id = "sanctum_spa_register_user",
    tag = NAME,
    request_body(content(
        (RegistrationInput = "application/json"),
        (RegistrationInput = "application/x-www-form-urlencoded"),
        (RegistrationInput = "multipart/form-data"),
    )),
    responses(
        (status = 204, description = "Registered and logged in"),
        (status = 302, description = "Logged in already, or sent back for not asking for JSON"),
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
/// Creates a user, opens a session and makes the first api-token. (`/register` is the minimal API's here.)
#[utoipa::path(
    operation_id = "sanctum_spa_register_user",
    tag = NAME,
    request_body(content(
        (RegistrationInput = "application/json"),
        (RegistrationInput = "application/x-www-form-urlencoded"),
        (RegistrationInput = "multipart/form-data"),
    )),
    responses(
        (status = 204, description = "Registered and logged in"),
        (status = 302, description = "Logged in already, or sent back for not asking for JSON"),
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
    let input = body.read().await?;
    mount.count(&request, Request::Registration).await?;
    let registration = mount.blocking(move |auth| read_registration(&input, auth)).await??;
    entry::register(&request, &mount, registration, false).await?.admit(&request, &mount);
    Ok(answer::no_content())
}

/// Breeze's rules, in their order; the password's own are the mount's. Asks the store whether the address is free.
fn read_registration(input: &Input, auth: &Auth) -> Result<Result<Registration, Errors>, AuthError> {
    let mut errors = Errors::default();
    check(input, "name", &[Rule::Required, Rule::Text, Rule::Visible, Rule::Max(LONGEST)], &mut errors);
    let email_rules = [Rule::Required, Rule::Text, Rule::Lowercase, Rule::Email, Rule::Max(LONGEST)];
    check(input, "email", &email_rules, &mut errors);
    let email = input.text("email").unwrap_or_default();
    check_free(auth, &email, &mut errors)?;
    let password = new_password(input, auth, &email, &mut errors)?;
    let name = input.text("name").unwrap_or_default();
    let registration = Registration { name: Some(name), email: Some(email), ..Registration::new(password) };
    Ok(errors.verdict().map(|()| registration))
}

/// An address that nobody has, unless something else is wrong with it.
pub(super) fn check_free(auth: &Auth, email: &str, errors: &mut Errors) -> Result<(), AuthError> {
    if !errors.has("email") {
        match auth.check_free(&[(Kind::Email, Key::email(email))]) {
            Err(AuthError::Taken(_)) => errors.add("email", "The email has already been taken."),
            other => other?,
        }
    }
    Ok(())
}

/// The new password of whoever has this address; the errors say what is wrong with it.
pub(super) fn new_password(input: &Input, auth: &Auth, email: &str, errors: &mut Errors) -> Result<Secret, AuthError> {
    check(input, "password", &[Rule::Required, Rule::Confirmed, Rule::Text], errors);
    judged_password(input, auth, email, errors)
}

/// The same by the mount's rules alone.
pub(super) fn judged_password(
    input: &Input,
    auth: &Auth,
    email: &str,
    errors: &mut Errors,
) -> Result<Secret, AuthError> {
    let password = Secret::new(input.text("password").unwrap_or_default());
    if !is_blank(input.get("password")) {
        // What is no text is told its length as well, which of a list is that of its items.
        let measured = match input.text("password") {
            Some(_) => password.clone(),
            None => Secret::new("-".repeat(input.size("password"))),
        };
        let owner = PasswordOwner { email, ..PasswordOwner::default() };
        match auth.check_password(&measured, &owner) {
            Err(AuthError::WeakPassword(flaws)) => {
                for flaw in &flaws {
                    errors.add("password", flaw_message(flaw));
                }
            }
            other => other?,
        }
    }
    Ok(password)
}
