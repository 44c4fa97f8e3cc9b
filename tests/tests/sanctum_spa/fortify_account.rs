//! The stack `fortify`: the user's own name, address and password.

use chrono::TimeDelta;
use countersign_core::UserId;
use serde_json::{Value, json};

use crate::{
    common::{Browser, MISMATCH, NO_MATCH, PASSWORD, UNAUTHENTICATED, backend, cookies, registration},
    fortify::{NOTHING, STACK, TOO_MANY, ada, sent_to, taking},
    mailed::{ADA, NEW_PASSWORD, Site},
};

const PROFILE: &str = "/user/profile-information";
const PASSWORDS: &str = "/user/password";
const CONFIRM: &str = "/user/confirm-password";
const STATUS: &str = "/user/confirmed-password-status";
const NOT_CURRENT: &str = r#"{"message":"The provided password does not match your current password.","errors":{"current_password":["The provided password does not match your current password."]}}"#;
const INCORRECT: &str = r#"{"message":"The provided password was incorrect.","errors":{"password":["The provided password was incorrect."]}}"#;

fn another(current: &str) -> Value {
    json!({"current_password": current, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD})
}

#[test]
fn name_and_address_are_changed_and_the_new_address_is_mailed() {
    let site = Site::with(STACK);
    let mut browser = ada(&site);
    assert_eq!(browser.put(PROFILE, json!({"name": " Ada K. ", "email": "ADA@example.org"})).whole(), (200, NOTHING));
    let user = browser.get("/api/user").json();
    assert_eq!((&user["name"], &user["email"]), (&json!("Ada K."), &json!(ADA)));
    assert!(site.mailbox.mails().is_empty());
    let mail = site.server.owner.make_verification_link(
        "/email/verify",
        &site.server.owner.user(UserId(1)).unwrap(),
        TimeDelta::hours(1),
    );
    assert_eq!(browser.get(&mail).whole(), (204, ""));
    assert_ne!(browser.get("/api/user").json()["email_verified_at"], Value::Null);

    assert_eq!(browser.put(PROFILE, json!({"name": "Ada", "email": "New@example.org"})).whole(), (200, NOTHING));
    let user = browser.get("/api/user").json();
    assert_eq!((&user["email"], &user["email_verified_at"]), (&json!("new@example.org"), &Value::Null));
    let mail = &site.mailbox.wait_for("new@example.org", 1)[0];
    assert_eq!(mail.subject, "Verify Email Address");
    let link = mail.links[0].strip_prefix("http://127.0.0.1:8000").unwrap();
    assert_eq!(browser.get(link).whole(), (204, ""));
    assert_eq!(site.browser().log_in(ADA, PASSWORD).whole(), (422, NO_MATCH));
    assert_eq!(site.browser().log_in("new@example.org", PASSWORD).status, 200);
}

#[test]
fn what_is_wrong_with_a_profile_is_named_and_nothing_is_changed() {
    let site = Site::with(STACK);
    assert_eq!(site.browser().post("/register", registration("bob@example.org")).whole(), (201, NOTHING));
    let mut browser = ada(&site);
    let before = browser.get("/api/user").body;
    for (body, said) in [
        (
            json!({}),
            r#"{"message":"The name field is required. (and 1 more error)","errors":{"name":["The name field is required."],"email":["The email field is required."]}}"#,
        ),
        (
            json!({"name": 5, "email": "x"}),
            r#"{"message":"The name field must be a string. (and 1 more error)","errors":{"name":["The name field must be a string."],"email":["The email field must be a valid email address."]}}"#,
        ),
        (
            json!({"name": "Eve", "email": "BOB@example.org"}),
            r#"{"message":"The email has already been taken.","errors":{"email":["The email has already been taken."]}}"#,
        ),
    ] {
        assert_eq!(browser.put(PROFILE, body).whole(), (422, said));
    }
    assert_eq!(browser.get("/api/user").body, before);
    let mut page = taking(&browser, &site, "text/html");
    page.anon = page.anon.with("Referer", "http://localhost:3000/profile");
    assert_eq!(sent_to(&page.put(PROFILE, json!({}))), (302, "http://localhost:3000/profile"));
    assert_eq!(sent_to(&page.put(PROFILE, json!({"name": "A", "email": ADA}))), (302, "http://localhost:3000/profile"));
}

