//! People of a test, and how they prove who they are in every dialect.

use std::sync::atomic::{AtomicU32, Ordering};

use countersign_core::{Registration, Role, User};
use serde_json::json;

use crate::{Actor, Answer, Server};

/// Everybody's.
pub const PASSWORD: &str = "Zx9-quokka-77";
/// Where the pages of the front end are.
pub const FRONT_END: &str = "http://localhost:3000";

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// A personal access token, which `minimal` issues as well.
    Personal,
    /// Djoser's token.
    Djoser,
    /// Djoser's JSON Web Token.
    Jwt,
    /// The hotel API's access token.
    Hotel,
    /// A browser's session, on a page of the front end that has a CSRF token.
    Session,
}

impl Proof {
    /// The name in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Djoser => "djoser",
            Self::Jwt => "jwt",
            Self::Hotel => "hotel",
            Self::Session => "session",
        }
    }

    /// Somebody who proves nothing.
    pub fn nobody(self, server: &Server) -> Actor {
        if self == Self::Session { Page::new(server).actor() } else { server.anon().wants_json() }
    }

    /// A new login of this user.
    pub fn of(self, server: &Server, user: &User) -> Actor {
        let anon = server.anon().wants_json();
        let name = user.username.as_str();
        let log_in = |path: &str, field: &str| {
            let answer = anon.post(path, json!({field: name, "password": PASSWORD}));
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            answer
        };
        let with = |scheme: &str, token: &str| anon.with("Authorization", &format!("{scheme} {token}"));
        match self {
            Self::Personal => with("Bearer", &log_in("/api/auth/token", "email").text("token")),
            Self::Djoser => with("Token", &log_in("/auth/token/login/", "username").text("auth_token")),
            Self::Jwt => with("Bearer", &log_in("/auth/jwt/create/", "username").text("access")),
            Self::Hotel => with("Bearer", &log_in("/auth/login", "identifier").text("access_token")),
            Self::Session => {
                let mut page = Page::new(server);
                page.log_in(name, false);
                page.actor()
            }
        }
    }
}

/// A page of the front end, which keeps its cookies and sends the CSRF token along.
pub struct Page {
    anon: Actor,
    cookies: Vec<(String, String)>,
}

impl Page {
    /// One that has asked for its CSRF token.
    pub fn new(server: &Server) -> Self {
        let mut page = Self { anon: server.anon().wants_json().with("Origin", FRONT_END), cookies: Vec::new() };
        let answer = page.anon.get("/sanctum/csrf-cookie");
        assert_eq!(answer.status, 204);
        page.keep(&answer);
        page
    }

    /// Logs in.
    pub fn log_in(&mut self, email: &str, remember: bool) {
        let answer = self.actor().post("/login", json!({"email": email, "password": PASSWORD, "remember": remember}));
        assert!([200, 204].contains(&answer.status), "{}", answer.body);
        self.keep(&answer);
    }

    fn keep(&mut self, answer: &Answer) {
        for pair in answer.cookies() {
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            self.cookies.retain(|(kept, _)| kept != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Whoever sends these cookies.
    pub fn actor(&self) -> Actor {
        self.with_cookies(|_| true)
    }

    /// Whoever sends those of these cookies whose name is wanted.
    pub fn with_cookies(&self, wanted: impl Fn(&str) -> bool) -> Actor {
        let mut actor = self.anon.clone();
        let sent: Vec<String> = self
            .cookies
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !sent.is_empty() {
            actor = actor.with("Cookie", &sent.join("; "));
        }
        match self.cookies.iter().find(|(name, _)| name == "XSRF-TOKEN") {
            Some((_, token)) => actor.with("X-XSRF-TOKEN", token),
            None => actor,
        }
    }
}

/// Somebody new, known by an address of their own.
pub fn add(server: &Server, role: Role, is_staff: bool) -> User {
    let registration = Registration {
        email: Some(fresh_address()),
        role,
        is_staff,
        is_superuser: is_staff,
        ..Registration::new(PASSWORD.into())
    };
    server.owner.register(&registration).expect("nobody has that address").user
}

/// An address that nobody has.
pub fn fresh_address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("u{}@example.org", COUNT.fetch_add(1, Ordering::Relaxed))
}
