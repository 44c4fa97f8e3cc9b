//! A new password by a mailed link.

use std::{sync::Barrier, thread};

use chrono::TimeDelta;
use countersign_core::{Secret, UserId, store::Revoke};
use countersign_tests::Server;
use serde_json::json;

use crate::{
    common::{Browser, FRONT_END, MISMATCH, NO_MATCH, PASSWORD, UNAUTHENTICATED, add_ada, backend, cookies},
    mailed::{ADA, NEW_PASSWORD, Site, refusal, reset},
};

const SENT: &str = r#"{"status":"We have emailed your password reset link."}"#;
const RESET: &str = r#"{"status":"Your password has been reset."}"#;
const NO_USER: &str = "We can't find a user with that email address.";
const DEAD: &str = "This password reset token is invalid.";
const TOO_SOON: &str = "Please wait before retrying.";

#[test]
fn a_password_is_reset_by_a_mailed_link_once() {
    let site = Site::with("");
    let token = site.token(1);
    assert!(token.len() == 64 && token.chars().all(|c| "0123456789abcdef".contains(c)), "{token}");
    let mut elsewhere = Browser::of_ada(&site.server);
    let mobile = backend(&site.server, "read");
    let answer = site.reset(&token);
    assert_eq!(answer.whole(), (200, RESET));
    assert_eq!((cookies(&answer).len(), answer.header("Cache-Control")), (2, "no-cache, private"));
    // Sessions end, tokens live on.
    assert_eq!(elsewhere.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(mobile.get("/api/user").status, 200);
    assert_eq!(site.browser().log_in(ADA, PASSWORD).whole(), (422, NO_MATCH));
    assert_eq!(site.browser().log_in(ADA, NEW_PASSWORD).whole(), (204, ""));
    assert_eq!(site.reset(&token).whole(), (422, refusal(DEAD).as_str()));
}

#[test]
fn the_mail_has_laravels_subject_and_breezes_link() {
    let site = Site::with("site_name = \"Ada's <shop>\"\nfrontend_url = \"https://shop.example.org/app\"");
    let mut browser = site.browser();
    browser.anon = browser.anon.with("Host", "evil.example").with("X-Forwarded-Host", "evil.example");
    assert_eq!(browser.post("/forgot-password", json!({"email": " ADA@example.ORG "})).whole(), (200, SENT));
    let mail = &site.mailbox.wait_for(ADA, 1)[0];
    let url = mail.links[0].clone();
    assert!(url.starts_with("https://shop.example.org/app/password-reset/"), "{url}");
    assert!(url.ends_with("?email=ada@example.org"), "{url}");
    assert!(!mail.raw.contains("evil"));
    assert_eq!(mail.subject, "Reset Password Notification");
    assert_eq!(
        mail.text.trim_end(),
        format!(
            "Hello!\n\nSomebody, hopefully you, asked for a new password for your account.\n\nReset Password:\n{url}\n\n\
             The link is good for 60 minutes. If it was not you, there is nothing to do.\n\nRegards,\nAda's <shop>"
        )
    );
    assert_eq!(
        mail.html.as_deref().unwrap().trim_end(),
        format!(
            "<p>Hello!</p>\n<p>Somebody, hopefully you, asked for a new password for your account.</p>\n\
             <p><a href=\"{url}\">Reset Password</a></p>\n\
             <p>The link is good for 60 minutes. If it was not you, there is nothing to do.</p>\n\
             <p>Regards,<br>\nAda&#039;s &lt;shop&gt;</p>\n\
             <p>If the link does not open, copy this address into your browser: {url}</p>"
        )
    );
}

#[test]
fn what_a_request_lacks_is_named() {
    let site = Site::with("");
    let mut browser = site.browser();
    let required = "The email field is required.";
    assert_eq!(browser.post("/forgot-password", json!({})).whole(), (422, refusal(required).as_str()));
    let no_address = "The email field must be a valid email address.";
    assert_eq!(browser.post("/forgot-password", json!({"email": 5})).whole(), (422, refusal(no_address).as_str()));
    assert_eq!(
        browser.post("/reset-password", json!({})).whole(),
        (
            422,
            r#"{"message":"The token field is required. (and 2 more errors)","errors":{"token":["The token field is required."],"email":["The email field is required."],"password":["The password field is required."]}}"#
        )
    );
    let mut short = reset(ADA, "x");
    short["password"] = json!("short");
    assert_eq!(
        browser.post("/reset-password", short).whole(),
        (
            422,
            r#"{"message":"The password field confirmation does not match. (and 1 more error)","errors":{"password":["The password field confirmation does not match.","The password field must be at least 8 characters."]}}"#
        )
    );
    let anon = Browser::new(&site.server).anon;
    assert_eq!(anon.post("/forgot-password", json!({"email": ADA})).whole(), (419, MISMATCH));
    assert_eq!(anon.post("/reset-password", reset(ADA, "x")).whole(), (419, MISMATCH));
}

#[test]
fn unknown_addresses_are_told() {
    let site = Site::with("");
    let mut browser = site.browser();
    let unknown = refusal(NO_USER);
    let body = json!({"email": "nobody@example.org"});
    assert_eq!(browser.post("/forgot-password", body.clone()).whole(), (422, unknown.as_str()));
    assert_eq!(browser.post("/forgot-password", body).whole(), (422, unknown.as_str()));
    assert_eq!(browser.post("/reset-password", reset("nobody@example.org", "x")).whole(), (422, unknown.as_str()));
    site.server.owner.set_active(UserId(1), false).unwrap();
    assert_eq!(browser.post("/forgot-password", json!({"email": ADA})).whole(), (422, unknown.as_str()));
    assert!(site.mailbox.mails().is_empty());
}

#[test]
fn unknown_addresses_are_not_told_where_the_settings_say_so() {
    let site = Site::with("tell_unknown_address = false");
    let mut browser = site.browser();
    for address in ["nobody@example.org", ADA] {
        let body = json!({"email": address});
        assert_eq!(browser.post("/forgot-password", body.clone()).whole(), (200, SENT), "{address}");
        let again = browser.post("/forgot-password", body);
        assert_eq!(again.whole(), (422, refusal(TOO_SOON).as_str()), "{address}");
        let dead = browser.post("/reset-password", reset(address, "x"));
        assert_eq!(dead.whole(), (422, refusal(DEAD).as_str()), "{address}");
    }
    site.mailbox.wait_for(ADA, 1);
    assert_eq!(site.mailbox.recipients(), [ADA]);
}

#[test]
fn one_link_a_minute_is_sent_to_a_user() {
    let site = Site::with("");
    let token = site.token(1);
    let soon = refusal(TOO_SOON);
    let ask = || site.browser().post("/forgot-password", json!({"email": ADA}));
    assert_eq!(ask().whole(), (422, soon.as_str()));
    site.server.wait(TimeDelta::seconds(59));
    assert_eq!(ask().whole(), (422, soon.as_str()));
    site.server.wait(TimeDelta::seconds(1));
    assert_eq!(ask().whole(), (200, SENT));
    // With the new password the wait is over.
    assert_eq!(site.reset(&token).whole(), (200, RESET));
    assert_eq!(ask().whole(), (200, SENT));
    site.mailbox.wait_for(ADA, 3);
}

#[test]
fn a_link_lives_for_an_hour_and_outlives_a_login() {
    let site = Site::with("");
    let token = site.token(1);
    assert_eq!(site.browser().log_in(ADA, PASSWORD).whole(), (204, ""));
    site.server.wait(TimeDelta::hours(1));
    let second = site.token(2);
    assert_eq!(site.reset(&token).whole(), (200, RESET));
    assert_eq!(site.reset(&second).whole(), (422, refusal(DEAD).as_str()));
    let third = site.token(3);
    site.server.wait(TimeDelta::hours(1) + TimeDelta::seconds(1));
    assert_eq!(site.reset(&third).whole(), (422, refusal(DEAD).as_str()));
}

#[test]
fn what_is_not_a_users_own_token_is_dead() {
    let site = Site::with("");
    let token = site.token(1);
    let dead = refusal(DEAD);
    let mut bob = site.browser();
    let body =
        json!({"name": "Bob", "email": "bob@example.org", "password": PASSWORD, "password_confirmation": PASSWORD});
    assert_eq!(bob.post("/register", body).whole(), (204, ""));
    let capital = token.to_uppercase();
    let later = format!("{:08x}{}", u32::from_str_radix(&token[..8], 16).unwrap() + 1, &token[8..]);
    let signed = format!("+{}", &token[1..]);
    for (email, token) in [
        ("bob@example.org", token.as_str()),
        (ADA, &capital),
        (ADA, &later),
        (ADA, &signed),
        (ADA, &token[..63]),
        (ADA, "ключ-ключ"),
        (ADA, "5"),
    ] {
        assert_eq!(
            site.browser().post("/reset-password", reset(email, token)).whole(),
            (422, dead.as_str()),
            "{token}"
        );
    }
    site.server.owner.change_email(UserId(1), Some("new@example.org")).unwrap();
    let moved = site.browser().post("/reset-password", reset("new@example.org", &token));
    assert_eq!(moved.whole(), (422, dead.as_str()));
}

#[test]
fn of_many_who_use_a_link_at_the_same_moment_one_wins() {
    let site = Site::with("");
    let token = site.token(1);
    let browsers: Vec<_> = (0..6).map(|_| site.browser()).collect();
    let start = Barrier::new(browsers.len());
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let (start, token) = (&start, &token);
        let confirm = |browser: Browser| {
            start.wait();
            browser.actor().post("/reset-password", reset(ADA, token)).status
        };
        let threads: Vec<_> = browsers.into_iter().map(|browser| scope.spawn(move || confirm(browser))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422, 422, 422, 422]);
}

