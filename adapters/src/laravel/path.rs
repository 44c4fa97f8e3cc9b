//! The path of a request as Laravel names it, and as its router reads it.

use std::borrow::Cow;

use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;

/// The path without slashes at its ends, as messages show it (`Request::path`).
pub fn shown(request: &HttpRequest) -> &str {
    match request.path().trim_matches('/') {
        "" => "/",
        path => path,
    }
}

/// [`shown`], decoded (`Request::decodedPath`).
pub fn decoded(request: &HttpRequest) -> Cow<'_, str> {
    percent_decode_str(shown(request)).decode_utf8_lossy()
}
