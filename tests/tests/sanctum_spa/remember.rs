//! Devices that stay logged in.

use chrono::TimeDelta;
use countersign_core::{Secret, TokenKind, UserId, store::Revoke};
use countersign_tests::{Answer, Server};
use serde_json::{Value, json};

use crate::{
    common::{Browser, MISMATCH, PASSWORD, UNAUTHENTICATED, add_ada, cookies, with_ada},
    mailed::{ADA, Site},
};

const COOKIE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";
const SESSION: &str = "laravel-session";
const KEPT: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d= expires=Sat, 06 Feb 2027 12:00:00 GMT; \
                    Max-Age=34560000; path=/; httponly; samesite=lax";
const FORGOTTEN: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d= expires=Sun, 03 Jan 2021 12:00:00 GMT; \
                         Max-Age=0; path=/; httponly; samesite=lax";

fn log_in(browser: &mut Browser, remember: &Value) -> Answer {
    browser.post("/login", json!({"email": ADA, "password": PASSWORD, "remember": remember}))
}

/// A browser in which Ada is remembered.
fn remembered(server: &Server) -> Browser {
    let mut browser = Browser::ready(server);
    assert_eq!(log_in(&mut browser, &json!(true)).whole(), (204, ""));
    browser
}

/// The same device with this cookie alone.
fn device(browser: &Browser) -> Browser {
    let cookie = browser.cookies[COOKIE].clone();
    Browser { anon: browser.anon.clone(), cookies: [(COOKIE.to_owned(), cookie)].into() }
}

#[test]
fn a_remembered_device_opens_a_session_again_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let mut browser = Browser::ready(&server);
        let answer = log_in(&mut browser, &json!(true));
        assert_eq!(
            (answer.whole(), cookies(&answer)[2..].join("\n").as_str()),
            ((204, ""), KEPT),
            "{}",
            server.backend
        );
        let mut device = device(&browser);
        let answer = device.get("/api/user");
        assert_eq!((answer.status, &answer.json()["email"], cookies(&answer).len()), (200, &json!(ADA), 2));
        // And it has a session again, with a token that fits.
        device.cookies.remove(COOKIE);
        assert_eq!(device.get("/api/user").status, 200, "{}", server.backend);
        assert_eq!(device.post("/logout", json!({})).whole(), (204, ""), "{}", server.backend);
    }
}

#[test]
fn a_login_says_whether_the_device_is_remembered() {
    let server = with_ada();
    for yes in [json!(true), json!(1), json!("1"), json!("on"), json!("TRUE"), json!(" yes ")] {
        assert_eq!(cookies(&log_in(&mut Browser::ready(&server), &yes)).len(), 3, "{yes}");
    }
    for no in [json!(false), json!(0), json!("off"), json!(null), json!("y"), json!([true]), json!(2)] {
        let answer = log_in(&mut Browser::ready(&server), &no);
        assert_eq!((answer.whole(), cookies(&answer).len()), ((204, ""), 2), "{no}");
    }
    let wrong = json!({"email": ADA, "password": "x", "remember": true});
    assert_eq!(cookies(&Browser::ready(&server).post("/login", wrong)).len(), 2);
}

#[test]
fn a_logout_anywhere_forgets_every_device() {
    let server = with_ada();
    let (browser, mut other) = (remembered(&server), remembered(&server));
    let mut device = device(&browser);
    let answer = other.post("/logout", json!({}));
    assert_eq!((answer.whole(), cookies(&answer)[2..].join("\n").as_str()), ((204, ""), FORGOTTEN));
    let answer = device.get("/api/user");
    assert_eq!((answer.whole(), cookies(&answer).len()), ((401, UNAUTHENTICATED), 2));
    assert_eq!(server.owner.tokens(UserId(1), Some(TokenKind::Remember)).unwrap(), []);
    // The session of the other device lives on.
    assert_eq!(browser.actor().get("/api/user").status, 200);
}

#[test]
fn a_logout_of_who_is_not_remembered_sets_two_cookies() {
    let server = with_ada();
    let answer = Browser::of_ada(&server).post("/logout", json!({}));
    assert_eq!((answer.whole(), cookies(&answer).len()), ((204, ""), 2));
}