#[test]
fn a_reset_may_end_every_token() {
    let site = Site::with("logout_on_password_reset = true");
    let mobile = backend(&site.server, "read");
    assert_eq!(site.reset(&site.token(1)).whole(), (200, RESET));
    assert_eq!(mobile.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn whoever_is_logged_in_is_sent_to_the_front() {
    let site = Site::with("");
    let mut ada = Browser::of_ada(&site.server);
    for (path, body) in [("/forgot-password", json!({"email": ADA})), ("/reset-password", reset(ADA, "x"))] {
        let answer = ada.post(path, body);
        assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000"), "{path}");
    }
}

#[test]
fn a_refused_form_is_sent_back() {
    let site = Site::with("");
    let mut browser = site.browser();
    browser.anon = site.server.anon().with("Origin", FRONT_END);
    let page = browser.actor().with("Accept", "text/html").with("Referer", "http://localhost:3000/forgot");
    let form = "application/x-www-form-urlencoded";
    let answer = page.send("POST", "/forgot-password", Some(form), "email=nobody%40example.org");
    assert_eq!((answer.status, answer.header("Location")), (302, "http://localhost:3000/forgot"));
    let answer = page.send("POST", "/forgot-password", Some(form), "email=ada%40example.org");
    assert_eq!(answer.whole(), (200, SENT));
}

#[test]
fn a_link_is_good_once_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let owner = &server.owner;
        let account = owner.account_by_address("ADA@example.org").unwrap();
        let token = owner.make_reset_token(&account);
        let follow = |account| owner.follow_reset_token(account, &token, TimeDelta::hours(1));
        let (one, other) = (follow(account.clone()).unwrap(), follow(account).unwrap());
        let new = Secret::from(NEW_PASSWORD);
        assert!(owner.reset_password(&one, &new, Revoke::Nothing).is_ok(), "{}", server.backend);
        assert!(owner.reset_password(&other, &new, Revoke::Nothing).is_err(), "{}", server.backend);
        assert!(follow(owner.account_by_address(ADA).unwrap()).is_err(), "{}", server.backend);
    }
}
