//! What is in the tokens, and what whoever holds the key may change of it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_core::{Digest, TokenKind, UserId, store::TokenStore as _};
use countersign_tests::server::noon;
use serde_json::{Value, json};

use super::common::{
    ADA, BEARER, INACTIVE, INVALID, ME, NO_ACCOUNT_FOR_TOKEN, NOT_FOUND, PASSWORD, jti, not_valid, opened, refresh,
    register, verify, with_ada,
};

const KEY: &str = "forged-Vq3-forged-Kd8-forged-Xz5-forged";

/// HMAC-SHA256 (RFC 2104) under [`KEY`], which is shorter than a block.
fn hmac(message: &str) -> [u8; 32] {
    let mut block = [0; 64];
    block[..KEY.len()].copy_from_slice(KEY.as_bytes());
    let inner = Digest::of(&[block.map(|byte| byte ^ 0x36).as_slice(), message.as_bytes()].concat());
    *Digest::of(&[block.map(|byte| byte ^ 0x5c).as_slice(), inner.as_bytes()].concat()).as_bytes()
}

/// The token with other claims, signed with the server's own key.
fn forged(token: &str, changes: &[(&str, Option<Value>)]) -> String {
    let mut claims: Value = serde_json::from_str(&opened(token)[1]).unwrap();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes {
        members.remove(*name);
        members.extend(value.clone().map(|value| ((*name).to_owned(), value)));
    }
    let message = format!("{}.{}", token.split('.').next().unwrap(), BASE64.encode(claims.to_string()));
    format!("{message}.{}", BASE64.encode(hmac(&message)))
}

#[test]
fn tokens_have_the_claims_of_simplejwt_to_the_letter() {
    let (_server, anon, pair) = with_ada("");
    let now = noon().timestamp();
    let made = refresh(&anon, &pair.refresh).text("access");
    for (token, kind, life) in
        [(&pair.refresh, "refresh", 86_400), (&pair.access, "access", 300), (&made, "access", 300)]
    {
        let jti = jti(token);
        let claims =
            format!(r#"{{"token_type":"{kind}","exp":{},"iat":{now},"jti":"{jti}","user_id":"1"}}"#, now + life);
        assert_eq!(opened(token), [r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(), claims]);
        // A version 4 UUID in hex.
        assert!(jti.len() == 32 && jti.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{jti}");
        assert!(&jti[12..13] == "4" && "89ab".contains(&jti[16..17]), "{jti}");
    }
}

#[test]
fn who_holds_the_key_still_speaks_for_live_logins_alone() {
    let (server, anon, pair) = with_ada(&format!("[jwt]\nsecret = \"{KEY}\""));
    register(&anon, "bob");
    register(&anon, "eve");
    server.owner.set_active(UserId(3), false).unwrap();
    let invalid = not_valid("Token is invalid");
    let no_user = r#"{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}"#;
    let user = |value: Value| [("user_id", Some(value))];
    for (changes, used, refreshed) in [
        (user(json!(1)), (200, ADA), 200),
        (user(json!(" 01 ")), (200, ADA), 200),
        (user(json!("2")), (401, invalid.as_str()), 401),
        (user(json!("3")), (401, INACTIVE), 401),
        (user(json!("4")), (401, NOT_FOUND), 401),
        (user(json!("abc")), (401, no_user), 401),
        ([("user_id", None)], (401, no_user), 401),
        ([("jti", Some(json!("0".repeat(32))))], (401, invalid.as_str()), 401),
        ([("jti", Some(json!("mine")))], (401, invalid.as_str()), 401),
        ([("exp", Some(json!(noon().timestamp() + 10_000_000)))], (200, ADA), 200),
    ] {
        assert_eq!(server.bearer(&forged(&pair.access, &changes)).get(ME).whole(), used, "{changes:?}");
        assert_eq!(refresh(&anon, &forged(&pair.refresh, &changes)).status, refreshed, "{changes:?}");
    }
    for id in ["3", "4"] {
        let answer = refresh(&anon, &forged(&pair.refresh, &user(json!(id))));
        assert_eq!((answer.whole(), answer.header("WWW-Authenticate")), ((401, NO_ACCOUNT_FOR_TOKEN), BEARER), "{id}");
    }
    // `verify` asks neither for the user nor for the type.
    assert_eq!(verify(&anon, &forged(&pair.access, &user(json!("3")))).whole(), (200, "{}"));
    assert_eq!(verify(&anon, &forged(&pair.access, &[("token_type", None), ("user_id", None)])).whole(), (200, "{}"));
    assert_eq!(verify(&anon, &forged(&pair.access, &[("jti", Some(json!("mine")))])).whole(), (401, INVALID));
}

#[test]
fn claims_that_are_missing_are_told_by_name() {
    let (server, anon, pair) = with_ada(&format!("[jwt]\nsecret = \"{KEY}\""));
    for (claim, message) in
        [("exp", "Token has no 'exp' claim"), ("jti", "Token has no id"), ("token_type", "Token has no type")]
    {
        let without = |token: &str| forged(token, &[(claim, None)]);
        let said = format!(r#"{{"detail":"{message}","code":"token_not_valid"}}"#);
        assert_eq!(server.bearer(&without(&pair.access)).get(ME).whole(), (401, not_valid(message).as_str()));
        assert_eq!(refresh(&anon, &without(&pair.refresh)).whole(), (401, said.as_str()));
        let verified = if claim == "token_type" { (200, "{}") } else { (401, said.as_str()) };
        assert_eq!(verify(&anon, &without(&pair.refresh)).whole(), verified);
    }
}

#[test]
fn the_database_has_neither_token_and_no_digest_that_another_form_looks_for() {
    let (server, anon, pair) = with_ada("");
    let row = server.store.tokens_of(UserId(1), Some(TokenKind::Jwt)).unwrap().remove(0);
    for token in [&pair.access, &pair.refresh] {
        assert_ne!(row.digest, Digest::of(token.as_bytes()));
        assert!(
            !token.contains(row.family.as_deref().unwrap()) && !jti(token).contains(row.family.as_deref().unwrap())
        );
    }
    assert_eq!(row.sealed, None);
    // The hotel API at the same prefix signs with the same key, and each takes its own form alone.
    assert_eq!(anon.post("/auth/refresh", json!({"refresh_token": pair.refresh})).status, 401);
    assert_eq!(server.bearer(&pair.access).get("/auth/me").status, 401);
    let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})).text("access_token");
    assert_eq!(server.bearer(&hotel).get(ME).whole(), (401, not_valid("Token has no type").as_str()));
}
