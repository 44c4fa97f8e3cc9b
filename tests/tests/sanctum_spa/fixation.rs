//! Session fixation: what somebody held, planted or read off before a change is worth nothing after it.

use countersign_core::{Role, TokenKind, UserId, seal::KeyRing, store::Revoke};
use countersign_tests::{Answer, Server};
use serde_json::json;

use crate::{
    common::{Browser, MISMATCH, PASSWORD, UNAUTHENTICATED, add_ada, registration, with_ada},
    mailed::{ADA, NEW_PASSWORD, Site},
};

const SESSION: &str = "laravel-session";
const CSRF: &str = "XSRF-TOKEN";
const DEVICE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";

/// Whom a session cookie speaks for, without any other.
fn who(server: &Server, session: &str) -> Answer {
    Browser::new(server).anon.with("Cookie", &format!("{SESSION}={session}")).get("/api/user")
}

fn assert_nobody(server: &Server, session: &str, what: &str) {
    assert_eq!(who(server, session).whole(), (401, UNAUTHENTICATED), "{what}");
}

/// The same cookies in another browser.
fn twin(browser: &Browser) -> Browser {
    Browser { anon: browser.anon.clone(), cookies: browser.cookies.clone() }
}

/// The part of a session cookie that names its row.
fn secret(server: &Server, session: &str) -> Option<String> {
    let clear = server.owner.realm().keys().open("laravel-session", session).unwrap();
    let content: serde_json::Value = serde_json::from_str(&clear).unwrap();
    content["session"].as_str().map(str::to_owned)
}

#[test]
fn who_planted_cookies_before_the_login_holds_nothing_after_it() {
    type Enter = fn(&mut Browser) -> Answer;
    let ways: [(&str, Enter); 3] = [
        ("login", |browser| browser.log_in(ADA, PASSWORD)),
        ("registration", |browser| browser.register("new@example.org")),
        ("remembered device", |browser| browser.get("/api/user")),
    ];
    let server = with_ada();
    let mut remembered = Browser::ready(&server);
    let login = json!({"email": ADA, "password": PASSWORD, "remember": true});
    assert_eq!(remembered.post("/login", login).whole(), (204, ""));
    for (way, enter) in ways {
        let planted = Browser::ready(&server);
        let mut victim = twin(&planted);
        if way == "remembered device" {
            victim.cookies.insert(DEVICE.to_owned(), remembered.cookies[DEVICE].clone());
        }
        let entered = enter(&mut victim);
        assert!([200, 204].contains(&entered.status), "{way}: {:?}", entered.whole());
        assert_eq!(victim.get("/api/user").status, 200, "{way}");
        assert_nobody(&server, &planted.cookies[SESSION], way);
        for name in [SESSION, CSRF] {
            assert_ne!(planted.cookies[name], victim.cookies[name], "{way} {name}");
        }
        // The planted token is none of the new session's, nor is the new token one of the planted session's.
        let with_old_token = victim.cookies_only().with("X-XSRF-TOKEN", &planted.cookies[CSRF]);
        assert_eq!(with_old_token.post("/logout", json!({})).whole(), (419, MISMATCH), "{way}");
        let with_old_session = planted.cookies_only().with("X-XSRF-TOKEN", &victim.cookies[CSRF]);
        assert_eq!(with_old_session.post("/login", json!({})).whole(), (419, MISMATCH), "{way}");
        assert_eq!(victim.get("/api/user").status, 200, "{way}");
    }
}

