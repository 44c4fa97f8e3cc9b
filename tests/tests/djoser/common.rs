//! A server that mails, and what is done again and again.

use std::sync::Arc;

use countersign_tests::{Actor, Answer, Mailbox, Server, databases::sqlite};
use serde_json::{Value, json};

pub const PASSWORD: &str = "Zx9-quokka-77";
pub const NEW_PASSWORD: &str = "Fresh-walrus-88";
pub const LOGIN: &str = "/auth/token/login/";
pub const USERS: &str = "/auth/users/";
pub const ME: &str = "/auth/users/me/";

pub const WRONG: &str = r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#;
pub const INVALID_UID: &str = r#"{"uid":["Invalid user id or user doesn't exist."]}"#;
pub const DEAD: &str = r#"{"token":["Invalid token for given user."]}"#;
pub const STALE: &str = r#"{"detail":"Stale token for given user."}"#;
pub const TAKEN_NAME: &str = r#"{"new_username":["A user with that username already exists."]}"#;
pub const PAGE: &str = "text/html; charset=utf-8";

/// A server with a mailbox and the user `ada`.
pub struct Site {
    pub server: Server,
    pub mailbox: Mailbox,
    pub anon: Actor,
}

/// A link as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub uid: String,
    pub token: String,
}

impl Link {
    /// The last two parts of the address that a mail holds.
    pub fn read(address: &str) -> Self {
        let mut parts = address.rsplit('/');
        let token = parts.next().unwrap().to_owned();
        Self { uid: parts.next().unwrap().to_owned(), token }
    }

    /// The body of a request with these fields beside it.
    pub fn with(&self, more: Value) -> Value {
        let mut body = json!({"uid": self.uid, "token": self.token});
        let Value::Object(more) = more else { panic!("no object") };
        body.as_object_mut().unwrap().extend(more);
        body
    }
}

impl Site {
    /// With these options of the mount.
    pub fn with(options: &str) -> Self {
        let mailbox = Mailbox::start();
        let configuration = format!(
            "[server]\nbase_url = \"https://auth.example.org\"\n{}[[mount]]\nadapter = \"djoser\"\n{options}\n",
            mailbox.configuration()
        );
        let server = Server::on(Arc::new(sqlite()), &format!("{configuration}\n"));
        let anon = server.anon();
        Self { server, mailbox, anon }
    }

    /// And with `ada`, who is logged in.
    pub fn with_ada(options: &str) -> (Self, Actor) {
        let site = Self::with(options);
        assert_eq!(site.register("ada").status, 201);
        let ada = site.logged_in("ada", PASSWORD);
        (site, ada)
    }

    pub fn register(&self, name: &str) -> Answer {
        let email = format!("{name}@example.org");
        self.anon.post(USERS, json!({"username": name, "password": PASSWORD, "email": email}))
    }

    pub fn log_in(&self, name: &str, password: &str) -> Answer {
        self.anon.post(LOGIN, json!({"username": name, "password": password}))
    }

    pub fn logged_in(&self, name: &str, password: &str) -> Actor {
        let token = self.log_in(name, password).text("auth_token");
        self.anon.with("Authorization", &format!("Token {token}"))
    }

    /// Asks `path` for a mail to `ada` and reads the link of the `count`th one.
    pub fn link(&self, path: &str, count: usize) -> Link {
        assert_eq!(self.anon.post(path, json!({"email": "ada@example.org"})).whole(), (204, ""));
        self.mailed("ada@example.org", count)
    }

    /// The link of the `count`th mail to this address.
    pub fn mailed(&self, address: &str, count: usize) -> Link {
        Link::read(&self.mailbox.wait_for(address, count)[count - 1].links[0])
    }

    /// Nobody else is written to before this mail, which is asked for last.
    pub fn mails_before(&self, last: &str) -> Vec<String> {
        self.mailbox.wait_for(last, 1);
        self.mailbox.mails().iter().map(|mail| format!("{}: {}", mail.to, mail.subject)).collect()
    }
}
