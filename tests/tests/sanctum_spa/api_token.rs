//! The api-token: the meta tag, and when it is replaced.

use chrono::TimeDelta;
use countersign_core::{TokenKind, UserId};
use countersign_tests::{Actor, Server};
use serde_json::{Value, json};

use crate::common::{Browser, NO_API_TOKENS, PASSWORD, UNAUTHENTICATED, UNAVAILABLE, add_ada, backend, with_ada};

#[test]
fn the_meta_tag_holds_a_token_that_opens_protected_routes() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let token = browser.api_token();
    let tag = browser.get("/meta/api-token");
    assert_eq!(tag.whole(), (200, format!("<meta name=\"api-token\" content=\"{token}\">").as_str()));
    assert_eq!(tag.header("Content-Type"), "text/html; charset=UTF-8");
    assert_eq!(tag.header("Cache-Control"), "no-store");
    assert_eq!((tag.header("Vary"), tag.header("X-Frame-Options")), ("Cookie", "DENY"));
    assert_eq!(server.bearer(&token).get("/api/user").json()["email"], "ada@example.org");
}

#[test]
fn the_meta_tag_is_for_sessions_only() {
    let server = with_ada();
    let token = Browser::of_ada(&server).api_token();
    assert_eq!(Browser::ready(&server).get("/meta/api-token").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&token).wants_json().get("/meta/api-token").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.anon().get("/meta/api-token").header("Location"), "http://127.0.0.1:8000/login");
}

#[test]
fn the_api_token_is_in_the_tokens_and_in_the_user_and_does_not_end() {
    let server = with_ada();
    let token = Browser::of_ada(&server).api_token();
    let rows = server.owner.tokens(UserId(1), Some(TokenKind::Sanctum)).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].name.as_str(), rows[0].expires_at), ("api-token", None));
    let kept = server.owner.user(UserId(1)).unwrap().api_token.unwrap();
    assert!(!kept.contains(token.split_once('|').unwrap().1));
    server.wait(TimeDelta::days(3650));
    assert_eq!(server.bearer(&token).get("/api/user").status, 200);
}

/// It is the pages' own: who asks for the tokens that they made is not shown it, and can end it all the same.
#[test]
fn the_api_token_is_in_no_list_but_the_owners() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    assert_eq!(browser.get("/api/tokens").whole(), (200, "[]"));
    let same_name = json!({"token_name": "api-token"});
    assert_eq!(browser.post("/api/tokens/create", same_name).status, 200);
    let listed = browser.get("/api/tokens").json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!(3)));
    assert_eq!(server.owner.tokens(UserId(1), Some(TokenKind::Sanctum)).unwrap().len(), 2);

    let token = browser.api_token();
    let delete = |actor: Actor, path: &str| assert_eq!(actor.delete(path).whole(), (204, ""), "{path}");
    delete(browser.actor(), &format!("/api/tokens/{}", token.split_once('|').unwrap().0));
    assert_eq!((browser.api_token(), server.bearer(&token).wants_json().get("/api/user").status), (String::new(), 401));
    let token = Browser::of_ada(&server).api_token();
    delete(server.bearer(&token), "/api/tokens");
    assert_eq!(server.bearer(&token).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_login_replaces_the_api_token_and_leaves_the_others() {
    let server = with_ada();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let own = server.anon().post("/api/auth/token", login).text("token");
    let first = Browser::of_ada(&server).api_token();
    assert_eq!(server.bearer(&first).get("/api/user").status, 200);
    let second = Browser::of_ada(&server).api_token();
    assert_ne!(first, second);
    assert_eq!(server.bearer(&first).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&second).get("/api/user").status, 200);
    assert_eq!(server.bearer(&own).get("/api/user").status, 200);
}

#[test]
fn a_login_replaces_every_token_where_that_is_configured() {
    let server = Server::with(
        "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\napi_token_replaces = \"all\"\n",
    );
    add_ada(&server);
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let own = server.anon().post("/api/auth/token", login).text("token");
    let token = Browser::of_ada(&server).api_token();
    assert_eq!(server.bearer(&own).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&token).get("/api/user").status, 200);
}

#[test]
fn a_purchase_replaces_the_api_token() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let backend = backend(&server, "tokens:rotate");
    let mut before = browser.api_token();
    for body in [
        json!({"email": "ada@example.org", "reason": "course_purchase"}),
        json!({"user_id": 1, "reason": "tariff_payment"}),
    ] {
        assert_eq!(backend.post("/api/auth/token/rotate", body).whole(), (204, ""));
        let after = browser.api_token();
        assert_ne!(before, after);
        assert_eq!(server.bearer(&before).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
        assert_eq!(server.bearer(&after).get("/api/user").status, 200);
        before = after;
    }
}

