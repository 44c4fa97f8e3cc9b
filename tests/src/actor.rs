//! Somebody who speaks HTTP to a server under test, and the whole answer.

use serde_json::Value;
use ureq::{
    Agent, Body,
    http::{HeaderMap, Request, Response},
};

/// A client with headers of its own.
#[derive(Clone)]
pub struct Actor {
    base: String,
    headers: Vec<(String, String)>,
    agent: Agent,
}

/// What came back, whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Actor {
    /// Somebody who speaks to the server at `base`, such as `http://127.0.0.1:8080`.
    pub fn at(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .build();
        Self { base: base.to_owned(), headers: Vec::new(), agent: config.into() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// Says that JSON is wanted back, as axios and Laravel's own clients do.
    #[must_use]
    pub fn wants_json(&self) -> Self {
        self.with("Accept", "application/json")
    }

    /// The headers that every request of theirs has.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// One of them.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, "")
    }

    /// DELETE without a body.
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, "")
    }

    /// POST of a JSON document.
    #[expect(clippy::needless_pass_by_value, reason = "tests write the document in place")]
    pub fn post(&self, path: &str, document: Value) -> Answer {
        self.send("POST", path, Some("application/json"), &document.to_string())
    }

    /// POST of nothing.
    pub fn post_empty(&self, path: &str) -> Answer {
        self.send("POST", path, None, "")
    }

    /// Any method, with a body of any type.
    pub fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let answered = if content_type.is_none() && body.is_empty() {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body.to_owned()).expect("a request"))
        };
        Answer::read(answered.expect("the server answers"))
    }
}

impl Answer {
    fn read(mut response: Response<Body>) -> Self {
        let body = response.body_mut().read_to_string().expect("the body is text");
        Self { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    /// Status and body, for one assertion.
    pub fn whole(&self) -> (u16, &str) {
        (self.status, &self.body)
    }

    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text header"))
    }

    /// All values of a header.
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("a text header")).collect()
    }

    /// `name=value` of each cookie that the answer sets.
    pub fn cookies(&self) -> Vec<String> {
        let pair = |line: &&str| line.split_once(';').map_or(*line, |(pair, _)| pair).to_owned();
        self.header_all("set-cookie").iter().map(pair).collect()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.body))
    }

    /// A string member of the body.
    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no text {member:?} in {}", self.body)).to_owned()
    }
}
