//! Random requests: heads and bodies of whatever the grammars of the wires are made of, and bodies that are nearly right.

use std::fmt::Write as _;

use countersign_tests::operations::Operation;
use proptest::{
    collection::vec,
    option::weighted,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{Index, select},
};
use serde_json::{Map, Value};

use super::somebody::Somebody;

pub const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND", "TRACE"];
/// The media types of the three kinds of bodies.
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=x";
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

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Whoever the random headers name.
    Anybody,
    /// A user with a live credential of a kind that the operation takes, or of any.
    User(Fit),
    /// An administrator with one.
    Administrator(Fit),
}

/// Is the credential of a kind that the operation takes?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    Own,
    Any,
}

/// A request, but for the operation.
#[derive(Debug, Clone)]
pub struct Request {
    pub operation: usize,
    pub method: Option<&'static str>,
    pub sender: Sender,
    /// Which of the kinds of credentials.
    pub proof: Index,
    /// What stands for the parameters of the path; without it something that is the sender's.
    pub segment: Option<String>,
    query: Query,
    headers: Vec<(&'static str, String)>,
    content_type: ContentType,
    body: Body,
    /// Broken somewhere, now and then.
    broken: Option<(u16, u8)>,
}

#[derive(Debug, Clone)]
enum Query {
    Anything(String),
    /// Parameters that the operation has.
    Known(Vec<(Index, String)>),
}

#[derive(Debug, Clone, Copy)]
enum ContentType {
    /// That of the body.
    Fitting,
    Any(&'static str),
    None,
}

/// The name of a field.
#[derive(Debug, Clone)]
enum Name {
    /// One of the operation's, if it has any.
    Known(Index),
    Any(&'static str),
}

#[derive(Debug, Clone)]
enum Content {
    /// What the operation expects there.
    Right(u8),
    Anything(Value),
}

type Fields = Vec<(Name, Content)>;

#[derive(Debug, Clone)]
enum Body {
    /// With all that the operation reads, right, before these are put in.
    Json {
        is_whole: bool,
        fields: Fields,
    },
    Form {
        is_whole: bool,
        fields: Fields,
    },
    Parts(Vec<u8>),
    Bytes(Vec<u8>),
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

fn fields() -> impl Strategy<Value = Fields> {
    let name = prop_oneof![3 => any::<Index>().prop_map(Name::Known), 1 => select(&FIELDS[..]).prop_map(Name::Any)];
    let content = prop_oneof![1 => any::<u8>().prop_map(Content::Right), 3 => json().prop_map(Content::Anything)];
    vec((name, content), 0..4)
}

fn body() -> impl Strategy<Value = Body> {
    let object = (any::<bool>(), fields()).prop_map(|(is_whole, fields)| Body::Json { is_whole, fields });
    let form = (any::<bool>(), fields()).prop_map(|(is_whole, fields)| Body::Form { is_whole, fields });
    let part = (select(&FIELDS[..]), words(), words()).prop_map(|(name, more, value)| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    });
    let parts =
        (vec(part, 0..3), words()).prop_map(|(parts, end)| format!("{}--x--{end}", parts.concat()).into_bytes());
    prop_oneof![
        5 => object,
        2 => form,
        1 => parts.prop_map(Body::Parts),
        1 => vec(any::<u8>(), 0..64).prop_map(Body::Bytes),
    ]
}

pub fn request() -> impl Strategy<Value = Request> {
    let method = prop_oneof![5 => Just(None), 1 => select(&METHODS[..]).prop_map(Some)];
    let fit = || prop_oneof![4 => Just(Fit::Own), 1 => Just(Fit::Any)];
    let sender = prop_oneof![
        2 => Just(Sender::Anybody),
        3 => fit().prop_map(Sender::User),
        2 => fit().prop_map(Sender::Administrator),
    ];
    let segment = "[!$-.0-;=@-Z_a-z~]{1,8}|%[0-9A-F]{2}|[0-9]{1,30}";
    let query = prop_oneof![
        2 => "[!$-;=@-Z_a-z~]{0,12}".prop_map(Query::Anything),
        1 => vec((any::<Index>(), words()), 1..3).prop_map(Query::Known),
    ];
    let content_type = prop_oneof![
        6 => Just(ContentType::Fitting),
        3 => select(&TYPES[..]).prop_map(ContentType::Any),
        1 => Just(ContentType::None),
    ];
    let head = (query, vec((select(&HEADERS[..]), words()), 0..4), content_type);
    let whose = (sender, any::<Index>(), weighted(0.5, segment));
    (any::<u16>().prop_map(usize::from), method, whose, head, body(), weighted(0.1, any::<(u16, u8)>())).prop_map(
        |(operation, method, (sender, proof, segment), (query, headers, content_type), body, broken)| Request {
            operation,
            method,
            sender,
            proof,
            segment,
            query,
            headers,
            content_type,
            body,
            broken,
        },
    )
}

impl Request {
    /// As it goes over the wire: from `sender`, if it is not anybody's, to `path`.
    pub fn bytes(&self, operation: &Operation, path: &str, sender: Option<&Somebody>) -> Vec<u8> {
        let method = self.method.unwrap_or(&operation.method);
        let query = self.query(operation);
        let mut head = format!("{method} {path}?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let proof = sender.map(Somebody::headers).unwrap_or_default();
        for (name, value) in &proof {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        // What a client may put into a header: bytes without a line end. Its own come once.
        let is_own = |name: &str| proof.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        for (name, value) in self.headers.iter().filter(|(name, _)| !is_own(name)) {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let body = self.body(operation, sender);
        if let Some(content_type) = self.content_type() {
            write!(head, "Content-Type: {content_type}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        [head.as_bytes(), &body].concat()
    }

    fn query(&self, operation: &Operation) -> String {
        match &self.query {
            Query::Known(all) if !operation.queries.is_empty() => {
                let pairs = all.iter().map(|(at, value)| (at.get(&operation.queries), value));
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
            }
            Query::Known(_) => String::new(),
            Query::Anything(text) => text.clone(),
        }
    }

    fn content_type(&self) -> Option<&'static str> {
        match (self.content_type, &self.body) {
            (ContentType::None, _) => None,
            (ContentType::Any(other), _) => Some(other),
            (ContentType::Fitting, Body::Form { .. }) => Some(FORM),
            (ContentType::Fitting, Body::Parts(_)) => Some(PARTS),
            (ContentType::Fitting, Body::Json { .. } | Body::Bytes(_)) => Some(JSON),
        }
    }

    fn body(&self, operation: &Operation, sender: Option<&Somebody>) -> Vec<u8> {
        let mut body = match &self.body {
            Body::Json { is_whole, fields } => {
                Value::Object(document(*is_whole, fields, operation, sender)).to_string().into_bytes()
            }
            Body::Form { is_whole, fields } => {
                let pairs =
                    document(*is_whole, fields, operation, sender).into_iter().map(|(name, value)| match value {
                        Value::String(text) => (name, text),
                        other => (name, other.to_string()),
                    });
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
            }
            Body::Parts(bytes) | Body::Bytes(bytes) => bytes.clone(),
        };
        if let Some((at, byte)) = self.broken
            && !body.is_empty()
        {
            let at = usize::from(at) % body.len();
            body[at] = byte;
        }
        body
    }
}

/// What a body of this operation says.
fn document(is_whole: bool, fields: &Fields, operation: &Operation, sender: Option<&Somebody>) -> Map<String, Value> {
    let known: Vec<&String> = operation.fields.iter().flat_map(Map::keys).collect();
    let right = |name: &str, which| match sender {
        Some(sender) => sender.right(name, which),
        None => Value::from("x"),
    };
    let mut document = Map::new();
    if is_whole {
        document.extend(known.iter().map(|name| ((*name).clone(), right(name, 0))));
    }
    for (name, content) in fields {
        let name = match name {
            Name::Known(at) if !known.is_empty() => at.get(&known).as_str(),
            Name::Known(at) => at.get(&FIELDS),
            Name::Any(name) => name,
        };
        let value = match content {
            Content::Right(which) => right(name, *which),
            Content::Anything(value) => value.clone(),
        };
        document.insert(name.to_owned(), value);
    }
    document
}
