//! The user's own password: another one, and that it is still known.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    post, put,
};
use countersign_core::{Auth, AuthError, Guess, Secret, Subject, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{NAME, SanctumSpa, account},
    Next, refused, told,
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
        visitor::Visitor,
    },
    mount::Use,
};

/// The field of the current password.
const CURRENT: &str = "current_password";
/// Fortify's sentences.
const NOT_CURRENT: &str = "The provided password does not match your current password.";
const INCORRECT: &str = "The provided password was incorrect.";
/// How long ago the password was confirmed, in seconds; the name is Fortify's.
const AGO: HeaderName = HeaderName::from_static("x-retry-after");
/// How long a password counts as confirmed, in seconds: `auth.password_timeout` of a new project.
const CONFIRMED_FOR: i64 = 10_800;

/// The rules of Fortify's `PasswordValidationRules`, in their order, and the mount's.
pub fn new(input: &Input, auth: &Auth, email: &str, errors: &mut Errors) -> Result<Secret, AuthError> {
    check(input, "password", &[Rule::Required], errors);
    if errors.has("password") {
        return Ok(Secret::from(""));
    }
    check(input, "password", &[Rule::Text], errors);
    let password = account::judged_password(input, auth, email, errors)?;
    check(input, "password", &[Rule::Confirmed], errors);
    Ok(password)
}

/// A new password for a user who knows the old one.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::NewPassword)]
#[expect(dead_code, reason = "it describes the fields that `update_password` reads")]
struct NewPasswordInput {
    /// The old password.
    #[schema(format = Password)]
    current_password: String,
    /// The new password.
    #[schema(format = Password, min_length = 8)]
    password: String,
    /// The new password again.
    #[schema(format = Password, min_length = 8)]
    password_confirmation: String,
}

