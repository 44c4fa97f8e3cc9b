//! The cookies of a request, as the browser wrote them.
//!
//! actix decodes percent signs in names as well: `__%48ost-session`, which every subdomain may set, would pass for
//! `__Host-session`, which none may (PHP's CVE-2020-7070). And of a header in which one cookie is no UTF-8 it knows none.

use actix_web::http::header::{COOKIE, HeaderMap};

/// Prefixes of names that a browser takes over TLS only, the first without a domain besides: no other host can plant such
/// a cookie (RFC 6265bis, section 4.1.3).
const PREFIXES: [&str; 2] = [HOST_PREFIX, "__Secure-"];
/// The prefix that forbids a domain.
pub const HOST_PREFIX: &str = "__Host-";

/// Every value that the request has under this name, in the order of sending. A browser sends several if hosts above this
/// one have set the same name, or the same host for several paths; which of them is whose it does not say.
pub fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = headers.get_all(COOKIE).flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        str::from_utf8(value).ok()
    })
}

/// The value under this name; `None` also if there are several that differ.
pub fn value<'a>(headers: &'a HeaderMap, name: &'a str) -> Option<&'a str> {
    let mut values = values(headers, name);
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

/// The prefix of a name by which browsers protect it; empty without one. They compare it in any case.
pub fn prefix(name: &str) -> &str {
    let prefix = PREFIXES.iter().find_map(|prefix| {
        let start = name.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(start)
    });
    prefix.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::HeaderValue, test::TestRequest};

    use super::*;

    fn read(lines: &[&[u8]], name: &str) -> Vec<String> {
        let lines = lines.iter().map(|line| (COOKIE, HeaderValue::from_bytes(line).unwrap()));
        let request = lines.fold(TestRequest::get(), TestRequest::append_header).to_http_request();
        values(request.headers(), name).map(str::to_owned).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_name_to_the_letter() {
        assert_eq!(read(&[b"a=1; sid=x; sid2=y;sid=z"], "sid"), ["x", "z"]);
        assert_eq!(read(&[b"sid=x", b"sid=y"], "sid"), ["x", "y"]);
        assert_eq!(read(&[b"sid=a=b"], "sid"), ["a=b"]);
        for other in [b"%73id=x".as_slice(), b"SID=x", b"sid", b"sid =x", b"xsid=x", b"a=sid=x", b""] {
            assert_eq!(read(&[other], "sid"), [""; 0], "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn what_others_hold_is_no_matter() {
        assert_eq!(read(&[b"a=\xff\xfe; sid=x; b; =; %zz=%zz"], "sid"), ["x"]);
        assert_eq!(read(&[b"sid=\xff"], "sid"), [""; 0]);
    }

    #[test]
    fn several_values_are_none_unless_they_are_the_same() {
        let read = |line: &'static str| {
            let request = TestRequest::get().insert_header((COOKIE, line)).to_http_request();
            value(request.headers(), "sid").map(str::to_owned)
        };
        assert_eq!(read("sid=x; sid=x").as_deref(), Some("x"));
        assert_eq!(read("sid=x; sid=y"), None);
        assert_eq!(read("other=x"), None);
    }

    #[test]
    fn a_prefix_is_seen_in_any_case() {
        assert_eq!(prefix("__Host-sid"), "__Host-");
        assert_eq!(prefix("__hOST-sid"), "__hOST-");
        assert_eq!(prefix("__Secure-sid"), "__Secure-");
        assert_eq!([prefix("sid"), prefix("Host-sid"), prefix("__Host"), prefix("")], [""; 4]);
    }
}
