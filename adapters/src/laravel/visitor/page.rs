//! The address of a page of this server as Laravel writes it (`fullUrl`): the path, and the query in the order of its names.

use actix_web::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in a query (RFC 3986).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Path and query; nothing for the front page.
pub fn of(uri: &Uri) -> String {
    let path = uri.path().trim_end_matches('/');
    match ordered(uri.query().unwrap_or_default()) {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// A query in which each name comes once and an item of an array has its number.
fn ordered(query: &str) -> String {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let name = match name.strip_suffix("[]") {
            Some(array) => {
                let items = fields
                    .iter()
                    .filter(|(known, _)| known.strip_prefix(array).is_some_and(|behind| behind.starts_with('[')));
                format!("{array}[{}]", items.count())
            }
            None => name.into_owned(),
        };
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value.into_owned(),
            None if name.is_empty() => {}
            None => fields.push((name, value.into_owned())),
        }
    }
    fields.sort_by(|(one, _), (other, _)| one.split('[').next().cmp(&other.split('[').next()));
    let encoded = |text| utf8_percent_encode(text, ENCODED).to_string();
    let fields = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    fields.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_query_is_in_the_order_of_its_names() {
        for (written, expected) in [
            ("/", ""),
            ("/a/b", "/a/b"),
            ("/a/?", "/a"),
            ("/a?b=1&a=2", "/a?a=2&b=1"),
            ("/a?y=%20z&&x", "/a?x=&y=%20z"),
            ("/a?z[]=1&z[]=2&y=a+b&c.d=1&=&q", "/a?c.d=1&q=&y=a%20b&z%5B0%5D=1&z%5B1%5D=2"),
            ("/a?x=1&x=2", "/a?x=2"),
        ] {
            assert_eq!(of(&written.parse().unwrap()), expected, "{written}");
        }
    }
}
