//! A front end's session as the credential of a socket, and the Origin that it needs.

use std::sync::Arc;

use chrono::TimeDelta;
use countersign_core::{Registration, TokenKind, User, store::Revoke};
use countersign_tests::{
    Server,
    databases::{databases, sqlite},
};
use serde_json::json;
use tungstenite::Message;

use crate::common::{
    FORBIDDEN, ME, Socket, ask, closed, closed_in_time, open, register_as, text, token, token_of, with,
};

const APP: &str = "https://app.example.org";
const HERE: &str = "http://localhost:3000";
const ADA: &str = r#"{"user":{"id":1,"login":"ada@example.org"}}"#;
const SPA: &str = "front_ends = [\"https://app.example.org\", \"http://localhost:3000\"]\n\
                   [[mount]]\nadapter = \"sanctum_spa\"\n";
const MINIMAL: &str = "[[mount]]\nadapter = \"minimal\"\n";

fn server() -> Server {
    Server::with(&format!("{SPA}{MINIMAL}"))
}

fn add_ada(server: &Server) -> User {
    let ada = Registration { email: Some("ada@example.org".to_owned()), ..Registration::new("password".into()) };
    server.owner.user(server.owner.register(&ada).unwrap().id).unwrap()
}

/// The cookies of a page that nobody is logged in to, and its CSRF token.
fn visitor(server: &Server, prefix: &str) -> (String, String) {
    let answer = server.anon().with("Origin", HERE).get(&format!("{prefix}/sanctum/csrf-cookie"));
    let cookies = answer.cookies();
    let token = cookies.iter().find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN=")).unwrap().to_owned();
    (cookies.join("; "), token)
}

/// The cookies of a page that ada is logged in to, and its CSRF token.
fn page(server: &Server, prefix: &str) -> (String, String) {
    let (cookies, token) = visitor(server, prefix);
    let browser = server.anon().with("Origin", HERE).with("Cookie", &cookies).with("X-XSRF-TOKEN", &token).wants_json();
    let answer = browser.post(&format!("{prefix}/login"), json!({"email": "ada@example.org", "password": "password"}));
    assert_eq!(answer.whole(), (204, ""));
    let cookies = answer.cookies();
    let token = cookies.iter().find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN=")).unwrap().to_owned();
    (cookies.join("; "), token)
}

/// The socket of a page with these cookies; the greeting is read.
fn opened(server: &Server, cookies: &str) -> Socket {
    let (mut socket, _) = open(server, &[("Cookie", cookies), ("Origin", HERE)]).unwrap();
    assert_eq!(text(&mut socket), ADA);
    socket
}

#[test]
fn a_page_of_a_front_end_opens_it_with_its_session() {
    let server = server();
    add_ada(&server);
    let (cookies, _) = page(&server, "");
    for origin in [APP, HERE] {
        let (mut socket, response) = open(&server, &[("Cookie", &cookies), ("Origin", origin)]).unwrap();
        assert!(!response.headers().contains_key("Set-Cookie"));
        assert_eq!(text(&mut socket), ADA);
        assert_eq!(ask(&mut socket, "who am I?"), ADA);
    }
    // What browsers offer when the page has no token to put behind it.
    let offered = [("Cookie", cookies.as_str()), ("Origin", APP), ("Sec-WebSocket-Protocol", "bearer")];
    assert_eq!(text(&mut open(&server, &offered).unwrap().0), ADA);
}

#[test]
fn it_counts_wherever_the_front_end_has_its_mount() {
    let server = Server::with(&format!("{SPA}prefix = \"/spa\"\n{MINIMAL}"));
    add_ada(&server);
    let (cookies, _) = page(&server, "/spa");
    opened(&server, &cookies);
    assert_eq!(open(&server, &[("Cookie", &cookies)]).err(), Some((403, FORBIDDEN.to_owned())));
}

