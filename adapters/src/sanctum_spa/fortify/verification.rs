//! Confirming an e-mail address by a mailed link.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};

use super::{
    super::{NAME, SanctumSpa, verification},
    Next, told,
};
use crate::{
    laravel::{
        answer, document,
        fault::{Fault, Message},
        stateful::Group,
    },
    mount::Use,
};

/// Confirm an e-mail address
///
/// The link of a mail, followed by whoever it was sent to while they are logged in.
#[utoipa::path(
    operation_id = "sanctum_spa_verify_address",
    tag = NAME,
    params(
        ("id" = String, Path, description = "The user's number"),
        ("hash" = String, Path, description = "The SHA-1 of the address"),
        ("expires" = i64, Query, description = "The end of the link's life, in seconds since 1970"),
        ("signature" = String, Query, description = "Who made the link"),
    ),
    responses(
        (status = 204, description = "Confirmed, now or before"),
        (status = 302, description = "The same for who does not ask for JSON; without a login to the login form"),
        (status = 401, description = "Nobody is logged in", body = Message),
        (status = 403, description = "Not a live link, or somebody else's", body = Message),
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [])),
)]
#[get("/email/verify/{id}/{hash}", wrap = "Group::Web")]
pub async fn verify_address(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    verification::follow(&request, &mount, path.into_inner()).await?;
    Ok(told(&request, &mount, answer::no_content(), Next::Verified))
}

/// Ask for a link that confirms the address
///
/// Mails it to the user whose session this is.
#[utoipa::path(
    operation_id = "sanctum_spa_send_verification_link",
    tag = NAME,
    responses(
        (status = 202, description = "The link is sent", body = String),
        (status = 204, description = "The address is confirmed already"),
        document::Unauthenticated,
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/email/verification-notification", wrap = "Group::Web")]
pub async fn send_link(request: HttpRequest, mount: Use<SanctumSpa>) -> Result<HttpResponse, Fault> {
    if verification::send_again(&request, &mount).await? {
        Ok(told(&request, &mount, answer::json(StatusCode::ACCEPTED, &""), Next::Back))
    } else {
        Ok(told(&request, &mount, answer::no_content(), Next::Home))
    }
}
