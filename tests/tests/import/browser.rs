//! A page of the front end in somebody's browser.

use std::{cell::RefCell, collections::BTreeMap};

use countersign_tests::{Answer, Server};
use serde_json::{Value, json};

const FRONT_END: &str = "http://localhost:3000";

/// A browser; it keeps cookies and sends the XSRF token along, as axios does.
pub struct Browser<'a> {
    server: &'a Server,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    /// One that has its cookies from the mount at this prefix.
    pub fn ready(server: &'a Server, prefix: &str) -> Self {
        let browser = Self { server, cookies: RefCell::default() };
        assert_eq!(browser.get(&format!("{prefix}/sanctum/csrf-cookie")).status, 204);
        browser
    }

    /// Logs in there; the status.
    pub fn log_in(&self, prefix: &str, email: &str, password: &str) -> u16 {
        self.post(&format!("{prefix}/login"), json!({"email": email, "password": password})).status
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// POST of a JSON document.
    pub fn post(&self, path: &str, document: Value) -> Answer {
        self.send("POST", path, Some(document))
    }

    fn send(&self, method: &str, path: &str, document: Option<Value>) -> Answer {
        let cookies: Vec<_> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut actor = self.server.anon().wants_json().with("Origin", FRONT_END);
        if !cookies.is_empty() {
            actor = actor.with("Cookie", &cookies.join("; "));
        }
        if let Some(token) = self.cookies.borrow().get("XSRF-TOKEN") {
            actor = actor.with("X-XSRF-TOKEN", token);
        }
        let body = document.map(|document| document.to_string());
        let content_type = body.as_ref().map(|_| "application/json");
        let answer = actor.send(method, path, content_type, &body.unwrap_or_default());
        for cookie in answer.header_all("Set-Cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            self.cookies.borrow_mut().insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        answer
    }
}