#[test]
fn a_cookie_from_any_other_page_is_403_without_a_socket() {
    let server = server();
    add_ada(&server);
    let (visitors, _) = visitor(&server, "");
    let (adas, _) = page(&server, "");
    let refused = Some((403, FORBIDDEN.to_owned()));
    for cookies in [visitors.as_str(), &adas, "laravel-session=x", "laravel-session="] {
        for origin in [
            "https://evil.example",
            "null",
            "",
            "*",
            "https://app.example.org.evil.example",
            "https://evilapp.example.org",
            "https://x.app.example.org",
            "http://app.example.org",
            "wss://app.example.org",
            "https://app.example.org:444",
            "https://app.example.org:443",
            "https://app.example.org.",
            "https://app.example.org/",
            "https://APP.example.org",
            "https://app.example.org@evil.example",
            "https://evil.example@app.example.org",
            "https://app.example.org https://evil.example",
            "http://localhost:30000",
            "http://localhost",
            "http://127.0.0.1:3000",
            "app.example.org",
            &server.url,
        ] {
            assert_eq!(open(&server, &[("Cookie", cookies), ("Origin", origin)]).err(), refused, "{origin}");
        }
        assert_eq!(open(&server, &[("Cookie", cookies)]).err(), refused);
        let two = [("Cookie", cookies), ("Origin", APP), ("Origin", "https://evil.example")];
        assert_eq!(open(&server, &two).err(), refused);
    }
}

