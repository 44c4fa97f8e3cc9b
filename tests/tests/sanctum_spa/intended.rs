//! Where a visitor has been and wanted to go, as far as a client sees it: in the redirects of refused forms, and of the two
//! paths that send on to where somebody wanted to go before the login.

use countersign_core::{Registration, Secret};
use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

use crate::common::{Browser, FRONT_END, PASSWORD, UNAUTHENTICATED};

const BASE: &str = "http://127.0.0.1:8000";

/// A server where Ada's address is confirmed, and a visitor's browser.
fn visited() -> (Server, Browser) {
    let server = Server::start();
    let ada = Registration {
        email: Some("ada@example.org".to_owned()),
        email_verified: true,
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&ada).unwrap();
    let browser = Browser::ready(&server);
    (server, browser)
}

/// As a page of people's, which is redirected.
fn as_page(server: &Server, browser: &Browser) -> Actor {
    Browser { anon: server.anon().with("Origin", FRONT_END), cookies: browser.cookies.clone() }.actor()
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 302);
    answer.header("Location").to_owned()
}

/// Where Ada is sent on after her login: this time, and the next.
fn sent_on(browser: &mut Browser) -> [String; 2] {
    assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (204, ""));
    [(); 2].map(|()| location(&browser.post("/email/verification-notification", json!({}))))
}

fn dashboard() -> String {
    format!("{BASE}/dashboard")
}

#[test]
fn who_was_sent_to_the_login_gets_where_they_wanted_to_go_once() {
    let (server, mut browser) = visited();
    let answer = as_page(&server, &browser).get("/verify-email/1/x?signature=y&expires=1");
    assert_eq!(location(&browser.keep(answer)), format!("{BASE}/login"));
    assert_eq!(sent_on(&mut browser), [format!("{BASE}/verify-email/1/x?expires=1&signature=y"), dashboard()]);
}

#[test]
fn a_form_leads_to_the_page_that_it_was_on() {
    for (referer, expected) in [
        (None, format!("{BASE}/sanctum/csrf-cookie")),
        (Some("http://localhost:3000/deep?x=1"), "http://localhost:3000/deep?x=1".to_owned()),
        // Laravel believes any page.
        (Some("https://evil.example/x"), format!("{BASE}/sanctum/csrf-cookie")),
    ] {
        let (server, mut browser) = visited();
        let actor = as_page(&server, &browser);
        let actor = referer.map_or_else(|| actor.clone(), |referer| actor.with("Referer", referer));
        let answer = actor.send("POST", "/logout", None, "");
        assert_eq!(location(&browser.keep(answer)), format!("{BASE}/login"));
        assert_eq!(sent_on(&mut browser), [expected, dashboard()], "{referer:?}");
    }
}

#[test]
fn a_script_is_sent_nowhere_and_a_logout_forgets() {
    let (server, mut browser) = visited();
    assert_eq!(browser.get("/verify-email/1/x").whole(), (401, UNAUTHENTICATED));
    assert_eq!(sent_on(&mut browser), [dashboard(), dashboard()]);
    assert_eq!(browser.post("/logout", json!({})).whole(), (204, ""));
    let answer = as_page(&server, &browser).get("/verify-email/1/x");
    browser.keep(answer);
    assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (204, ""));
    assert_eq!(browser.post("/logout", json!({})).whole(), (204, ""));
    assert_eq!(sent_on(&mut browser), [dashboard(), dashboard()]);
}

#[test]
fn a_page_is_remembered_with_its_query_unless_nobody_saw_it() {
    let (server, mut browser) = visited();
    let back = |browser: &mut Browser, page: &str, header: Option<(&str, &str)>| {
        let actor = as_page(&server, browser);
        let actor = header.map_or_else(|| actor.clone(), |(name, value)| actor.with(name, value));
        let answer = actor.get(page);
        browser.keep(answer);
        let answer = as_page(&server, browser).post("/login", json!({}));
        location(&browser.keep(answer))
    };
    let seen = format!("{BASE}/sanctum/csrf-cookie?a=2&b=1");
    assert_eq!(back(&mut browser, "/sanctum/csrf-cookie?b=1&a=2", None), seen);
    for unseen in [("Purpose", "prefetch"), ("Sec-Purpose", "Prefetch"), ("X-Requested-With", "XMLHttpRequest")] {
        assert_eq!(back(&mut browser, "/sanctum/csrf-cookie?other", Some(unseen)), seen, "{unseen:?}");
    }
    let long = format!("/sanctum/csrf-cookie?x={}", "x".repeat(2000));
    assert_eq!(back(&mut browser, &long, None), seen);
}
