//! The CSRF check of a request that is answered with a session, and the reason when it fails.

use actix_web::http::header::{COOKIE, HeaderMap, ORIGIN};
use countersign_core::Secret;

use super::{
    session::{Arrival, CSRF_COOKIE, Sessions},
    visitor::Visit,
};

/// The header that carries the readable cookie back.
pub const XSRF_HEADER: &str = "X-XSRF-TOKEN";
/// The header that carries the token in clear.
pub const CSRF_HEADER: &str = "X-CSRF-TOKEN";
/// The field that carries the token in clear.
pub const FIELD: &str = "_token";

/// Why a request was refused; the code is in the answer's `X-CSRF-Failure`, the words are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The page is of another site, so that its cookies stayed at home.
    CrossSite,
    /// The page is none of the front ends.
    OriginNotStateful,
    /// The token came, the cookies did not.
    HeaderWithoutCookies,
    /// Neither came.
    NoCookies,
    /// The cookies came, the token did not.
    HeaderMissing,
    /// The session cookie has ended, or was sealed under a key that is gone.
    SessionUnknown,
    /// The token belongs to another session, or to the time before a login.
    TokenStale,
}

impl Failure {
    /// The name on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CrossSite => "cross_site",
            Self::OriginNotStateful => "origin_not_stateful",
            Self::HeaderWithoutCookies => "header_without_cookies",
            Self::NoCookies => "no_cookies",
            Self::HeaderMissing => "header_missing",
            Self::SessionUnknown => "session_unknown",
            Self::TokenStale => "token_stale",
        }
    }

    /// What the developer of the front end should do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::CrossSite => "SameSite=Lax cookies stay at home: page and server need one registrable domain",
            Self::OriginNotStateful => "the page's origin is not in front_ends",
            Self::HeaderWithoutCookies => "the client must send credentials: withCredentials, credentials: 'include'",
            Self::NoCookies => {
                "no cookie came back: was GET /sanctum/csrf-cookie called, and do cookie domain, Secure \
                                and host fit?"
            }
            Self::HeaderMissing => "the client must send the XSRF-TOKEN cookie as X-XSRF-TOKEN: withXSRFToken in axios",
            Self::SessionUnknown | Self::TokenStale => "call GET /sanctum/csrf-cookie again and retry once",
        }
    }
}

/// Does the request's token belong to its session? It is, in this order, the field of the body, the token in clear or the
/// sealed one; what is empty was not sent. (Laravel's `getTokenFromRequest`.)
///
/// The readable cookie is base64url, which URL encoding leaves as it is: there is nothing to decode.
///
/// # Errors
/// The likeliest reason.
pub fn check(
    sessions: &Sessions,
    headers: &HeaderMap,
    (visit, arrival): (&Visit, Arrival),
    field: Option<&str>,
) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
    let plain = field.filter(|field| !field.is_empty()).or_else(|| text(CSRF_HEADER));
    let sealed = text(XSRF_HEADER);
    let token = plain.map(str::to_owned).or_else(|| sessions.open_csrf(sealed?));
    if token.is_some_and(|token| Secret::new(token) == Secret::new(visit.csrf.as_str())) {
        return Ok(());
    }
    Err(diagnose(sessions, headers, arrival, plain.or(sealed).is_some()))
}

fn diagnose(sessions: &Sessions, headers: &HeaderMap, arrival: Arrival, has_token: bool) -> Failure {
    let cookies = headers.get_all(COOKIE).filter_map(|cookies| cookies.to_str().ok());
    let has_cookies = arrival != Arrival::Absent || cookies.into_iter().any(|cookies| cookies.contains(CSRF_COOKIE));
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    if origin.is_some_and(|origin| !sessions.is_front_end(origin)) {
        return Failure::OriginNotStateful;
    }
    let is_cross_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    match (has_cookies, has_token) {
        (false, _) if is_cross_site => Failure::CrossSite,
        (false, true) => Failure::HeaderWithoutCookies,
        (false, false) => Failure::NoCookies,
        (true, false) => Failure::HeaderMissing,
        (true, true) if arrival == Arrival::Known => Failure::TokenStale,
        (true, true) => Failure::SessionUnknown,
    }
}
