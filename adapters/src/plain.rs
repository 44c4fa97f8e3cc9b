//! What the two plain JSON dialects, hotel and minimal, share: which bodies they read, how a Bearer token is sent, why a
//! request failed, and when to come back.

mod cause;

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, HeaderMap},
};
use countersign_core::TokenFault;
use serde_json::{Map, Value};

use crate::{
    body::{BodyError, media_type},
    json,
};

pub use cause::Cause;

/// The only type that is read; JSON is UTF-8, so a `charset` parameter changes nothing (RFC 8259, section 11).
const JSON: &str = "application/json";
/// What stands before a token.
const SCHEME: &[u8] = b"Bearer ";
/// A database that failed may be back in a moment.
pub const STORE_RETRY: Duration = Duration::from_secs(1);
/// The challenge to a token that has expired, which tells it from every other (RFC 6750, section 3).
pub const EXPIRED: &str = r#"Bearer error="invalid_token", error_description="expired""#;

/// The object that the body holds.
///
/// # Errors
/// [`BodyError::UnsupportedMediaType`] for anything but JSON, [`BodyError::Shape`] for JSON that is no object, and
/// what [`json::value`] fails with.
pub fn object(request: &HttpRequest, body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    let media_type = media_type(request);
    if media_type != JSON {
        return Err(BodyError::UnsupportedMediaType { media_type });
    }
    match json::value(body)? {
        Value::Object(object) => Ok(object),
        _ => Err(BodyError::Shape { detail: "not an object".to_owned() }),
    }
}

/// The fields of a form.
///
/// # Errors
/// [`BodyError::DuplicateKey`] (RFC 6749, section 3.2) and [`BodyError::Nul`].
pub fn form(body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let field = name.into_owned();
        if value.contains('\0') {
            return Err(BodyError::Nul { field });
        }
        if fields.insert(field.clone(), Value::String(value.into_owned())).is_some() {
            return Err(BodyError::DuplicateKey { key: field });
        }
    }
    Ok(fields)
}

/// The token of the `Authorization` header (RFC 6750, section 2.1): one header, the scheme in any case, one blank, one
/// token.
///
/// # Errors
/// [`TokenFault::Missing`] without a Bearer header, [`TokenFault::Malformed`] if what it holds is no token, or if
/// there are two headers, of which no one can say which counts.
pub fn bearer(headers: &HeaderMap) -> Result<&str, TokenFault> {
    let mut all = headers.get_all(AUTHORIZATION);
    let header = all.next().ok_or(TokenFault::Missing)?;
    if all.next().is_some() {
        return Err(TokenFault::Malformed);
    }
    if let Some(token) = well_formed(header.as_bytes()) {
        return Ok(token);
    }
    let text = header.to_str().map_err(|_| TokenFault::Malformed)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(TokenFault::Missing);
    }
    if is_token(token) { Ok(token) } else { Err(TokenFault::Malformed) }
}

/// The token of a header in which nothing is wrong, as nearly all are.
fn well_formed(header: &[u8]) -> Option<&str> {
    let (scheme, token) = header.split_at_checked(SCHEME.len())?;
    (scheme.eq_ignore_ascii_case(SCHEME) && is_token_of(token)).then(|| std::str::from_utf8(token).ok()).flatten()
}

/// Can `text` be a credential at all: not empty, and neither blanks, commas nor quotes in it? The `b64token` of
/// RFC 6750, and with it the `|` of a Sanctum token.
pub fn is_token(text: &str) -> bool {
    is_token_of(text.as_bytes())
}

/// A JSON Web Token has hundreds of characters, and each request brings one: all are looked at without a branch, so that
/// the compiler takes many at a time.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
fn is_token_of(text: &[u8]) -> bool {
    let is_of = |byte: u8| {
        (byte.wrapping_sub(b'0') < 10)
            | ((byte | 0x20).wrapping_sub(b'a') < 26)
            | (byte == b'-')
            | (byte == b'.')
            | (byte == b'_')
            | (byte == b'~')
            | (byte == b'+')
            | (byte == b'/')
            | (byte == b'=')
            | (byte == b'|')
    };
    !text.is_empty() && text.iter().fold(true, |all, byte| all & is_of(*byte))
}

/// `text` without blanks and control characters at both ends, which nobody types on purpose in an identifier. Django and
/// Laravel drop them as well.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control())
}

/// Whole seconds for `Retry-After`, never "at once".
pub fn retry_seconds(after: Duration) -> u64 {
    after.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn sent(headers: &[&[u8]]) -> Result<String, TokenFault> {
        use actix_web::http::header::HeaderValue;
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header((AUTHORIZATION, HeaderValue::from_bytes(header).unwrap()));
        }
        bearer(request.to_http_request().headers()).map(str::to_owned)
    }

    #[test]
    fn a_bearer_token_is_read_with_the_scheme_in_any_case() {
        assert_eq!(sent(&[b"Bearer 1|abc"]).unwrap(), "1|abc");
        assert_eq!(sent(&[b"bearer a.b-c_d~e+f/g=="]).unwrap(), "a.b-c_d~e+f/g==");
    }

    #[test]
    fn anything_but_one_header_with_one_token_is_refused() {
        for header in [&b"Bearer"[..], b"Bearer ", b"Bearer  a", b"Bearer a b", b"Bearer a, Bearer b", b"Bearer \xff"] {
            assert_eq!(sent(&[header]).unwrap_err(), TokenFault::Malformed, "{header:?}");
        }
        assert_eq!(sent(&[b"Bearer a", b"Bearer a"]).unwrap_err(), TokenFault::Malformed);
        assert_eq!(sent(&[b"Basic YTpi"]).unwrap_err(), TokenFault::Missing);
        assert_eq!(sent(&[]).unwrap_err(), TokenFault::Missing);
    }

    #[test]
    fn a_token_has_these_characters_and_no_others() {
        let found: String = (0..=255_u8).filter(|byte| is_token_of(&[*byte])).map(char::from).collect();
        assert_eq!(found, "+-./0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz|~");
        assert!(!is_token(""));
        for at in 0..40 {
            let mut text = [b'a'; 40];
            text[at] = b',';
            assert!(!is_token_of(&text), "{at}");
        }
    }

    #[test]
    fn only_json_is_read_with_or_without_a_charset() {
        let read = |media: &str, body: &str| {
            object(&TestRequest::default().insert_header(("content-type", media)).to_http_request(), body.as_bytes())
        };
        assert!(read("application/json", "{}").is_ok());
        assert!(read("Application/JSON; charset=utf-8", "{}").is_ok());
        for media in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            assert!(matches!(read(media, "{}"), Err(BodyError::UnsupportedMediaType { .. })), "{media}");
        }
        assert!(matches!(read("application/json", "[]"), Err(BodyError::Shape { .. })));
    }

    #[test]
    fn retry_after_is_rounded_up() {
        assert_eq!(retry_seconds(Duration::ZERO), 1);
        assert_eq!(retry_seconds(Duration::from_millis(1001)), 2);
    }
}
