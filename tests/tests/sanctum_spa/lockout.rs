//! Breeze's lock in front of the login, by a clock that is moved by hand.

use chrono::TimeDelta;
use countersign_tests::{Answer, Server};

use crate::common::{Browser, FRONT_END, NO_MATCH, PASSWORD, add_ada, with_ada};

const ADA: &str = "ada@example.org";

fn locked(seconds: u64) -> String {
    let sentence = format!("Too many login attempts. Please try again in {seconds} seconds.");
    format!(r#"{{"message":"{sentence}","errors":{{"email":["{sentence}"]}}}}"#)
}

fn assert_locked(answer: &Answer, seconds: u64) {
    assert_eq!(answer.whole(), (422, &*locked(seconds)));
    for header in ["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"] {
        assert_eq!(answer.header(header), "", "{header}");
    }
}

fn guess_wrong(browser: &mut Browser, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(browser.log_in(email, "wrong").whole(), (422, NO_MATCH));
    }
}

#[test]
fn five_wrong_passwords_lock_the_address_for_the_rest_of_the_minute_and_for_the_right_one_too() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    guess_wrong(&mut browser, ADA, 1);
    server.wait(TimeDelta::seconds(20));
    guess_wrong(&mut browser, "ADA@Example.org", 4);
    assert_locked(&browser.log_in(ADA, "wrong"), 40);
    assert_locked(&browser.log_in(" Ada@example.org ", PASSWORD), 40);
    // Nobody's address is locked in the same way, and another one is another lock.
    guess_wrong(&mut browser, "nobody@example.org", 5);
    assert_locked(&browser.log_in("nobody@example.org", "wrong"), 60);
    server.wait(TimeDelta::seconds(39));
    assert_locked(&browser.log_in(ADA, PASSWORD), 1);
    // All five places are back at once: the window is a fixed one.
    server.wait(TimeDelta::seconds(1));
    guess_wrong(&mut browser, ADA, 5);
    assert_locked(&browser.log_in(ADA, PASSWORD), 60);
    server.wait(TimeDelta::seconds(60));
    assert_eq!(browser.log_in(ADA, PASSWORD).whole(), (204, ""));
}

#[test]
fn a_right_password_forgets_the_wrong_ones_before_it() {
    let server = with_ada();
    for _ in 0..3 {
        let mut browser = Browser::ready(&server);
        guess_wrong(&mut browser, ADA, 4);
        assert_eq!(browser.log_in(ADA, PASSWORD).whole(), (204, ""));
    }
}

#[test]
fn a_form_that_is_refused_for_its_fields_is_not_counted() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    for _ in 0..6 {
        assert_eq!(browser.log_in(ADA, "").status, 422);
    }
    guess_wrong(&mut browser, ADA, 5);
}

#[test]
fn a_token_is_issued_while_the_login_is_locked() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    guess_wrong(&mut browser, ADA, 5);
    assert_locked(&browser.log_in(ADA, PASSWORD), 60);
    let credentials = serde_json::json!({"email": ADA, "password": PASSWORD});
    assert_eq!(server.anon().wants_json().post("/api/auth/token", credentials).status, 200);
}

#[test]
fn another_client_is_not_locked_out() {
    let server = Server::with("[server]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    add_ada(&server);
    let mut here = Browser::ready(&server);
    here.anon = here.anon.with("X-Forwarded-For", "192.0.2.1");
    guess_wrong(&mut here, ADA, 5);
    assert_locked(&here.log_in(ADA, PASSWORD), 60);
    let mut elsewhere = Browser::ready(&server);
    elsewhere.anon = elsewhere.anon.with("X-Forwarded-For", "192.0.2.2");
    assert_eq!(elsewhere.log_in(ADA, PASSWORD).whole(), (204, ""));
}

#[test]
fn a_form_without_json_is_sent_back() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    guess_wrong(&mut browser, ADA, 5);
    let page = server.anon().with("Accept", "text/html").with("Origin", FRONT_END);
    browser.anon = page.with("Referer", &format!("{FRONT_END}/login"));
    let answer = browser.log_in(ADA, PASSWORD);
    assert_eq!((answer.status, answer.header("Location")), (302, "http://localhost:3000/login"));
}

#[test]
fn the_lock_is_a_setting_of_the_mount() {
    let mounts = "[[mount]]\nadapter = \"sanctum_spa\"\nlogin_lockout = \"2/hour\"\n[throttle]\nenabled = false\n";
    let server = Server::with(mounts);
    add_ada(&server);
    let mut browser = Browser::ready(&server);
    guess_wrong(&mut browser, ADA, 2);
    assert_locked(&browser.log_in(ADA, PASSWORD), 3600);
}
