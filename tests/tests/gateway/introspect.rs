//! `/introspect` after RFC 7662.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::TimeDelta;
use countersign_tests::{
    Actor, Answer, Server,
    databases::{databases, sqlite},
    server::noon,
};
use serde_json::{Value, json};

use super::common::{PASSWORD, add_ada, credentials, sending, token_for, with_ada};

const FORM: &str = "application/x-www-form-urlencoded";
const DEAD: (u16, &str) = (200, r#"{"active":false}"#);
const ROTATING: &str = "[jwt]\nrotate_refresh = true\n[[mount]]\nadapter = \"hotel\"\n[[mount]]\nadapter = \"djoser\"\n\
    rotate_refresh_tokens = true\nblacklist_after_rotation = true\n[[mount]]\nadapter = \"sanctum\"\n";

fn ask(service: &Actor, token: &str) -> Answer {
    service.send("POST", "/introspect", Some(FORM), &form(&[("token", token)]))
}

/// The claim `jti`.
fn jti(token: &str) -> Value {
    let claims: Value = serde_json::from_slice(&BASE64.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    claims["jti"].clone()
}

fn hotel_pair(anon: &Actor) -> (String, String) {
    let answer = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD}));
    (answer.text("access_token"), answer.text("refresh_token"))
}

fn simple_pair(anon: &Actor) -> (String, String) {
    let answer = anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD}));
    (answer.text("access"), answer.text("refresh"))
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
        let noon = noon().timestamp();
        let uuid = server.owner.user(ada).unwrap().uuid.to_string();
        let mut expected = json!({
            "active": true, "scope": "*", "token_type": if dialect == "djoser" { "Token" } else { "Bearer" },
            "token_use": "access_token", "iat": noon, "sub": uuid,
            "username": "ada", "user_id": ada.0, "email": "ada@example.org", "role": "tourist",
        });
        let more = match dialect {
            "hotel" => json!({"exp": noon + 3600, "jti": jti(token.1), "iss": "countersign", "aud": "countersign"}),
            "simplejwt" => json!({"exp": noon + 300, "jti": jti(token.1)}),
            _ => json!({}),
        };
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(told, expected, "{dialect}");
    }
}

#[test]
fn a_refresh_token_is_live_and_lets_nobody_do_anything() {
    let (server, ada) = with_ada();
    let (service, noon) = (service(&server), noon().timestamp());
    let anon = server.anon();
    let uuid = server.owner.user(ada).unwrap().uuid.to_string();
    let (hotel, simple) = (hotel_pair(&anon).1, simple_pair(&anon).1);
    server.wait(TimeDelta::minutes(1));
    let month = 30 * 86_400;
    for (token, more) in
        [(&hotel, json!({"exp": noon + month})), (&simple, json!({"exp": noon + 86_400, "jti": jti(&simple)}))]
    {
        let mut expected = json!({
            "active": true, "token_use": "refresh_token", "iat": noon, "sub": uuid,
            "username": "ada", "user_id": ada.0, "email": "ada@example.org", "role": "tourist",
        });
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(ask(&service, token).json(), expected);
        // Nor is it a credential for having been asked about.
        assert_eq!(server.bearer(token).get("/verify").status, 401);
    }
}

#[test]
fn a_hint_hides_nothing() {
    let (server, _) = with_ada();
    let service = service(&server);
    let (hotel, simple) = (hotel_pair(&server.anon()), simple_pair(&server.anon()));
    for token in [&hotel.0, &hotel.1, &simple.0, &simple.1] {
        let plain = ask(&service, token);
        assert_eq!(plain.json()["active"], true);
        for hint in ["access_token", "refresh_token", "id_token", "", "\u{1F5FC}"] {
            let body = form(&[("token_type_hint", hint), ("token", token), ("resource", "x")]);
            assert_eq!(service.send("POST", "/introspect", Some(FORM), &body).whole(), plain.whole(), "{hint}");
        }
    }
}

