//! The minimal API, statement by statement.

use countersign_core::{StrategyKind, TokenKind};
use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

const UNAUTHORIZED: &str = r#"{"error":"Unauthorized"}"#;
const BAD_REQUEST: &str = r#"{"error":"Bad Request"}"#;

fn register(anon: &Actor, login: &str, password: &str) -> Answer {
    anon.post("/register", json!({"login": login, "password": password}))
}

fn log_in(anon: &Actor, login: &str, password: &str) -> Answer {
    anon.post("/auth", json!({"login": login, "password": password}))
}

/// A server where ada is registered with the password `password`.
fn with_ada() -> (Server, Actor) {
    let server = Server::start();
    let anon = server.anon();
    assert_eq!(register(&anon, "ada", "password").status, 200);
    (server, anon)
}

#[test]
fn whoever_registers_can_log_in_on_every_database() {
    for server in Server::each() {
        let anon = server.anon();
        assert_eq!(register(&anon, "ada", "password").whole(), (200, r#"{"success":true}"#), "{}", server.backend);
        let answer = log_in(&anon, "ada", "password");
        assert_eq!(answer.status, 200, "{}", server.backend);
        let token = answer.text("token");
        assert_eq!(answer.body, format!(r#"{{"token":"{token}"}}"#));
        assert!(server.owner.verify(&token).is_ok(), "{token}");
    }
}

#[test]
fn a_taken_login_is_a_conflict() {
    let (_server, anon) = with_ada();
    assert_eq!(register(&anon, "ada", "another").whole(), (409, r#"{"error":"Conflict"}"#));
    assert_eq!(log_in(&anon, "ada", "another").status, 401);
}

#[test]
fn a_wrong_password_an_unknown_login_and_a_disabled_user_get_the_same_answer() {
    let (server, anon) = with_ada();
    let wrong = log_in(&anon, "ada", "wrong");
    assert_eq!(wrong.whole(), (401, UNAUTHORIZED));
    assert_eq!(wrong.header("WWW-Authenticate"), "Bearer");
    assert_eq!(log_in(&anon, "bob", "password").whole(), (401, UNAUTHORIZED));
    assert_eq!(log_in(&anon, &"x".repeat(10_000), "password").whole(), (401, UNAUTHORIZED));
    assert_eq!(log_in(&anon, "ada", &"x".repeat(10_000)).whole(), (401, UNAUTHORIZED));
    let ada = server.owner.find_user("ada").unwrap();
    server.owner.set_active(ada.id, false).unwrap();
    assert_eq!(log_in(&anon, "ada", "password").whole(), (401, UNAUTHORIZED));
}

#[test]
fn there_can_be_many_tokens() {
    let (server, anon) = with_ada();
    let tokens: Vec<String> = (0..3).map(|_| log_in(&anon, "ada", "password").text("token")).collect();
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
    for token in &tokens {
        assert!(server.owner.verify(token).is_ok());
    }
}

#[test]
fn the_database_has_the_tokens_but_not_in_clear() {
    let (server, anon) = with_ada();
    let token = log_in(&anon, "ada", "password").text("token");
    let ada = server.owner.find_user("ada").unwrap();
    let rows = server.owner.tokens(ada.id, Some(TokenKind::Sanctum)).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].name.as_str(), rows[0].expires_at), ("minimal", None));
    let (_, secret) = token.split_once('|').unwrap();
    assert_eq!(rows[0].digest, countersign_core::Digest::of(secret.as_bytes()));
}

#[test]
fn the_owners_recovery_revokes_every_token() {
    let (server, anon) = with_ada();
    let tokens = [log_in(&anon, "ada", "password").text("token"), log_in(&anon, "ada", "password").text("token")];
    assert!(tokens.iter().all(|token| server.owner.verify(token).is_ok()));
    let ada = server.owner.find_user("ada").unwrap();
    server.owner.recover(ada.id, &"new password".into()).unwrap();
    assert!(tokens.iter().all(|token| server.owner.verify(token).is_err()));
    assert_eq!(log_in(&anon, "ada", "password").status, 401);
    assert_eq!(log_in(&anon, "ada", "new password").status, 200);
}

#[test]
fn the_password_is_taken_raw() {
    let server = Server::start();
    let anon = server.anon();
    assert_eq!(register(&anon, "ada", "  ПАРОЛЬ 🦀 ").status, 200);
    assert_eq!(log_in(&anon, "ada", "  ПАРОЛЬ 🦀 ").status, 200);
    assert_eq!(log_in(&anon, "ada", "ПАРОЛЬ 🦀").status, 401);
    assert_eq!(register(&anon, "bob", "x").status, 200);
}

#[test]
fn a_login_with_a_blank_at_either_end_cannot_be_registered() {
    let server = Server::start();
    let anon = server.anon();
    for login in [" ada", "ada ", "\tada", "ada\n", "\u{a0}ada", "ada\u{1f}", " "] {
        assert_eq!(register(&anon, login, "password").whole(), (400, BAD_REQUEST), "{login:?}");
    }
    assert_eq!(register(&anon, "ada l", "password").status, 200);
}

#[test]
fn what_is_not_the_object_is_a_bad_request() {
    let (_server, anon) = with_ada();
    for path in ["/auth", "/register"] {
        for body in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"login":"ada"}"#,
            r#"{"password":"password"}"#,
            r#"{"login":"","password":"password"}"#,
            r#"{"login":"ada","password":""}"#,
            r#"{"login":7,"password":"password"}"#,
            r#"{"login":"ada","password":["password"]}"#,
            r#"{"login":"ada\u0000","password":"password"}"#,
            r#"{"login":"bob","login":"ada","password":"password"}"#,
        ] {
            let answer = anon.send("POST", path, Some("application/json"), body);
            assert_eq!(answer.whole(), (400, BAD_REQUEST), "{path} {body}");
        }
    }
}

#[test]
fn what_no_column_holds_cannot_be_registered() {
    let server = Server::start();
    let anon = server.anon();
    assert_eq!(register(&anon, &"x".repeat(256), "password").whole(), (400, BAD_REQUEST));
    // One character that compatibility folding makes eighteen of.
    assert_eq!(register(&anon, &"\u{fdfa}".repeat(20), "password").whole(), (400, BAD_REQUEST));
    assert_eq!(register(&anon, "ada", &"x".repeat(16_385)).whole(), (400, BAD_REQUEST));
    assert_eq!(register(&anon, &"x".repeat(255), &"x".repeat(16_384)).whole(), (200, r#"{"success":true}"#));
}

#[test]
fn unknown_members_change_nothing() {
    let server = Server::start();
    let more = json!({"login": "ada", "password": "x", "role": "admin", "is_superuser": true, "id": 7});
    assert_eq!(server.anon().post("/register", more).whole(), (200, r#"{"success":true}"#));
    let ada = server.owner.find_user("ada").unwrap();
    assert_eq!((ada.role.as_str(), ada.is_superuser, ada.id.0), ("tourist", false, 1));
}

#[test]
fn a_login_that_is_an_address_or_a_number_is_known_as_such() {
    let server = Server::start();
    let anon = server.anon();
    assert_eq!(register(&anon, "Ada@example.org", "password").status, 200);
    assert_eq!(server.owner.find_user("ada@EXAMPLE.org").unwrap().email.as_deref(), Some("Ada@example.org"));
    assert_eq!(register(&anon, "ada@example.org", "password").status, 409);

    assert_eq!(register(&anon, "+7 (999) 123-45-67", "password").status, 200);
    assert_eq!(server.owner.find_user("+79991234567").unwrap().phone.as_deref(), Some("+79991234567"));
    for spelling in ["+7 999 1234567", "+79991234567", "+7-999-123-45-67"] {
        assert_eq!(register(&anon, spelling, "password").status, 409, "{spelling}");
    }
    assert_eq!(log_in(&anon, "+79991234567", "password").status, 200);
}

#[test]
fn only_json_is_read() {
    let (_server, anon) = with_ada();
    let unsupported = (415, r#"{"error":"Unsupported Media Type"}"#);
    let body = r#"{"login":"ada","password":"password"}"#;
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(anon.send("POST", "/auth", Some(media), body).whole(), unsupported, "{media}");
    }
    assert_eq!(anon.send("POST", "/auth", Some("application/json; charset=utf-8"), body).status, 200);
}

#[test]
fn a_body_over_the_limit_is_too_large() {
    let (_server, anon) = with_ada();
    let answer = log_in(&anon, "ada", &"x".repeat(70_000));
    assert_eq!(answer.whole(), (413, r#"{"error":"Content Too Large"}"#));
}

#[test]
fn a_body_that_does_not_arrive_times_out() {
    let server = Server::with("[server]\nbody_timeout = \"100ms\"");
    let answer =
        server.raw(b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.ends_with(r#"{"error":"Request Timeout"}"#), "{answer}");
}

#[test]
fn other_paths_and_methods_are_answered_in_the_same_shape() {
    let server = Server::with("[[mount]]\nadapter = \"minimal\"");
    let anon = server.anon();
    assert_eq!(anon.get("/nothing").whole(), (404, r#"{"error":"Not Found"}"#));
    let answer = anon.get("/auth");
    assert_eq!(answer.whole(), (405, r#"{"error":"Method Not Allowed"}"#));
    assert_eq!(answer.header("Allow"), "POST");
    assert_eq!(anon.delete("/register").status, 405);
}

#[test]
fn it_answers_for_its_own_paths_beside_the_other_dialects() {
    let server = Server::start();
    let anon = server.anon();
    for path in ["/auth", "/register", "/ws"] {
        assert_eq!(anon.delete(path).whole(), (405, r#"{"error":"Method Not Allowed"}"#), "{path}");
    }
}

#[test]
fn answers_are_not_kept_by_anybody() {
    let (_server, anon) = with_ada();
    assert_eq!(log_in(&anon, "ada", "password").header("Cache-Control"), "no-store");
}

#[test]
fn every_strategy_can_serve_it() {
    for strategy in StrategyKind::ALL {
        let server = Server::with(&format!("[[mount]]\nadapter = \"minimal\"\nstrategy = \"{strategy}\""));
        let anon = server.anon();
        assert_eq!(register(&anon, "ada", "password").status, 200);
        let token = log_in(&anon, "ada", "password").text("token");
        assert!(server.owner.verify(&token).is_ok(), "{strategy}");
    }
}

#[test]
fn a_database_that_fails_is_503_and_never_401() {
    let (server, anon) = with_ada();
    server.tamper("ALTER TABLE identifiers RENAME TO away");
    for path in ["/auth", "/register"] {
        let answer = anon.post(path, json!({"login": "ada", "password": "password"}));
        assert_eq!(answer.whole(), (503, r#"{"error":"Service Unavailable"}"#), "{path}");
        assert_eq!(answer.header("Retry-After"), "1");
    }
    server.tamper("ALTER TABLE away RENAME TO identifiers");
    assert_eq!(log_in(&anon, "ada", "password").status, 200);
}
