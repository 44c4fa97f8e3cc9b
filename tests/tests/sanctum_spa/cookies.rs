//! The two cookies: who gets them, how they are set, how long they live.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use countersign_tests::Server;
use serde_json::json;

use crate::common::{Browser, FRONT_END, MISMATCH, PASSWORD, UNAUTHENTICATED, add_ada, cookies, with_ada};

#[test]
fn the_csrf_cookie_route_sets_both_cookies() {
    let server = Server::start();
    let answer = Browser::new(&server).get("/sanctum/csrf-cookie");
    assert_eq!(answer.whole(), (204, ""));
    assert_eq!(
        cookies(&answer),
        [
            "XSRF-TOKEN= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/; samesite=lax",
            "laravel-session= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/; httponly; samesite=lax",
        ]
    );
    assert_eq!(answer.header("Cache-Control"), "no-cache, private");
}

#[test]
fn cookies_are_safe_to_copy_raw_or_encoded() {
    let server = Server::start();
    let browser = Browser::ready(&server);
    for value in browser.cookies.values() {
        assert!(value.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)), "{value}");
    }
    assert_ne!(browser.cookies["XSRF-TOKEN"], browser.cookies["laravel-session"]);
}

#[test]
fn cookies_are_secure_and_wide_where_that_is_configured() {
    let server = Server::with(
        "[server]\nbase_url = \"https://auth.example.org\"\n[[mount]]\nadapter = \"sanctum_spa\"\n\
         session_cookie = \"sid\"\nsession_lifetime = \"10m\"\ncookie_domain = \"example.org\"\n",
    );
    let answer = server.anon().get("/sanctum/csrf-cookie");
    assert_eq!(
        cookies(&answer),
        [
            "XSRF-TOKEN= expires=Fri, 02 Jan 2026 12:10:00 GMT; Max-Age=600; path=/; domain=example.org; secure; samesite=lax",
            "sid= expires=Fri, 02 Jan 2026 12:10:00 GMT; Max-Age=600; path=/; domain=example.org; secure; httponly; samesite=lax",
        ]
    );
}

#[test]
fn session_and_token_change_at_login_and_logout() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    let before = browser.cookies.clone();
    browser.log_in("ada@example.org", PASSWORD);
    let inside = browser.cookies.clone();
    let with = |cookies: &BTreeMap<String, String>| Browser { anon: browser.anon.clone(), cookies: cookies.clone() };
    assert_eq!(with(&before).get("/api/user").whole(), (401, UNAUTHENTICATED));
    let mut mixed = inside.clone();
    mixed.insert("XSRF-TOKEN".to_owned(), before["XSRF-TOKEN"].clone());
    assert_eq!(with(&mixed).post("/logout", json!({})).whole(), (419, MISMATCH));
    assert_eq!(with(&inside).post("/logout", json!({})).whole(), (204, ""));
    assert_eq!(with(&inside).get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn only_pages_of_the_front_ends_have_a_session() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let get = |browser: &mut Browser, headers: &[(&str, &str)]| {
        let plain = server.anon().wants_json();
        browser.anon = headers.iter().fold(plain, |actor, (name, value)| actor.with(name, value));
        browser.actor().get("/api/user").status
    };
    assert_eq!(get(&mut browser, &[("Referer", "http://localhost:3000/dashboard?x=1")]), 200);
    assert_eq!(get(&mut browser, &[("Referer", "http://localhost:3000")]), 200);
    assert_eq!(get(&mut browser, &[("Origin", "http://127.0.0.1:8000")]), 200);
    assert_eq!(get(&mut browser, &[("Origin", "https://evil.example"), ("Referer", "http://localhost:3000/")]), 200);
    assert_eq!(get(&mut browser, &[("Origin", FRONT_END), ("Referer", "https://evil.example/")]), 401);
    for origin in [
        "https://evil.example",
        "http://sub.localhost:3000",
        "http://localhost:3001",
        "http://localhost:3000.evil.example",
        "null",
    ] {
        assert_eq!(get(&mut browser, &[("Origin", origin)]), 401, "{origin}");
    }
    assert_eq!(get(&mut browser, &[]), 401);
}

#[test]
fn a_session_lives_while_it_is_used() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    for _ in 0..3 {
        server.wait(TimeDelta::minutes(90));
        assert_eq!(browser.get("/api/user").status, 200);
    }
    server.wait(TimeDelta::hours(2));
    assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_session_ends_at_last_however_much_it_is_used() {
    let server = Server::with("[[mount]]\nadapter = \"sanctum_spa\"\nsession_absolute_lifetime = \"3h\"\n");
    add_ada(&server);
    let mut browser = Browser::of_ada(&server);
    for _ in 0..2 {
        server.wait(TimeDelta::minutes(89));
        assert_eq!(browser.get("/api/user").status, 200);
    }
    server.wait(TimeDelta::minutes(2));
    assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn the_cookies_of_another_server_are_worth_nothing() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    for cookie in ["rubbish", "", "eyJpdiI6IjVGQnRXUytiQzlaTmlRM2FBN0Z1QkE9PSJ9"] {
        browser.cookies.insert("laravel-session".to_owned(), cookie.to_owned());
        let answer = browser.cookies_only().get("/api/user");
        assert_eq!((answer.whole(), cookies(&answer).len()), ((401, UNAUTHENTICATED), 2));
    }
    let mut swapped = Browser::of_ada(&server);
    let readable = swapped.cookies["XSRF-TOKEN"].clone();
    swapped.cookies.insert("laravel-session".to_owned(), readable);
    assert_eq!(swapped.get("/api/user").whole(), (401, UNAUTHENTICATED));
}
