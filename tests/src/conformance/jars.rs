//! The cookies of the clients of a run, as browsers keep them.

use std::{collections::BTreeMap, net::Ipv4Addr};

use percent_encoding::percent_decode_str;

use super::{
    exchange::Reply,
    suite::{Cookies, Request},
};

/// The cookie whose value axios sends back in a header.
const XSRF_COOKIE: &str = "XSRF-TOKEN";
/// That header.
const XSRF_HEADER: &str = "X-XSRF-TOKEN";

/// Names and values, in the order in which they came.
type Jar = Vec<(String, String)>;

/// A jar a client, and what was saved of them.
#[derive(Default)]
pub struct Jars {
    own: BTreeMap<Option<Ipv4Addr>, Jar>,
    saved: BTreeMap<String, Jar>,
}

impl Jars {
    /// The headers that the client's cookies make.
    ///
    /// # Panics
    /// If a step loads what none has saved.
    pub fn headers(&mut self, request: &Request) -> Vec<(String, Vec<u8>)> {
        let Some(cookies) = &request.cookies else { return Vec::new() };
        let jar = self.own.entry(request.client).or_default();
        if let Some(name) = &cookies.load {
            jar.clone_from(self.saved.get(name).unwrap_or_else(|| panic!("no jar is called {name}")));
        }
        jar.retain(|(name, _)| !is_dropped(cookies, name));
        let mut headers = Vec::new();
        let all: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !all.is_empty() {
            headers.push(("Cookie".to_owned(), all.join("; ").into_bytes()));
        }
        if let Some((_, value)) = jar.iter().find(|(name, _)| cookies.xsrf && name == XSRF_COOKIE) {
            headers.push((XSRF_HEADER.to_owned(), percent_decode_str(value).collect()));
        }
        headers
    }

    /// Keeps the cookies of an answer.
    pub fn keep(&mut self, request: &Request, reply: &Reply) {
        let Some(cookies) = &request.cookies else { return };
        let jar = self.own.entry(request.client).or_default();
        for cookie in &reply.cookies {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            jar.retain(|(known, _)| known != name);
            if !is_over(attributes) {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Some(name) = &cookies.save {
            self.saved.insert(name.clone(), jar.clone());
        }
    }
}

fn is_dropped(cookies: &Cookies, name: &str) -> bool {
    cookies.drop.iter().any(|dropped| match dropped.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => name == dropped,
    })
}

/// Do these attributes take the cookie away?
fn is_over(attributes: &str) -> bool {
    let pairs = attributes.split(';').filter_map(|attribute| attribute.trim().split_once('='));
    let age = { pairs }.find(|(name, _)| name.eq_ignore_ascii_case("max-age"));
    age.and_then(|(_, age)| age.parse::<i64>().ok()).is_some_and(|age| age <= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::json::Json;

    /// The headers of a request with this member `cookies`, as text.
    fn asked(jars: &mut Jars, cookies: &str, answered: &[&str]) -> Vec<String> {
        let request = format!(r#"{{"method":"GET","path":"/","client":"127.0.0.2","cookies":{cookies}}}"#);
        let request: Request = serde_json::from_str(&request).unwrap();
        let headers = jars.headers(&request);
        let cookies = answered.iter().map(|&cookie| cookie.to_owned()).collect();
        jars.keep(&request, &Reply { status: 200, headers: Vec::new(), cookies, pretty: false, body: Json::Null });
        headers.into_iter().map(|(name, value)| format!("{name}: {}", String::from_utf8(value).unwrap())).collect()
    }

    #[test]
    fn a_client_keeps_what_it_was_given() {
        let mut jars = Jars::default();
        let given = ["XSRF-TOKEN=a%3D; Max-Age=9; path=/", "session=b; expires=Sat, 21 Nov 2026"];
        assert_eq!(asked(&mut jars, r#"{"xsrf":true,"save":"x"}"#, &given), Vec::<String>::new());
        let both = ["Cookie: XSRF-TOKEN=a%3D; session=b", "X-XSRF-TOKEN: a="];
        assert_eq!(asked(&mut jars, r#"{"xsrf":true}"#, &["session=; Max-Age=0"]), both);
        assert_eq!(asked(&mut jars, "{}", &[]), ["Cookie: XSRF-TOKEN=a%3D"]);
        assert_eq!(asked(&mut jars, r#"{"load":"x","drop":["XS*"]}"#, &[]), ["Cookie: session=b"]);
    }
}