#[test]
fn no_mailbox_is_flooded_by_changes_of_address() {
    let site = Site::with(&format!("{STACK}\nverification_mail_rate = \"3/hour\""));
    let mut browser = ada(&site);
    for number in 0..3 {
        let body = json!({"name": "A", "email": format!("a{number}@example.org")});
        assert_eq!(browser.put(PROFILE, body).whole(), (200, NOTHING));
    }
    let body = json!({"name": "B", "email": "b@example.org"});
    assert_eq!(browser.put(PROFILE, body).whole(), (429, TOO_MANY));
    let user = browser.get("/api/user").json();
    assert_eq!((&user["name"], &user["email"]), (&json!("A"), &json!("a2@example.org")));
}

#[test]
fn a_new_password_ends_the_other_sessions_and_leaves_the_tokens() {
    let site = Site::with(STACK);
    let (mut browser, mut elsewhere) = (ada(&site), ada(&site));
    let mut remembered = site.browser();
    let body = json!({"email": ADA, "password": PASSWORD, "remember": true});
    assert_eq!(remembered.post("/login", body).status, 200);
    let mobile = backend(&site.server, "read");
    let answer = browser.put(PASSWORDS, another(PASSWORD));
    assert_eq!((answer.whole(), cookies(&answer).len()), ((200, NOTHING), 2));
    assert_eq!(elsewhere.get(STATUS).whole(), (401, UNAUTHENTICATED));
    remembered.cookies.retain(|name, _| name.starts_with("remember_web_"));
    assert_eq!(remembered.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(mobile.get("/api/user").status, 200);
    assert_eq!(site.browser().log_in(ADA, PASSWORD).whole(), (422, NO_MATCH));
    // The API has not seen this session before: it goes on.
    assert_eq!(browser.get("/api/user").status, 200);
    assert_eq!(browser.get("/api/user").status, 200);
}

#[test]
fn the_api_ends_a_session_that_it_has_seen_once_its_password_is_another() {
    let site = Site::with(STACK);
    let mut browser = ada(&site);
    assert_eq!(browser.get("/api/user").status, 200);
    assert_eq!(browser.put(PASSWORDS, another(PASSWORD)).whole(), (200, NOTHING));
    let kept = Browser { anon: browser.anon.clone(), cookies: browser.cookies.clone() };
    // What is no part of the API goes on.
    assert_eq!(browser.get(STATUS).whole(), (200, r#"{"confirmed":false}"#));
    assert_eq!(browser.put(PASSWORDS, another(PASSWORD)).whole(), (422, NOT_CURRENT));
    let mobile = backend_token(&site);
    browser.anon = browser.anon.with("Authorization", &format!("Bearer {mobile}"));
    let answer = browser.get("/api/user");
    assert_eq!((answer.whole(), cookies(&answer).len()), ((401, UNAUTHENTICATED), 2));
    // Nothing is left of it, not even a CSRF token that fits; whoever kept the cookies has nothing either.
    let answer = browser.post("/logout", json!({}));
    assert_eq!((answer.whole(), cookies(&answer).len()), ((419, MISMATCH), 1));
    assert_eq!(kept.actor().get(STATUS).whole(), (401, UNAUTHENTICATED));
    assert_eq!(browser.get("/api/user").status, 200);
    browser.anon = site.browser().anon;
    assert_eq!(browser.get("/sanctum/csrf-cookie").status, 204);
    assert_eq!(browser.log_in(ADA, NEW_PASSWORD).status, 200);
    assert_eq!((browser.get("/api/user").status, browser.get("/api/user").status), (200, 200));
}

/// A token of Ada's, issued with the new password.
fn backend_token(site: &Site) -> String {
    let mut other = site.browser();
    assert_eq!(other.log_in(ADA, NEW_PASSWORD).status, 200);
    other.api_token()
}

#[test]
fn what_is_wrong_with_a_new_password_is_named() {
    let site = Site::with(STACK);
    let mut browser = ada(&site);
    for (body, said) in [
        (
            json!({}),
            r#"{"message":"The current password field is required. (and 1 more error)","errors":{"current_password":["The current password field is required."],"password":["The password field is required."]}}"#,
        ),
        (
            json!({"current_password": null, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}),
            r#"{"message":"The current password field is required.","errors":{"current_password":["The current password field is required."]}}"#,
        ),
        (another("wrong"), NOT_CURRENT),
        (
            json!({"current_password": PASSWORD, "password": "short", "password_confirmation": "x"}),
            r#"{"message":"The password field must be at least 8 characters. (and 1 more error)","errors":{"password":["The password field must be at least 8 characters.","The password field confirmation does not match."]}}"#,
        ),
        (
            json!({"current_password": ["x"], "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}),
            r#"{"message":"The current password field must be a string.","errors":{"current_password":["The current password field must be a string."]}}"#,
        ),
    ] {
        assert_eq!(browser.put(PASSWORDS, body).whole(), (422, said));
    }
    assert_eq!(site.browser().log_in(ADA, PASSWORD).status, 200);
}

#[test]
fn the_current_password_is_guessed_no_more_often_here_than_elsewhere() {
    let site = Site::with(&format!("{STACK}\n[throttle]\nenabled = true"));
    let mut browser = ada(&site);
    for _ in 0..3 {
        assert_eq!(browser.put(PASSWORDS, another("wrong")).whole(), (422, NOT_CURRENT));
    }
    for _ in 0..2 {
        assert_eq!(browser.post(CONFIRM, json!({"password": "wrong"})).whole(), (422, INCORRECT));
    }
    assert_eq!(browser.post(CONFIRM, json!({"password": PASSWORD})).whole(), (429, TOO_MANY));
    let refused = browser.put(PASSWORDS, another(PASSWORD));
    assert_eq!((refused.whole(), refused.header("Retry-After")), ((429, TOO_MANY), "60"));
}

#[test]
fn a_password_is_confirmed_for_a_while() {
    let site = Site::with(STACK);
    let mut browser = ada(&site);
    let status = |browser: &mut Browser, query: &str| {
        let answer = browser.get(&format!("{STATUS}{query}"));
        (answer.body.clone(), answer.header("X-Retry-After").to_owned())
    };
    let no = (r#"{"confirmed":false}"#.to_owned(), String::new());
    let yes = |ago: &str| (r#"{"confirmed":true}"#.to_owned(), ago.to_owned());
    assert_eq!(status(&mut browser, ""), no);
    for body in [json!({}), json!({"password": "wrong"})] {
        assert_eq!(browser.post(CONFIRM, body).whole(), (422, INCORRECT));
    }
    assert_eq!(status(&mut browser, ""), no);
    assert_eq!(browser.post(CONFIRM, json!({"password": PASSWORD})).whole(), (201, NOTHING));
    assert_eq!(status(&mut browser, ""), yes(""));
    site.server.wait(TimeDelta::seconds(7_000));
    assert_eq!(status(&mut browser, ""), yes("7000"));
    assert_eq!(
        (status(&mut browser, "?seconds=7000"), status(&mut browser, "?seconds=7001")),
        (no.clone(), yes("7000"))
    );
    site.server.wait(TimeDelta::seconds(3_800));
    assert_eq!(status(&mut browser, ""), no);
    let mut page = taking(&browser, &site, "text/html");
    assert_eq!(sent_to(&page.post(CONFIRM, json!({"password": PASSWORD}))), (302, "http://127.0.0.1:8000/home"));
    assert_eq!(status(&mut page, ""), yes(""));
    assert_eq!(sent_to(&page.post("/logout", json!({}))).0, 302);
    page.log_in(ADA, PASSWORD);
    assert_eq!(status(&mut page, ""), no);
}

#[test]
fn only_a_session_opens_these_paths_and_changes_need_its_token() {
    let site = Site::with(STACK);
    let mut visitor = site.browser();
    let token = ada(&site).api_token();
    visitor.anon = visitor.anon.with("Authorization", &format!("Bearer {token}"));
    assert_eq!(visitor.get(STATUS).whole(), (401, UNAUTHENTICATED));
    assert_eq!(visitor.post(CONFIRM, json!({"password": PASSWORD})).whole(), (401, UNAUTHENTICATED));
    assert_eq!(visitor.put(PASSWORDS, another(PASSWORD)).whole(), (401, UNAUTHENTICATED));
    assert_eq!(visitor.put(PROFILE, json!({"name": "A", "email": ADA})).whole(), (401, UNAUTHENTICATED));
    let forger = ada(&site).cookies_only();
    for path in [PASSWORDS, PROFILE] {
        assert_eq!(forger.send("PUT", path, Some("application/json"), "{}").whole(), (419, MISMATCH));
    }
    assert_eq!(forger.post(CONFIRM, json!({})).whole(), (419, MISMATCH));
}
