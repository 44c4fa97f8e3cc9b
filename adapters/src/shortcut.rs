//! The short way: "who is calling?", asked as programs ask it, and answered in front of the router.
//!
//! Most of what a server of authentication is asked is that one question, with a good credential and with nothing else in the
//! request that could change the answer. Then the head of the answer is the same for everybody, and only its body is to be
//! written. Whatever is not as usual goes through the router; so does the first question of each path, whose answer shows the head.

use actix_web::{
    HttpResponse,
    dev::RequestHead,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};

use crate::{adapter::Adapter, mount::Use};

/// A path of a mount that can be answered without the router.
pub struct Shortcut {
    path: String,
    body: Body,
}

/// Writes the body of a 200.
type Body = Box<dyn Fn(&HeaderMap) -> Option<Vec<u8>> + Send + Sync>;

impl Shortcut {
    /// Of `mount`, at `path` below its prefix. `body` writes what the handler there would answer to a [usual](is_usual)
    /// request with these headers, if that is a 200 and can be told without waiting.
    pub fn new<A: Adapter>(
        mount: &Use<A>,
        path: &str,
        body: impl Fn(&Use<A>, &HeaderMap) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let path = format!("{}{path}", mount.prefix);
        let mount = mount.clone();
        Self { path, body: Box::new(move |headers| body(&mount, headers)) }
    }

    /// The whole path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The body of the answer to a [usual](is_usual) request; `None` if the router has to be asked.
    pub fn body(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        (self.body)(headers)
    }
}

/// Is on the answers of a handler that has a [`Shortcut`]: an application's own route at that path has none.
#[derive(Debug, Clone, Copy)]
pub struct Opened;

/// Marks an answer of such a handler.
pub fn opened(mut answer: HttpResponse) -> HttpResponse {
    answer.extensions_mut().insert(Opened);
    answer
}

/// Is there nothing in a request but its credential that could make a difference to the answer, in any dialect? A header that
/// is not known to make none may: a cookie or a page bring a session, and a choice of type or language another answer; a query or a body
/// may hold anything.
pub fn is_usual(request: &RequestHead) -> bool {
    request.method == Method::GET
        && request.uri.query().is_none()
        && request.headers().iter().all(|(name, value)| makes_no_difference(name, value))
}

fn makes_no_difference(name: &HeaderName, value: &HeaderValue) -> bool {
    match name.as_str() {
        "accept" => matches!(value.as_bytes(), b"*/*" | b"application/json" | b"application/json, text/plain, */*"),
        "accept-language" => value == "*",
        "accept-encoding" | "authorization" | "cache-control" | "connection" | "content-type" | "dnt" | "forwarded"
        | "host" | "pragma" | "priority" | "te" | "traceparent" | "tracestate" | "user-agent" | "via"
        | "x-correlation-id" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-port" | "x-forwarded-proto"
        | "x-real-ip" | "x-request-id" | "x-requested-with" => true,
        name => name.starts_with("sec-fetch-") || name.starts_with("sec-ch-"),
    }
}

/// The headers of the dialects' own answers: what else is there was put there by an application, and may be about one request.
const HEAD: [HeaderName; 12] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    HeaderName::from_static("cross-origin-opener-policy"),
    header::REFERRER_POLICY,
    header::VARY,
    header::X_CONTENT_TYPE_OPTIONS,
    header::X_FRAME_OPTIONS,
];

/// Is this head the same whoever asks?
pub fn is_everybodys(head: &HeaderMap) -> bool {
    head.keys().all(|name| HEAD.contains(name))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn what_could_make_a_difference_is_not_usual() {
        let usual = || TestRequest::get().uri("/api/user").insert_header(("Authorization", "Bearer x"));
        let is_usual = |request: TestRequest| is_usual(request.to_http_request().head());
        assert!(is_usual(usual()));
        for (name, value) in [
            ("Accept", "*/*"),
            ("Accept", "application/json"),
            ("Accept", "application/json, text/plain, */*"),
            ("Accept-Language", "*"),
            ("User-Agent", "axios/1.7"),
            ("X-Forwarded-For", "192.0.2.1"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ] {
            assert!(is_usual(usual().insert_header((name, value))), "{name}: {value}");
        }
        for (name, value) in [
            ("Accept", "text/html"),
            ("Accept", "application/json; indent=4"),
            ("Accept-Language", "de"),
            ("If-None-Match", "*"),
            ("X-Tenant", "b"),
            ("Content-Length", "2"),
            ("Cookie", "a=b"),
            ("Expect", "100-continue"),
            ("Origin", "http://localhost:3000"),
            ("Referer", "http://localhost:3000/"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "websocket"),
            ("X-HTTP-Method-Override", "DELETE"),
        ] {
            assert!(!is_usual(usual().insert_header((name, value))), "{name}: {value}");
        }
        assert!(!is_usual(usual().insert_header(("Accept", "*/*")).append_header(("Accept", "text/html"))));
        assert!(!is_usual(usual().uri("/api/user?format=json")));
        assert!(!is_usual(usual().method(Method::HEAD)));
    }
}