#[test]
fn a_cookie_that_was_never_issued_is_not_adopted() {
    let server = with_ada();
    let other = KeyRing::new(["a key ring that is of no server here"]).unwrap();
    let sealed = |content: &str| other.seal("laravel-session", content, server.owner.realm().random());
    let chosen = [
        "attackerchosen0000000000000000000000000000".to_owned(),
        "x".repeat(40),
        "{\"csrf\":\"x\"}".to_owned(),
        sealed(r#"{"at":1767355200,"csrf":"x"}"#),
        sealed(r#"{"at":1767355200,"csrf":"x","session":"x"}"#),
    ];
    for value in chosen {
        let mut victim = Browser::new(&server);
        victim.cookies.insert(SESSION.to_owned(), value.clone());
        assert_eq!(victim.get("/sanctum/csrf-cookie").whole(), (204, ""), "{value}");
        assert_ne!(victim.cookies[SESSION], value);
        assert_eq!(victim.log_in(ADA, PASSWORD).whole(), (204, ""), "{value}");
        assert_nobody(&server, &value, &value);
        assert_ne!(secret(&server, &victim.cookies[SESSION]).unwrap(), value);
    }
}

#[test]
fn every_cookie_of_a_visit_is_dead_after_the_logout() {
    let server = with_ada();
    for path in ["/logout", "/api/auth/logout"] {
        let mut browser = Browser::ready(&server);
        let mut seen = vec![twin(&browser)];
        assert_eq!(browser.log_in(ADA, PASSWORD).whole(), (204, ""));
        seen.push(twin(&browser));
        assert_eq!(browser.get("/api/user").status, 200);
        seen.push(twin(&browser));
        assert_eq!(browser.post(path, json!({})).whole(), (204, ""), "{path}");
        assert_eq!(server.owner.tokens(UserId(1), Some(TokenKind::Session)).unwrap(), [], "{path}");
        assert_eq!(secret(&server, &browser.cookies[SESSION]), None, "{path}");
        seen.push(twin(&browser));
        for mut old in seen {
            assert_nobody(&server, &old.cookies[SESSION], path);
            // Its own token still fits it, and opens nothing.
            assert_eq!(old.get("/meta/api-token").whole(), (401, UNAUTHENTICATED), "{path}");
            assert_eq!(old.post("/logout", json!({})).whole(), (401, UNAUTHENTICATED), "{path}");
        }
    }
}

#[test]
fn a_logout_and_a_login_at_the_same_moment_leave_what_was_answered() {
    let server = with_ada();
    for round in 0..20 {
        let mut leaving = Browser::of_ada(&server);
        let mut entering = Browser::ready(&server);
        let old = leaving.cookies[SESSION].clone();
        std::thread::scope(|scope| {
            let left = scope.spawn(|| leaving.post("/logout", json!({})).status);
            assert_eq!(entering.log_in(ADA, PASSWORD).whole(), (204, ""), "round {round}");
            assert_eq!(left.join().unwrap(), 204, "round {round}");
        });
        assert_nobody(&server, &old, "the session that was left");
        assert_eq!(entering.get("/api/user").status, 200, "round {round}");
        assert_eq!(entering.post("/logout", json!({})).status, 204);
    }
}

#[test]
fn another_password_ends_every_session_by_whatever_way_it_is_set() {
    const OTHER: &str = "Djoser-dingo-55";
    let site = Site::with("[[mount]]\nadapter = \"djoser\"\n");
    let server = &site.server;
    let set = json!({"current_password": PASSWORD, "new_password": OTHER});
    let djoser = server.anon().wants_json();
    let login = json!({"username": ADA, "password": PASSWORD});
    let key = djoser.post("/auth/token/login/", login).text("auth_token");
    let mut here = Browser::of_ada(server);
    let mut device = Browser::ready(server);
    let login = json!({"email": ADA, "password": PASSWORD, "remember": true});
    assert_eq!(device.post("/login", login).whole(), (204, ""));
    let changed = djoser.with("Authorization", &format!("Token {key}")).post("/auth/users/set_password/", set);
    assert_eq!(changed.whole(), (204, ""));
    assert_eq!(here.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(device.get("/api/user").whole(), (401, UNAUTHENTICATED), "nor does the device open another");
    // What a token may do goes on, as in both frameworks.
    assert_eq!(djoser.with("Authorization", &format!("Token {key}")).get("/auth/users/me/").status, 200);

    assert_eq!(here.log_in(ADA, OTHER).whole(), (204, ""));
    assert_eq!(djoser.post("/auth/users/reset_password/", json!({"email": ADA})).whole(), (204, ""));
    let link = site.link(1);
    let (rest, token) = link.rsplit_once('/').unwrap();
    let uid = rest.rsplit_once('/').unwrap().1;
    let confirm = json!({"uid": uid, "token": token, "new_password": PASSWORD});
    assert_eq!(djoser.post("/auth/users/reset_password_confirm/", confirm).whole(), (204, ""));
    assert_eq!(here.get("/api/user").whole(), (401, UNAUTHENTICATED));

    assert_eq!(here.log_in(ADA, PASSWORD).whole(), (204, ""));
    let stolen = here.cookies[SESSION].clone();
    assert_eq!(site.reset(&site.token(2)).status, 200);
    assert_nobody(server, &stolen, "Breeze's reset");

    assert_eq!(here.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(here.log_in(ADA, NEW_PASSWORD).whole(), (204, ""));
    let stolen = here.cookies[SESSION].clone();
    server.owner.recover(UserId(1), &PASSWORD.into()).unwrap();
    assert_nobody(server, &stolen, "the owner's recovery");
}

#[test]
fn a_copy_of_the_cookie_is_dead_once_the_password_was_changed_with_it() {
    let site = Site::with("stack = \"fortify\"");
    let mut browser = site.browser();
    assert_eq!(browser.log_in(ADA, PASSWORD).status, 200);
    let mut copies = vec![twin(&browser)];
    assert_eq!(browser.get("/api/user").status, 200);
    copies.push(twin(&browser));
    let change = json!({"current_password": PASSWORD, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD});
    let wrong = json!({"current_password": "x", "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD});
    let put = |browser: &mut Browser, body: &serde_json::Value| {
        let answer = browser.actor().send("PUT", "/user/password", Some("application/json"), &body.to_string());
        browser.keep(answer).status
    };
    assert_eq!(put(&mut browser, &wrong), 422);
    copies.push(twin(&browser));
    assert_eq!(copies[2].get("/api/user").status, 200, "nothing has changed yet");
    assert_eq!(put(&mut browser, &change), 200);
    for (number, copy) in copies.iter_mut().enumerate() {
        for path in ["/user/confirmed-password-status", "/meta/api-token", "/api/user"] {
            assert_eq!(copy.actor().get(path).whole(), (401, UNAUTHENTICATED), "{number} {path}");
        }
    }
    assert_eq!(server_sessions(&site), 1);
    // The session itself goes on where Laravel's does.
    assert_eq!(browser.get("/meta/api-token").status, 200);
    assert_eq!(browser.post("/logout", json!({})).whole(), (204, ""));
    assert_eq!(server_sessions(&site), 0);
}

fn server_sessions(site: &Site) -> usize {
    site.server.owner.tokens(UserId(1), Some(TokenKind::Session)).unwrap().len()
}

#[test]
fn another_role_ends_the_session_and_a_remembered_device_opens_another() {
    for server in Server::each() {
        add_ada(&server);
        let mut browser = Browser::of_ada(&server);
        let mut device = Browser::ready(&server);
        let login = json!({"email": ADA, "password": PASSWORD, "remember": true});
        assert_eq!(device.post("/login", login).whole(), (204, ""));
        let before = secret(&server, &device.cookies[SESSION]).unwrap();
        server.owner.set_role(UserId(1), Role::Tourist).unwrap();
        assert_eq!(browser.get("/api/user").status, 200, "{}: it was a tourist before", server.backend);
        let api_token = device.api_token();
        let stolen = browser.cookies[SESSION].clone();
        server.owner.set_role(UserId(1), Role::Admin).unwrap();
        assert_nobody(&server, &stolen, server.backend);
        assert_eq!(device.get("/api/user").status, 200, "{}", server.backend);
        assert_ne!(secret(&server, &device.cookies[SESSION]).unwrap(), before, "{}", server.backend);
        assert_eq!(server.bearer(&api_token).get("/api/user").status, 200, "{}: tokens live on", server.backend);
    }
}

#[test]
fn a_cookie_that_was_stolen_ends_with_everything_else() {
    let server = with_ada();
    let stolen = Browser::of_ada(&server).cookies[SESSION].clone();
    assert_eq!(who(&server, &stolen).status, 200);
    server.owner.revoke_many(UserId(1), Revoke::Everything).unwrap();
    assert_nobody(&server, &stolen, "revoked");
    let stolen = Browser::of_ada(&server).cookies[SESSION].clone();
    server.owner.set_active(UserId(1), false).unwrap();
    assert_nobody(&server, &stolen, "disabled");
    server.owner.set_active(UserId(1), true).unwrap();
    assert_nobody(&server, &stolen, "enabled again");
    let mut other = Browser::ready(&server);
    assert_eq!(other.post("/api/register", registration("new@example.org")).whole(), (204, ""));
    let stolen = other.cookies[SESSION].clone();
    server.owner.delete_user(UserId(2)).unwrap();
    assert_nobody(&server, &stolen, "deleted");
}
