//! Confirming an e-mail address.

use chrono::TimeDelta;
use countersign_core::UserId;
use countersign_tests::{Answer, Server, server::noon};
use serde_json::{Value, json};

use crate::{
    common::{Browser, MISMATCH, UNAUTHENTICATED, add_ada, cookies, registration},
    mailed::{ADA, Site},
};

const NOTIFY: &str = "/email/verification-notification";
const LINK_SENT: &str = r#"{"status":"verification-link-sent"}"#;
const INVALID: &str = "{\n    \"message\": \"Invalid signature.\"\n}";
const UNAUTHORIZED: &str = "{\n    \"message\": \"This action is unauthorized.\"\n}";
const TOO_MANY: &str = "{\n    \"message\": \"Too Many Attempts.\"\n}";
const BASE: &str = "http://127.0.0.1:8000";
const VERIFIED: &str = "http://localhost:3000/dashboard?verified=1";

/// Asks for Ada's link, which the `count`th mail has; path and query.
fn link(site: &Site, ada: &mut Browser, count: usize) -> String {
    assert_eq!(ada.post(NOTIFY, json!({})).whole(), (200, LINK_SENT));
    site.link(count).strip_prefix(BASE).unwrap().to_owned()
}

#[test]
fn who_registers_confirms_the_address() {
    let site = Site::with("");
    let mut browser = site.browser();
    browser.anon = browser.anon.with("X-Forwarded-Host", "evil.example");
    assert_eq!(browser.post("/register", registration("new@example.org")).whole(), (204, ""));
    assert_eq!(browser.get("/api/user").json()["email_verified_at"], Value::Null);
    let mail = &site.mailbox.wait_for("new@example.org", 1)[0];
    assert_eq!(mail.subject, "Verify Email Address");
    let url = mail.links[0].clone();
    // 2026-01-02 13:00:00, an hour later.
    let path = "/verify-email/2/d721c9b5909fa2744ed2ec083a2d239b20754496?expires=1767358800&signature=";
    let (start, signature) = url.split_at(BASE.len() + path.len());
    assert_eq!(start, format!("{BASE}{path}"));
    assert!(signature.len() == 64 && signature.chars().all(|c| "0123456789abcdef".contains(c)), "{signature}");
    assert_eq!(
        mail.text.trim_end(),
        format!(
            "Hello!\n\nAn account was made with this address. Please confirm that it is yours.\n\n\
             Verify Email Address:\n{url}\n\nThe link is good for 60 minutes. If the account is not yours, there is \
             nothing to do.\n\nRegards,\nlocalhost:3000"
        )
    );
    assert!(mail.html.as_deref().unwrap().contains(&format!("<a href=\"{}\">", url.replace('&', "&amp;"))));
    let path = url.strip_prefix(BASE).unwrap();
    let answer = browser.get(path);
    assert_eq!((answer.status, answer.header("Location"), cookies(&answer).len()), (302, VERIFIED, 2));
    assert_eq!(answer.header("Content-Type"), "text/html; charset=utf-8");
    let verified = browser.get("/api/user").json()["email_verified_at"].clone();
    assert_eq!(verified, "2026-01-02T12:00:00.000000Z");
    // Again it leads there, and the moment stays; whose address is confirmed is sent on.
    site.server.wait(TimeDelta::seconds(5));
    assert_eq!((browser.get(path).header("Location"), browser.get(path).status), (VERIFIED, 302));
    assert_eq!(browser.get("/api/user").json()["email_verified_at"], verified);
    let answer = browser.post(NOTIFY, json!({}));
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000/dashboard"));
    assert_eq!(site.mailbox.mails().len(), 1);
}

#[test]
fn a_changed_link_has_an_invalid_signature() {
    let site = Site::with("verification_rate = \"100/min\"");
    let mut ada = Browser::of_ada(&site.server);
    let good = link(&site, &mut ada, 1);
    let (path, query) = good.split_once('?').unwrap();
    let (expires, signature) = query.split_once('&').unwrap();
    for changed in [
        format!("{good}x"),
        format!("{good}&x=1"),
        format!("{path}?x=1&{query}"),
        format!("{path}?{expires}0&{signature}"),
        format!("{path}?{signature}"),
        format!("{path}?{expires}"),
        format!("{good}&signature="),
        path.to_owned(),
        good.replace("/verify-email/1/", "/verify-email/2/"),
    ] {
        assert_eq!(ada.get(&changed).whole(), (403, INVALID), "{changed}");
    }
    // The signature is no part of what is signed, wherever it stands.
    assert_eq!(ada.get(&format!("{path}?{signature}&{expires}")).status, 302);
}

#[test]
fn a_link_lives_for_an_hour() {
    let site = Site::with("");
    let mut ada = Browser::of_ada(&site.server);
    let (first, second) = (link(&site, &mut ada, 1), link(&site, &mut ada, 2));
    site.server.wait(TimeDelta::hours(1));
    assert_eq!(ada.get(&first).header("Location"), VERIFIED);
    site.server.wait(TimeDelta::seconds(1));
    assert_eq!(ada.get(&second).whole(), (403, INVALID));
}

