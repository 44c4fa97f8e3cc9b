//! A server that mails, and the links of its mails.

use std::sync::Arc;

use countersign_tests::{Answer, Mailbox, Server, databases::sqlite};
use serde_json::json;

use crate::common::{Browser, add_ada};

pub const NEW_PASSWORD: &str = "Fresh-walrus-88";
pub const ADA: &str = "ada@example.org";

/// A server with a mailbox and Ada.
pub struct Site {
    pub server: Server,
    pub mailbox: Mailbox,
}

impl Site {
    /// With these options of the mount.
    pub fn with(options: &str) -> Self {
        let mailbox = Mailbox::start();
        let configuration = format!(
            "front_ends = [\"http://localhost:3000\"]\n{}[[mount]]\nadapter = \"sanctum_spa\"\n{options}\n",
            mailbox.configuration()
        );
        let server = Server::on(Arc::new(sqlite()), &configuration);
        add_ada(&server);
        Self { server, mailbox }
    }

    pub fn browser(&self) -> Browser {
        Browser::ready(&self.server)
    }

    /// The link of the `count`th mail to Ada.
    pub fn link(&self, count: usize) -> String {
        self.mailbox.wait_for(ADA, count)[count - 1].links[0].clone()
    }

    /// Asks for a link to a new password and reads its token, which the `count`th mail has.
    pub fn token(&self, count: usize) -> String {
        let sent = self.browser().post("/forgot-password", json!({"email": ADA}));
        assert_eq!(sent.whole(), (200, r#"{"status":"We have emailed your password reset link."}"#));
        let link = self.link(count);
        let token = link.strip_prefix("http://localhost:3000/password-reset/").unwrap();
        token.strip_suffix("?email=ada@example.org").unwrap().to_owned()
    }

    pub fn reset(&self, token: &str) -> Answer {
        self.browser().post("/reset-password", reset(ADA, token))
    }
}

/// The body that sets [`NEW_PASSWORD`].
pub fn reset(email: &str, token: &str) -> serde_json::Value {
    json!({"email": email, "token": token, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD})
}

/// The refusal with one sentence about the address.
pub fn refusal(sentence: &str) -> String {
    format!(r#"{{"message":"{sentence}","errors":{{"email":["{sentence}"]}}}}"#)
}
