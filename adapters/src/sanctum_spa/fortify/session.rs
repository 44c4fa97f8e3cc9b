//! Login and logout.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post};
use countersign_core::{Auth, AuthError, Guess, throttle::Who};
use serde::Serialize;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use utoipa::ToSchema;

use super::{
    super::{
        NAME, SanctumSpa,
        account::CredentialsInput,
        entry::{self, Entry},
    },
    Next, told,
};
use crate::{
    body::Unread,
    laravel::{
        answer, document,
        fault::{Fault, NO_SUCH_CREDENTIALS},
        guard,
        input::Input,
        login::{Fields, Login},
        rules::ValidationError,
        stateful::Group,
        throttle,
    },
    mount::Use,
};

/// The name of Fortify's limiter, and of its counters.
const LIMITER: &str = "sanctum_spa_fortify_login";

/// Somebody who is logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = sanctum_spa::LoggedIn)]
struct LoggedIn {
    /// Is a second factor still to be shown? There is none here.
    #[schema(example = false)]
    two_factor: bool,
}

/// Log in
///
/// Opens a session and makes a new api-token; with `remember` the device opens sessions by itself later. Session and CSRF
/// token are others afterwards. Who is logged in already is sent to the front page.
#[utoipa::path(
    operation_id = "sanctum_spa_log_in",
    tag = NAME,
    request_body(content(
        (CredentialsInput = "application/json"),
        (CredentialsInput = "application/x-www-form-urlencoded"),
        (CredentialsInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "Logged in", body = LoggedIn),
        (status = 302, description = "Logged in before, or for not asking for JSON: sent home or back"),
        (status = 422, description = "Wrong credentials, or not what is expected", body = ValidationError),
        document::Changing,
        document::Throttled,
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
    let input: Input = body.read().await?;
    limit(&request, &mount, &input).await?;
    if guard::signed_in(&request, &mount).await?.is_some() {
        return Ok(answer::redirect(&mount.site.base_url));
    }
    let login = Login::read(&input, Fields::Texts, NO_SUCH_CREDENTIALS, &[]);
    let (credentials, refusal) = login?.into_parts();
    let (options, remembers) = (mount.options.clone(), entry::remembers(&input));
    let attempt = mount.guess(&request, Guess::Login(&credentials.identifier)).await?;
    let entering = move |auth: &Auth| Entry::open(auth, &auth.authenticate(&credentials)?, &options, remembers);
    let entry = attempt.hashing(entering).await.map_err(|error| Login::refused(refusal, error))?;
    entry.admit(&request, &mount);
    let json = answer::json(StatusCode::OK, &LoggedIn { two_factor: false });
    Ok(told(&request, &mount, json, Next::Home))
}

/// Fortify's `RateLimiter::for('login', …)`: every login of one client for one address counts, right or wrong and whatever
/// else is wrong with it, and also that of who is logged in already. Addresses are told apart without case and accents.
async fn limit(request: &HttpRequest, mount: &Use<SanctumSpa>, input: &Input) -> Result<(), AuthError> {
    let address = input.text("email").unwrap_or_default().to_lowercase();
    let plain: String = address.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
    let client = mount.site.proxies.client(request);
    throttle::hit(request, mount, (LIMITER, mount.options.login_lockout), Who::NamedAt(client, &plain)).await
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
    Ok(told(&request, &mount, answer::no_content(), Next::Front))
}
