//! What the doctor says of a status that it did not expect.

use super::{Flaw, wire::Answer};

/// Any answer that is not what the path has: `expected` and what the doctor knows about the others.
pub fn unexpected(path: &str, expected: &str, answer: &Answer) -> Flaw {
    let status = answer.status;
    let (found, advice) = match status {
        300..400 => (
            format!("{path} was answered {status}, a redirect to {}", shown(answer.header("Location"))),
            "call the address that it leads to; one from http to https drops the body of a login".to_owned(),
        ),
        404 | 405 => (
            format!("{path} was answered {status}"),
            "no sanctum_spa is mounted there: give --url with the mount's prefix, or look at what the proxy passes on"
                .to_owned(),
        ),
        502..=504 => (
            format!("{path} was answered {status}"),
            "the server is away or overloaded: look at its log, and at that of the proxy".to_owned(),
        ),
        _ => (
            format!("{path} was answered {status} instead of {expected}"),
            "look at the log of the server, and for what answers in its place".to_owned(),
        ),
    };
    Flaw::new("status", found, advice)
}

/// An address without its query, which may hold what nobody should see.
fn shown(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap_or_default()
}

/// A 419, by the reason that Countersign gives it (`X-CSRF-Failure`). What was sent is known here, so a reason that says
/// it did not come tells of something on the way.
pub fn mismatch(page: &str, answer: &Answer) -> Flaw {
    let reason = answer.header("X-CSRF-Failure");
    let advice = match reason {
        "origin_not_stateful" => format!("add \"{page}\" to front_ends"),
        "header_missing" => "X-XSRF-TOKEN was sent and did not arrive: let the proxy pass it on".to_owned(),
        "header_without_cookies" | "no_cookies" => {
            "the cookies were sent and did not arrive: let the proxy pass the header Cookie on".to_owned()
        }
        "cross_site" => "the server takes page and itself for two sites: look at server.base_url".to_owned(),
        "header_url_encoded" => "something on the way encodes X-XSRF-TOKEN".to_owned(),
        "session_unknown" | "token_stale" => {
            "several servers behind one address need the same keys, and the same clock; look at keys.file".to_owned()
        }
        _ => "the server names no reason: look at stateful domains, the cookie domain and the application's key"
            .to_owned(),
    };
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    Flaw::new("CSRF", format!("the login was answered 419, CSRF token mismatch{reason}"), advice)
}
