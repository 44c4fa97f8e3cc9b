//! The CSRF check of a request that is answered with a session, and the reason when it fails.

use actix_web::http::header::HeaderMap;
use countersign_core::Secret;
use serde_json::Value;

use super::{
    input::Input,
    mismatch::Circumstances,
    session::{Arrival, CSRF_COOKIE, Sessions},
    visitor::Visit,
};

/// The header that carries the readable cookie back.
pub const XSRF_HEADER: &str = "X-XSRF-TOKEN";
/// The header that carries the token in clear.
pub const CSRF_HEADER: &str = "X-CSRF-TOKEN";
/// The field that carries the token in clear.
pub const FIELD: &str = "_token";

/// Why a request was refused; the code is in the answer's `X-CSRF-Failure`, the words are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The page is of another site, so that its cookies stayed at home.
    CrossSite,
    /// The page is none of the front ends.
    OriginNotStateful,
    /// The token came, the cookies did not.
    HeaderWithoutCookies,
    /// Neither came.
    NoCookies,
    /// The cookies came, the token did not.
    HeaderMissing,
    /// The token came as a cookie is written, percent-encoded.
    HeaderUrlEncoded,
    /// The session cookie has ended, or was sealed under a key that is gone.
    SessionUnknown,
    /// The token belongs to another session, or to the time before a login.
    TokenStale,
}

impl Failure {
    /// The name on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CrossSite => "cross_site",
            Self::OriginNotStateful => "origin_not_stateful",
            Self::HeaderWithoutCookies => "header_without_cookies",
            Self::NoCookies => "no_cookies",
            Self::HeaderMissing => "header_missing",
            Self::HeaderUrlEncoded => "header_url_encoded",
            Self::SessionUnknown => "session_unknown",
            Self::TokenStale => "token_stale",
        }
    }
}

/// The token in the body; `None` if what is there counts as nothing to PHP. An array is something, and nobody's token.
pub fn field(input: &Input) -> Option<String> {
    let text = match input.get(FIELD)? {
        Value::Array(items) if !items.is_empty() => return Some("[]".to_owned()),
        Value::Object(items) if !items.is_empty() => return Some("[]".to_owned()),
        _ => input.text(FIELD)?,
    };
    Some(text).filter(|text| text != "0")
}

/// Does the request's token belong to its session? It is, in this order, the field of the body, the token in clear or the
/// sealed one; what is empty was not sent. (Laravel's `getTokenFromRequest`.)
///
/// The readable cookie is base64url, which URL encoding leaves as it is: there is nothing to decode. Laravel decodes no
/// header either, so that a token in percent-encoding is refused here as there.
///
/// # Errors
/// The likeliest reason.
pub fn check(
    sessions: &Sessions,
    headers: &HeaderMap,
    (visit, arrival): (&Visit, Arrival),
    field: Option<&str>,
) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
    let plain = field.filter(|field| !field.is_empty()).or_else(|| text(CSRF_HEADER));
    let sealed = text(XSRF_HEADER);
    let token = plain.map(str::to_owned).or_else(|| sessions.open_csrf(sealed?));
    if token.is_some_and(|token| Secret::new(token) == Secret::new(visit.csrf.as_str())) {
        return Ok(());
    }
    Err(diagnose(&Circumstances::of(sessions, headers), arrival, plain.or(sealed)))
}

/// What is wrong first: what is said of the token helps nobody whose page may send no cookies.
fn diagnose(seen: &Circumstances<'_>, arrival: Arrival, token: Option<&str>) -> Failure {
    if seen.is_foreign() {
        return Failure::OriginNotStateful;
    }
    let has_cookies = arrival != Arrival::Absent || seen.cookies().contains(&CSRF_COOKIE);
    match (has_cookies, token) {
        (false, _) if seen.is_cross_site() => Failure::CrossSite,
        (false, Some(_)) => Failure::HeaderWithoutCookies,
        (false, None) => Failure::NoCookies,
        (true, None) => Failure::HeaderMissing,
        (true, Some(token)) if is_url_encoded(token) => Failure::HeaderUrlEncoded,
        (true, Some(_)) if arrival == Arrival::Known => Failure::TokenStale,
        (true, Some(_)) => Failure::SessionUnknown,
    }
}

/// Would decoding it change anything? Neither a token nor a sealed one has a percent sign.
fn is_url_encoded(token: &str) -> bool {
    let is_code = |bytes: &[u8]| bytes[0] == b'%' && bytes[1..].iter().all(u8::is_ascii_hexdigit);
    token.as_bytes().windows(3).any(is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_a_token_unless_it_is_nothing_to_php() {
        let read = |value: &str| {
            field(&Input::read("application/json", format!("{{\"_token\":{value}}}").as_bytes()).unwrap())
        };
        for nothing in ["null", "\"\"", "\"0\"", "0", "[]", "{}"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(read("false").as_deref(), Some(""));
        assert_eq!((read("\"x\"").as_deref(), read("[\"x\"]").as_deref()), (Some("x"), Some("[]")));
        assert_eq!((read("{\"a\":1}").as_deref(), read("true").as_deref()), (Some("[]"), Some("1")));
    }
}
