//! The answers of Django itself, below the framework: its bare HTML pages and the redirect to the slash.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, X_FRAME_OPTIONS},
    },
};

use super::language::{Locale, Localized};
use crate::adapter::Adapter;

/// What the pages are sent as.
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// `SecurityMiddleware`'s defaults, on every answer.
const SECURITY: [(HeaderName, HeaderValue); 2] = [
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];
/// `XFrameOptionsMiddleware`'s default, on every answer that got that far.
const FRAMES: HeaderValue = HeaderValue::from_static("DENY");

/// What stays as it is in the path of a redirect, beside letters, digits and `-_.~` (`escape_uri_path`).
const PATH: &[u8] = b"/:@&+$,!*'()";
/// The same in its query, where `%` stays as well (`iri_to_uri`).
const QUERY: &[u8] = b"/#%[]=:;$&()+,!?*@'";

/// Sets the headers of Django's middleware.
pub(super) fn secure(headers: &mut HeaderMap) {
    for (name, value) in SECURITY {
        headers.insert(name, value);
    }
    headers.insert(X_FRAME_OPTIONS, FRAMES);
}

/// Django's page for a status.
pub(super) fn page(status: StatusCode) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or_default();
    let title =
        if status == StatusCode::NOT_FOUND { title.to_owned() } else { format!("{title} ({})", status.as_u16()) };
    let text =
        if status == StatusCode::NOT_FOUND { "The requested resource was not found on this server." } else { "" };
    let page = format!(
        "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>{title}</title>\n</head>\n\
         <body>\n  <h1>{title}</h1><p>{text}</p>\n</body>\n</html>\n"
    );
    let mut response = HttpResponse::build(status).insert_header((CONTENT_TYPE, HTML)).body(page);
    secure(response.headers_mut());
    response
}

/// The page for a path without a view; it has no translation.
pub fn not_found<A>(request: &HttpRequest) -> HttpResponse
where
    A: Adapter<Options: Localized>,
{
    let mut response = page(StatusCode::NOT_FOUND);
    sign::<A>(request, response.headers_mut());
    response
}

/// `APPEND_SLASH`: a path that has a view once a slash is put behind it, whatever the method.
pub async fn add_slash<A>(request: HttpRequest) -> HttpResponse
where
    A: Adapter<Options: Localized>,
{
    let uri = request.uri();
    let query = uri.query().filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{}", quoted(query.as_bytes(), QUERY))).unwrap_or_default();
    let path = quoted(&unquoted(uri.path().as_bytes()), PATH);
    let mut response = HttpResponse::MovedPermanently()
        .insert_header((CONTENT_TYPE, HTML))
        .insert_header((LOCATION, format!("{path}/{query}")))
        .finish();
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, value);
    }
    sign::<A>(&request, response.headers_mut());
    response
}

/// Python's `unquote_to_bytes`: a `%` without two hexadecimal digits stays.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.get(at) {
        let code = (byte == b'%').then(|| digit(at + 1).zip(digit(at + 2))).flatten();
        let code = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        out.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    out
}

/// Python's `quote`.
fn quoted(bytes: &[u8], safe: &[u8]) -> String {
    let hex = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or_default().to_ascii_uppercase();
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || safe.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    out
}

fn sign<A>(request: &HttpRequest, headers: &mut HeaderMap)
where
    A: Adapter<Options: Localized>,
{
    let locale = Locale::of::<A>(request);
    locale.sign(locale.language(request), headers);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_written_as_django_writes_it() {
        for (path, written) in [
            ("/users/%41%7e%27", "/users/A~'"),
            ("/users/%c3%A9%ff%0a", "/users/%C3%A9%FF%0A"),
            ("/users/me%", "/users/me%25"),
            ("/users/a%26b=%2B;[c]|", "/users/a&b%3D+%3B%5Bc%5D%7C"),
        ] {
            assert_eq!(quoted(&unquoted(path.as_bytes()), PATH), written);
        }
        assert_eq!(quoted(b"a=%c3&b=[x]|", QUERY), "a=%c3&b=[x]%7C");
    }
}
