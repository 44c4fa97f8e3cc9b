//! Origins as browsers send and compare them: scheme, host and, unless it is the default, port (RFC 6454); which of them are
//! one site, and which cookies a host may have (RFC 6265bis).

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use crate::settings::{SettingValue, Value};

/// A normalised origin, such as `https://example.org` or `http://localhost:3000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Is it `https`? Otherwise it is `http`.
    pub is_https: bool,
    /// A name or an IPv4 address in lower case, or an IPv6 address in brackets.
    pub host: String,
    /// The port if it is not the scheme's own.
    pub port: Option<u16>,
}

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    /// What is wrong with it, as a continuation of `text`, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('*') {
            return Err("has a wildcard; name each origin".to_owned());
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(format!("has no scheme; write \"http://{text}\" or \"https://{text}\""));
        };
        let scheme = scheme.to_ascii_lowercase();
        let (is_https, default_port) = match scheme.as_str() {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return Err("is neither http nor https".to_owned()),
        };
        if let Some((authority, _)) = rest.split_once(['/', '?', '#']) {
            return Err(format!("has more than scheme, host and port; write \"{scheme}://{authority}\""));
        }
        let (host, port) = host_and_port(rest)?;
        Ok(Self { is_https, host, port: port.filter(|port| *port != default_port) })
    }

    /// The origin of an address with anything behind it; `None` if it has none.
    pub fn of_url(url: &str) -> Option<Self> {
        let start = url.find("://")? + 3;
        let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
        Self::parse(&url[..end]).ok()
    }

    /// `http` or `https`.
    pub const fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// Host and port, such as `localhost:3000`.
    pub fn authority(&self) -> String {
        self.port.map_or_else(|| self.host.clone(), |port| format!("{}:{port}", self.host))
    }

    /// Is this machine meant, whatever it is called? Browsers trust it as they trust https.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Are pages of `other` of the same site, so that cookies with `SameSite=Lax` go from one to the other? That takes the
    /// same scheme and the same registrable domain; ports do not matter (HTML standard, "schemelessly same site" and
    /// "same site").
    pub fn is_same_site(&self, other: &Self) -> bool {
        self.is_https == other.is_https && self.has_same_domain(other)
    }

    /// The same without the scheme.
    pub fn has_same_domain(&self, other: &Self) -> bool {
        let domain = registrable(&self.host);
        self.host == other.host || (domain.is_some() && domain == registrable(&other.host))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

impl SettingValue for Origin {
    fn read(value: &Value) -> Result<Self, String> {
        Self::parse(&String::read(value)?)
    }

    fn show(&self) -> Option<Value> {
        self.to_string().show()
    }
}

/// Splits `host[:port]`, where the host may be an IPv6 address in brackets.
fn host_and_port(authority: &str) -> Result<(String, Option<u16>), String> {
    let end = if authority.starts_with('[') { authority.find(']').map(|at| at + 1) } else { authority.find(':') };
    let (host, rest) = authority.split_at(end.unwrap_or(authority.len()));
    let port = match rest.strip_prefix(':') {
        Some(digits) => match digits.parse() {
            Ok(port) if port != 0 => Some(port),
            _ => return Err(format!("has the port \"{digits}\", which is not a number from 1 to 65535")),
        },
        None if rest.is_empty() => None,
        None => return Err("is not a host and a port".to_owned()),
    };
    let is_name = |host: &str| {
        !host.is_empty() && host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
    };
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]")),
        None => is_name(host).then(|| host.to_ascii_lowercase()),
    };
    match host {
        Some(host) => Ok((host, port)),
        None => Err("does not name a host; write one such as \"https://app.example.org\" (in ASCII)".to_owned()),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// The domain that somebody can register, such as `example.co.uk` of `app.example.co.uk`, by the Public Suffix List; `None`
/// for an address, and for a name that is a suffix itself.
pub fn registrable(host: &str) -> Option<&str> {
    if is_address(host) { None } else { psl::domain_str(host) }
}

/// Do many owners share the names below `domain`, as below `com` or `vercel.app`? No browser takes a cookie for it.
pub fn is_public_suffix(domain: &str) -> bool {
    !is_address(domain) && psl::suffix_str(domain) == Some(domain)
}

/// Does a cookie with this `Domain` reach `host`? (RFC 6265, section 5.1.3; a dot at its beginning is ignored.)
pub fn domain_matches(host: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    host == domain || (!is_address(host) && host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<String, String> {
        Origin::parse(text).map(|origin| origin.to_string())
    }

    #[test]
    fn an_origin_is_brought_into_the_form_that_browsers_send() {
        for (given, expected) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("HTTPS://App.Example.ORG:443", "https://app.example.org"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://a.example:80", "https://a.example:80"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(origin(given).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn anything_else_is_told_what_would_be_right() {
        for (given, expected) in [
            ("localhost:3000", "has no scheme; write \"http://localhost:3000\" or \"https://localhost:3000\""),
            ("ftp://a", "is neither http nor https"),
            ("http://a/", "has more than scheme, host and port; write \"http://a\""),
            ("http://a?b", "has more than scheme, host and port; write \"http://a\""),
            ("http://a:70000", "has the port \"70000\", which is not a number from 1 to 65535"),
            ("http://a:", "has the port \"\", which is not a number from 1 to 65535"),
            ("https://*.example.org", "has a wildcard; name each origin"),
            ("*", "has a wildcard; name each origin"),
        ] {
            assert_eq!(origin(given), Err(expected.to_owned()), "{given}");
        }
        for nameless in ["http://", "http://u@h", "http://ä.example", "http://[::1", "http://a b", "http://[a]"] {
            assert!(origin(nameless).is_err(), "{nameless}");
        }
    }

    #[test]
    fn an_address_has_the_origin_before_its_path() {
        let of = |url: &str| Origin::of_url(url).map(|origin| origin.to_string());
        assert_eq!(of("https://A.example:8443/x/y?z#w").as_deref(), Some("https://a.example:8443"));
        assert_eq!(of("http://localhost:3000").as_deref(), Some("http://localhost:3000"));
        assert_eq!((of("/x"), of("null"), of("ftp://a/")), (None, None, None));
    }

    #[test]
    fn a_site_is_a_scheme_and_a_registrable_domain() {
        for (one, other, same) in [
            ("http://localhost:3000", "http://localhost:8000", true),
            ("http://localhost:3000", "http://127.0.0.1:8000", false),
            ("http://127.0.0.1:3000", "http://127.0.0.1:8000", true),
            ("http://127.0.0.1:3000", "http://10.0.0.1:8000", false),
            ("https://app.example.org", "https://api.example.org", true),
            ("https://app.example.org", "https://example.org:8443", true),
            ("http://app.example.org", "https://app.example.org", false),
            ("https://example.org", "https://example.com", false),
            ("https://a.co.uk", "https://b.co.uk", false),
            ("https://a.vercel.app", "https://b.vercel.app", false),
            ("https://x.a.vercel.app", "https://a.vercel.app", true),
            ("http://app.localhost:3000", "http://api.localhost:8000", false),
        ] {
            let (one, other) = (Origin::parse(one).unwrap(), Origin::parse(other).unwrap());
            assert_eq!((one.is_same_site(&other), other.is_same_site(&one)), (same, same), "{one} {other}");
        }
    }

    #[test]
    fn a_cookie_reaches_its_domain_and_what_is_below() {
        for (host, domain, reached) in [
            ("api.example.org", "example.org", true),
            ("api.example.org", ".Example.org", true),
            ("example.org", "example.org", true),
            ("example.org", "api.example.org", false),
            ("badexample.org", "example.org", false),
            ("127.0.0.1", "0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            assert_eq!(domain_matches(host, domain), reached, "{host} {domain}");
        }
        assert!(is_public_suffix("com") && is_public_suffix("vercel.app") && is_public_suffix("localhost"));
        assert!(!is_public_suffix("example.org") && !is_public_suffix("127.0.0.1"));
    }

    #[test]
    fn this_machine_has_many_names() {
        for (url, is) in [
            ("http://localhost", true),
            ("http://app.localhost", true),
            ("http://127.1.2.3", true),
            ("http://[::1]", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(Origin::parse(url).unwrap().is_loopback(), is, "{url}");
        }
    }
}
