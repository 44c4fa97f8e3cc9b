//! Logging in and out, and who is calling.

use countersign_core::{Secret, TokenKind, UserId};
use countersign_tests::{Actor, Server};
use serde_json::{Value, json};

use crate::common::{Browser, FRONT_END, NO_MATCH, PASSWORD, UNAUTHENTICATED, add_ada, cookies, with_ada};

#[test]
fn somebody_logs_in_is_known_and_logs_out_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let mut browser = Browser::ready(&server);
        assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED), "{}", server.backend);
        assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (204, ""), "{}", server.backend);
        let user = browser.get("/api/user");
        assert_eq!((user.status, &user.json()["email"]), (200, &json!("ada@example.org")));
        assert_eq!(cookies(&user).len(), 2);
        assert_eq!(browser.post("/logout", json!({})).whole(), (204, ""), "{}", server.backend);
        assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
        assert_eq!(browser.post("/logout", json!({})).whole(), (401, UNAUTHENTICATED));
    }
}

#[test]
fn an_anonymous_visit_stores_nothing() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    browser.get("/api/user");
    browser.log_in("ada@example.org", "wrong");
    assert_eq!(server.owner.tokens(UserId(1), None).unwrap(), []);
}

#[test]
fn wrong_credentials_do_not_match() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    assert_eq!(browser.log_in("ada@example.org", "x").whole(), (422, NO_MATCH));
    assert_eq!(browser.log_in("nobody@example.org", "x").whole(), (422, NO_MATCH));
    server.owner.set_active(UserId(1), false).unwrap();
    assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (422, NO_MATCH));
}

#[test]
fn what_a_login_lacks_is_named() {
    let server = Server::start();
    let mut browser = Browser::ready(&server);
    assert_eq!(
        browser.post("/login", json!({})).whole(),
        (
            422,
            r#"{"message":"The email field is required. (and 1 more error)","errors":{"email":["The email field is required."],"password":["The password field is required."]}}"#
        )
    );
    assert_eq!(
        browser.post("/login", json!({"email": 5, "password": 5})).whole(),
        (
            422,
            r#"{"message":"The email field must be a string. (and 2 more errors)","errors":{"email":["The email field must be a string.","The email field must be a valid email address."],"password":["The password field must be a string."]}}"#
        )
    );
}

#[test]
fn who_registered_elsewhere_logs_in_with_a_user_name() {
    let server = Server::start();
    assert_eq!(server.anon().post("/register", json!({"login": "bob", "password": PASSWORD})).status, 200);
    let mut browser = Browser::ready(&server);
    assert_eq!(
        browser.log_in("bob", "x").whole(),
        (
            422,
            r#"{"message":"The email field must be a valid email address.","errors":{"email":["The email field must be a valid email address."]}}"#
        )
    );
    assert_eq!(browser.log_in("bob", PASSWORD).whole(), (204, ""));
    assert_eq!(browser.get("/api/user").json()["email"], Value::Null);
}

#[test]
fn a_refused_form_is_sent_back() {
    let server = Server::start();
    let mut browser = Browser::ready(&server);
    browser.get("/api/user?page=1");
    let form = "email=nobody%40example.org&password=x";
    let send = |actor: Actor| {
        let actor = actor.with("Accept", "text/html");
        actor.send("POST", "/login", Some("application/x-www-form-urlencoded"), form)
    };
    browser.anon = server.anon().with("Origin", FRONT_END);
    let answer = send(browser.actor());
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000/api/user?page=1"));
    let answer = send(browser.actor().with("Referer", "http://localhost:3000/login"));
    assert_eq!((answer.status, answer.header("Location")), (302, "http://localhost:3000/login"));
    let answer = send(browser.actor().with("Referer", "https://evil.example/login"));
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000/api/user?page=1"));
}

#[test]
fn a_login_when_logged_in_is_sent_to_the_front() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let answer = browser.log_in("ada@example.org", PASSWORD);
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000"));
    let answer = browser.register("new@example.org");
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000"));
}

#[test]
fn the_session_beats_a_bearer_and_the_bearer_counts_without_one() {
    let server = with_ada();
    server.anon().post("/register", json!({"login": "bob@example.org", "password": PASSWORD}));
    let bob =
        server.anon().post("/api/auth/token", json!({"email": "bob@example.org", "password": PASSWORD})).text("token");
    let bearer = format!("Bearer {bob}");
    let browser = Browser::of_ada(&server);
    assert_eq!(browser.actor().with("Authorization", &bearer).get("/api/user").json()["email"], "ada@example.org");
    let visitor = Browser::ready(&server);
    let answer = visitor.actor().with("Authorization", &bearer).get("/api/user");
    assert_eq!((&answer.json()["email"], cookies(&answer).len()), (&json!("bob@example.org"), 2));
    let mut ended = Browser::of_ada(&server);
    let old = ended.cookies.clone();
    ended.post("/logout", json!({}));
    ended.cookies = old;
    assert_eq!(ended.actor().with("Authorization", &bearer).get("/api/user").json()["email"], "bob@example.org");
}

#[test]
fn a_recovery_ends_the_session() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    assert_eq!(browser.get("/api/user").status, 200);
    server.owner.recover(UserId(1), &Secret::from("another-password")).unwrap();
    assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_session_is_none_of_the_tokens_that_are_deleted_by_number() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let session = server.owner.tokens(UserId(1), Some(TokenKind::Session)).unwrap()[0].id;
    assert_eq!(browser.actor().delete(&format!("/api/tokens/{session}")).status, 404);
    assert_eq!(browser.get("/api/user").status, 200);
}
