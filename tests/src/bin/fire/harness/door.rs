//! The wires by which somebody registers, logs in and shows who they are.

use serde_json::json;

use super::{Client, Lost, Reply};

/// The password of everybody whose own is not the matter.
pub const PASSWORD: &str = "Zx9-quokka-77";

/// Where somebody logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Minimal,
    Djoser,
    Sanctum,
    Hotel,
}

/// What lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub authorization: String,
    /// Says who is asking.
    pub path: &'static str,
}

/// What a login answered.
#[derive(Debug, Clone)]
pub struct Entered {
    pub proof: Proof,
    /// Of the hotel API's.
    pub refresh: Option<String>,
}

impl Proof {
    /// The answer to who-am-I.
    pub fn show(&self, client: &mut Client) -> Result<Reply, Lost> {
        client.get(self.path, &self.authorization)
    }
}

impl Door {
    pub const ALL: [Self; 4] = [Self::Minimal, Self::Djoser, Self::Sanctum, Self::Hotel];

    /// The path, the document, and the member of the answer with the token.
    pub fn login(self, name: &str, password: &str) -> (&'static str, serde_json::Value) {
        match self {
            Self::Minimal => ("/auth", json!({"login": name, "password": password})),
            Self::Djoser => ("/auth/token/login/", json!({"username": name, "password": password})),
            Self::Sanctum => ("/api/auth/token", json!({"email": address(name), "password": password})),
            Self::Hotel => ("/auth/login", json!({"identifier": name, "password": password})),
        }
    }

    /// Logs in; `None` beside an answer that lets nobody in.
    pub fn enter(self, client: &mut Client, name: &str, password: &str) -> Result<(Reply, Option<Entered>), Lost> {
        let (path, document) = self.login(name, password);
        let reply = client.post(path, "", document)?;
        let entered = if reply.is_success() { self.entered(&reply) } else { None };
        Ok((reply, entered))
    }

    /// Reads the answer of a login.
    pub fn entered(self, reply: &Reply) -> Option<Entered> {
        let (member, scheme, path) = match self {
            Self::Minimal => ("token", "Bearer", "/verify"),
            Self::Djoser => ("auth_token", "Token", "/auth/users/me/"),
            Self::Sanctum => ("token", "Bearer", "/api/user"),
            Self::Hotel => ("access_token", "Bearer", "/auth/me"),
        };
        let authorization = format!("{scheme} {}", reply.text(member)?);
        Some(Entered { proof: Proof { authorization, path }, refresh: reply.text("refresh_token") })
    }
}

/// The address of whoever is called so.
pub fn address(name: &str) -> String {
    format!("{name}@example.org")
}

/// Registers by Djoser's wire, which takes name and address: 201, or 400 if the name is taken.
pub fn register(client: &mut Client, name: &str) -> Result<Reply, Lost> {
    client.post("/auth/users/", "", json!({"username": name, "email": address(name), "password": PASSWORD}))
}

/// Is this the refusal of a name that somebody has? Whoever looked before the other was there is told so in Djoser's
/// `CANNOT_CREATE_USER_ERROR`.
pub fn is_taken(reply: &Reply) -> bool {
    let told = ["already exists", "Unable to create account."];
    reply.status == 400 && told.iter().any(|told| reply.body.contains(told))
}
