//! What kind of answer the client wants, as Laravel's `expectsJson` decides it.

use actix_web::http::header::{ACCEPT, HeaderMap, HeaderValue};

/// JSON if the client prefers it before everything else, or if it is a script that takes anything.
pub fn expects_json(headers: &HeaderMap) -> bool {
    match preferred(accepted(headers)) {
        None | Some("*/*" | "*") => is_script(headers) && !is(headers, "x-pjax", "true"),
        Some(media_type) => is_json(media_type),
    }
}

/// JSON if the client prefers it before everything else, and not otherwise: Laravel's `wantsJson`.
pub fn wants_json(headers: &HeaderMap) -> bool {
    preferred(accepted(headers)).is_some_and(is_json)
}

fn accepted(headers: &HeaderMap) -> &str {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default()
}

fn is_json(media_type: &str) -> bool {
    media_type.contains("/json") || media_type.contains("+json")
}

/// Does the client say that a script sent this? (`ajax()` in Laravel.)
pub fn is_script(headers: &HeaderMap) -> bool {
    is(headers, "x-requested-with", "XMLHttpRequest")
}

fn is(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get(name).is_some_and(|given: &HeaderValue| given == value)
}

/// The first of the media types with the highest quality, without its parameters.
fn preferred(accepted: &str) -> Option<&str> {
    let mut best = None;
    for item in accepted.split(',') {
        let mut parts = item.split(';').map(str::trim);
        let Some(media_type) = parts.next().filter(|media_type| !media_type.is_empty()) else { continue };
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        if best.is_none_or(|(_, highest)| quality > highest) {
            best = Some((media_type, quality));
        }
    }
    best.map(|(media_type, _)| media_type)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asks(headers: &[(&'static str, &'static str)]) -> bool {
        let request = headers.iter().fold(TestRequest::get(), |request, header| request.insert_header(*header));
        expects_json(request.to_http_request().headers())
    }

    #[test]
    fn the_first_of_the_best_media_types_decides() {
        assert!(asks(&[("accept", "application/json")]));
        assert!(asks(&[("accept", "application/vnd.api+json, text/html")]));
        assert!(asks(&[("accept", "text/html;q=0.1, application/json")]));
        assert!(!asks(&[("accept", "text/html, application/json")]));
        assert!(!asks(&[("accept", "*/*")]));
        assert!(!asks(&[]));
    }

    #[test]
    fn a_script_that_takes_anything_gets_json() {
        let script = ("x-requested-with", "XMLHttpRequest");
        assert!(asks(&[script]));
        assert!(asks(&[script, ("accept", "*/*")]));
        assert!(!asks(&[script, ("accept", "text/html")]));
        assert!(!asks(&[script, ("x-pjax", "true")]));
    }
}
