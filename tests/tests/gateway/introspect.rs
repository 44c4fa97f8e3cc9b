//! `/introspect` after RFC 7662.

use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

use super::common::{credentials, token_for, with_ada};

const FORM: &str = "application/x-www-form-urlencoded";

fn ask(service: &Actor, token: &str) -> Answer {
    let body: String = form(&[("token", token), ("token_type_hint", "access_token")]);
    service.send("POST", "/introspect", Some(FORM), &body)
}

fn form(fields: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

fn service(server: &Server) -> Actor {
    server.bearer(&token_for(server, "tokens:introspect"))
}

#[test]
fn a_live_token_is_told_whole() {
    let (server, ada) = with_ada();
    let service = service(&server);
    for (dialect, _, credential) in credentials(&server) {
        let Some(token) = credential[0].1.split_once(' ').filter(|_| credential[0].0 == "Authorization") else {
            continue;
        };
        let answer = ask(&service, token.1);
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{dialect}");
        let told = answer.json();
        let noon = countersign_tests::server::noon().timestamp();
        let mut expected = json!({
            "active": true, "scope": "*", "token_type": if dialect == "djoser" { "Token" } else { "Bearer" },
            "sub": told["sub"], "username": "ada", "user_id": ada.0, "email": "ada@example.org", "role": "tourist",
        });
        match dialect {
            "hotel" => expected["exp"] = Value::from(noon + 3600),
            "simplejwt" => expected["exp"] = Value::from(noon + 300),
            _ => expected["iat"] = Value::from(noon),
        }
        assert_eq!(told, expected, "{dialect}");
    }
}

#[test]
fn of_everything_else_nothing_is_told() {
    let (server, ada) = with_ada();
    let (server, service) = (&server, service(&server));
    let dead = r#"{"active":false}"#;
    let all = credentials(server);
    for token in ["x", "1|x", "eyJhbGciOiJub25lIn0.e30.", &"9".repeat(5_000), "\u{1F5FC}"] {
        assert_eq!(ask(&service, token).whole(), (200, dead), "{token}");
    }
    // A session's cookie is no token.
    let cookie = &all.iter().find(|(dialect, ..)| *dialect == "spa").unwrap().2[0].1;
    let sealed = cookie.split("laravel-session=").nth(1).unwrap();
    assert_eq!(ask(&service, sealed).whole(), (200, dead));
    let read = all[0].2[0].1.strip_prefix("Bearer ").unwrap();
    server.owner.revoke_many(ada, countersign_core::store::Revoke::Kind(countersign_core::TokenKind::Djoser)).unwrap();
    assert_eq!(ask(&service, read).json()["active"], true);
    let token = all[1].2[0].1.strip_prefix("Token ").unwrap();
    assert_eq!(ask(&service, token).whole(), (200, dead));
}

#[test]
fn only_who_was_named_for_it_may_ask() {
    let (server, _) = with_ada();
    let all = credentials(&server);
    let token = all[0].2[0].1.strip_prefix("Bearer ").unwrap();
    assert_eq!(ask(&server.anon(), token).whole(), (401, r#"{"error":"invalid_token"}"#));
    for (dialect, _, credential) in &all {
        let asked = ask(&super::common::sending(&server.anon(), credential), token);
        let error = r#"{"error":"insufficient_scope"}"#;
        assert_eq!(asked.whole(), (403, error), "{dialect}");
    }
    assert_eq!(ask(&server.bearer(&token_for(&server, "tokens:rotate")), token).status, 403);
}

#[test]
fn what_is_no_form_with_one_token_is_told() {
    let (server, _) = with_ada();
    let service = service(&server);
    let wrong = (400, r#"{"error":"invalid_request"}"#);
    for (kind, body) in [
        (FORM, ""),
        (FORM, "token="),
        (FORM, "token=a&token=b"),
        (FORM, "token=a%00"),
        (FORM, "other=a"),
        ("application/json", r#"{"token":"a"}"#),
        ("text/plain", "token=a"),
    ] {
        assert_eq!(service.send("POST", "/introspect", Some(kind), body).whole(), wrong, "{kind} {body}");
    }
    let long = format!("token={}", "x".repeat(100_000));
    assert_eq!(service.send("POST", "/introspect", Some(FORM), &long).whole(), wrong);
    assert_eq!(service.get("/introspect?token=a").status, 405);
}
