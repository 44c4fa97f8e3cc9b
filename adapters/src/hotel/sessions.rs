//! A user's own logins: listed, ended one by one or all at once. The document has none of this; the manner is its own.

use actix_web::{HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use countersign_core::{AuthError, Token, TokenId, TokenKind, Verified, store::Revoke};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Hotel, NAME,
    error::{Error, Failure},
};
use crate::{caller::Caller, mount::Use};

/// A login.
#[derive(Serialize, ToSchema)]
#[schema(as = hotel::Session)]
struct Session {
    /// Its number.
    #[schema(example = 17)]
    id: i64,
    /// Is it the one that the request came with?
    current: bool,
    /// When somebody logged in; null if that is not known of a login that was imported.
    #[schema(required)]
    created_at: Option<DateTime<Utc>>,
    /// Its last request, true to a minute; null if there was none yet.
    #[schema(required)]
    last_used_at: Option<DateTime<Utc>>,
    /// When its refresh token ends.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
}

impl Session {
    fn of(token: &Token, caller: &Verified) -> Self {
        Self {
            id: token.id.0,
            current: token.id == caller.token.id,
            created_at: token.created_at,
            last_used_at: token.last_used_at,
            expires_at: token.expires_at,
        }
    }
}

/// Log out everywhere
///
/// Every login of the user is ended, that of the request included: refresh tokens, access tokens and open sockets.
#[utoipa::path(
    operation_id = "hotel_logout_all",
    tag = NAME,
    responses(
        (status = 204, description = "Logged out"),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = []), ("hotel_password" = [])),
)]
#[post("/logout-all")]
pub async fn logout_all(mount: Use<Hotel>, caller: Caller<Hotel>) -> Result<HttpResponse, Error> {
    let user = caller.user.id;
    mount.blocking(move |auth| auth.revoke_many(user, Revoke::Kind(TokenKind::Jwt))).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List the own logins
#[utoipa::path(
    operation_id = "hotel_list_sessions",
    tag = NAME,
    responses(
        (status = 200, description = "The logins, the oldest first", body = Vec<Session>),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = []), ("hotel_password" = [])),
)]
#[get("/sessions")]
pub async fn list_sessions(mount: Use<Hotel>, caller: Caller<Hotel>) -> Result<HttpResponse, Error> {
    let user = caller.user.id;
    let (tokens, now) =
        mount.blocking(move |auth| Ok((auth.tokens(user, Some(TokenKind::Jwt))?, auth.realm().now()))).await?;
    let live = tokens.iter().filter(|token| !token.is_expired(now));
    Ok(HttpResponse::Ok().json(live.map(|token| Session::of(token, &caller)).collect::<Vec<_>>()))
}

/// End one of the own logins
///
/// Its refresh token and access tokens are dead at once.
#[utoipa::path(
    operation_id = "hotel_delete_session",
    tag = NAME,
    params(("id" = i64, Path, description = "The login's number")),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 404, description = "The user has no such login", body = Failure),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = []), ("hotel_password" = [])),
)]
#[delete("/sessions/{id}")]
pub async fn delete_session(
    mount: Use<Hotel>,
    caller: Caller<Hotel>,
    path: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let given = path.into_inner();
    let number: Option<i64> = given.parse().ok().filter(|number: &i64| number.to_string() == given);
    let token = number.map(TokenId).ok_or(AuthError::NotFound)?;
    let user = caller.user.id;
    mount.blocking(move |auth| auth.revoke_of_kind(token, user, TokenKind::Jwt)).await?;
    Ok(HttpResponse::NoContent().finish())
}
