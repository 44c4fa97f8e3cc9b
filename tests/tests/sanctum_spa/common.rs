//! What the tests of the SPA share: a browser, people, and the answers that recur.

use std::collections::BTreeMap;

use countersign_core::{Abilities, Credentials, Grant, Registration, Secret, UserId};
use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

pub const PASSWORD: &str = "Zx9-quokka-77";
pub const FRONT_END: &str = "http://localhost:3000";
pub const UNAUTHENTICATED: &str = r#"{"message":"Unauthenticated."}"#;
pub const MISMATCH: &str = "{\n    \"message\": \"CSRF token mismatch.\"\n}";
pub const NO_MATCH: &str = r#"{"message":"These credentials do not match our records.","errors":{"email":["These credentials do not match our records."]}}"#;
pub const UNAVAILABLE: &str = "{\n    \"message\": \"Service Unavailable\"\n}";
/// Makes every new api-token fail, and nothing else.
pub const NO_API_TOKENS: &str = "CREATE TRIGGER no_api_tokens BEFORE INSERT ON tokens WHEN NEW.slot LIKE 'api-token:%' \
                             BEGIN SELECT RAISE(ABORT, 'no'); END";

/// A page of the front end in a browser: it keeps cookies and sends the XSRF token along, as axios does.
pub struct Browser {
    pub anon: Actor,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A new one.
    pub fn new(server: &Server) -> Self {
        Self { anon: server.anon().wants_json().with("Origin", FRONT_END), cookies: BTreeMap::new() }
    }

    /// One that has asked for its cookies.
    pub fn ready(server: &Server) -> Self {
        let mut browser = Self::new(server);
        assert_eq!(browser.get("/sanctum/csrf-cookie").whole(), (204, ""));
        browser
    }

    /// One in which Ada is logged in.
    pub fn of_ada(server: &Server) -> Self {
        let mut browser = Self::ready(server);
        assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (204, ""));
        browser
    }

    /// The same cookies, without keeping what comes back and without the header.
    pub fn cookies_only(&self) -> Actor {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { self.anon.clone() } else { self.anon.with("Cookie", &cookies.join("; ")) }
    }

    pub fn actor(&self) -> Actor {
        let actor = self.cookies_only();
        match self.cookies.get("XSRF-TOKEN") {
            Some(token) => actor.with("X-XSRF-TOKEN", token),
            None => actor,
        }
    }

    pub fn keep(&mut self, answer: Answer) -> Answer {
        for cookie in answer.header_all("Set-Cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        answer
    }

    pub fn get(&mut self, path: &str) -> Answer {
        let answer = self.actor().get(path);
        self.keep(answer)
    }

    pub fn post(&mut self, path: &str, document: Value) -> Answer {
        let answer = self.actor().post(path, document);
        self.keep(answer)
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write the document in place")]
    pub fn put(&mut self, path: &str, document: Value) -> Answer {
        let answer = self.actor().send("PUT", path, Some("application/json"), &document.to_string());
        self.keep(answer)
    }

    pub fn log_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/login", json!({"email": email, "password": password}))
    }

    pub fn register(&mut self, email: &str) -> Answer {
        self.post("/api/register", registration(email))
    }

    /// What is between the quotes of the meta tag.
    pub fn api_token(&mut self) -> String {
        let tag = self.get("/meta/api-token");
        assert_eq!(tag.status, 200);
        let content = tag.body.strip_prefix("<meta name=\"api-token\" content=\"").unwrap();
        content.strip_suffix("\">").unwrap().to_owned()
    }
}

pub fn registration(email: &str) -> Value {
    json!({"name": "New User", "email": email, "password": PASSWORD, "password_confirmation": PASSWORD})
}

/// The name and the attributes of each cookie, without its value.
pub fn cookies(answer: &Answer) -> Vec<String> {
    let shape = |cookie: &&str| {
        let (name, rest) = cookie.split_once('=').unwrap();
        format!("{name}={}", rest.split_once(';').unwrap().1)
    };
    answer.header_all("Set-Cookie").iter().map(shape).collect()
}

pub fn add_ada(server: &Server) -> UserId {
    let registration = Registration {
        name: Some("Ada Lovelace".to_owned()),
        email: Some("ada@example.org".to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&registration).unwrap().id
}

pub fn with_ada() -> Server {
    let server = Server::start();
    add_ada(&server);
    server
}

/// A backend whose token was given this ability.
pub fn backend(server: &Server, ability: &str) -> Actor {
    let credentials = Credentials::new("ada@example.org".to_owned(), Secret::from(PASSWORD));
    let grant = Grant { abilities: Abilities(vec![ability.to_owned()]), ..Grant::named("backend") };
    server.bearer(server.owner.login(&credentials, &grant).unwrap().access.expose()).wants_json()
}
