//! Which web pages may call the server and read its answers, with cookies: those of `front_ends` (Fetch standard, section
//! 3.3, CORS protocol). A dialect that says so by itself is left alone.
//!
//! It stands outside the dialects and their authentication: a page must be able to read refusals as well, and a preflight
//! never carries a credential. `actix-cors` answers preflights with 200, refuses what it does not know in words of its
//! own and allocates a future a request; Laravel's and Django's answer 204.

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
    web,
};

/// What a page may read of an answer's headers beside the few that the standard always shows.
const EXPOSED: &str =
    "X-CSRF-Failure, Retry-After, WWW-Authenticate, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset";
/// How long a browser may remember a preflight: two hours in seconds, the most that Chromium honours.
const MAX_AGE: &str = "7200";

/// The origins that are let in.
pub(super) struct Cors {
    listed: Vec<HeaderValue>,
}

impl Cors {
    /// Lets these in, which are in the form that browsers send.
    pub(super) fn new(front_ends: &[String]) -> Self {
        Self { listed: front_ends.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect() }
    }

    /// The origin of the request, if it is one of ours: the same to the letter, and the only one.
    fn listed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut given = headers.get_all(ORIGIN);
        let origin = given.next().filter(|origin| self.listed.contains(origin))?;
        given.next().is_none().then(|| origin.clone())
    }
}

/// What the request's origin has to do with the answer.
pub(super) enum Origin {
    /// There is none, or no page may read anything: the answer does not depend on it. No page is given a stored copy of
    /// it, because no answer is stored unless it says so itself.
    Irrelevant,
    /// It is not one of ours.
    Foreign,
    /// One of ours.
    Listed(HeaderValue),
}

impl Origin {
    /// Where the request comes from.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        if !headers.contains_key(ORIGIN) {
            return Self::Irrelevant;
        }
        match request.app_data::<web::Data<Cors>>() {
            Some(cors) if !cors.listed.is_empty() => cors.listed(headers).map_or(Self::Foreign, Self::Listed),
            _ => Self::Irrelevant,
        }
    }

    /// Makes the answer readable for the page that asked, and different for every other.
    pub(super) fn mark(self, headers: &mut HeaderMap) {
        if !matches!(self, Self::Irrelevant) {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        // What every page may read says so itself.
        if let Self::Listed(origin) = self
            && !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
        {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }

    /// The answer to a preflight: a page of ours may send what it asks for, every other nothing. What is served, and to
    /// whom, is said by the request itself.
    pub(super) fn allow(&self, request: &HeaderMap) -> HttpResponse {
        let mut answer = HttpResponse::new(StatusCode::NO_CONTENT);
        let headers = answer.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers"));
        if matches!(self, Self::Listed(_)) {
            let asked = [
                (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
                (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
            ];
            for (asked, allowed) in asked {
                if let Some(value) = request.get(asked) {
                    headers.insert(allowed, value.clone());
                }
            }
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        }
        answer
    }
}

/// Does a browser ask whether it may send another request?
pub(super) fn is_preflight(request: &HttpRequest) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
