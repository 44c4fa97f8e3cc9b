//! Which pages may read an answer: what Laravel's `HandleCors` and the package `fruitcake/php-cors` put into its headers.
//!
//! With one origin that is allowed, it is named to everybody, and a browser refuses the answer to every other page. Among
//! several the one that asks is named, if it is among them.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
        },
    },
};

use super::{
    answer, path,
    settings::{CorsOrigins, LaravelSettings},
};
use crate::{front::CorsDecided, mount::Site};

/// The paths of Laravel's own config/cors.php.
const SHIPPED_PATHS: [&str; 2] = ["api/*", "sanctum/csrf-cookie"];
/// What the answer to a preflight depends on, in the letters of php-cors.
const ASKED_METHOD: &str = "Access-Control-Request-Method";
const ASKED_HEADERS: &str = "Access-Control-Request-Headers";

/// What a configuration allows, in the form in which it is sent.
#[derive(Debug)]
pub struct Cors {
    allowed: Allowed,
    /// `None` for all.
    paths: Option<Vec<String>>,
    exposed: Option<HeaderValue>,
    max_age: HeaderValue,
}

/// Who may read.
#[derive(Debug)]
enum Allowed {
    /// Every page, without cookies.
    Anybody,
    /// The pages of this origin.
    One(HeaderValue),
    /// Those of these origins.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    /// Allows what the settings say to these front ends, which are in the form that browsers send.
    pub fn new(settings: &LaravelSettings, front_ends: &[String]) -> Self {
        let (allowed, paths): (_, &[&str]) = match settings.cors_origins {
            CorsOrigins::Any => (Allowed::Anybody, &SHIPPED_PATHS),
            CorsOrigins::FrontEnds => {
                let listed: Vec<_> =
                    front_ends.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
                (<[_; 1]>::try_from(listed).map_or_else(Allowed::Listed, |[one]| Allowed::One(one)), &["*"])
            }
        };
        let paths = settings.cors_paths.clone().unwrap_or_else(|| paths.iter().map(|&path| path.to_owned()).collect());
        let exposed = HeaderValue::try_from(settings.cors_exposed_headers.join(", "));
        Self {
            allowed,
            paths: (!paths.iter().any(|path| path == "*")).then_some(paths),
            exposed: exposed.ok().filter(|exposed| !exposed.is_empty()),
            max_age: HeaderValue::from(Duration::from(settings.cors_max_age).as_secs()),
        }
    }

    /// Does it say anything about the path of `request`? (`Request::is` and `fullUrlIs`.)
    fn covers(&self, request: &HttpRequest, site: &Site) -> bool {
        let Some(patterns) = &self.paths else { return true };
        let decoded = path::decoded(request);
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let address = format!("{}{}{query}", site.base_url, request.path().trim_end_matches('/'));
        patterns.iter().any(|pattern| {
            let pattern = if pattern == "/" { pattern } else { pattern.trim_matches('/') };
            is(pattern, &decoded) || is(pattern, &address)
        })
    }

    /// Names who may read the answer to a request with these headers; false if it is nobody.
    fn name(&self, asked: &HeaderMap, answer: &mut HeaderMap) -> bool {
        let origin = match &self.allowed {
            Allowed::Anybody => {
                answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                return true;
            }
            Allowed::One(origin) => origin.clone(),
            Allowed::Listed(origins) => {
                vary(answer, "Origin");
                let mut given = asked.get_all(ORIGIN);
                match (given.next(), given.next()) {
                    (Some(origin), None) if origins.contains(origin) => origin.clone(),
                    _ => return false,
                }
            }
        };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        true
    }
}

/// Says in an answer who may read it. Whatever Laravel's dialects answer comes through here once, refusals too.
pub fn mark<B>(site: &Site, request: &HttpRequest, response: &mut HttpResponse<B>) {
    decide(request, response);
    if !site.cors.covers(request, site) {
        return;
    }
    let headers = response.headers_mut();
    if request.method() == Method::OPTIONS {
        vary(headers, ASKED_METHOD);
    }
    if site.cors.name(request.headers(), headers)
        && let Some(exposed) = &site.cors.exposed
    {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
    }
}

/// The answer to the question whether another request may be sent, whoever asks; `None` if `request` does not ask it. What
/// is served, and to whom, is said by that other request itself.
pub fn preflight(site: &Site, request: &HttpRequest) -> Option<HttpResponse> {
    let asked = request.headers();
    let is_preflight = request.method() == Method::OPTIONS && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || !site.cors.covers(request, site) {
        return None;
    }
    let mut response = answer::html(StatusCode::NO_CONTENT, String::new());
    decide(request, &mut response);
    let headers = response.headers_mut();
    let is_somebody = site.cors.name(asked, headers);
    vary(headers, ASKED_METHOD);
    if is_somebody {
        vary(headers, ASKED_HEADERS);
        let method = asked.get(ACCESS_CONTROL_REQUEST_METHOD).map(|method| method.as_bytes().to_ascii_uppercase());
        if let Some(method) = method.and_then(|method| HeaderValue::from_bytes(&method).ok()) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method);
        }
        let nothing = HeaderValue::from_static("");
        let allowed = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned().unwrap_or(nothing);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(ACCESS_CONTROL_MAX_AGE, site.cors.max_age.clone());
    }
    Some(response)
}

/// An answer that was made in front of all this, so that it names nobody.
pub fn unreadable(request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    decide(request, &mut response);
    response
}

/// Nobody else adds anything to what is said here, or not said. Nobody does without an Origin anyway.
fn decide<B>(request: &HttpRequest, response: &mut HttpResponse<B>) {
    if request.headers().contains_key(ORIGIN) {
        response.extensions_mut().insert(CorsDecided);
    }
}

/// Says that an answer depends on this header too, in the line that says so already.
fn vary(headers: &mut HeaderMap, name: &'static str) {
    let line = headers.get(VARY).and_then(|line| line.to_str().ok());
    let names = match line {
        Some(line) if line.split(',').any(|one| one.trim() == name) => return,
        Some(line) => HeaderValue::try_from(format!("{line}, {name}")),
        None => Ok(HeaderValue::from_static(name)),
    };
    if let Ok(names) = names {
        headers.insert(VARY, names);
    }
}

/// Laravel's `Str::is`: an asterisk stands for anything, slashes included.
fn is(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn an_asterisk_stands_for_anything() {
        for (pattern, fits, other) in [
            ("api/*", vec!["api/", "api/user", "api/a/b"], vec!["api", "xapi/user", "API/user"]),
            ("sanctum/csrf-cookie", vec!["sanctum/csrf-cookie"], vec!["sanctum/csrf-cookie/x", "sanctum"]),
            ("*/user", vec!["api/user", "/user", "a/b/user"], vec!["user", "api/users"]),
            ("a*b*c", vec!["abc", "axbxc", "abbcc"], vec!["ab", "acb", "abcd"]),
            ("a*a", vec!["aa", "aaa"], vec!["a"]),
            ("*", vec!["", "/", "x/y"], vec![]),
            ("/", vec!["/"], vec!["", "//"]),
        ] {
            assert!(fits.iter().all(|text| is(pattern, text)), "{pattern}");
            assert!(!other.iter().any(|text| is(pattern, text)), "{pattern}");
        }
    }
}
