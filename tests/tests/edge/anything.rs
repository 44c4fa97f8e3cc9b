//! Anything at all, at every operation of the document and with every method: it is answered, never as the server's fault, and what
//! is refused is refused in the words of the dialect.
//!
//! `COUNTERSIGN_TEST_CASES=100000` asks so often on each database.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use countersign_tests::{Server, properties::runner};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
    test_runner::TestCaseError,
};
use serde_json::Value;

use super::surfaces::{Dialect, is_own};

/// How many requests CI sends on each database.
const CASES: u32 = 400;
/// No request keeps the server longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(15);

const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND", "TRACE"];
const FIELDS: [&str; 24] = [
    "username",
    "email",
    "password",
    "login",
    "identifier",
    "phone",
    "device_name",
    "name",
    "password_confirmation",
    "refresh_token",
    "refresh",
    "token",
    "uid",
    "new_password",
    "current_password",
    "abilities",
    "token_name",
    "expires_at",
    "grant_type",
    "role",
    "remember",
    "_method",
    "_token",
    "first_name",
];
const HEADERS: [&str; 20] = [
    "Authorization",
    "Cookie",
    "Accept",
    "Accept-Language",
    "Forwarded",
    "X-Forwarded-For",
    "Origin",
    "Referer",
    "X-XSRF-TOKEN",
    "X-CSRF-TOKEN",
    "X-HTTP-Method-Override",
    "X-Requested-With",
    "Upgrade",
    "Sec-WebSocket-Protocol",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "If-None-Match",
    "X-Real-IP",
    "X-Auth-Token",
    "Content-Language",
];
const TYPES: [&str; 8] = [
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "application/vnd.api+json",
    ";;;=\"",
];
/// What the grammars of these headers and bodies are made of.
const WORDS: [&str; 54] = [
    "Bearer ",
    "bearer",
    "Token ",
    "JWT ",
    "Basic ",
    "Digest ",
    "laravel-session=",
    "XSRF-TOKEN=",
    "remember_web=",
    "1|",
    "|",
    ".",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "eyJhbGciOiJub25lIn0",
    "eyJleHAiOjk5OTk5OTk5OTl9",
    "e30",
    "%00",
    "%",
    "+",
    ";",
    ",",
    "=",
    "\"",
    "\\",
    " ",
    "\t",
    "a@b.org",
    "ada",
    "application/json",
    "text/html",
    "*/*",
    ";q=0.",
    "9",
    "-1",
    "18446744073709551616",
    "de",
    "zh-hans",
    "for=",
    "[::1]",
    "127.0.0.1",
    "unknown",
    "_hidden",
    "http://localhost:3000",
    "null",
    "https://",
    "websocket",
    "DELETE",
    "MQ",
    "1-0",
    "/",
    "..",
    "\u{fffd}",
    "\u{e9}",
    "\u{1f408}",
];

/// A request, but for the operation.
#[derive(Debug, Clone)]
struct Request {
    operation: usize,
    method: Option<&'static str>,
    segment: String,
    query: String,
    headers: Vec<(&'static str, String)>,
    content_type: Option<&'static str>,
    body: Vec<u8>,
}

/// Words in any order, with anything between them that a header may hold.
fn words() -> impl Strategy<Value = String> {
    let any_text = "[ -~\u{e9}\u{4e00}]{0,12}".prop_map(|text| text);
    vec(prop_oneof![3 => select(&WORDS[..]).prop_map(str::to_owned), 1 => any_text], 0..6).prop_map(|all| all.concat())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("\0")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let object = vec((select(&FIELDS[..]), inner.clone()), 0..4);
        let object = object.prop_map(|all| all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        prop_oneof![vec(inner, 0..4).prop_map(Value::Array), object.prop_map(Value::Object)]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let object = vec((select(&FIELDS[..]), json()), 0..5).prop_map(|all| {
        let all = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Value::Object(all).to_string().into_bytes()
    });
    let form = vec((select(&FIELDS[..]), any::<String>()), 0..5)
        .prop_map(|all| form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish().into_bytes());
    let part = (select(&FIELDS[..]), words(), words()).prop_map(|(name, more, value)| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    });
    let parts =
        (vec(part, 0..3), words()).prop_map(|(parts, end)| format!("{}--x--{end}", parts.concat()).into_bytes());
    let whole = prop_oneof![4 => object, 2 => form, 2 => parts, 1 => vec(any::<u8>(), 0..64)];
    // Broken somewhere, now and then.
    (whole, any::<Option<(u16, u8)>>()).prop_map(|(mut body, broken)| {
        if let Some((at, byte)) = broken
            && at < 8_000
            && !body.is_empty()
        {
            let at = usize::from(at) % body.len();
            body[at] = byte;
        }
        body
    })
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop_oneof![4 => Just(None), 1 => select(&METHODS[..]).prop_map(Some)];
    let content_type = prop_oneof![4 => select(&TYPES[..3]), 2 => select(&TYPES[..])];
    (
        any::<u16>().prop_map(usize::from),
        method,
        "[!$-;=@-Z_a-z~]{1,8}|%[0-9A-F]{2}|[0-9]{1,30}",
        "[!$-;=@-Z_a-z~]{0,12}",
        vec((select(&HEADERS[..]), words()), 0..5),
        proptest::option::weighted(0.8, content_type),
        body(),
    )
        .prop_map(|(operation, method, segment, query, headers, content_type, body)| {
            // Slashes and half an escape would make another path of it.
            let segment = segment.replace('/', "_");
            Request { operation, method, segment, query, headers, content_type, body }
        })
}

/// The operations with their dialects.
fn operations(server: &Server) -> Vec<(&'static str, String, Dialect)> {
    let document = server.anon().get("/openapi.json").json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let operation = &item[method.to_lowercase()];
            let dialect = match operation["tags"][0].as_str() {
                Some("sanctum" | "sanctum_spa") => Dialect::Laravel,
                Some("djoser") => Dialect::Djoser,
                Some("hotel") => Dialect::Hotel,
                Some("minimal") => Dialect::Minimal,
                _ => continue,
            };
            found.push((method, path.clone(), dialect));
        }
    }
    found
}