#[test]
fn a_token_needs_no_origin_and_counts_before_the_session() {
    let server = server();
    add_ada(&server);
    let bob = register_as(&server, "bob");
    let bobs = format!(r#"{{"user":{{"id":{},"login":"bob"}}}}"#, bob.id);
    let token = token_of(&server, "bob");
    let (bearer, offered) = (format!("Bearer {token}"), format!("bearer, {token}"));
    let (cookies, _) = page(&server, "");
    for credential in [("Authorization", bearer.as_str()), ("Sec-WebSocket-Protocol", &offered)] {
        for beside in [&[][..], &[("Origin", "https://evil.example"), ("Cookie", cookies.as_str())]] {
            let (mut socket, _) = open(&server, &[&[credential], beside].concat()).unwrap();
            assert_eq!(text(&mut socket), bobs);
        }
    }
    let dead = [("Authorization", "Bearer 1|dead"), ("Origin", APP), ("Cookie", &cookies)];
    assert_eq!(open(&server, &dead).err().map(|refused| refused.0), Some(401));
}

#[test]
fn a_visitor_and_a_session_that_is_over_may_send_a_token_as_first_message() {
    let server = Server::with(&format!("{SPA}{MINIMAL}socket_login = \"1s\""));
    let ada = add_ada(&server);
    let token = token_of(&server, "ada@example.org");
    let (visitors, _) = visitor(&server, "");
    let (adas, _) = page(&server, "");
    server.owner.revoke_many(ada.id, Revoke::Kind(TokenKind::Session)).unwrap();
    for cookies in [visitors.as_str(), &adas, "laravel-session=x"] {
        let headers = [("Cookie", cookies), ("Origin", HERE)];
        let (mut silent, _) = open(&server, &headers).unwrap();
        let (mut socket, _) = open(&server, &headers).unwrap();
        assert_eq!(ask(&mut socket, &json!({"token": token}).to_string()), ADA);
        assert_eq!(closed(&mut silent), 4401);
    }
}

#[test]
fn it_is_closed_when_the_session_ends() {
    type End = fn(&Server, &User, &(String, String));
    let ends: [(&str, End); 8] = [
        ("logout", |server, _, (cookies, token)| {
            let browser = server.anon().with("Origin", HERE).with("Cookie", cookies).with("X-XSRF-TOKEN", token);
            assert_eq!(browser.wants_json().post_empty("/logout").whole(), (204, ""));
        }),
        ("logout elsewhere", |server, ada, _| {
            server.owner.revoke_many(ada.id, Revoke::Kind(TokenKind::Session)).map(drop).unwrap();
        }),
        ("all revoked", |server, ada, _| server.owner.revoke_many(ada.id, Revoke::Everything).map(drop).unwrap()),
        ("new password", |server, ada, _| {
            let subject = server.owner.confirm_password(ada.id, &"password".into()).unwrap();
            server.owner.replace_password(&subject, &"another one".into(), &[Revoke::Everything]).map(drop).unwrap();
        }),
        ("recovery", |server, ada, _| drop(server.owner.recover(ada.id, &"new password".into()).unwrap())),
        ("disabled", |server, ada, _| drop(server.owner.set_active(ada.id, false).unwrap())),
        ("deleted", |server, ada, _| server.owner.delete_user(ada.id).unwrap()),
        ("expiry", |server, _, _| server.wait(TimeDelta::hours(2))),
    ];
    for (name, end) in ends {
        let server = server();
        let ada = add_ada(&server);
        let page = page(&server, "");
        let mut socket = opened(&server, &page.0);
        assert_eq!(closed_in_time(&mut socket, || end(&server, &ada, &page)), 4401, "{name}");
    }
}

#[test]
fn it_is_closed_when_the_session_is_as_old_as_one_may_be() {
    let server = Server::with(&format!("{SPA}session_absolute_lifetime = \"1h\"\n{MINIMAL}"));
    add_ada(&server);
    let (cookies, _) = page(&server, "");
    let mut socket = opened(&server, &cookies);
    server.wait(TimeDelta::minutes(59));
    assert_eq!(ask(&mut socket, "still there?"), ADA);
    assert_eq!(closed_in_time(&mut socket, || server.wait(TimeDelta::minutes(1))), 4401);
}

#[test]
fn it_is_closed_when_another_process_ends_the_session_and_others_stay() {
    for database in databases() {
        let database = Arc::new(database);
        let configuration = format!("{SPA}{MINIMAL}");
        let (here, there) = (Server::on(Arc::clone(&database), &configuration), Server::on(database, &configuration));
        add_ada(&here);
        let (dead, live) = (page(&here, ""), page(&here, ""));
        let (mut socket, mut other) = (opened(&here, &dead.0), opened(&here, &live.0));
        let mut of_token = open(&here, &[("Authorization", &format!("Bearer {}", token_of(&here, "ada@example.org")))]);
        let code = closed_in_time(&mut socket, || {
            let browser = there.anon().with("Origin", HERE).with("Cookie", &dead.0).with("X-XSRF-TOKEN", &dead.1);
            assert_eq!(browser.wants_json().post_empty("/logout").whole(), (204, ""));
        });
        assert_eq!(code, 4401, "{}", here.backend);
        assert_eq!(ask(&mut other, "still there?"), ADA);
        assert_eq!(text(&mut of_token.as_mut().unwrap().0), ADA);
    }
}

#[test]
fn a_database_that_fails_is_no_visitor() {
    let server = Server::on(Arc::new(sqlite()), &format!("{SPA}{MINIMAL}[cache]\nverified = \"off\""));
    add_ada(&server);
    let (cookies, _) = page(&server, "");
    server.tamper("ALTER TABLE tokens RENAME TO away");
    let refused = open(&server, &[("Cookie", &cookies), ("Origin", HERE)]).err();
    assert_eq!(refused, Some((503, r#"{"error":"Service Unavailable"}"#.to_owned())));
}

#[test]
fn without_a_front_ends_mount_no_cookie_means_anything() {
    let (server, _) = with("");
    let bearer = format!("Bearer {}", token(&server));
    let evil = ("Origin", "https://evil.example");
    let (mut with_token, _) = open(&server, &[evil, ("Authorization", &bearer)]).unwrap();
    assert_eq!(text(&mut with_token), ME);
    let cookie = ("Cookie", "laravel_session=x; token=y");
    let (mut without, _) = open(&server, &[evil, cookie]).unwrap();
    without.send(Message::text("who am I?")).unwrap();
    assert_eq!(closed(&mut without), 4401);
}
