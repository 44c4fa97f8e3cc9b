//! What kind of answer the client wants, as Laravel's `expectsJson` decides it.

use actix_web::http::header::{ACCEPT, HeaderMap};

/// JSON if the client prefers it before everything else, or if it is a script that takes anything.
pub fn expects_json(headers: &HeaderMap) -> bool {
    match preferred(headers) {
        None => is_script(headers) && !is_pjax(headers),
        Some(media_type) if media_type == "*/*" || media_type == "*" => is_script(headers) && !is_pjax(headers),
        Some(media_type) => is_json(&media_type),
    }
}

/// JSON if the client prefers it before everything else, and not otherwise: Laravel's `wantsJson`.
pub fn wants_json(headers: &HeaderMap) -> bool {
    preferred(headers).is_some_and(|media_type| is_json(&media_type))
}

fn is_json(media_type: &str) -> bool {
    let media_type = media_type.to_ascii_lowercase();
    media_type.contains("/json") || media_type.contains("+json")
}

/// Does the client say that a script sent this? (`ajax()` in Laravel.)
pub fn is_script(headers: &HeaderMap) -> bool {
    headers.get("x-requested-with").is_some_and(|given| given == "XMLHttpRequest")
}

/// Does a browser fetch this before anybody asked for it? (`prefetch()` in Laravel.)
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    let says = |name| headers.get(name).is_some_and(|given| given.as_bytes().eq_ignore_ascii_case(b"prefetch"));
    ["x-moz", "purpose", "sec-purpose"].into_iter().any(says)
}

/// Does it put the answer into a page? Any value says so that PHP takes for true.
fn is_pjax(headers: &HeaderMap) -> bool {
    headers.get("x-pjax").is_some_and(|given| !given.is_empty() && given != "0")
}

/// The first of the media types with the highest quality, without its parameters (Symfony's `AcceptHeader`).
fn preferred(headers: &HeaderMap) -> Option<String> {
    let accepted = headers.get(ACCEPT).map(|accept| String::from_utf8_lossy(accept.as_bytes())).unwrap_or_default();
    let mut best = None;
    for item in parts(&accepted, ',') {
        let mut parts = parts(item, ';').map(unquoted);
        let Some(media_type) = parts.next().filter(|media_type| !media_type.is_empty()) else { continue };
        let quality = parts.filter_map(|part| quality(&part)).last().unwrap_or(1.0);
        if best.as_ref().is_none_or(|(_, highest)| quality > *highest) {
            best = Some((media_type, quality));
        }
    }
    best.map(|(media_type, _)| media_type)
}

/// What stands between the separators, trimmed; one within quotes parts nothing.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parting = move |letter: char| {
        let parts = letter == separator && !is_quoted;
        match letter {
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        is_escaped = is_quoted && !is_escaped && letter == '\\';
        parts
    };
    text.split(parting).map(str::trim)
}

fn unquoted(text: &str) -> String {
    text.replace('"', "")
}

/// The number of a `q=`, read as PHP reads one: what begins with none is 0.
fn quality(part: &str) -> Option<f32> {
    let (name, value) = part.split_once('=').unwrap_or((part, "1"));
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value = value.trim();
    let end = value.find(|letter: char| !matches!(letter, '0'..='9' | '.' | '+' | '-')).unwrap_or(value.len());
    Some(value[..end].parse().unwrap_or(0.0))
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
        assert!(asks(&[("accept", "Application/JSON")]));
        assert!(!asks(&[("accept", "*/*")]));
        assert!(!asks(&[]));
    }

    #[test]
    fn a_script_that_takes_anything_gets_json() {
        let script = ("x-requested-with", "XMLHttpRequest");
        assert!(asks(&[script]));
        assert!(asks(&[script, ("accept", "*/*")]));
        assert!(!asks(&[script, ("accept", "text/html")]));
        assert!(!asks(&[script, ("accept", "\u{e9}")]));
        for pjax in ["true", "1", "false"] {
            assert!(!asks(&[script, ("x-pjax", pjax)]), "{pjax}");
        }
        assert!(asks(&[script, ("x-pjax", "0")]) && asks(&[script, ("x-pjax", "")]));
    }

    #[test]
    fn what_is_fetched_ahead_says_so() {
        let is_ahead = |header| is_prefetch(TestRequest::get().insert_header(header).to_http_request().headers());
        assert!(!is_ahead(("accept", "*/*")) && !is_ahead(("sec-purpose", "prefetch;prerender")));
        for header in [("purpose", "Prefetch"), ("x-moz", "prefetch"), ("sec-purpose", "prefetch")] {
            assert!(is_ahead(header), "{header:?}");
        }
    }

    #[test]
    fn qualities_are_read_as_php_reads_numbers() {
        for json in [
            "text/html;Q=0.1, application/json",
            "text/html;q=abc, application/json",
            "text/html;q=-1, application/json",
            "text/html;q=\"0.5\", application/json;q=.6",
            "text/html;q=1;q=0.1, application/json",
            "application/json;v=\"text/html, a;b\", text/html",
            "\"application/json\", text/html",
        ] {
            assert!(asks(&[("accept", json)]), "{json}");
        }
        for page in ["application/json;q=abc, text/html", "application/json;q=\"0.5\", text/html;q=0.6"] {
            assert!(!asks(&[("accept", page)]), "{page}");
        }
    }
}
