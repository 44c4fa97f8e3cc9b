//! Which cookies a browser keeps and sends (RFC 6265bis, sections 5.5 to 5.7), told with what to change.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use chrono::DateTime;
use countersign_adapters::{
    laravel::cookies::{HOST_PREFIX, prefix},
    origin::{Origin, domain_matches, is_public_suffix},
};
use countersign_core::model::Timestamp;

use super::Flaw;
use crate::config::common_parent;

/// A page, the server that it calls, and the cookies of both.
pub struct Jar {
    page: Origin,
    server: Origin,
    kept: Vec<Cookie<'static>>,
}

impl Jar {
    /// Nothing is kept yet.
    pub const fn new(page: Origin, server: Origin) -> Self {
        Self { page, server, kept: Vec::new() }
    }

    /// Keeps what a `Set-Cookie` says at the moment `now`, and tells the name.
    ///
    /// # Errors
    /// Why a browser does not keep it.
    pub fn keep(&mut self, line: &str, now: Timestamp) -> Result<String, Flaw> {
        let Ok(cookie) = Cookie::parse(line.to_owned()) else {
            return Err(Flaw::new("Set-Cookie", "a line that is no cookie", "look for what changes it on its way"));
        };
        self.check(&cookie, line, now)?;
        let name = cookie.name().to_owned();
        self.kept.retain(|kept| kept.name() != name);
        self.kept.push(cookie);
        Ok(name)
    }

    fn check(&self, cookie: &Cookie<'_>, line: &str, now: Timestamp) -> Result<(), Flaw> {
        const LONGEST: usize = 4096;
        let (name, page, server) = (cookie.name(), &self.page, &self.server);
        let is_secure = cookie.secure() == Some(true);
        if name.len() + cookie.value().len() > LONGEST {
            return Err(Flaw::new(
                "size",
                format!("{name} has more than {LONGEST} bytes"),
                "browsers keep no longer ones",
            ));
        }
        if let Some(domain) = cookie.domain().filter(|domain| !domain.is_empty()) {
            if !domain_matches(&server.host, domain) {
                return Err(Flaw::new(
                    "Domain",
                    format!("{name} is for \"{domain}\", and the server is called {}", server.host),
                    "a browser drops it: set cookie_domain to a domain of this host, or call the server under another",
                ));
            }
            if is_public_suffix(&domain.to_ascii_lowercase()) && !domain.eq_ignore_ascii_case(&server.host) {
                let found = format!("{name} is for \"{domain}\", below which many owners have names");
                return Err(Flaw::new(
                    "Domain",
                    found,
                    "a browser drops it: set cookie_domain to a domain of your own",
                ));
            }
        }
        if is_secure && !server.is_https && !server.is_loopback() {
            return Err(Flaw::new(
                "Secure",
                format!("{name} is Secure, and the server is called over http"),
                "a browser drops it: call the server over https, or for a trial set secure_cookies = false",
            ));
        }
        let same_site = cookie.same_site().unwrap_or(SameSite::Lax);
        if same_site == SameSite::None && !is_secure {
            return Err(Flaw::new(
                "SameSite",
                format!("{name} has SameSite=None without Secure"),
                "a browser drops it: send it with Secure, over https",
            ));
        }
        if same_site != SameSite::None && !page.is_same_site(server) {
            return Err(Flaw::new("SameSite", format!("{name} is {same_site}, and {}", two_sites(page, server)), {
                "a browser drops it: cookie login needs one scheme and one registrable domain (or one name, localhost or \
                 127.0.0.1, for both); elsewhere use tokens"
            }));
        }
        let is_for_host = cookie.domain().is_none() && cookie.path() == Some("/");
        let keeps_promise = match prefix(name) {
            "" => true,
            promise if promise.eq_ignore_ascii_case(HOST_PREFIX) => is_secure && is_for_host,
            _ => is_secure,
        };
        if !keeps_promise {
            let found = format!("{name} is not what its prefix promises");
            return Err(Flaw::new("prefix", found, "a browser drops it: __Host- takes Secure, Path=/ and no Domain"));
        }
        if is_over(cookie, line, now) {
            return Err(Flaw::new(
                "Expires",
                format!("{name} has ended when it comes"),
                "a browser drops it: compare the clocks, and look at session_lifetime",
            ));
        }
        Ok(())
    }

