//! What the log says when a page was not known by its cookies: the values that were compared, and what to change. Never a
//! token, nor an address with a path or a query.

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN, REFERER},
};

use super::{
    cookies,
    csrf::{CSRF_HEADER, Failure, XSRF_HEADER},
    session::{CSRF_COOKIE, Sessions},
    stateful::authority,
};
use crate::origin::{Origin, domain_matches};

/// What a request says of the page that sent it, beside what the server expects.
pub struct Circumstances<'a> {
    sessions: &'a Sessions,
    headers: &'a HeaderMap,
}

impl<'a> Circumstances<'a> {
    /// Those of a request with these headers.
    pub const fn of(sessions: &'a Sessions, headers: &'a HeaderMap) -> Self {
        Self { sessions, headers }
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
    }

    /// The page's origin as the browser says it, without one where its Referer points.
    fn sender(&self) -> Option<&'a str> {
        self.text(ORIGIN.as_str()).or_else(|| self.text(REFERER.as_str()))
    }

    /// The same for people; empty if nothing is said of it.
    fn page(&self) -> String {
        match self.sender() {
            Some(sender) => Origin::of_url(sender).map_or_else(|| "null".to_owned(), |origin| origin.to_string()),
            None => String::new(),
        }
    }

    /// Is the page none of the front ends?
    pub fn is_foreign(&self) -> bool {
        self.sender().is_some_and(|sender| !self.sessions.is_front_end(sender))
    }

    /// Which of the cookies of the SPA came.
    pub fn cookies(&self) -> Vec<&str> {
        let ours = [self.sessions.cookie.as_str(), CSRF_COOKIE, self.sessions.device.as_str()];
        ours.into_iter().filter(|name| cookies::values(self.headers, name).next().is_some()).collect()
    }

    /// Which of the headers for a token came.
    fn tokens(&self) -> Vec<&'static str> {
        [XSRF_HEADER, CSRF_HEADER].into_iter().filter(|name| self.text(name).is_some()).collect()
    }

    /// The address that the browser called, by its Host; its scheme is that of the base URL, which a proxy does not hide.
    fn called(&self) -> Option<Origin> {
        let base = Origin::of_url(&self.sessions.site.base_url)?;
        Origin::parse(&format!("{}://{}", base.scheme(), self.text(HOST.as_str())?)).ok()
    }

    /// Did the browser keep cookies with `SameSite=Lax` to itself? It says so to https and to this machine. Elsewhere page
    /// and address are compared: both addresses, because a proxy may have set another Host.
    pub fn is_cross_site(&self) -> bool {
        if let Some(said) = self.text("sec-fetch-site") {
            return said == "cross-site";
        }
        let (Some(page), Some(called)) = (self.sender().and_then(Origin::of_url), self.called()) else { return false };
        let is_base = Origin::of_url(&self.sessions.site.base_url).is_some_and(|base| base.is_same_site(&page));
        let is_near = page.is_loopback() && called.is_loopback();
        !is_base && !is_near && !page.is_same_site(&called)
    }

    /// What is to be done about it.
    fn advice(&self, failure: Failure) -> String {
        match failure {
            Failure::CrossSite => self.two_sites(),
            Failure::OriginNotStateful if self.is_cross_site() => {
                format!("{}; and {}", self.unlisted(), self.two_sites())
            }
            Failure::OriginNotStateful => self.unlisted(),
            Failure::HeaderWithoutCookies => {
                "the token came without its cookies: set withCredentials: true, or credentials: 'include' with fetch"
                    .to_owned()
            }
            Failure::NoCookies => self.no_cookies(),
            Failure::HeaderMissing => self.no_header(),
            Failure::HeaderUrlEncoded => {
                "decode the cookie: X-XSRF-TOKEN takes decodeURIComponent of XSRF-TOKEN".to_owned()
            }
            Failure::SessionUnknown => {
                "the session has ended, or another server began it: call GET /sanctum/csrf-cookie again and retry once"
                    .to_owned()
            }
            Failure::TokenStale => {
                "the token is of another session or from before a login: call GET /sanctum/csrf-cookie again and retry \
                 once"
                    .to_owned()
            }
        }
    }

    /// `localhost:5173 is not in front_ends (listed: localhost:3000)`.
    fn unlisted(&self) -> String {
        let page = self.sender().and_then(Origin::of_url).map_or_else(|| "null".to_owned(), |page| page.authority());
        let listed = self.front_ends();
        let listed = if listed.is_empty() { "nothing".to_owned() } else { listed.join(", ") };
        format!("{page} is not in front_ends (listed: {listed})")
    }

    fn front_ends(&self) -> Vec<String> {
        self.sessions.site.front_ends.iter().filter_map(|front_end| authority(front_end)).collect()
    }

    fn two_sites(&self) -> String {
        let (page, called) = (self.sender().and_then(Origin::of_url), self.called());
        let (Some(page), Some(called)) = (page, called) else {
            return "page and server are two sites: cookie login needs one registrable domain, or use tokens"
                .to_owned();
        };
        if page.is_loopback() && called.is_loopback() {
            let (page, called) = (page.host, called.host);
            format!("{page} and {called} are two sites, and SameSite=Lax cookies stay home: use one name for both")
        } else if page.has_same_domain(&called) {
            format!("{page} and {called} are two sites, because their schemes differ: SameSite=Lax cookies stay home")
        } else {
            let (page, called) = (page.host, called.host);
            format!(
                "{page} and {called} are two sites, and SameSite=Lax cookies stay home: cookie login needs one \
                 registrable domain, or use tokens"
            )
        }
    }

    fn no_cookies(&self) -> String {
        let host = self.called().map(|called| called.host).unwrap_or_default();
        let mut words = vec!["no cookie came back: was GET /sanctum/csrf-cookie called?".to_owned()];
        let domain = self.sessions.domain.as_deref().filter(|domain| !domain_matches(&host, domain));
        words.extend(domain.map(|domain| {
            format!("The cookie domain is {domain}, this host is {host}: no browser takes the cookies.")
        }));
        if self.sessions.secure && self.is_plain() {
            words.push("The cookies are Secure, and this request came over http.".to_owned());
        }
        words.join(" ")
    }

    /// Does the request show that it came without TLS? A proxy says it, or the base URL.
    fn is_plain(&self) -> bool {
        let scheme = self.text("x-forwarded-proto");
        scheme.map_or_else(|| self.sessions.site.base_url.starts_with("http://"), |scheme| scheme == "http")
    }

    fn no_header(&self) -> String {
        let page = self.sender().and_then(Origin::of_url).map(|page| page.host);
        let cookie = self.sessions.domain.clone().or_else(|| self.called().map(|called| called.host));
        if let (Some(page), Some(cookie)) = (page, cookie)
            && !domain_matches(&page, &cookie)
        {
            return format!(
                "the cookies came without X-XSRF-TOKEN: the page at {page} cannot read a cookie of {cookie}; set \
                 cookie_domain to a domain of both"
            );
        }
        "the cookies came without X-XSRF-TOKEN: axios 1.6 and later need withXSRFToken: true for another origin"
            .to_owned()
    }
}