#[test]
fn a_spent_refresh_token_is_dead_and_asking_ends_nothing_on_every_database() {
    for database in databases() {
        let server = Server::on(Arc::new(database), ROTATING);
        add_ada(&server);
        let (service, anon) = (service(&server), server.anon());
        let hotel = hotel_pair(&anon);
        let simple = simple_pair(&anon);
        let next = |path: &str, field: &str, token: &str| {
            let answer = anon.post(path, json!({field: token}));
            assert_eq!(answer.status, 200, "{}: {}", server.backend, answer.body);
            answer.text(field)
        };
        let at_hotel = |token: &str| next("/auth/refresh", "refresh_token", token);
        let at_djoser = |token: &str| next("/auth/jwt/refresh/", "refresh", token);
        let (hotel_next, simple_next) = (at_hotel(&hotel.1), at_djoser(&simple.1));
        for _ in 0..2 {
            // Within the grace and long after it.
            for (spent, live) in [(&hotel.1, &hotel_next), (&simple.1, &simple_next)] {
                for _ in 0..3 {
                    assert_eq!(ask(&service, spent).whole(), DEAD, "{}", server.backend);
                    assert_eq!(ask(&service, live).json()["token_use"], "refresh_token", "{}", server.backend);
                }
            }
            server.wait(TimeDelta::minutes(1));
        }
        // It neither was exchanged nor ended its login.
        assert_eq!(server.bearer(&hotel.0).get("/auth/me").status, 200);
        assert_eq!(server.bearer(&simple.0).get("/auth/users/me/").status, 200);
        let (hotel_last, simple_last) = (at_hotel(&hotel_next), at_djoser(&simple_next));
        assert_eq!(server.bearer(&hotel.0).post_empty("/auth/logout").status, 204);
        for token in [&hotel.0, &hotel_next, &hotel_last] {
            assert_eq!(ask(&service, token).whole(), DEAD, "{}", server.backend);
        }
        assert_eq!(ask(&service, &simple_last).json()["active"], true);
        server.wait(TimeDelta::days(1));
        assert_eq!(ask(&service, &simple_last).whole(), DEAD);
    }
}

#[test]
fn no_text_fails_the_server() {
    let server = Server::on(Arc::new(sqlite()), "");
    add_ada(&server);
    let service = service(&server);
    let (access, refresh) = hotel_pair(&server.anon());
    let (simple, _) = simple_pair(&server.anon());
    let mut texts: Vec<String> = [
        "|",
        "1|",
        "|x",
        "1|x|y",
        "-1|x",
        "99999999999999999999|x",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.",
        "e30.e30.e30",
        "bnVsbA.bnVsbA.bnVsbA",
        "W10.W10.",
        "\u{FEFF}",
        "\u{202E}",
        "' OR 1=1--",
        "%00",
        "+",
        " ",
        "\t",
        "\r\n",
        "=",
        "\u{FDFA}\u{FDFA}",
        "null",
        "true",
        "{}",
        "[]",
        "Bearer x",
        "\u{1F468}\u{200D}\u{1F469}",
    ]
    .map(str::to_owned)
    .to_vec();
    for token in [&access, &refresh, &simple] {
        texts.extend([format!("{token} "), format!(" {token}"), format!("Bearer {token}"), format!("{token}==")]);
        texts.extend((1..token.len()).step_by(17).map(|at| token[..at].to_owned()));
        texts.push(token.to_uppercase());
    }
    texts.extend([4_095, 4_096, 4_097, 60_000].map(|length| "A".repeat(length)));
    for text in texts {
        let shown: String = text.chars().take(60).collect();
        assert_eq!(ask(&service, &text).whole(), DEAD, "{shown}");
    }
    for raw in ["token=%ff%fe", "token=%f0%9f", "token=%ZZ", "token=%", "&&token=a&&", "=&token=a"] {
        assert_eq!(service.send("POST", "/introspect", Some(FORM), raw).whole(), DEAD, "{raw}");
    }
    assert_eq!(ask(&service, &access).json()["active"], true);
}

#[test]
fn without_a_database_nobody_is_told_that_a_token_is_dead() {
    let (server, _) = with_ada();
    let service = service(&server);
    let (_, refresh) = hotel_pair(&server.anon());
    assert_eq!(ask(&service, &refresh).json()["active"], true);
    server.tamper("ALTER TABLE tokens RENAME TO away");
    let answer = ask(&service, &refresh);
    assert_eq!(answer.whole(), (503, r#"{"error":"temporarily_unavailable"}"#));
    assert_eq!(answer.header("Retry-After"), "1");
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
    for stranger in
        [server.anon(), server.bearer("x"), sending(&server.anon(), &vec![("Authorization", "Basic YTpi".into())])]
    {
        let refused = ask(&stranger, token);
        assert_eq!(refused.whole(), (401, r#"{"error":"invalid_token"}"#));
        assert_eq!(refused.header_all("WWW-Authenticate"), ["Bearer", "Token"]);
    }
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
