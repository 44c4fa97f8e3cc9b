//! May a page read an answer, and send what it wants to? (Fetch standard, sections 3.3 and 4.10, for requests with
//! credentials.)

use countersign_adapters::origin::Origin;

use super::{Flaw, wire::Answer};

/// The CORS check of an answer to a page's request with cookies.
///
/// # Errors
/// The header that is wrong.
pub fn check(page: &Origin, answer: &Answer) -> Result<(), Flaw> {
    const NAME: &str = "Access-Control-Allow-Origin";
    let page = page.to_string();
    match answer.all(NAME)[..] {
        [allowed] if allowed == page => {}
        ["*"] => {
            return Err(Flaw::new(
                NAME,
                "\"*\", which does not count for a request with cookies",
                format!("let the server answer with the origin itself, \"{page}\": list it in front_ends"),
            ));
        }
        [] => {
            return Err(Flaw::new(
                NAME,
                format!("the answer {} lacks it: the browser shows it to no page", answer.status),
                format!(
                    "add \"{page}\" to front_ends; if it is there, a proxy between takes the header away (or answers by \
                     itself)"
                ),
            ));
        }
        [allowed] => {
            let found = format!("\"{allowed}\", and the page is of \"{page}\"");
            return Err(match slip(allowed, &page) {
                Some(slip) => Flaw::new(NAME, format!("{found} ({slip})"), format!("open the page as \"{allowed}\"")),
                None => Flaw::new(
                    NAME,
                    found,
                    format!("add \"{page}\" to front_ends, or open the page under an address that is listed there"),
                ),
            });
        }
        [..] => {
            let all = answer.all(NAME).join("\" and \"");
            return Err(Flaw::new(
                NAME,
                format!("it is there more than once: \"{all}\""),
                "server and proxy both add it: leave it to the server",
            ));
        }
    }
    let credentials = answer.header("Access-Control-Allow-Credentials");
    if credentials == "true" {
        return Ok(());
    }
    let found = if credentials.is_empty() { "the answer lacks it".to_owned() } else { format!("\"{credentials}\"") };
    Err(Flaw::new(
        "Access-Control-Allow-Credentials",
        found,
        "it must be \"true\", or no page reads an answer to a request with cookies: leave CORS to the server, which sends it; \
         with Laravel set supports_credentials",
    ))
}

/// What alone differs, if the page was meant and another list of front ends would not help.
fn slip(allowed: &str, page: &str) -> Option<&'static str> {
    let (Ok(allowed), Ok(page)) = (Origin::parse(allowed), Origin::parse(page)) else { return None };
    match (allowed.is_https == page.is_https, allowed.host == page.host, allowed.port == page.port) {
        (false, true, true) => Some("only the scheme differs"),
        (true, false, true) if allowed.is_loopback() && page.is_loopback() => {
            Some("the same machine, but not the same name to a browser")
        }
        _ => None,
    }
}

/// The check of a preflight that asked for a POST with these headers, which are in lower case. (POST itself needs no
/// leave.)
///
/// # Errors
/// What is wrong with the answer.
pub fn check_preflight(page: &Origin, asked: &[&str], answer: &Answer) -> Result<(), Flaw> {
    const NAME: &str = "Access-Control-Allow-Headers";
    check(page, answer)?;
    if !(200..300).contains(&answer.status) {
        return Err(Flaw::new(
            "status",
            format!("a preflight was answered {}, and only 2xx lets the request go", answer.status),
            "a preflight has no cookies and no token: nothing in front of the server may ask for them, or redirect it",
        ));
    }
    let all = answer.all(NAME).join(",");
    let allowed: Vec<String> = all.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let missing: Vec<&str> = asked.iter().copied().filter(|name| !allowed.iter().any(|known| known == name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let found = match all.as_str() {
        "" => "the answer lacks it".to_owned(),
        "*" => "\"*\", which does not count for a request with cookies".to_owned(),
        other => format!("\"{other}\""),
    };
    Err(Flaw::new(NAME, found, format!("it must name {}: leave CORS to the server", missing.join(" and "))))
}
