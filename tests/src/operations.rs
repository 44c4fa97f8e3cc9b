//! The operations of all dialects, read off the document that a server serves: its own list of what it serves.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use countersign_core::{TokenKind, User, store::TokenStore as _};
use serde_json::{Map, Value};

use crate::{Actor, Server, people::Proof};

/// A server with every dialect.
pub const ALL: &str = "";
/// The same with Laravel's other stack.
pub const FORTIFY: &str = "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\nstack = \"fortify\"\n\
     login_lockout = \"1000/min\"\n";

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// What a caller may prove themselves with; what is open to everybody gets the dialect's own.
    pub proofs: Vec<Proof>,
    /// The properties of its body, if it reads one.
    pub fields: Option<Map<String, Value>>,
    /// What it reads from the query.
    pub queries: Vec<String>,
    /// The adapter, or `server`.
    pub tag: String,
}

/// All of them.
pub fn of(server: &Server) -> Vec<Operation> {
    let document = server.anon().get("/openapi.json").json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let tag = operation["tags"][0].as_str().expect("a tag").to_owned();
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                proofs: proofs(operation, &tag),
                queries: queries(operation),
                fields: fields(&document, operation),
                tag,
            });
        }
    }
    assert!(!found.is_empty());
    found
}

fn proofs(operation: &Value, tag: &str) -> Vec<Proof> {
    let schemes = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let mut proofs: Vec<Proof> = schemes.flat_map(Map::keys).flat_map(|scheme| of_scheme(scheme)).copied().collect();
    if proofs.is_empty() {
        proofs.extend(match tag {
            "djoser" => &[Proof::Djoser, Proof::Jwt][..],
            "hotel" => &[Proof::Hotel],
            "sanctum_spa" => &[Proof::Session],
            "sanctum" | "minimal" | "server" => &[Proof::Personal],
            other => panic!("a new dialect, {other}: what does a caller prove themselves with?"),
        });
    }
    proofs.sort();
    proofs.dedup();
    proofs
}

fn of_scheme(scheme: &str) -> &'static [Proof] {
    match scheme {
        "djoser_token" => &[Proof::Djoser, Proof::Jwt],
        "hotel_bearer" | "hotel_password" => &[Proof::Hotel],
        "laravel_bearer" | "minimal_bearer" => &[Proof::Personal],
        "laravel_session" => &[Proof::Session],
        "laravel_xsrf" => &[],
        "server_bearer" => &[Proof::Personal, Proof::Jwt, Proof::Hotel],
        "server_token" => &[Proof::Djoser],
        other => panic!("a new scheme, {other}: what is it?"),
    }
}

fn queries(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let of_query = parameters.filter(|parameter| parameter["in"] == "query");
    of_query.filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned())).collect()
}

/// The properties of the first body that the operation reads.
fn fields(document: &Value, operation: &Value) -> Option<Map<String, Value>> {
    let content = operation["requestBody"]["content"].as_object()?;
    let schema = &content.values().next()?["schema"];
    let reference = schema["$ref"].as_str()?;
    let properties = document.pointer(reference.trim_start_matches('#'))?["properties"].as_object();
    Some(properties.cloned().unwrap_or_default())
}

impl Operation {
    /// The path with the things of `whose` in the place of its parameters.
    pub fn about(&self, server: &Server, whose: &User) -> String {
        if !self.path.contains('{') {
            return self.path.clone();
        }
        let token = |kind: TokenKind| {
            let tokens = server.store.tokens_of(whose.id, Some(kind)).expect("the store answers");
            tokens.first().map_or_else(|| "0".to_owned(), |token| token.id.to_string())
        };
        let (parameter, value) = match self.path.as_str() {
            "/auth/users/{id}/" | "/verify-email/{id}/{hash}" | "/email/verify/{id}/{hash}" => {
                ("{id}", whose.id.to_string())
            }
            path if path.starts_with("/auth/admin/users/{id}") => ("{id}", whose.uuid.to_string()),
            "/auth/sessions/{id}" => ("{id}", token(TokenKind::Jwt)),
            "/api/tokens/{id}" => ("{id}", token(TokenKind::Sanctum)),
            other => panic!("a new path, {other}: what stands for its parameters?"),
        };
        self.path.replace(parameter, &value).replace("{hash}", "0")
    }

    /// The status of the answer.
    pub fn ask(&self, server: &Server, actor: &Actor, path: &str, body: &str) -> u16 {
        if self.path == "/ws" {
            return handshake(server, actor);
        }
        let media = self.fields.as_ref().map(|_| "application/json");
        actor.send(&self.method, path, media, body).status
    }
}

/// The status of a WebSocket's handshake.
fn handshake(server: &Server, actor: &Actor) -> u16 {
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    let authorization = actor.header("Authorization").map(|value| format!("Authorization: {value}\r\n"));
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{}\r\n",
        authorization.unwrap_or_default()
    );
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut line = [0; 12];
    stream.read_exact(&mut line).expect("the server answers");
    std::str::from_utf8(&line[9..]).ok().and_then(|status| status.parse().ok()).expect("a status")
}
