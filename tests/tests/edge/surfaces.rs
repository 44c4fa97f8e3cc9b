//! The operations that read a body, and the shape of each dialect's refusals.

use countersign_tests::{Actor, Answer, Server};
use serde_json::Value;

/// The dialect of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Laravel,
    Djoser,
    Hotel,
    Minimal,
    /// What the server itself answers beside its mounts.
    Server,
}

/// An operation that reads a body.
#[derive(Debug)]
pub struct Surface {
    pub dialect: Dialect,
    pub path: &'static str,
    /// The fields that it reads.
    pub fields: &'static [&'static str],
}

const fn surface(dialect: Dialect, path: &'static str, fields: &'static [&'static str]) -> Surface {
    Surface { dialect, path, fields }
}

/// All of them that need no credential.
pub const SURFACES: [Surface; 10] = [
    surface(Dialect::Laravel, "/api/auth/token", &["email", "password", "device_name"]),
    surface(Dialect::Laravel, "/login", &["email", "password", "remember"]),
    surface(Dialect::Laravel, "/api/register", &["name", "email", "password", "password_confirmation", "phone"]),
    surface(Dialect::Djoser, "/auth/token/login/", &["username", "password"]),
    surface(Dialect::Djoser, "/auth/users/", &["username", "email", "password"]),
    surface(Dialect::Hotel, "/auth/login", &["identifier", "password"]),
    surface(Dialect::Hotel, "/auth/register", &["email", "phone", "password", "first_name", "last_name"]),
    surface(Dialect::Hotel, "/auth/refresh", &["refresh_token"]),
    surface(Dialect::Minimal, "/auth", &["login", "password"]),
    surface(Dialect::Minimal, "/register", &["login", "password"]),
];

/// Somebody whom every surface lets through to the reading of the body: a front end with cookies and CSRF token.
pub fn visitor(server: &Server) -> Actor {
    let page = server.anon().wants_json().with("Origin", "http://localhost:3000");
    let answer = page.get("/sanctum/csrf-cookie");
    let cookies: Vec<_> = answer.header_all("set-cookie").iter().map(|line| line.split(';').next().unwrap()).collect();
    let token = cookies.iter().find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN=")).unwrap();
    page.with("Cookie", &cookies.join("; ")).with("X-XSRF-TOKEN", token)
}

impl Surface {
    /// A body with a text in each field.
    pub fn texts(&self) -> serde_json::Map<String, Value> {
        self.fields.iter().map(|field| ((*field).to_owned(), Value::from("ada@example.org"))).collect()
    }

    /// Fails unless this refusal is one that the dialect would say.
    pub fn assert_own_words(&self, answer: &Answer, what: &str) {
        let at = format!("{} {what}: {} {}", self.path, answer.status, answer.body);
        assert!((400..500).contains(&answer.status), "{at}");
        assert!(answer.header("content-type").starts_with("application/json"), "{at}");
        assert!(is_own(self.dialect, &answer.json()), "{at}");
    }
}

/// Is this the body of one of the dialect's refusals?
pub fn is_own(dialect: Dialect, body: &Value) -> bool {
    let texts = |value: &Value| value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_string));
    let Some(members) = body.as_object() else { return false };
    let only = |known: &[&str]| members.keys().all(|name| known.contains(&name.as_str()));
    match dialect {
        Dialect::Laravel => {
            only(&["message", "errors"])
                && body["message"].is_string()
                && members.get("errors").is_none_or(|errors| errors.as_object().unwrap().values().all(texts))
        }
        // Simple JWT, which answers for `Bearer`, adds objects.
        Dialect::Djoser if only(&["detail", "code", "messages"]) => body["detail"].is_string(),
        Dialect::Djoser => !members.is_empty() && members.values().all(|value| value.is_string() || texts(value)),
        Dialect::Hotel => {
            only(&["error", "message", "fields"])
                && body["error"].is_string()
                && body["message"].is_string()
                && members.get("fields").is_none_or(|fields| fields.as_object().unwrap().values().all(texts))
        }
        Dialect::Minimal | Dialect::Server => only(&["error"]) && body["error"].is_string(),
    }
}
