//! Somebody reads the whole database: nothing in it opens a session, confirms an address or sets a password.

use std::fs;

use countersign_tests::{Server, databases::run};
use serde_json::{Value, json};

use crate::{
    common::{Browser, PASSWORD, UNAUTHENTICATED},
    mailed::{ADA, NEW_PASSWORD, Site},
};

const DEVICE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";

/// What is in a cookie, in clear: nobody outside the server ever sees it, and a dump must not show it either.
fn opened(server: &Server, purpose: &str, sealed: &str) -> String {
    server.owner.realm().keys().open(purpose, sealed).unwrap()
}

/// Every secret of a browser in which somebody is remembered.
fn secrets_of(server: &Server, browser: &Browser, when: &str) -> Vec<(String, String)> {
    let content: Value =
        serde_json::from_str(&opened(server, "laravel-session", &browser.cookies["laravel-session"])).unwrap();
    let device = opened(server, "remember", &browser.cookies[DEVICE]);
    let mut found: Vec<(String, String)> =
        browser.cookies.iter().map(|(name, value)| (format!("{name} {when}"), value.clone())).collect();
    found.push((format!("the session's secret {when}"), content["session"].as_str().unwrap().to_owned()));
    found.push((format!("the CSRF token {when}"), content["csrf"].as_str().unwrap().to_owned()));
    found.push((
        format!("the CSRF token of the cookie {when}"),
        opened(server, "laravel-csrf", &browser.cookies["XSRF-TOKEN"]),
    ));
    found.push((format!("the device's secret {when}"), device.split_once('|').unwrap().0.to_owned()));
    found
}

#[test]
fn a_dump_opens_nothing() {
    let site = Site::with("[[mount]]\nadapter = \"sanctum\"\n");
    let server = &site.server;
    let mut secrets =
        vec![("password".to_owned(), PASSWORD.to_owned()), ("new password".to_owned(), NEW_PASSWORD.to_owned())];
    let mut browser = Browser::ready(server);
    let login = json!({"email": ADA, "password": PASSWORD, "remember": true});
    assert_eq!(browser.post("/login", login.clone()).whole(), (204, ""));
    secrets.extend(secrets_of(server, &browser, "of the login"));
    assert_eq!(browser.get("/api/user").status, 200);
    secrets.extend(secrets_of(server, &browser, "after a request"));
    let token = |token: &str| token.split_once('|').unwrap().1.to_owned();
    secrets.push(("api-token".to_owned(), token(&browser.api_token())));
    secrets.push(("token".to_owned(), token(&server.anon().post("/api/auth/token", login).text("token"))));
    assert_eq!(browser.post("/email/verification-notification", json!({})).status, 200);
    let link = site.link(1);
    secrets.push(("verification link".to_owned(), link.split_once("signature=").unwrap().1.to_owned()));
    assert_eq!(browser.get(link.strip_prefix("http://127.0.0.1:8000").unwrap()).status, 302);
    let reset = site.token(2);
    secrets.push(("reset link".to_owned(), reset.clone()));
    secrets.push(("MAC of the reset link".to_owned(), reset[8..].to_owned()));
    for when in ["before the reset", "after it"] {
        let file = server.database.url.strip_prefix("sqlite://").unwrap();
        run(&server.database.url, "PRAGMA wal_checkpoint(PASSIVE)");
        let mut seen = Vec::new();
        for suffix in ["", "-wal", "-shm"] {
            let Ok(bytes) = fs::read(format!("{file}{suffix}")) else { continue };
            for (what, secret) in &secrets {
                assert!(secret.len() >= 13, "{what}: {secret}");
                let is_there = bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
                assert!(!is_there, "{what} is in {file}{suffix} {when}");
            }
            seen.extend(bytes);
        }
        let has_her = seen.windows(ADA.len()).any(|window| window == ADA.as_bytes());
        assert!(has_her, "the database is where it was looked for");
        if when == "before the reset" {
            assert_eq!(site.reset(&reset).status, 200);
        }
    }
}

#[test]
fn a_row_that_somebody_reads_is_no_cookie() {
    let site = Site::with("");
    let server = &site.server;
    let mut browser = Browser::ready(server);
    assert_eq!(
        browser.post("/login", json!({"email": ADA, "password": PASSWORD, "remember": true})).whole(),
        (204, "")
    );
    for row in server.owner.tokens(countersign_core::UserId(1), None).unwrap() {
        let digest = row.digest.to_hex();
        for value in [digest.clone(), format!("{}|{digest}", row.id), row.sealed.unwrap_or(digest.clone())] {
            for name in ["laravel-session", DEVICE] {
                let page = Browser::new(server).anon.with("Cookie", &format!("{name}={value}"));
                assert_eq!(page.get("/api/user").whole(), (401, UNAUTHENTICATED), "{name}");
            }
            assert_eq!(server.bearer(&value).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
        }
    }
    assert_eq!(browser.get("/api/user").status, 200);
}
