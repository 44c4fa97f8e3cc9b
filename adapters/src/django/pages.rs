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
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = HttpResponse::MovedPermanently()
        .insert_header((CONTENT_TYPE, HTML))
        .insert_header((LOCATION, format!("{}/{query}", uri.path())))
        .finish();
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, value);
    }
    sign::<A>(&request, response.headers_mut());
    response
}

fn sign<A>(request: &HttpRequest, headers: &mut HeaderMap)
where
    A: Adapter<Options: Localized>,
{
    let locale = Locale::of::<A>(request);
    locale.sign(locale.language(request), headers);
}
