//! Somebody with a live credential, and what is right of theirs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_core::{Role, User};
use countersign_tests::{
    Actor, Server,
    people::{PASSWORD, Proof, add, fresh_address},
};
use serde_json::{Value, json};

/// A user, and one credential of theirs.
pub struct Somebody<'s> {
    pub user: User,
    pub proof: Proof,
    pub role: Role,
    actor: Actor,
    server: &'s Server,
}

impl<'s> Somebody<'s> {
    /// Somebody new.
    pub fn new(server: &'s Server, proof: Proof, role: Role) -> Self {
        let user = add(server, role, role == Role::Admin);
        let actor = proof.of(server, &user);
        Self { user, proof, role, actor, server }
    }

    /// Is the credential good for who it was made for? A request may have ended it, or what they were.
    pub fn is_live(&self) -> bool {
        let path = match self.proof {
            Proof::Personal | Proof::Session => "/api/user",
            Proof::Djoser | Proof::Jwt => "/auth/users/me/",
            Proof::Hotel => "/auth/me",
        };
        let holds = self.actor.get(path).status == 200;
        holds && self.server.owner.user(self.user.id).is_ok_and(|user| user.role == self.role)
    }

    /// The headers of the credential.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let all = self.actor.headers().iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| *name != "Accept").collect()
    }

    /// What a field of this name is to hold; several things if there are.
    pub fn right(&self, name: &str, which: u8) -> Value {
        let user = &self.user;
        let log_in = |path: &str, field: &str, token: &str| {
            let answer = self.server.anon().post(path, json!({field: user.username, "password": PASSWORD}));
            // Whose password another request changed has none.
            serde_json::from_str::<Value>(&answer.body).map(|body| body[token].clone()).unwrap_or_default()
        };
        match name {
            "email" | "username" | "login" | "identifier" if which.is_multiple_of(2) => Value::from(fresh_address()),
            "new_username" => Value::from(fresh_address()),
            "email" | "username" | "login" | "identifier" => Value::from(user.username.as_str()),
            "phone" => Value::from(format!("+49170{:07}", user.id.0)),
            "uid" => Value::from(BASE64.encode(user.id.0.to_string())),
            "token" => match which % 4 {
                0 => self.link(false),
                1 => self.link(true),
                2 => log_in("/auth/jwt/create/", "username", "access"),
                _ => log_in("/auth/token/login/", "username", "auth_token"),
            },
            "refresh" => log_in("/auth/jwt/create/", "username", "refresh"),
            "refresh_token" => log_in("/auth/login", "identifier", "refresh_token"),
            "abilities" => json!(["*"]),
            "expires_at" => json!("2027-01-02T12:00:00Z"),
            "role" => json!(if which.is_multiple_of(2) { "tourist" } else { "admin" }),
            "grant_type" => json!(if which.is_multiple_of(2) { "password" } else { "refresh_token" }),
            "remember" => json!(true),
            // One of several words for the password that everybody has.
            _ if name.contains("password") => Value::from(PASSWORD),
            _ => Value::from("x"),
        }
    }

    /// The token of a mail: for a new password, or else of any other kind.
    fn link(&self, is_reset: bool) -> Value {
        let Ok(account) = self.server.owner.account(self.user.id) else { return Value::Null };
        let door = &self.server.owner;
        Value::from(if is_reset { door.make_reset_token(&account) } else { door.make_link(&account) })
    }
}
