//! What the handshake of a socket brings: a token, or a front end's session.

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, ORIGIN, SEC_WEBSOCKET_PROTOCOL},
    web,
};
use countersign_core::{AuthError, TokenFault};

use super::{BEARER, guard::Credential};
use crate::{
    laravel::held::{AllSessions, Held},
    mount::Site,
    plain,
};

/// The credential of the handshake, if it brings one. A token says whose socket it is, whatever else there is. Cookies are
/// sent by every page that opens a socket here, and count only if the page is one of the front ends'.
///
/// # Errors
/// [`AuthError::Token`] for what is no token or more than one; [`AuthError::Forbidden`] for cookies from another page.
pub(super) fn of(request: &HttpRequest, site: &Site) -> Result<Option<Credential>, AuthError> {
    if let Some(token) = token(request.headers())? {
        return Ok(Some(Credential::token(token)));
    }
    let Some(sessions) = request.app_data::<web::Data<AllSessions>>() else { return Ok(None) };
    let credential = match sessions.held(request) {
        Held::Nothing => return Ok(None),
        Held::Visitor => None,
        Held::Login { secret, ends_at } => Some(Credential::Session { secret, ends_at }),
    };
    if is_front_end(request.headers(), site) {
        Ok(credential)
    } else {
        tracing::info!(
            origin = ?request.headers().get(ORIGIN),
            front_ends = ?site.front_ends,
            "minimal: refused a socket with a session's cookie from a page that is none of `front_ends`"
        );
        Err(AuthError::Forbidden)
    }
}

/// Is the page that opens the socket one of the front ends'? To the letter, and only one may be named (RFC 6454, section 7.3).
fn is_front_end(headers: &HeaderMap, site: &Site) -> bool {
    let mut named = headers.get_all(ORIGIN);
    let origin = named.next().filter(|_| named.next().is_none());
    origin.is_some_and(|origin| site.front_ends.iter().any(|listed| origin == listed.as_str()))
}

/// The token of the handshake, if it brings one; two are as bad as two headers.
fn token(headers: &HeaderMap) -> Result<Option<&str>, TokenFault> {
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

/// Does the query bring what looks like a credential by its name? Every log on the way keeps an address.
pub(super) fn is_in_address(query: &str) -> bool {
    const NAMES: [&str; 5] = ["authorization", "auth", "bearer", "jwt", "apikey"];
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        name.ends_with("token") || NAMES.contains(&name.as_str())
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(headers: &[(&str, &str)]) -> Result<Option<String>, TokenFault> {
        let request = headers.iter().fold(TestRequest::default(), |request, header| request.append_header(*header));
        token(request.to_http_request().headers()).map(|token| token.map(str::to_owned))
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

    #[test]
    fn a_credential_in_the_address_is_known_by_its_name() {
        for query in [
            "token=x",
            "a=b&access_token=x",
            "API-Token=",
            "apiToken=x",
            "%74oken=x",
            "to%6ben",
            "jwt=x",
            "x=1&Bearer=2",
        ] {
            assert!(is_in_address(query), "{query}");
        }
        for query in ["", "room=7", "tokens=x", "x=token", "authority=x"] {
            assert!(!is_in_address(query), "{query}");
        }
    }
}