impl Request {
    fn bytes(&self, method: &str, path: &str) -> Vec<u8> {
        let mut filled = String::new();
        for part in path.split('/').skip(1) {
            filled = format!("{filled}/{}", if part.starts_with('{') { self.segment.as_str() } else { part });
        }
        let mut head = format!("{method} {filled}?{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", self.query);
        for (name, value) in &self.headers {
            // What a client may put into a header: bytes without a line end.
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if let Some(content_type) = self.content_type {
            write!(head, "Content-Type: {content_type}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\n\r\n", self.body.len()).unwrap();
        [head.as_bytes(), &self.body].concat()
    }
}

/// The hotel's answer to a form of OAuth 2.0 (RFC 6749, section 5.2).
fn is_oauth(dialect: Dialect, body: &Value) -> bool {
    let Some(members) = body.as_object() else { return false };
    let known = ["error", "error_description"];
    dialect == Dialect::Hotel && members.iter().all(|(name, value)| known.contains(&name.as_str()) && value.is_string())
}

/// What is wrong with this answer, if anything.
fn fault(answer: &str, method: &str, dialect: Dialect) -> Option<String> {
    let wrong = |what: &str| Some(format!("{what}: {answer}"));
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return wrong("no answer") };
    let Some(status) = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()) else {
        return wrong("no status");
    };
    if status >= 500 {
        return wrong("the server's fault");
    }
    if status < 400 || method == "HEAD" {
        return None;
    }
    let content_type = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-type").then_some(value.trim())
    });
    match (content_type, dialect) {
        (Some(json), _) if json.starts_with("application/json") => {
            let own = serde_json::from_str(body).is_ok_and(|body| is_own(dialect, &body) || is_oauth(dialect, &body));
            if own { None } else { wrong("not in the words of the dialect") }
        }
        // Both frameworks have pages for browsers.
        (Some(page), Dialect::Laravel | Dialect::Djoser) if page.starts_with("text/html") => None,
        _ => wrong("neither JSON nor a page"),
    }
}

#[test]
fn anything_is_answered_in_the_words_of_the_dialect_and_never_by_a_fault() {
    for server in Server::each() {
        let operations = operations(&server);
        assert!(operations.len() > 40, "{operations:?}");
        let asked = runner("COUNTERSIGN_TEST_CASES", CASES).run(&request(), |request| {
            let (method, path, dialect) = &operations[request.operation % operations.len()];
            let method = request.method.unwrap_or(method);
            let began = Instant::now();
            let answer = server.raw(&request.bytes(method, path));
            let fault =
                if began.elapsed() > PATIENCE { Some("too slow".to_owned()) } else { fault(&answer, method, *dialect) };
            match fault {
                Some(fault) => Err(TestCaseError::fail(format!("{method} {path} on {}: {fault}", server.backend))),
                None => Ok(()),
            }
        });
        if let Err(wrong) = asked {
            panic!("{wrong}");
        }
        assert_eq!(server.anon().get("/health/ready").status, 200, "{}", server.backend);
    }
}