    /// The value of a cookie that a script of the page reads.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn read(&self, name: &str) -> Result<&str, Flaw> {
        let (page, server) = (&self.page, &self.server);
        let Some(cookie) = self.kept.iter().find(|cookie| cookie.name() == name) else {
            let names: Vec<&str> = self.kept.iter().map(Cookie::name).collect();
            return Err(Flaw::new(
                "Set-Cookie",
                format!("{name} is not among {}", names.join(", ")),
                "look for what renames or drops it on its way",
            ));
        };
        if cookie.http_only() == Some(true) {
            let found = format!("{name} is HttpOnly");
            return Err(Flaw::new("HttpOnly", found, "a script must read it: look for what adds the flag on its way"));
        }
        let domain = cookie.domain().filter(|domain| !domain.is_empty());
        let is_reached = domain.map_or(page.host == server.host, |domain| domain_matches(&page.host, domain));
        if !is_reached {
            let of = domain.unwrap_or(&server.host);
            let advice = match common_parent(&page.host, &server.host) {
                Some(parent) => format!("set cookie_domain = \"{parent}\""),
                None => "page and server need one domain above them for cookie_domain, or use tokens".to_owned(),
            };
            let found = format!("{name} belongs to {of}, and scripts of {} cannot read it", page.host);
            return Err(Flaw::new("Domain", found, advice));
        }
        if cookie.secure() == Some(true) && !page.is_https && !page.is_loopback() {
            let found = format!("{name} is Secure, and the page came over http");
            return Err(Flaw::new("Secure", found, "serve the page over https"));
        }
        Ok(cookie.value())
    }

    /// The `Cookie` header of a request to `path`.
    ///
    /// # Errors
    /// The cookie that stays at home.
    pub fn header(&self, path: &str) -> Result<String, Flaw> {
        for cookie in &self.kept {
            let under = cookie.path().unwrap_or("/");
            let is_below = path
                .strip_prefix(under)
                .is_some_and(|rest| rest.is_empty() || under.ends_with('/') || rest.starts_with('/'));
            if !is_below {
                let found = format!("{} is for {under} and does not go to {path}", cookie.name());
                return Err(Flaw::new("Path", found, "let cookies have Path=/: look for what changes it on its way"));
            }
        }
        let pairs: Vec<String> = self.kept.iter().map(|kept| format!("{}={}", kept.name(), kept.value())).collect();
        Ok(pairs.join("; "))
    }

    /// The names that are kept.
    pub fn names(&self) -> Vec<&str> {
        self.kept.iter().map(Cookie::name).collect()
    }
}

/// Is it of the past? `Max-Age` counts before `Expires`.
fn is_over(cookie: &Cookie<'_>, line: &str, now: Timestamp) -> bool {
    if let Some(life) = cookie.max_age() {
        return life <= Duration::ZERO;
    }
    let attributes = line.split(';').filter_map(|attribute| attribute.trim().split_once('='));
    let mut ends = attributes.filter(|(name, _)| name.eq_ignore_ascii_case("expires"));
    let end = ends.next().and_then(|(_, end)| DateTime::parse_from_rfc2822(end).ok());
    end.is_some_and(|end| end < now)
}

