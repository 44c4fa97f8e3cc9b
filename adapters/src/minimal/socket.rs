//! `/ws`: a WebSocket that is somebody's, for as long as the credential lives.
//!
//! The document stores tokens "for WebSocket authorisation" and leaves the socket open. The token comes in the
//! `Authorization` header, as a subprotocol (browsers cannot set headers), or in the first message; never in the URL,
//! where every log would keep it. A page of the front end has its session's cookie instead. What is said on the socket
//! is the business of a [`crate::sockets::SocketHandler`]: an application's, or [`presence`].

mod conversation;
mod credential;
mod ending;
mod frames;
mod guard;
mod presence;

use std::sync::Arc;

use actix_web::{
    FromRequest as _, HttpRequest, HttpResponse, get,
    http::header::{HeaderMap, SEC_WEBSOCKET_VERSION, UPGRADE},
    rt, web,
};
use countersign_core::AuthError;

use super::{Error, Failure, Minimal, NAME};
use crate::{
    mount::Use,
    plain::Cause,
    sockets::{Handler, Line, attach},
};

use conversation::Conversation;
use guard::{Credential, Guard};
use presence::Presence;

/// The subprotocol that is offered beside the token, and the only one that is ever selected.
const BEARER: &str = "bearer";
/// The only version there is (RFC 6455, section 4.1).
pub(super) const VERSION: &str = "13";
/// A seat becomes free when somebody leaves, which nobody can foretell.
const FULL_RETRY: std::time::Duration = std::time::Duration::from_secs(5);

/// Open a WebSocket
///
/// The token is sent as `Authorization: Bearer TOKEN`, as the subprotocols `bearer, TOKEN` (the answer selects
/// `bearer`), or in the first message `{"token": "TOKEN"}` within a few seconds; never in the address. Without one the
/// session cookie of `sanctum_spa` counts, from pages of `front_ends` alone. The server then sends
/// `{"user": {"id": 1, "login": "login"}}`, and the same again in answer to each text message, unless an application has
/// a handler of its own. It closes with 4401 when the token or the session is refused, revoked or expired, with 1013 when
/// there are too many sockets, with 1009 after a message of more than 64 KiB, with 1008 after a silence, after too many
/// pings and if the client does not read, and with 1001 when it stops.
#[utoipa::path(
    operation_id = "minimal_open_socket",
    tag = NAME,
    params(
        ("Sec-WebSocket-Protocol" = Option<String>, Header, nullable = false, description = "`bearer, TOKEN`, for who cannot set headers"),
    ),
    responses(
        (status = 101, description = "The socket is open",
            headers(("Sec-WebSocket-Protocol" = String, description = "`bearer`, if it was offered"))),
        (status = 400, description = "Not a WebSocket handshake", body = Failure),
        (status = 401, description = "The token speaks for nobody, or stands in the address", body = Failure,
            headers(("WWW-Authenticate" = String, description = "`Bearer`; it says what is wrong with a token in the address"))),
        (status = 403, description = "A session's cookie from a page that is none of `front_ends`", body = Failure),
        (status = 426, description = "Not a WebSocket client of version 13", body = Failure,
            headers(("Upgrade" = String, description = "`websocket`"))),
        (status = 503, description = "Too many sockets, or without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("minimal_bearer" = []), ()),
)]
#[get("/ws")]
pub(super) async fn open_socket(
    request: HttpRequest,
    mount: Use<Minimal>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    if credential::is_in_address(request.query_string()) {
        tracing::info!("minimal: refused a socket with a token in its address, where every log would keep it");
        return Err(Error::TokenInAddress);
    }
    if !asks_for_websocket(request.headers()) {
        return Err(Error::UpgradeRequired);
    }
    let full = || Error::from(Cause::Unavailable { retry_after: FULL_RETRY });
    let guard = match credential::of(&request, &mount.site)? {
        Some(credential) => admitted(&mount, credential).await?,
        None => None,
    };
    let limits = mount.options.limits();
    let seat = match &guard {
        Some(guard) => mount.site.sockets.seat(guard.caller().user.id, limits),
        None => mount.site.sockets.seat_for_stranger(Some(mount.site.proxies.client(&request)), limits),
    };
    let line = Arc::new(Line::new(seat.ok_or_else(full)?, mount.options.socket_queue));
    let mut checked = frames::checked(payload);
    let payload = web::Payload::from_request(&request, &mut checked).await.map_err(|_| Error::BAD_REQUEST)?;
    // What the session of `actix-ws` sends waits in a queue of its own: the line goes in the place of both.
    let (response, _, messages) =
        actix_ws::handle_with_protocols(&request, payload, &[BEARER]).map_err(|_| Error::BAD_REQUEST)?;
    let messages =
        messages.max_frame_size(frames::LONGEST).aggregate_continuations().max_continuation_size(frames::LONGEST);
    let response = attach(response, Arc::clone(&line));
    let handler = request.app_data::<Handler>().cloned().unwrap_or_else(|| Handler::new(Presence));
    let query = request.query_string().to_owned();
    rt::spawn(Conversation::new(mount, handler, query, line, messages).hold(guard));
    Ok(response)
}

/// Whose socket it is; nobody's yet if the session is over: such a cookie stays in the browser, and means no more than none.
async fn admitted(mount: &Use<Minimal>, credential: Credential) -> Result<Option<Guard>, AuthError> {
    let is_session = matches!(credential, Credential::Session { .. });
    match Guard::admit(mount, credential).await {
        Ok(guard) => Ok(Some(guard)),
        Err(AuthError::Token(_)) if is_session => Ok(None),
        Err(error) => Err(error),
    }
}

/// Is this a WebSocket client of our version?
fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == VERSION);
    version && upgrade.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}
