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

/// Is it text at all, decoded?
pub fn is_text(request: &HttpRequest) -> bool {
    percent_decode_str(request.path()).decode_utf8().is_ok()
}

/// The path as Laravel's router reads it: without slashes at its end, and then decoded, encoded slashes included
/// (`UriValidator`). `None` if that changes nothing, for all that another router does not decode by itself. Slashes at its
/// beginning or within it, dots and semicolons make other paths.
pub fn routed(path: &str) -> Option<String> {
    let trimmed = path.trim_end_matches('/');
    let plain = trimmed.replace("%2F", "/").replace("%2f", "/");
    (!plain.is_empty() && plain != path).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::routed;

    #[test]
    fn slashes_at_the_end_and_encoded_ones_are_read_as_laravel_does() {
        for (path, read) in [
            ("/api/user", None),
            ("/api/user/", Some("/api/user")),
            ("/api/user//", Some("/api/user")),
            ("/api%2Fuser", Some("/api/user")),
            ("/api%2fuser/", Some("/api/user")),
            // Trimmed first and decoded then.
            ("/api/user%2F", Some("/api/user/")),
            ("/api//user", None),
            ("//api/user", None),
            ("/api/./user", None),
            ("/api/%2e/user", None),
            ("/api/user;x", None),
            ("/api%252Fuser", None),
            ("/", None),
            ("//", None),
        ] {
            assert_eq!(routed(path).as_deref(), read, "{path}");
        }
    }
}
