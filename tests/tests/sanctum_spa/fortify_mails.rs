//! The stack `fortify`: a new password and a confirmed address by mailed links.

use serde_json::{Value, json};

use crate::{
    common::{Browser, NO_MATCH, PASSWORD, UNAUTHENTICATED, registration},
    fortify::{NOTHING, STACK, TOO_MANY, ada, left, sent_to, taking},
    mailed::{ADA, NEW_PASSWORD, Site, refusal, reset},
};

const SENT: &str = r#"{"message":"We have emailed your password reset link."}"#;
const RESET: &str = r#"{"message":"Your password has been reset."}"#;
const NO_USER: &str = "We can't find a user with that email address.";
const DEAD: &str = "This password reset token is invalid.";
const TOO_SOON: &str = "Please wait before retrying.";
const NOTIFY: &str = "/email/verification-notification";
const INVALID: &str = "{\n    \"message\": \"Invalid signature.\"\n}";
const UNAUTHORIZED: &str = "{\n    \"message\": \"This action is unauthorized.\"\n}";
const BASE: &str = "http://127.0.0.1:8000";

/// Asks for a link to a new password, and reads its token.
fn token(site: &Site) -> String {
    assert_eq!(site.browser().post("/forgot-password", json!({"email": "ADA@Example.org"})).whole(), (200, SENT));
    let link = site.link(1);
    let token = link.strip_prefix("http://localhost:3000/password-reset/").unwrap();
    token.strip_suffix("?email=ada@example.org").unwrap().to_owned()
}

