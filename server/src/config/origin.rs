//! Origins of front ends, as browsers send them (RFC 6454): scheme, host and, unless it is the default, port.

use countersign_adapters::settings::{SettingValue, Value};

/// A normalised origin, such as `https://example.org` or `http://localhost:3000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Wraps an origin that is normalised already.
    pub fn normalised(origin: String) -> Self {
        Self(origin)
    }

    /// The form that a browser sends.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Reads an origin; the message continues `text`.
    fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(format!("has no scheme; write \"http://{text}\" or \"https://{text}\""));
        };
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err("is neither http nor https".to_owned()),
        };
        if let Some((authority, _)) = rest.split_once(['/', '?', '#']) {
            return Err(format!("has more than scheme, host and port; write \"{scheme}://{authority}\""));
        }
        let (host, port) = host_and_port(rest)?;
        let port = port.filter(|port| *port != default_port).map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{}{port}", host.to_ascii_lowercase())))
    }
}

/// Splits `host[:port]`, where the host may be an IPv6 address in brackets.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), String> {
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
    let is_address = |inner: &str| inner.parse::<std::net::Ipv6Addr>().is_ok();
    let is_name = |host: &str| {
        !host.is_empty() && host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if bracketed.map_or_else(|| is_name(host), is_address) {
        Ok((host, port))
    } else if host.contains('*') {
        Err("has a wildcard; name each origin".to_owned())
    } else {
        Err("does not name a host; write one such as \"https://app.example.org\" (in ASCII)".to_owned())
    }
}

impl SettingValue for Origin {
    fn read(value: &Value) -> Result<Self, String> {
        Self::parse(&String::read(value)?)
    }

    fn show(&self) -> Option<Value> {
        self.0.show()
    }
}

/// The check of a base URL: an origin, maybe with a path, without a slash at the end; or empty.
pub fn base_url(url: &str) -> Result<(), String> {
    if url.is_empty() {
        return Ok(());
    }
    let start = url.find("://").map_or(0, |at| at + 3);
    let path = url[start..].find('/').map_or("", |at| &url[start + at..]);
    Origin::parse(&url[..url.len() - path.len()])?;
    if path.ends_with('/') {
        return Err(format!("ends with a slash; write \"{}\"", url.trim_end_matches('/')));
    }
    if path.contains(['?', '#']) || path.contains(char::is_whitespace) {
        return Err("has more than scheme, host, port and path".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<String, String> {
        Origin::parse(text).map(Origin::into_string)
    }

    #[test]
    fn an_origin_is_brought_into_the_form_that_browsers_send() {
        for (given, expected) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("HTTPS://App.Example.ORG:443", "https://app.example.org"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://a.example:80", "https://a.example:80"),
            ("http://[::1]:3000", "http://[::1]:3000"),
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
        ] {
            assert_eq!(origin(given), Err(expected.to_owned()), "{given}");
        }
        for nameless in ["http://", "http://u@h", "http://ä.example", "http://[::1", "http://a b", "http://[a]"] {
            assert!(origin(nameless).is_err(), "{nameless}");
        }
    }

    #[test]
    fn a_base_url_may_have_a_path() {
        for right in ["", "https://id.example.org", "https://example.org:8443/id", "http://127.0.0.1:8000"] {
            assert_eq!(base_url(right), Ok(()), "{right}");
        }
        for wrong in ["https://a/", "a.example", "https://a/b?c", "https://a/b/", "/b"] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