/// Why they are not one.
fn two_sites(page: &Origin, server: &Origin) -> String {
    if page.has_same_domain(server) {
        format!("{page} and {server} are two sites, because one is http and the other https")
    } else if page.is_loopback() && server.is_loopback() {
        format!("{} and {} are two sites to a browser, although both are this machine", page.host, server.host)
    } else {
        format!("{} and {} are two sites", page.host, server.host)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::env::{Clock as _, FixedClock};

    use super::*;

    /// What a browser makes of a cookie, and then a script of the page.
    fn judged(page: &str, server: &str, line: &str) -> Result<String, (&'static str, String)> {
        let origin = |text: &str| Origin::parse(text).unwrap();
        let now = FixedClock::at("2026-01-02T12:00:00Z".parse().unwrap()).now();
        let mut jar = Jar::new(origin(page), origin(server));
        let put = |flaw: Flaw| (flaw.rule, flaw.found);
        let name = jar.keep(line, now).map_err(put)?;
        jar.read(&name).map(ToOwned::to_owned).map_err(put)
    }

    #[test]
    fn a_cookie_of_the_same_site_is_kept_and_read() {
        for (page, server, attributes) in [
            ("http://localhost:3000", "http://localhost:8000", "path=/; samesite=lax"),
            // Browsers trust this machine.
            ("http://localhost:3000", "http://localhost:8000", "path=/; secure; samesite=lax"),
            ("https://app.ex.org", "https://api.ex.org", "path=/; domain=ex.org; secure; samesite=lax"),
            ("https://app.ex.org", "https://api.ex.org", "path=/; domain=.EX.org; Max-Age=7200"),
            ("https://a.ex.com", "https://a.ex.com", "Expires=Fri, 02 Jan 2026 14:00:00 GMT; SameSite=Strict"),
            // Max-Age counts.
            ("https://ex.com", "https://ex.com", "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=1"),
        ] {
            assert_eq!(judged(page, server, &format!("x=y%3D; {attributes}")).as_deref(), Ok("y%3D"), "{attributes}");
        }
    }

    #[test]
    fn the_first_rule_that_fails_is_named() {
        let two = "app.ex.org and api.ex.com are two sites";
        for (page, server, cookie, rule, found) in [
            ("https://app.ex.org", "https://api.ex.com", "x=y", "SameSite", format!("x is Lax, and {two}")),
            (
                "https://app.ex.org",
                "https://api.ex.com",
                "x=y; samesite=strict",
                "SameSite",
                format!("x is Strict, and {two}"),
            ),
            (
                "http://ex.org",
                "https://ex.org",
                "x=y",
                "SameSite",
                "x is Lax, and http://ex.org and https://ex.org are two sites, because one is http and the other https"
                    .to_owned(),
            ),
            (
                "http://127.0.0.1:3000",
                "http://localhost:8000",
                "x=y",
                "SameSite",
                "x is Lax, and 127.0.0.1 and localhost are two sites to a browser, although both are this machine"
                    .to_owned(),
            ),
            (
                "https://app.ex.org",
                "https://api.ex.com",
                "x=y; samesite=none",
                "SameSite",
                "x has SameSite=None without Secure".to_owned(),
            ),
            (
                "http://app.ex.org",
                "http://api.ex.org",
                "x=y; secure",
                "Secure",
                "x is Secure, and the server is called over http".to_owned(),
            ),
            (
                "https://app.ex.org",
                "https://api.ex.org",
                "x=y; domain=ex.com",
                "Domain",
                "x is for \"ex.com\", and the server is called api.ex.org".to_owned(),
            ),
            (
                "https://a.vercel.app",
                "https://a.vercel.app",
                "x=y; domain=vercel.app",
                "Domain",
                "x is for \"vercel.app\", below which many owners have names".to_owned(),
            ),
            (
                "https://app.ex.org",
                "https://api.ex.org",
                "x=y",
                "Domain",
                "x belongs to api.ex.org, and scripts of app.ex.org cannot read it".to_owned(),
            ),
            ("https://ex.org", "https://ex.org", "x=y; httponly", "HttpOnly", "x is HttpOnly".to_owned()),
            (
                "https://ex.org",
                "https://ex.org",
                "__Host-x=y; secure; path=/; domain=ex.org",
                "prefix",
                "__Host-x is not what its prefix promises".to_owned(),
            ),
            ("https://ex.org", "https://ex.org", "x=y; max-age=0", "Expires", "x has ended when it comes".to_owned()),
            (
                "https://ex.org",
                "https://ex.org",
                "x=y; expires=Fri, 02 Jan 2026 11:59:59 GMT",
                "Expires",
                "x has ended when it comes".to_owned(),
            ),
            ("https://ex.org", "https://ex.org", "nothing", "Set-Cookie", "a line that is no cookie".to_owned()),
        ] {
            assert_eq!(judged(page, server, cookie), Err((rule, found)), "{cookie}");
        }
        let long = format!("x={}", "y".repeat(4096));
        assert_eq!(judged("https://ex.org", "https://ex.org", &long).unwrap_err().0, "size");
    }

    #[test]
    fn cookies_go_to_their_path_alone() {
        let origin = Origin::parse("http://localhost").unwrap();
        let mut jar = Jar::new(origin.clone(), origin);
        let now = FixedClock::at("2026-01-02T12:00:00Z".parse().unwrap()).now();
        jar.keep("a=1; path=/", now).unwrap();
        jar.keep("b=2; path=/id", now).unwrap();
        jar.keep("b=3; path=/id", now).unwrap();
        assert_eq!(jar.header("/id/login").as_deref(), Ok("a=1; b=3"));
        assert_eq!(jar.header("/id").as_deref(), Ok("a=1; b=3"));
        assert_eq!(jar.header("/idea").unwrap_err().found, "b is for /id and does not go to /idea");
    }
}