#[test]
fn a_link_is_one_users_and_one_addresss() {
    let site = Site::with("");
    let mut ada = Browser::of_ada(&site.server);
    let link = link(&site, &mut ada, 1);
    let mut visitor = site.browser();
    assert_eq!(visitor.get(&link).whole(), (401, UNAUTHENTICATED));
    let page = site.server.anon().get(&link);
    assert_eq!((page.status, page.header("Location")), (302, "http://127.0.0.1:8000/login"));
    assert_eq!(visitor.post("/register", registration("new@example.org")).whole(), (204, ""));
    assert_eq!(visitor.get(&link).whole(), (403, UNAUTHORIZED));
    site.server.owner.change_email(UserId(1), Some("other@example.org")).unwrap();
    assert_eq!(ada.get(&link).whole(), (403, UNAUTHORIZED));
    assert_eq!(ada.get("/api/user").json()["email_verified_at"], Value::Null);
}

#[test]
fn both_paths_share_six_tries_a_minute() {
    let site = Site::with("");
    let mut ada = Browser::of_ada(&site.server);
    let link = link(&site, &mut ada, 1);
    for _ in 0..3 {
        assert_eq!(ada.post(NOTIFY, json!({})).whole(), (200, LINK_SENT));
    }
    assert_eq!(ada.get(&format!("{link}x")).whole(), (403, INVALID));
    assert_eq!(ada.get(&format!("{link}x")).whole(), (403, INVALID));
    let told = |answer: &Answer| {
        ["X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After", "X-RateLimit-Reset"]
            .map(|name| answer.header(name).to_owned())
    };
    let refused = ada.get(&link);
    let reset = (noon().timestamp() + 60).to_string();
    assert_eq!((refused.whole(), told(&refused)), ((429, TOO_MANY), ["6", "0", "60", &reset].map(str::to_owned)));
    assert_eq!(ada.post(NOTIFY, json!({})).whole(), (429, TOO_MANY));
    let mut other = site.browser();
    assert_eq!(other.post("/register", registration("new@example.org")).whole(), (204, ""));
    let sent = other.post(NOTIFY, json!({}));
    assert_eq!((sent.whole(), told(&sent)), ((200, LINK_SENT), ["6", "5", "", ""].map(str::to_owned)));
    // Who is nobody is not told what is left.
    assert_eq!(told(&site.browser().get(&link)), [""; 4].map(str::to_owned));
    site.server.wait(TimeDelta::seconds(60));
    let confirmed = ada.get(&link);
    assert_eq!((confirmed.header("Location"), confirmed.header("X-RateLimit-Remaining")), (VERIFIED, "5"));
}

#[test]
fn an_address_is_not_flooded() {
    let site = Site::with("verification_rate = \"100/min\"\nverification_mail_rate = \"2/hour\"");
    let mut ada = Browser::of_ada(&site.server);
    assert_eq!(ada.post(NOTIFY, json!({})).whole(), (200, LINK_SENT));
    assert_eq!(ada.post(NOTIFY, json!({})).whole(), (200, LINK_SENT));
    assert_eq!(ada.post(NOTIFY, json!({})).whole(), (429, TOO_MANY));
    assert_eq!(site.mailbox.wait_for(ADA, 2).len(), 2);
}

#[test]
fn a_link_is_asked_for_with_session_and_token() {
    let site = Site::with("");
    assert_eq!(site.browser().post(NOTIFY, json!({})).whole(), (401, UNAUTHENTICATED));
    let ada = Browser::of_ada(&site.server);
    assert_eq!(ada.cookies_only().post(NOTIFY, json!({})).whole(), (419, MISMATCH));
}

#[test]
fn no_link_is_sent_to_whom_the_settings_spare() {
    let site = Site::with("send_verification_email = false");
    let mut browser = site.browser();
    assert_eq!(browser.post("/register", registration("new@example.org")).whole(), (204, ""));
    assert_eq!(browser.post(NOTIFY, json!({})).whole(), (200, LINK_SENT));
    assert_eq!(site.mailbox.wait_for("new@example.org", 1).len(), 1);
}

#[test]
fn an_address_is_confirmed_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let owner = &server.owner;
        let ada = owner.user(UserId(1)).unwrap();
        let link = owner.make_verification_link("/api/verify-email", &ada, TimeDelta::hours(1));
        let (path, query) = link.split_once('?').unwrap();
        assert_eq!(path, "/api/verify-email/1/3c1b5f0cb91772d027dcdde8fb749091db780cbb");
        assert!(owner.is_signed(path, query) && !owner.is_signed(&path[4..], query));
        assert!(owner.verify_address(&ada, "01", "3c1b5f0cb91772d027dcdde8fb749091db780cbb").is_err());
        owner.verify_address(&ada, "1", "3c1b5f0cb91772d027dcdde8fb749091db780cbb").unwrap();
        assert!(owner.user(UserId(1)).unwrap().email_verified_at.is_some(), "{}", server.backend);
        owner.change_email(UserId(1), Some("new@example.org")).unwrap();
        assert!(
            owner.verify_address(&ada, "1", "3c1b5f0cb91772d027dcdde8fb749091db780cbb").is_err(),
            "{}",
            server.backend
        );
        assert_eq!(owner.user(UserId(1)).unwrap().email_verified_at, None, "{}", server.backend);
    }
}