/// Tells why a request was refused, here with 419 or at a gateway.
pub fn refused(sessions: &Sessions, headers: &HeaderMap, failure: Failure) {
    let seen = Circumstances::of(sessions, headers);
    tracing::info!(
        reason = failure.code(),
        origin = seen.page(),
        fetch_site = seen.text("sec-fetch-site").unwrap_or_default(),
        host = seen.text(HOST.as_str()).unwrap_or_default(),
        cookie_domain = sessions.domain.as_deref().unwrap_or_default(),
        secure = sessions.secure,
        cookies = seen.cookies().join(", "),
        headers = seen.tokens().join(", "),
        front_ends = seen.front_ends().join(", "),
        advice = seen.advice(failure),
        "CSRF token mismatch"
    );
}

/// Tells why a request was refused with 401 that brought the session's cookie: it was not looked at, because no front end
/// sent it. Sanctum says nothing of it.
pub fn ignored(request: &HttpRequest) {
    let Some(sessions) = Sessions::of(request) else { return };
    let seen = Circumstances::of(sessions, request.headers());
    if request.headers().contains_key(AUTHORIZATION) || !seen.cookies().contains(&sessions.cookie.as_str()) {
        return;
    }
    // The Referer decides, as in Sanctum.
    let sender = seen.text(REFERER.as_str()).or_else(|| seen.text(ORIGIN.as_str()));
    if sender.is_some_and(|sender| sessions.is_front_end(sender)) {
        return;
    }
    let advice = match sender {
        Some(_) => seen.unlisted(),
        None => "neither Referer nor Origin came: who asks for a page, as a server that renders it, sends one of \
                 front_ends as Referer"
            .to_owned(),
    };
    tracing::info!(
        reason = Failure::OriginNotStateful.code(),
        origin = seen.page(),
        fetch_site = seen.text("sec-fetch-site").unwrap_or_default(),
        host = seen.text(HOST.as_str()).unwrap_or_default(),
        cookies = seen.cookies().join(", "),
        front_ends = seen.front_ends().join(", "),
        advice,
        "401 although a session's cookie came: it was not looked at"
    );
}