#[test]
fn a_password_is_reset_by_a_mailed_link_once() {
    let site = Site::with(STACK);
    let token = token(&site);
    let mut elsewhere = ada(&site);
    assert_eq!(site.reset(&token).whole(), (200, RESET));
    assert_eq!(elsewhere.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(site.browser().log_in(ADA, PASSWORD).whole(), (422, NO_MATCH));
    assert_eq!(site.browser().log_in(ADA, NEW_PASSWORD).status, 200);
    assert_eq!(site.reset(&token).whole(), (422, refusal(DEAD).as_str()));
}

#[test]
fn the_link_is_judged_before_the_password() {
    let site = Site::with(STACK);
    let token = token(&site);
    let mut browser = site.browser();
    assert_eq!(
        browser.post("/reset-password", json!({})).whole(),
        (
            422,
            r#"{"message":"The token field is required. (and 2 more errors)","errors":{"token":["The token field is required."],"email":["The email field is required."],"password":["The password field is required."]}}"#
        )
    );
    let short = |address: &str, token: &str| json!({"email": address, "token": token, "password": "short"});
    assert_eq!(browser.post("/reset-password", short(ADA, "x")).whole(), (422, refusal(DEAD).as_str()));
    let unknown = short("nobody@example.org", &token);
    assert_eq!(browser.post("/reset-password", unknown).whole(), (422, refusal(NO_USER).as_str()));
    let both = r#"{"message":"The password field must be at least 8 characters. (and 1 more error)","errors":{"password":["The password field must be at least 8 characters.","The password field confirmation does not match."]}}"#;
    assert_eq!(browser.post("/reset-password", short(ADA, &token)).whole(), (422, both));
    // The link is not used up by that.
    assert_eq!(browser.post("/reset-password", reset(ADA, &token)).whole(), (200, RESET));
}

#[test]
fn who_asks_for_a_link_hears_what_became_of_it() {
    let site = Site::with(STACK);
    let mut browser = site.browser();
    let mut ask = |email: Value| browser.post("/forgot-password", json!({"email": email}));
    assert_eq!(ask(json!(null)).whole(), (422, refusal("The email field is required.").as_str()));
    assert_eq!(ask(json!("x")).whole(), (422, refusal("The email field must be a valid email address.").as_str()));
    assert_eq!(ask(json!("nobody@example.org")).whole(), (422, refusal(NO_USER).as_str()));
    assert_eq!(ask(json!(ADA)).whole(), (200, SENT));
    assert_eq!(ask(json!(ADA)).whole(), (422, refusal(TOO_SOON).as_str()));
    assert_eq!(site.mailbox.wait_for(ADA, 1).len(), 1);
}

#[test]
fn pages_and_scripts_that_take_anything_are_sent_back_or_home() {
    let site = Site::with(STACK);
    let from = "http://localhost:3000/forgot";
    for accept in ["text/html", "*/*"] {
        let mut page = taking(&site.browser(), &site, accept);
        page.anon = page.anon.with("Referer", from).with("X-Requested-With", "XMLHttpRequest");
        let unknown = page.post("/forgot-password", json!({"email": "nobody@example.org"}));
        assert_eq!(sent_to(&unknown), (302, from), "{accept}");
        assert_eq!(sent_to(&page.post("/reset-password", reset(ADA, "x"))), (302, from), "{accept}");
    }
    let mut page = taking(&site.browser(), &site, "text/html");
    page.anon = page.anon.with("Referer", from);
    assert_eq!(sent_to(&page.post("/reset-password", reset(ADA, &token(&site)))), (302, "http://127.0.0.1:8000/home"));
    let mut ada = site.browser();
    assert_eq!(ada.log_in(ADA, NEW_PASSWORD).status, 200);
    assert_eq!(sent_to(&ada.post("/forgot-password", json!({"email": ADA}))), (302, BASE));
    assert_eq!(sent_to(&ada.post("/reset-password", reset(ADA, "x"))), (302, BASE));
}

/// Somebody new, and path and query of their link.
fn newcomer(site: &Site) -> (Browser, String) {
    let mut browser = site.browser();
    assert_eq!(browser.post("/register", registration("new@example.org")).whole(), (201, NOTHING));
    let mail = &site.mailbox.wait_for("new@example.org", 1)[0];
    let link = mail.links[0].strip_prefix(BASE).unwrap().to_owned();
    (browser, link)
}

#[test]
fn who_registers_confirms_the_address() {
    let site = Site::with(STACK);
    let (mut browser, link) = newcomer(&site);
    let path = "/email/verify/2/d721c9b5909fa2744ed2ec083a2d239b20754496?expires=1767358800&signature=";
    assert!(link.starts_with(path), "{link}");
    assert_eq!(browser.get(&format!("{link}0")).whole(), (403, INVALID));
    assert_eq!(ada(&site).get(&link).whole(), (403, UNAUTHORIZED));
    assert_eq!(site.browser().get(&link).whole(), (401, UNAUTHENTICATED));
    assert_eq!(browser.get(&link).whole(), (204, ""));
    let verified = browser.get("/api/user").json()["email_verified_at"].clone();
    assert_eq!(verified, "2026-01-02T12:00:00.000000Z");
    let page = taking(&browser, &site, "text/html").get(&link);
    assert_eq!(sent_to(&page), (302, "http://127.0.0.1:8000/home?verified=1"));
    // Whose address is confirmed is mailed no more.
    assert_eq!(browser.post(NOTIFY, json!({})).whole(), (204, ""));
    let page = taking(&browser, &site, "text/html").post(NOTIFY, json!({}));
    assert_eq!(sent_to(&page), (302, "http://127.0.0.1:8000/home"));
    assert_eq!(site.mailbox.mails().len(), 1);
}

#[test]
fn a_link_is_sent_again_six_times_a_minute() {
    let site = Site::with(STACK);
    let (mut browser, link) = newcomer(&site);
    let again = browser.post(NOTIFY, json!({}));
    assert_eq!((again.whole(), left(&again)), ((202, NOTHING), ["6", "5", "", ""]));
    assert_eq!(left(&browser.get(&format!("{link}0"))), ["6", "4", "", ""]);
    let mut page = taking(&browser, &site, "text/html");
    page.anon = page.anon.with("Referer", "http://localhost:3000/verify");
    assert_eq!(sent_to(&page.post(NOTIFY, json!({}))), (302, "http://localhost:3000/verify"));
    for remaining in ["2", "1", "0"] {
        assert_eq!(left(&browser.post(NOTIFY, json!({})))[1], remaining);
    }
    let refused = browser.get(&link);
    assert_eq!((refused.whole(), left(&refused)), ((429, TOO_MANY), ["6", "0", "60", "1767355260"]));
}
