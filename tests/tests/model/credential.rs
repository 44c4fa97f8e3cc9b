//! What was issued, how its bearer shows it, and what the model knows of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

/// A page of this place may have sessions.
const FRONT_END: &str = "http://localhost:3000";

/// The wires that hand something out at a login.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A personal access token.
    Sanctum,
    /// The one token that Djoser has of a user.
    Djoser,
    /// An access token of the hotel API, whose refresh tokens are exchanged.
    Hotel,
    /// An access token of Djoser's JSON Web Tokens.
    SimpleJwt,
    /// The refresh token to that.
    SimpleJwtRefresh,
    /// A browser's session.
    Session,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Credential {
    /// What it is.
    pub kind: Kind,
    /// Whose, among all who ever were.
    pub person: usize,
    /// The login that it came from.
    pub login: usize,
    /// What its bearer sends.
    pub shown: Shown,
    /// From when on it is dead.
    pub ends: Option<DateTime<Utc>>,
    /// Was it ended?
    pub is_ended: bool,
}

/// What its bearer sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A token.
    Token(String),
    /// A browser's cookies.
    Cookies(BTreeMap<String, String>),
}

impl Credential {
    /// Does the model say that it lives?
    pub fn lives(&self, now: DateTime<Utc>) -> bool {
        !self.is_ended && self.ends.is_none_or(|ends| now < ends)
    }

    /// Whose it is by the word of this server: the address; empty where the wire does not say it. `None` if nobody is let in.
    pub fn ask(&self, server: &Server) -> Result<Option<String>, String> {
        let answer = match self.kind {
            Kind::Sanctum | Kind::Session => self.actor(server).get("/api/user"),
            Kind::Djoser | Kind::SimpleJwt => self.actor(server).get("/auth/users/me/"),
            Kind::Hotel => self.actor(server).get("/auth/me"),
            // Not by `jwt/verify/`, which as simplejwt's asks for no user: it knows no deletion.
            Kind::SimpleJwtRefresh => server.anon().post("/auth/jwt/refresh/", json!({"refresh": self.token()})),
        };
        match answer.status {
            200 => Ok(Some(answer.json()["email"].as_str().unwrap_or_default().to_owned())),
            401 => Ok(None),
            _ => Err(format!("{:?} of {} is answered {} {}", self.kind, self.person, answer.status, answer.body)),
        }
    }

    /// Logs out with it; the status. `None` where nobody logs out with it.
    pub fn log_out(&self, server: &Server) -> Option<u16> {
        let actor = self.actor(server);
        let answer = match self.kind {
            Kind::Sanctum => actor.post_empty("/api/auth/logout"),
            Kind::Djoser | Kind::SimpleJwt => actor.post_empty("/auth/token/logout/"),
            Kind::Hotel => actor.post_empty("/auth/logout"),
            Kind::Session => actor.post_empty("/logout"),
            Kind::SimpleJwtRefresh => return None,
        };
        Some(answer.status)
    }

    /// Its bearer.
    pub fn actor(&self, server: &Server) -> Actor {
        match (&self.shown, self.kind) {
            (Shown::Token(token), Kind::Djoser) => server.anon().with("Authorization", &format!("Token {token}")),
            (Shown::Token(token), _) => server.bearer(token).wants_json(),
            (Shown::Cookies(cookies), _) => browser(server, cookies),
        }
    }

    /// The text of a token.
    pub fn token(&self) -> &str {
        match &self.shown {
            Shown::Token(token) => token,
            Shown::Cookies(_) => "",
        }
    }
}

/// What a login answers, before anybody has looked at it.
pub fn log_in(kind: Kind, server: &Server, name: &str, password: &str) -> Answer {
    let anon = server.anon();
    match kind {
        Kind::Sanctum => {
            let form = json!({"email": address(name), "password": password, "device_name": "phone"});
            anon.wants_json().post("/sanctum/token", form)
        }
        Kind::Djoser => anon.post("/auth/token/login/", json!({"username": name, "password": password})),
        Kind::Hotel => anon.post("/auth/login", json!({"identifier": name, "password": password})),
        Kind::SimpleJwt | Kind::SimpleJwtRefresh => {
            anon.post("/auth/jwt/create/", json!({"username": name, "password": password}))
        }
        Kind::Session => {
            let mut cookies = BTreeMap::new();
            let page = browser(server, &cookies).get("/sanctum/csrf-cookie");
            keep(&mut cookies, &page);
            browser(server, &cookies).post("/login", json!({"email": address(name), "password": password}))
        }
    }
}

/// What a login that went well handed out, the one that is asked first: for each its kind, what is shown and how long it lives.
pub fn handed_out(kind: Kind, answer: &Answer) -> Vec<(Kind, Shown, Option<TimeDelta>)> {
    let token = |name: &str| Shown::Token(answer.text(name));
    match kind {
        Kind::Sanctum => vec![(kind, Shown::Token(answer.body.clone()), None)],
        Kind::Djoser => vec![(kind, token("auth_token"), None)],
        Kind::Hotel => vec![(kind, token("access_token"), Some(TimeDelta::hours(1)))],
        Kind::SimpleJwt | Kind::SimpleJwtRefresh => vec![
            (Kind::SimpleJwt, token("access"), Some(TimeDelta::minutes(5))),
            (Kind::SimpleJwtRefresh, token("refresh"), Some(TimeDelta::days(1))),
        ],
        Kind::Session => {
            let mut cookies = BTreeMap::new();
            keep(&mut cookies, answer);
            vec![(kind, Shown::Cookies(cookies), Some(TimeDelta::hours(2)))]
        }
    }
}

/// The address of who has this name.
pub fn address(name: &str) -> String {
    format!("{name}@example.org")
}

fn browser(server: &Server, cookies: &BTreeMap<String, String>) -> Actor {
    let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut actor = server.anon().wants_json().with("Origin", FRONT_END);
    if !pairs.is_empty() {
        actor = actor.with("Cookie", &pairs.join("; "));
    }
    if let Some(token) = cookies.get("XSRF-TOKEN") {
        actor = actor.with("X-XSRF-TOKEN", token);
    }
    actor
}

fn keep(cookies: &mut BTreeMap<String, String>, answer: &Answer) {
    for cookie in answer.cookies() {
        if let Some((name, value)) = cookie.split_once('=') {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The body of a registration.
pub fn registration(name: &str, password: &str) -> Value {
    json!({"username": name, "email": address(name), "password": password})
}