#[test]
fn only_who_was_given_the_ability_by_name_reports_a_purchase() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let body = json!({"user_id": 1, "reason": "course_purchase"});
    let invalid = "{\n    \"message\": \"Invalid ability provided.\"\n}";
    let rotate = |actor: &Actor| actor.post("/api/auth/token/rotate", body.clone());
    assert_eq!(rotate(&backend(&server, "check-status")).whole(), (403, invalid));
    assert_eq!(rotate(&server.bearer(&browser.api_token()).wants_json()).whole(), (403, invalid));
    assert_eq!(rotate(&browser.actor()).whole(), (403, invalid));
    assert_eq!(rotate(&server.anon().wants_json()).whole(), (401, UNAUTHENTICATED));
}

#[test]
fn who_is_calling_is_asked_before_what_they_want() {
    let server = with_ada();
    let few = backend(&server, "check-status");
    let (dead, nobody) = (server.bearer("1|dead").wants_json(), server.anon().wants_json());
    for body in [r#"{"a": 1, "a": 2}"#, "{}"] {
        let send = |actor: &Actor, path| actor.send("POST", path, Some("application/json"), body).status;
        // Whatever comes first by chance, comes first often enough.
        for _ in 0..5 {
            assert_eq!(send(&few, "/api/auth/token/rotate"), 403);
            for path in ["/api/auth/token/rotate", "/api/tokens/create"] {
                assert_eq!((send(&dead, path), send(&nobody, path)), (401, 401), "{path}");
            }
        }
    }
    // Laravel refuses it in front of its router.
    let too_long = format!(r#"{{"reason": "{}"}}"#, "x".repeat(100_000));
    for actor in [few, dead, nobody] {
        for path in ["/api/auth/token/rotate", "/api/tokens/create", "/api/nowhere"] {
            assert_eq!(actor.send("POST", path, Some("application/json"), &too_long).status, 413, "{path}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_report_is_named() {
    let server = with_ada();
    let backend = backend(&server, "tokens:rotate");
    let errors = |body| backend.post("/api/auth/token/rotate", body).json()["errors"].clone();
    assert_eq!(
        errors(json!({})),
        json!({
            "email": ["The email field is required when user id is not present."],
            "user_id": ["The user id field is required when email is not present."],
            "reason": ["The reason field is required."],
        })
    );
    assert_eq!(errors(json!({"user_id": 9, "reason": "x"})), json!({"user_id": ["The selected user id is invalid."]}));
    assert_eq!(errors(json!({"email": "no@one", "reason": "x"})), json!({"email": ["The selected email is invalid."]}));
    assert_eq!(
        errors(json!({"user_id": "x", "reason": "x"})),
        json!({"user_id": ["The user id field must be an integer."]})
    );
}

#[test]
fn a_reason_that_would_forge_a_line_of_the_log_is_refused() {
    let server = with_ada();
    let backend = backend(&server, "tokens:rotate");
    let words = "The reason field must not contain control characters.";
    let expected = format!(r#"{{"message":"{words}","errors":{{"reason":["{words}"]}}}}"#);
    for reason in ["x\ny", "x\u{1b}[2Jy", "x\u{85}y"] {
        let answer = backend.post("/api/auth/token/rotate", json!({"user_id": 1, "reason": reason}));
        assert_eq!(answer.whole(), (422, expected.as_str()), "{reason:?}");
    }
}

#[test]
fn the_user_of_a_report_is_named_without_doubt() {
    let server = with_ada();
    server.anon().post("/register", json!({"login": "bob@example.org", "password": PASSWORD}));
    let backend = backend(&server, "tokens:rotate");
    let errors = |body| {
        let answer = backend.post("/api/auth/token/rotate", body);
        (answer.status, answer.json()["errors"].clone())
    };
    let no_integer = json!({"user_id": ["The user id field must be an integer."]});
    for user in [json!(true), json!("+1"), json!(1.0), json!("01"), json!([1])] {
        assert_eq!(errors(json!({"user_id": user, "reason": "x"})), (422, no_integer.clone()), "{user}");
    }
    let both = |email: &str, user: Value| json!({"email": email, "user_id": user, "reason": "x"});
    let contradicting = json!({"user_id": ["The selected user id is invalid."]});
    assert_eq!(errors(both("bob@example.org", json!(1))), (422, contradicting));
    for user in [json!(1), json!("1")] {
        assert_eq!(backend.post("/api/auth/token/rotate", both("ada@example.org", user)).whole(), (204, ""));
    }
}

#[test]
fn a_login_without_a_new_api_token_is_no_login() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let token = browser.api_token();
    server.tamper(NO_API_TOKENS);
    let mut other = Browser::ready(&server);
    let answer = other.log_in("ada@example.org", PASSWORD);
    assert_eq!((answer.whole(), answer.header("Retry-After")), ((503, UNAVAILABLE), "1"));
    assert_eq!(other.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&token).get("/api/user").status, 200);
}
