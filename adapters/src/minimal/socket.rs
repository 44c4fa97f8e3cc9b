//! `/ws`: a WebSocket that says who you are, for as long as the token lives.
//!
//! The document stores tokens "for WebSocket authorisation" and leaves the socket open. The token comes in the
//! `Authorization` header, as a subprotocol (browsers cannot set headers), or in the first message; never in the URL,
//! where every log would keep it.

mod conversation;
mod frames;
mod guard;

use actix_web::{
    FromRequest as _, HttpRequest, HttpResponse, get,
    http::header::{HeaderMap, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE},
    rt, web,
};
use countersign_core::{AuthError, TokenFault};

use super::{Error, Failure, Minimal, NAME};
use crate::{
    mount::Use,
    plain::{self, Cause},
};

use conversation::Conversation;
use guard::Guard;

/// The subprotocol that is offered beside the token, and the only one that is ever selected.
const BEARER: &str = "bearer";
/// The only version there is (RFC 6455, section 4.1).
pub(super) const VERSION: &str = "13";
/// A seat becomes free when somebody leaves, which nobody can foretell.
const FULL_RETRY: std::time::Duration = std::time::Duration::from_secs(5);

/// Open a WebSocket
///
/// The token is sent as `Authorization: Bearer TOKEN`, as the subprotocols `bearer, TOKEN` (the answer selects
/// `bearer`), or in the first message `{"token": "TOKEN"}` within a few seconds. The server then sends
/// `{"user": {"id": 1, "login": "login"}}`, and the same again in answer to each text message. It closes with 4401
/// when the token is refused, revoked or expired, with 1013 when there are too many sockets, with 1009 after a message
/// of more than 64 KiB, with 1008 after a silence, and with 1001 when it stops.
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
        (status = 401, description = "The token speaks for nobody", body = Failure,
            headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
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
    // Origin is not looked at: no cookie authenticates here, and another site's script has no token to send.
    if !asks_for_websocket(request.headers()) {
        return Err(Error::UpgradeRequired);
    }
    let full = || Error::from(Cause::Unavailable { retry_after: FULL_RETRY });
    let token = credential(request.headers()).map_err(AuthError::from)?;
    let limits = mount.options.limits();
    let (seat, guard) = if let Some(token) = token {
        let guard = Guard::admit(&mount, token).await?;
        (mount.site.sockets.seat(guard.user().id, limits), Some(guard))
    } else {
        (mount.site.sockets.seat_for_stranger(Some(mount.site.proxies.client(&request)), limits), None)
    };
    let seat = seat.ok_or_else(full)?;
    let mut checked = frames::checked(payload);
    let payload = web::Payload::from_request(&request, &mut checked).await.map_err(|_| Error::BAD_REQUEST)?;
    let (response, session, messages) =
        actix_ws::handle_with_protocols(&request, payload, &[BEARER]).map_err(|_| Error::BAD_REQUEST)?;
    let messages =
        messages.max_frame_size(frames::LONGEST).aggregate_continuations().max_continuation_size(frames::LONGEST);
    rt::spawn(Conversation::new(mount, seat, session, messages).hold(guard));
    Ok(response)
}

/// Is this a WebSocket client of our version?
fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == VERSION);
    version && upgrade.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// The token of the handshake, if it brings one; two are as bad as two headers.
fn credential(headers: &HeaderMap) -> Result<Option<&str>, TokenFault> {
    match (plain::bearer(headers), offered(headers)) {
        (Ok(token), None) => Ok(Some(token)),
        (Err(TokenFault::Missing), Some(token)) if plain::is_token(token) => Ok(Some(token)),
        (Err(TokenFault::Missing), None) => Ok(None),
        (Err(fault), _) if fault != TokenFault::Missing => Err(fault),
        _ => Err(TokenFault::Malformed),
    }
}

/// What is offered as subprotocol behind `bearer`. Every character of a token may stand in a protocol's name
/// (RFC 9110, section 5.6.2), the `|` of a Sanctum token too.
fn offered(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|line| line.to_str().ok());
    let mut protocols = lines.flat_map(|line| line.split(',')).map(str::trim);
    protocols.find(|protocol| *protocol == BEARER)?;
    protocols.next()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(headers: &[(&str, &str)]) -> Result<Option<String>, TokenFault> {
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header(*header);
        }
        credential(request.to_http_request().headers()).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn the_token_comes_in_the_header_or_as_a_subprotocol() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("Authorization", "Bearer 1|a")]), Ok(Some("1|a".to_owned())));
        assert_eq!(read(&[("Sec-WebSocket-Protocol", "bearer, 1|a")]), Ok(Some("1|a".to_owned())));
        let lines = [("Sec-WebSocket-Protocol", "chat"), ("Sec-WebSocket-Protocol", "bearer,1|a")];
        assert_eq!(read(&lines), Ok(Some("1|a".to_owned())));
        assert_eq!(read(&[("Sec-WebSocket-Protocol", "chat, 1|a")]), Ok(None));
        assert_eq!(read(&[("Sec-WebSocket-Protocol", "bearer")]), Ok(None));
    }

    #[test]
    fn two_tokens_are_refused() {
        let both = [("Authorization", "Bearer 1|a"), ("Sec-WebSocket-Protocol", "bearer, 1|a")];
        assert_eq!(read(&both), Err(TokenFault::Malformed));
        assert_eq!(read(&[("Authorization", "Bearer ")]), Err(TokenFault::Malformed));
        assert_eq!(read(&[("Sec-WebSocket-Protocol", "bearer, a\"b")]), Err(TokenFault::Malformed));
    }
}
