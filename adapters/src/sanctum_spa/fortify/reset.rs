//! A new password by a mailed link.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        NAME, SanctumSpa,
        reset::{ForgetfulInput, PasswordResetInput, RESET, SENT, follow, send_to, set},
    },
    Next, password, refused, told,
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

/// What has been done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = sanctum_spa::Done)]
struct Done {
    /// A sentence for people.
    #[schema(value_type = String, example = "We have emailed your password reset link.")]
    message: &'static str,
}

/// Ask for a new password
///
/// Mails a link to the front end's page `/password-reset/{token}?email=…`. Who is logged in is sent to the front page.
#[utoipa::path(
    operation_id = "sanctum_spa_request_password_reset",
    tag = NAME,
    request_body(content(
        (ForgetfulInput = "application/json"),
        (ForgetfulInput = "application/x-www-form-urlencoded"),
        (ForgetfulInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "The link is sent", body = Done),
        (status = 302, description = "Logged in already, or sent back for not asking for JSON"),
        (status = 422, description = "No address, nobody's, or too soon after the last link", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/forgot-password", wrap = "Group::Web")]
pub async fn send_link(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    if guard::signed_in(&request, &mount).await?.is_some() {
        return Ok(answer::redirect(&mount.site.base_url));
    }
    let input: Input = body.read().await?;
    let mut errors = Errors::default();
    check(&input, "email", &[Rule::Required, Rule::Email], &mut errors);
    errors.verdict()?;
    match send_to(&request, &mount, input.text("email").unwrap_or_default()).await {
        Ok(()) => Ok(told(&request, &mount, answer::json(StatusCode::OK, &Done { message: SENT }), Next::Back)),
        Err(fault) => refused(&request, &mount, fault),
    }
}

/// Set a new password by a link
///
/// A link works once. The user's sessions end, tokens stay, unless the settings say otherwise. The new password is judged
/// only when the link is live.
#[utoipa::path(
    operation_id = "sanctum_spa_reset_password",
    tag = NAME,
    request_body(content(
        (PasswordResetInput = "application/json"),
        (PasswordResetInput = "application/x-www-form-urlencoded"),
        (PasswordResetInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "Set", body = Done),
        (status = 302, description = "Logged in before, or for not asking for JSON: sent home or back"),
        (status = 422, description = "Not what is expected, or not a live link", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/reset-password", wrap = "Group::Web")]
pub async fn reset_password(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    if guard::signed_in(&request, &mount).await?.is_some() {
        return Ok(answer::redirect(&mount.site.base_url));
    }
    let input: Input = body.read().await?;
    let mut errors = Errors::default();
    check(&input, "token", &[Rule::Required], &mut errors);
    check(&input, "email", &[Rule::Required, Rule::Email], &mut errors);
    check(&input, "password", &[Rule::Required], &mut errors);
    errors.verdict()?;
    let text = |field| input.text(field).unwrap_or_default();
    let linked = match follow(&request, &mount, text("email"), text("token")).await {
        Ok(linked) => linked,
        Err(fault) => return refused(&request, &mount, fault),
    };
    let mut errors = Errors::default();
    let password = password::new(&input, &mount.auth, &text("email"), &mut errors)?;
    errors.verdict()?;
    match set(&request, &mount, linked, password).await {
        Ok(()) => Ok(told(&request, &mount, answer::json(StatusCode::OK, &Done { message: RESET }), Next::Home)),
        Err(fault) => refused(&request, &mount, fault),
    }
}