#[test]
fn a_logout_by_the_api_forgets_as_well() {
    let server = with_ada();
    let mut browser = remembered(&server);
    let mut device = device(&browser);
    let answer = browser.post("/api/auth/logout", json!({}));
    assert_eq!((answer.whole(), cookies(&answer)[2..].join("\n").as_str()), ((204, ""), FORGOTTEN));
    assert_eq!(device.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_reset_forgets_and_the_device_is_told_so_once() {
    let site = Site::with("");
    let mut browser = remembered(&site.server);
    let mut device = device(&browser);
    assert_eq!(site.reset(&site.token(1)).status, 200);
    let answer = browser.get("/api/user");
    assert_eq!((answer.whole(), cookies(&answer)[2..].join("\n").as_str()), ((401, UNAUTHENTICATED), FORGOTTEN));
    browser.cookies.remove(COOKIE);
    let answer = browser.get("/api/user");
    assert_eq!((answer.whole(), cookies(&answer).len()), ((401, UNAUTHENTICATED), 2));
    let answer = device.get("/api/user");
    assert_eq!((answer.whole(), cookies(&answer).len()), ((401, UNAUTHENTICATED), 2));
}

#[test]
fn another_password_forgets_whoever_sets_it() {
    let server = with_ada();
    let mut device = device(&remembered(&server));
    let subject = server.owner.confirm_password(UserId(1), &Secret::from(PASSWORD)).unwrap();
    server.owner.replace_password(&subject, &Secret::from("Fresh-walrus-88"), &[Revoke::Nothing]).unwrap();
    assert_eq!(server.owner.tokens(UserId(1), Some(TokenKind::Remember)).unwrap().len(), 1);
    assert_eq!(device.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn the_disabled_and_the_forgotten_are_not_remembered() {
    let server = with_ada();
    let mut first = device(&remembered(&server));
    server.owner.set_active(UserId(1), false).unwrap();
    assert_eq!(first.get("/api/user").whole(), (401, UNAUTHENTICATED));
    server.owner.set_active(UserId(1), true).unwrap();
    assert_eq!(first.get("/api/user").whole(), (401, UNAUTHENTICATED));
    let mut second = device(&remembered(&server));
    let row = server.owner.tokens(UserId(1), Some(TokenKind::Remember)).unwrap()[0].id;
    server.owner.revoke(row, None).unwrap();
    assert_eq!(second.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_device_is_remembered_for_its_time() {
    let server = Server::with("[[mount]]\nadapter = \"sanctum_spa\"\nremember_lifetime = \"60d\"\n");
    add_ada(&server);
    let browser = remembered(&server);
    // The session is over by then, idle and at last.
    server.wait(TimeDelta::days(60) - TimeDelta::seconds(1));
    let mut late = Browser { anon: browser.anon.clone(), cookies: browser.cookies.clone() };
    assert_eq!(late.get("/api/user").status, 200);
    server.wait(TimeDelta::seconds(1));
    assert_eq!(device(&browser).get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_session_that_has_died_is_opened_again() {
    let server = with_ada();
    let mut browser = remembered(&server);
    let session = server.owner.tokens(UserId(1), Some(TokenKind::Session)).unwrap()[0].id;
    server.owner.revoke(session, None).unwrap();
    let before = browser.cookies[SESSION].clone();
    let answer = browser.get("/api/user");
    assert_eq!((answer.status, cookies(&answer).len()), (200, 2));
    assert_ne!(browser.cookies[SESSION], before);
}

#[test]
fn the_cookie_is_no_csrf_token_no_credential_and_not_read_beyond_the_front_ends() {
    let server = with_ada();
    let mut browser = remembered(&server);
    assert_eq!(device(&browser).post("/logout", json!({})).whole(), (419, MISMATCH));
    let cookie = browser.cookies[COOKIE].clone();
    assert_eq!(server.bearer(&cookie).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
    let elsewhere = server.anon().wants_json().with("Origin", "https://evil.example");
    let alone = elsewhere.with("Cookie", &format!("{COOKIE}={cookie}"));
    assert_eq!(alone.get("/api/user").whole(), (401, UNAUTHENTICATED));
    // Nor is it a session, nor the session it.
    let session = browser.cookies[SESSION].clone();
    for (name, value) in [(SESSION, &cookie), (COOKIE, &session)] {
        let mut mixed = Browser { anon: browser.anon.clone(), cookies: [(name.to_owned(), value.clone())].into() };
        assert_eq!(mixed.get("/api/user").whole(), (401, UNAUTHENTICATED), "{name}");
    }
    // Who is remembered is logged in: the login form is not for them.
    let mut visitor = Browser::ready(&server);
    visitor.cookies.insert(COOKIE.to_owned(), cookie);
    assert_eq!(visitor.log_in(ADA, PASSWORD).status, 302);
    assert_eq!(browser.get("/api/user").status, 200);
}
