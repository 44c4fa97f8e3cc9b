//! Laravel's `throttle:api`, by a clock that is moved by hand: what is counted, whose budget it is, and what is told.

use chrono::TimeDelta;
use countersign_tests::{Actor, Answer, Server, server::noon};
use serde_json::json;

use crate::common::{Browser, FRONT_END, MISMATCH, PASSWORD, UNAUTHENTICATED, add_ada, with_ada};

const TOO_MANY: &str = "{\n    \"message\": \"Too Many Attempts.\"\n}";
const WRONG: &str = r#"{"message":"The provided credentials are incorrect.","errors":{"email":["The provided credentials are incorrect."]}}"#;

/// A server whose API may be asked so often, where Ada has her address; a proxy tells where its clients are.
fn limited(rate: &str) -> Server {
    let server = Server::with(&format!(
        "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[throttle]\nenabled = false\n\
         [[mount]]\nadapter = \"sanctum\"\nthrottle_api = \"{rate}\"\n\
         [[mount]]\nadapter = \"sanctum_spa\"\nthrottle_api = \"{rate}\"\n"
    ));
    add_ada(&server);
    server
}

fn at(server: &Server, address: &str) -> Actor {
    server.anon().wants_json().with("X-Forwarded-For", address)
}

fn ask_for_token(actor: &Actor, password: &str) -> Answer {
    actor.post("/api/auth/token", json!({"email": "ada@example.org", "password": password}))
}

fn ada(actor: &Actor) -> Actor {
    let token = ask_for_token(actor, PASSWORD).text("token");
    actor.with("Authorization", &format!("Bearer {token}"))
}

/// What an answer tells of the limit: all of it, what is left, when to come back and when that is.
fn told(answer: &Answer) -> [&str; 4] {
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After", "X-RateLimit-Reset"].map(|name| answer.header(name))
}

const NOTHING: [&str; 4] = [""; 4];

#[test]
fn sixty_requests_a_minute_and_the_next_one_is_told_when_to_come_back() {
    let server = limited("60/min");
    let here = at(&server, "192.0.2.1");
    for left in (1..60).rev() {
        let answer = ask_for_token(&here, "wrong");
        assert_eq!((answer.whole(), told(&answer)), ((422, WRONG), ["60", &left.to_string(), "", ""]));
    }
    server.wait(TimeDelta::seconds(20));
    assert_eq!(told(&ask_for_token(&here, PASSWORD)), ["60", "0", "", ""]);
    server.wait(TimeDelta::seconds(10));
    let reset = (noon().timestamp() + 60).to_string();
    for _ in 0..2 {
        let answer = ask_for_token(&here, PASSWORD);
        assert_eq!((answer.whole(), told(&answer)), ((429, TOO_MANY), ["60", "0", "30", &reset]));
        assert_eq!(answer.header("Content-Type"), "application/json");
    }
    // The window is one for every route, and a fixed one: at its end all places are back.
    let device = json!({"email": "ada@example.org", "password": PASSWORD, "device_name": "phone"});
    assert_eq!(here.post("/sanctum/token", device).whole(), (429, TOO_MANY));
    assert_eq!(told(&ask_for_token(&at(&server, "192.0.2.2"), PASSWORD)), ["60", "59", "", ""]);
    server.wait(TimeDelta::seconds(30));
    assert_eq!(told(&ask_for_token(&here, PASSWORD)), ["60", "59", "", ""]);
}

#[test]
fn a_user_has_one_budget_from_everywhere_by_token_and_session() {
    let server = limited("4/min");
    let (here, elsewhere) = (ada(&at(&server, "192.0.2.1")), ada(&at(&server, "192.0.2.2")));
    assert_eq!(told(&here.get("/api/user")), ["4", "3", "", ""]);
    assert_eq!(told(&elsewhere.get("/api/tokens")), ["4", "2", "", ""]);
    let mut browser = Browser::of_ada(&server);
    assert_eq!(told(&browser.get("/api/user")), ["4", "1", "", ""]);
    // An open route asks for the user of the session, and for no other.
    assert_eq!(told(&browser.post("/api/auth/token", json!({}))), ["4", "0", "", ""]);
    assert_eq!(told(&here.post("/api/auth/token", json!({}))), ["4", "2", "", ""]);
    let answer = here.get("/api/user");
    assert_eq!((answer.whole(), told(&answer)[1]), ((429, TOO_MANY), "0"));
    assert_eq!(browser.get("/api/user").whole(), (429, TOO_MANY));
    // It did not do what it was asked for.
    assert_eq!(here.delete("/api/tokens").whole(), (429, TOO_MANY));
    server.wait(TimeDelta::minutes(1));
    assert_eq!(told(&here.get("/api/user")), ["4", "3", "", ""]);
}

#[test]
fn every_refusal_behind_the_throttle_tells_what_is_left_and_none_in_front_of_it() {
    let server = limited("60/min");
    let here = at(&server, "192.0.2.1");
    let ada = ada(&here);
    for (left, answer) in [
        ("59", ada.delete("/api/tokens/999")),
        ("58", ada.post("/api/tokens/create", json!({}))),
        ("57", ada.send("HEAD", "/api/user", None, "")),
    ] {
        assert_eq!(told(&answer), ["60", left, "", ""], "{}", answer.body);
    }
    for _ in 0..3 {
        let answer = here.get("/api/user");
        assert_eq!((answer.whole(), told(&answer)), ((401, UNAUTHENTICATED), NOTHING));
        let page = server.anon().get("/api/user");
        assert_eq!((page.status, told(&page)), (302, NOTHING));
        for answer in [ada.get("/api/nope"), ada.delete("/api/user")] {
            assert!(matches!(answer.status, 404 | 405), "{}", answer.status);
            assert_eq!(told(&answer), NOTHING);
        }
        let forged = ada.with("Origin", FRONT_END).post("/api/tokens/create", json!({}));
        assert_eq!((forged.whole(), told(&forged)), ((419, MISMATCH), NOTHING));
        let long = ada.post("/api/tokens/create", json!({"token_name": "x".repeat(100_000)}));
        assert_eq!((long.status, told(&long)), (413, NOTHING));
    }
    let mut browser = Browser::ready(&server);
    assert_eq!(told(&browser.log_in("ada@example.org", PASSWORD)), NOTHING);
}

#[test]
fn without_the_setting_nothing_is_counted() {
    let server = with_ada();
    let ada = ada(&server.anon().wants_json());
    for _ in 0..100 {
        let answer = ada.get("/api/user");
        assert_eq!((answer.status, told(&answer)), (200, NOTHING));
    }
}

#[test]
fn who_does_not_ask_for_json_is_told_on_a_page() {
    let server = limited("1/hour");
    let here = server.anon();
    ask_for_token(&here, PASSWORD);
    let answer = ask_for_token(&here, PASSWORD);
    assert_eq!((answer.status, answer.header("Content-Type")), (429, "text/html; charset=UTF-8"));
    assert_eq!(told(&answer)[..3], ["1", "0", "3600"]);
}
