//! Devices that stay logged in: the cookie of Laravel's remember-me, and the session that it opens.

use std::sync::Arc;

use actix_web::HttpRequest;
use countersign_core::{AuthError, Verified};

use super::{cookies, session::Sessions, visitor::Visitor};
use crate::{adapter::Adapter, mount::Use};

/// The cookie: Laravel names it after the class of its guard (SHA-1 of `Illuminate\Auth\SessionGuard`).
pub const COOKIE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";

/// What becomes of the cookie with the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// It is remembered from now on, by this.
    Remembered(String),
    /// It is told to forget.
    Forgotten,
}

/// Does the request come from a device that may be remembered?
pub fn is_sent(request: &HttpRequest) -> bool {
    let sent = |sessions: &Sessions| cookies::values(request.headers(), &sessions.device).next().is_some();
    Sessions::of(request).is_some_and(|sessions| sent(sessions))
}

/// Opens a session for a device that is remembered, and makes it the visitor's.
///
/// # Errors
/// [`AuthError::Store`].
pub async fn recall<A: Adapter>(
    request: &HttpRequest,
    mount: &Use<A>,
    visitor: &Visitor,
) -> Result<Option<Arc<Verified>>, AuthError> {
    let Some(sessions) = Sessions::of(request) else { return Ok(None) };
    let Some(cookie) = cookies::value(request.headers(), &sessions.device) else { return Ok(None) };
    let (sealed, life) = (cookie.to_owned(), sessions.longest);
    match mount.blocking(move |auth| auth.recall(&sealed, life)).await {
        Ok((session, verified)) => {
            visitor.enter(session, mount.auth.realm().random());
            Ok(Some(verified))
        }
        Err(AuthError::Token(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Ends the visit; a device that sent the cookie is told to forget.
pub fn leave<A: Adapter>(request: &HttpRequest, mount: &Use<A>, visitor: &Visitor) {
    visitor.restart(mount.auth.realm().random());
    if is_sent(request) {
        visitor.set_device(Device::Forgotten);
    }
}
