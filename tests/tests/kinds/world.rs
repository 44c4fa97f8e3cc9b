//! Ada, and everything that she can be given.

use std::{cell::RefCell, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_core::{Abilities, Credentials, Grant, Secret};
use countersign_tests::{Actor, Answer, Mailbox, Server, databases::sqlite};
use serde_json::{Value, json};

pub const PASSWORD: &str = "Zx9-quokka-77";
pub const ADDRESS: &str = "ada@example.org";
/// The cookie of a remembered device.
pub const DEVICE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";
/// Both forms of the JWT pair sign with this one key.
pub const JWT: &str = "[jwt]\nsecret = \"forged-Vq3-forged-Kd8-forged-Xz5-forged\"\n";
const FRONT_END: &str = "http://localhost:3000";

/// A server with all dialects, and Ada.
pub struct World {
    pub server: Server,
    pub anon: Actor,
    /// A page where she is logged in.
    pub asked: Page,
    /// A token that may introspect.
    pub service: String,
    mailbox: Mailbox,
    /// Path and query of the link that confirms her address, without the signature.
    unsigned: RefCell<String>,
}

/// What a browser keeps of a login.
pub struct Page {
    pub session: String,
    pub csrf: String,
    pub device: String,
    pub api_token: String,
}

impl World {
    pub fn new() -> Self {
        let mailbox = Mailbox::start();
        let server = Server::on(Arc::new(sqlite()), &format!("{}{JWT}", mailbox.configuration()));
        let anon = server.anon().wants_json();
        let user = json!({"username": "ada", "email": ADDRESS, "password": PASSWORD});
        assert_eq!(anon.post("/auth/users/", user).status, 201);
        let credentials = Credentials::new("ada".to_owned(), Secret::from(PASSWORD));
        let abilities = Abilities(vec!["tokens:introspect".to_owned()]);
        let service = server.owner.login(&credentials, &Grant { abilities, ..Grant::named("service") }).unwrap();
        let service = service.access.expose().to_owned();
        let asked = page(&anon);
        Self { server, anon, asked, service, mailbox, unsigned: RefCell::default() }
    }

    /// Another page where she is logged in: the last one may have ended with her password.
    pub fn renew(&mut self) {
        self.asked = self.page();
    }

    /// Somebody with this header.
    pub fn with(&self, scheme: &str, credential: &str) -> Actor {
        self.anon.with("Authorization", &format!("{scheme} {credential}"))
    }

    /// A page of the front end with this cookie alone.
    pub fn cookie(&self, name: &str, value: &str) -> Actor {
        self.anon.with("Origin", FRONT_END).with("Cookie", &format!("{name}={value}"))
    }

    /// A page of the front end where nobody is logged in.
    pub fn visitor(&self) -> Actor {
        visitor(&self.anon)
    }

    /// The path of the link that confirms her address, as it stands before the signature.
    pub fn unsigned(&self) -> String {
        if self.unsigned.borrow().is_empty() {
            self.confirmation();
        }
        self.unsigned.borrow().clone()
    }

    pub fn djoser(&self) -> String {
        self.login("/auth/token/login/", "username").text("auth_token")
    }

    pub fn simple(&self) -> (String, String) {
        let pair = self.login("/auth/jwt/create/", "username");
        (pair.text("access"), pair.text("refresh"))
    }

    pub fn hotel(&self) -> (String, String) {
        let pair = self.login("/auth/login", "identifier");
        (pair.text("access_token"), pair.text("refresh_token"))
    }

    pub fn sanctum(&self) -> String {
        self.anon.post("/api/auth/token", json!({"email": ADDRESS, "password": PASSWORD})).text("token")
    }

    pub fn minimal(&self) -> String {
        self.login("/auth", "login").text("token")
    }

    pub fn page(&self) -> Page {
        page(&self.anon)
    }

    pub fn name_link(&self) -> String {
        self.djosers_link("/auth/users/reset_username/")
    }

    pub fn password_link(&self) -> String {
        self.djosers_link("/auth/users/reset_password/")
    }

    pub fn laravel_link(&self) -> String {
        let link = self.mailed(|| {
            assert_eq!(self.visitor().post("/forgot-password", json!({"email": ADDRESS})).status, 200);
        });
        link.split_once("/password-reset/").unwrap().1.split_once('?').unwrap().0.to_owned()
    }

    /// The signature of the link.
    pub fn confirmation(&self) -> String {
        let page = self.cookie("laravel-session", &self.asked.session).with("X-XSRF-TOKEN", &self.asked.csrf);
        let link = self.mailed(|| {
            assert_eq!(page.post("/email/verification-notification", json!({})).status, 200);
        });
        let local = link.split_once("/verify-email").unwrap().1;
        let (path, signature) = local.split_once("&signature=").unwrap();
        *self.unsigned.borrow_mut() = format!("/verify-email{path}");
        signature.to_owned()
    }

    fn login(&self, path: &str, field: &str) -> Answer {
        let answer = self.anon.post(path, json!({field: "ada", "password": PASSWORD}));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer
    }

    fn djosers_link(&self, path: &str) -> String {
        let link = self.mailed(|| assert_eq!(self.anon.post(path, json!({"email": ADDRESS})).status, 204));
        link.rsplit('/').next().unwrap().to_owned()
    }

    /// The link of the mail that `ask` has sent.
    fn mailed(&self, ask: impl FnOnce()) -> String {
        let before = self.mailbox.recipients().len();
        ask();
        self.mailbox.wait_for(ADDRESS, before + 1)[before].links[0].clone()
    }
}

/// The member `jti` of a token's claims.
pub fn jti(token: &str) -> String {
    let claims: Value = serde_json::from_slice(&BASE64.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

fn visitor(anon: &Actor) -> Actor {
    let page = anon.with("Origin", FRONT_END);
    let cookies = page.get("/sanctum/csrf-cookie").cookies();
    page.with("Cookie", &cookies.join("; ")).with("X-XSRF-TOKEN", &named(&cookies, "XSRF-TOKEN"))
}

/// A login of Ada's that is remembered.
fn page(anon: &Actor) -> Page {
    let answer = visitor(anon).post("/login", json!({"email": ADDRESS, "password": PASSWORD, "remember": true}));
    assert_eq!(answer.whole(), (204, ""));
    let cookies = answer.cookies();
    let inside = anon.with("Origin", FRONT_END).with("Cookie", &cookies.join("; "));
    let fragment = inside.get("/meta/api-token").body;
    Page {
        session: named(&cookies, "laravel-session"),
        csrf: named(&cookies, "XSRF-TOKEN"),
        device: named(&cookies, DEVICE),
        api_token: fragment.split("content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned(),
    }
}

fn named(cookies: &[String], name: &str) -> String {
    cookies.iter().find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap().to_owned()
}
