//! What is refused without the CSRF token.

use countersign_core::UserId;
use countersign_tests::{Actor, Server};
use serde_json::json;

use crate::common::{Browser, FRONT_END, MISMATCH, PASSWORD, cookies, with_ada};

#[test]
fn without_its_token_a_request_is_419_and_says_why() {
    let server = with_ada();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let (browser, other) = (Browser::ready(&server), Browser::ready(&server));
    let nobody = Browser::new(&server).anon;
    let token = &other.cookies["XSRF-TOKEN"];
    let refused = [
        (browser.cookies_only(), "header_missing"),
        (browser.cookies_only().with("X-XSRF-TOKEN", token), "token_stale"),
        (browser.cookies_only().with("X-CSRF-TOKEN", "x"), "token_stale"),
        (nobody.clone(), "no_cookies"),
        (nobody.with("X-XSRF-TOKEN", token), "header_without_cookies"),
        (nobody.with("Sec-Fetch-Site", "cross-site"), "cross_site"),
        (nobody.with("Cookie", "laravel-session=rubbish").with("X-XSRF-TOKEN", token), "session_unknown"),
        (server.anon().wants_json().with("Origin", "http://localhost:5173"), "origin_not_stateful"),
    ];
    for (actor, reason) in refused {
        let answer = actor.post("/login", login.clone());
        assert_eq!(answer.whole(), (419, MISMATCH), "{reason}");
        assert_eq!(answer.header("X-CSRF-Failure"), reason);
        assert_eq!(cookies(&answer).len(), 1, "{reason}");
    }
    assert_eq!(server.owner.tokens(UserId(1), None).unwrap(), []);
}

#[test]
fn a_419_for_people_is_a_page() {
    let server = Server::start();
    let answer = server.anon().post("/login", json!({}));
    assert_eq!((answer.status, answer.header("Content-Type")), (419, "text/html; charset=UTF-8"));
    assert!(answer.body.contains("<title>Page Expired</title>"));
}

#[test]
fn the_token_may_come_in_clear() {
    let server = with_ada();
    let browser = Browser::ready(&server);
    let clear = server.owner.realm().keys().open("laravel-csrf", &browser.cookies["XSRF-TOKEN"]).unwrap();
    let send = |actor: Actor, token: &str| {
        actor.post("/login", json!({"_token": token, "email": "ada@example.org", "password": PASSWORD}))
    };
    assert_eq!(send(browser.cookies_only(), "x").header("X-CSRF-Failure"), "token_stale");
    assert_eq!(send(browser.cookies_only(), &clear).whole(), (204, ""));
    let other = Browser::ready(&server);
    assert_eq!(send(other.actor().with("X-CSRF-TOKEN", &clear), "x").header("X-CSRF-Failure"), "token_stale");
}

#[test]
fn an_empty_token_was_not_sent() {
    let server = with_ada();
    let login = |actor: Actor, field: &str| {
        actor.post("/login", json!({"_token": field, "email": "ada@example.org", "password": PASSWORD}))
    };
    let browser = Browser::ready(&server);
    assert_eq!(login(browser.actor().with("X-CSRF-TOKEN", ""), "").whole(), (204, ""));
    let without = browser.cookies_only().with("X-CSRF-TOKEN", "").with("X-XSRF-TOKEN", "");
    assert_eq!(login(without, "").header("X-CSRF-Failure"), "header_missing");
}

#[test]
fn a_front_end_needs_the_token_even_with_a_bearer() {
    let server = with_ada();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let bearer = format!("Bearer {}", server.anon().post("/api/auth/token", login).text("token"));
    let make =
        |actor: Actor| actor.with("Authorization", &bearer).post("/api/tokens/create", json!({"token_name": "x"}));
    let json = server.anon().wants_json();
    assert_eq!(make(json.with("Origin", FRONT_END)).whole(), (419, MISMATCH));
    assert_eq!(make(json.with("Origin", "https://mobile.example")).status, 200);
    assert_eq!(make(Browser::ready(&server).actor()).status, 200);
    assert_eq!(json.with("Origin", FRONT_END).post("/nope", json!({})).status, 404);
}