/// Change the password
///
/// The user's other sessions end, as does every copy of this one, and no device is remembered; tokens stay. This session ends as well when the API sees it
/// next, if the API has seen it before, as in Laravel.
#[utoipa::path(
    operation_id = "sanctum_spa_update_password",
    tag = NAME,
    request_body(content(
        (NewPasswordInput = "application/json"),
        (NewPasswordInput = "application/x-www-form-urlencoded"),
        (NewPasswordInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "Changed", body = String),
        (status = 422, description = "Not what is expected, or not the current password", body = ValidationError),
        document::Unauthenticated,
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[put("/user/password", wrap = "Group::Web")]
pub async fn update_password(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    let session = guard::session(&request, &mount).await?;
    let input: Input = body.read().await?;
    let mut errors = Errors::default();
    let subject = current(&request, &mount, (session.user.id, &input), &mut errors).await?;
    let email = session.user.email.as_deref().unwrap_or_default();
    let password = new(&input, &mount.auth, email, &mut errors)?;
    errors.verdict()?;
    let stale = || Fault::from(Errors::one(CURRENT, NOT_CURRENT));
    let subject = subject.ok_or_else(stale)?;
    let life = mount.options.session_absolute_lifetime.delta();
    let changed = mount.hashing(&request, move |auth| {
        let session = auth.replace_password_in_session(&subject, &password, life)?;
        auth.forget_devices(subject.id)?;
        Ok(session)
    });
    let session = changed.await.map_err(|error| match error {
        // Somebody was quicker.
        AuthError::WrongCredentials => stale(),
        error => error.into(),
    })?;
    if let Some(visitor) = Visitor::of(&request) {
        visitor.changed_password(session);
    }
    Ok(told(&request, &mount, answer::json(StatusCode::OK, &""), Next::Back))
}

/// Whoever knows the current password, by Fortify's rules for it in their order; the errors say what is wrong.
async fn current(
    request: &HttpRequest,
    mount: &Use<SanctumSpa>,
    (user, input): (UserId, &Input),
    errors: &mut Errors,
) -> Result<Option<Subject>, AuthError> {
    check(input, CURRENT, &[Rule::Required], errors);
    if errors.has(CURRENT) {
        return Ok(None);
    }
    check(input, CURRENT, &[Rule::Text], errors);
    let Some(password) = input.text(CURRENT) else { return Ok(None) };
    let subject = confirmed(request, mount, user, password).await?;
    if subject.is_none() {
        errors.add(CURRENT, NOT_CURRENT);
    }
    Ok(subject)
}

/// The password once more.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::CurrentPassword)]
#[expect(dead_code, reason = "it describes the field that `confirm_password` reads")]
struct CurrentPasswordInput {
    /// The user's password.
    #[schema(format = Password)]
    password: String,
}

/// Confirm the password
///
/// Notes in the session that the user knows the password.
#[utoipa::path(
    operation_id = "sanctum_spa_confirm_password",
    tag = NAME,
    request_body(content(
        (CurrentPasswordInput = "application/json"),
        (CurrentPasswordInput = "application/x-www-form-urlencoded"),
        (CurrentPasswordInput = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "Confirmed", body = String),
        (status = 422, description = "Another password", body = ValidationError),
        document::Unauthenticated,
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/user/confirm-password", wrap = "Group::Web")]
pub async fn confirm_password(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    let session = guard::session(&request, &mount).await?;
    let input: Input = body.read().await?;
    let password = input.text("password").unwrap_or_default();
    if password.is_empty() || confirmed(&request, &mount, session.user.id, password).await?.is_none() {
        return refused(&request, &mount, Errors::one("password", INCORRECT).into());
    }
    if let Some(visitor) = Visitor::of(&request) {
        visitor.confirmed(mount.auth.realm().now().timestamp());
    }
    Ok(told(&request, &mount, answer::json(StatusCode::CREATED, &""), Next::Home))
}

/// Is the password confirmed?
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = sanctum_spa::Confirmation)]
struct Confirmation {
    /// Was it, in this session and not too long ago?
    #[schema(example = false)]
    confirmed: bool,
}

/// Was the password confirmed lately?
///
/// In the last three hours, or in as many seconds as the query names.
#[utoipa::path(
    operation_id = "sanctum_spa_show_password_confirmation",
    tag = NAME,
    params(("seconds" = Option<i64>, Query, description = "How long ago is lately")),
    responses(
        (status = 200, description = "Was it?", body = Confirmation,
         headers(("X-Retry-After" = i64, description = "How many seconds ago it was confirmed, if it was lately"))),
        document::Unauthenticated,
        document::Unavailable,
    ),
    security(("laravel_session" = [])),
)]
#[get("/user/confirmed-password-status", wrap = "Group::Web")]
pub async fn show_confirmation(request: HttpRequest, mount: Use<SanctumSpa>) -> Result<HttpResponse, Fault> {
    guard::session(&request, &mount).await?;
    let last = Visitor::of(&request).and_then(|visitor| visitor.confirmed_at()).unwrap_or_default();
    let ago = mount.auth.realm().now().timestamp() - last;
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let seconds = pairs.filter(|(name, _)| name == "seconds").last().map(|(_, value)| value);
    let confirmed = is_less(ago, seconds.as_deref());
    let mut response = answer::json(StatusCode::OK, &Confirmation { confirmed });
    if confirmed && ago != 0 {
        response.headers_mut().insert(AGO, HeaderValue::from(ago));
    }
    Ok(response)
}

/// PHP's `$ago < $seconds`, with a number for the default: what is empty is null, and what is no number is compared as text.
fn is_less(ago: i64, seconds: Option<&str>) -> bool {
    let Some(seconds) = seconds.map(str::trim) else { return ago < CONFIRMED_FOR };
    let is_written_so = seconds.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match seconds.parse::<f64>() {
        // Nobody waits so long that it could not be told exactly.
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
        Ok(number) if is_written_so => (ago as f64) < number,
        _ => !seconds.is_empty() && ago.to_string().as_str() < seconds,
    }
}

/// The user, if this is their password.
async fn confirmed(
    request: &HttpRequest,
    mount: &Use<SanctumSpa>,
    user: UserId,
    password: String,
) -> Result<Option<Subject>, AuthError> {
    let password = Secret::new(password);
    let attempt = mount.guess(request, Guess::Password(user)).await?;
    match attempt.hashing(move |auth| auth.confirm_password(user, &password)).await {
        Ok(subject) => Ok(Some(subject)),
        Err(AuthError::WrongCredentials) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::is_less;

    #[test]
    fn lately_is_three_hours_or_what_the_query_says_in_phps_way() {
        assert!(is_less(10_799, None) && !is_less(10_800, None));
        for (seconds, expected) in [
            ("10", true),
            (" 9.5 ", true),
            ("1e1", true),
            ("9", false),
            ("-1", false),
            ("", false),
            ("x", true),
            ("0x99", false),
        ] {
            assert_eq!(is_less(9, Some(seconds)), expected, "{seconds:?}");
        }
    }
}
