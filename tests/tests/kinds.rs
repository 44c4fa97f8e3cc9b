//! No kind of credential passes for another: everything that is handed out is shown at every door.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_core::{Digest, TokenKind, store::TokenStore as _};
use countersign_tests::{Actor, Mailbox, Server, databases::sqlite};
use serde_json::{Value, json};

const PASSWORD: &str = "Zx9-quokka-77";

/// Both forms of the JWT pair sign with this one key.
const JWT: &str = "[jwt]\nsecret = \"forged-Vq3-forged-Kd8-forged-Xz5-forged\"\n";

/// What is shown at a door; answers whether it opens.
type Door = (&'static str, fn(&Actor, &str) -> bool);

const DOORS: &[Door] = &[
    ("djoser, Token", |anon, shown| opens(&anon.with("Authorization", &format!("Token {shown}")), "/auth/users/me/")),
    ("djoser, Bearer", |anon, shown| opens(&anon.with("Authorization", &format!("Bearer {shown}")), "/auth/users/me/")),
    ("djoser, JWT", |anon, shown| opens(&anon.with("Authorization", &format!("JWT {shown}")), "/auth/users/me/")),
    ("jwt/refresh/", |anon, shown| anon.post("/auth/jwt/refresh/", json!({"refresh": shown})).status == 200),
    ("jwt/verify/", |anon, shown| anon.post("/auth/jwt/verify/", json!({"token": shown})).status == 200),
    ("hotel", |anon, shown| opens(&anon.with("Authorization", &format!("Bearer {shown}")), "/auth/me")),
    ("hotel's refresh", |anon, shown| anon.post("/auth/refresh", json!({"refresh_token": shown})).status == 200),
    ("sanctum", |anon, shown| opens(&anon.with("Authorization", &format!("Bearer {shown}")).wants_json(), "/api/user")),
    ("a link", |anon, shown| {
        let body = json!({"uid": "MQ", "token": shown, "new_password": PASSWORD});
        anon.post("/auth/users/reset_password_confirm/", body).status == 204
    }),
];

fn opens(actor: &Actor, path: &str) -> bool {
    actor.get(path).status == 200
}

/// The member `jti` of a token's claims.
fn jti(token: &str) -> String {
    let claims: Value = serde_json::from_slice(&BASE64.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

#[test]
fn each_kind_opens_its_own_doors_and_no_other() {
    let mailbox = Mailbox::start();
    let server = Server::on(Arc::new(sqlite()), &format!("{}{JWT}", mailbox.configuration()));
    let anon = server.anon();
    let user = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    assert_eq!(anon.post("/auth/users/", user).status, 201);
    let login = |path: &str, field: &str| anon.wants_json().post(path, json!({field: "ada", "password": PASSWORD}));
    let djoser = login("/auth/token/login/", "username").text("auth_token");
    let simple = login("/auth/jwt/create/", "username");
    let hotel = login("/auth/login", "identifier");
    let sanctum = anon.wants_json().post("/api/auth/token", json!({"email": "ada@example.org", "password": PASSWORD}));
    let sanctum = sanctum.text("token");
    assert_eq!(anon.post("/auth/users/reset_password/", json!({"email": "ada@example.org"})).status, 204);
    let link = mailbox.wait_for("ada@example.org", 1)[0].links[0].rsplit('/').next().unwrap().to_owned();
    let (simple_access, simple_refresh) = (simple.text("access"), simple.text("refresh"));
    // The link is shown last: what opens its door ends it.
    for (kind, shown, own) in [
        ("djoser's token", djoser.clone(), ["djoser, Token"].as_slice()),
        ("simplejwt's access token", simple_access.clone(), &["djoser, Bearer", "djoser, JWT", "jwt/verify/"]),
        ("simplejwt's refresh token", simple_refresh.clone(), &["jwt/refresh/", "jwt/verify/"]),
        ("hotel's access token", hotel.text("access_token"), &["hotel"]),
        ("hotel's refresh token", hotel.text("refresh_token"), &["hotel's refresh"]),
        ("sanctum's token", sanctum.clone(), &["sanctum"]),
        ("the secret of sanctum's token", sanctum.split_once('|').unwrap().1.to_owned(), &["sanctum"]),
        ("the jti of an access token", jti(&simple_access), &[]),
        ("the jti of a refresh token", jti(&simple_refresh), &[]),
        ("a link's token", link, &["a link"]),
    ] {
        let opened: Vec<&str> = DOORS.iter().filter(|(_, door)| door(&anon, &shown)).map(|(name, _)| *name).collect();
        assert_eq!(opened, own, "{kind}");
    }
}

#[test]
fn no_text_that_anybody_can_read_off_a_token_is_looked_up_as_a_refresh_token() {
    let server = Server::with(JWT);
    let anon = server.anon();
    assert_eq!(anon.post("/auth/users/", json!({"username": "ada", "password": PASSWORD})).status, 201);
    let pair = anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD}));
    for token in [pair.text("access"), pair.text("refresh")] {
        for prefix in ["", "simplejwt", "simplejwt\0"] {
            let digest = Digest::of(format!("{prefix}{}", jti(&token)).as_bytes());
            assert!(server.store.token_by_digest(TokenKind::Jwt, &digest).unwrap().is_none(), "{prefix:?}");
        }
    }
}
