//! Requests that a page did not mean: without the session's own token whatever changes something is 419, and nothing happens.

use countersign_core::{Token, User, UserId};
use countersign_tests::{Actor, Server};
use serde_json::json;

use crate::{
    common::{Browser, FRONT_END, MISMATCH, PASSWORD, UNAUTHENTICATED, add_ada, with_ada},
    mailed::ADA,
};

const SESSION: &str = "laravel-session";
const CSRF: &str = "XSRF-TOKEN";
const FORM: &str = "application/x-www-form-urlencoded";

/// Every operation of the two dialects that changes something, by their own documents: method and path.
fn unsafe_operations(server: &Server) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dialect in ["sanctum", "sanctum_spa"] {
        let document = server.anon().get(&format!("/openapi/{dialect}.json")).json();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                if ["post", "put", "patch", "delete"].contains(&method.as_str()) {
                    found.push((method.to_uppercase(), path.replace("{id}", "1")));
                }
            }
        }
    }
    assert!(found.len() >= 12, "{found:?}");
    found
}

/// Each stack, with Ada.
fn stacks() -> [Server; 2] {
    ["breeze", "fortify"].map(|stack| {
        let server = Server::with(&format!(
            "front_ends = [\"{FRONT_END}\"]\n[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\n\
             stack = \"{stack}\"\n"
        ));
        add_ada(&server);
        server
    })
}

/// A browser in which Ada is logged in, whatever the stack answers.
fn of_ada(server: &Server) -> Browser {
    let mut browser = Browser::ready(server);
    assert!([200, 204].contains(&browser.log_in(ADA, PASSWORD).status));
    browser
}

/// What a forged request could have changed.
fn state(server: &Server) -> (Vec<User>, Vec<Vec<Token>>) {
    let users = server.owner.users(UserId(0), 100).unwrap();
    // To look is to use.
    let unused = |token: Token| Token { last_used_at: None, ..token };
    let tokens = |user: &User| server.owner.tokens(user.id, None).unwrap().into_iter().map(unused).collect();
    let tokens = users.iter().map(tokens).collect();
    (users, tokens)
}

/// The victim's cookies with each kind of a token that is not the session's.
fn forgeries(server: &Server, victim: &Browser) -> Vec<(&'static str, Actor)> {
    let bare = victim.cookies_only();
    let keys = server.owner.realm().keys();
    let seal = |purpose: &str, text: &str| keys.seal(purpose, text, server.owner.realm().random());
    let own = &victim.cookies[CSRF];
    let (visitor, other) = (Browser::ready(server), of_ada(server));
    let clear = keys.open("laravel-csrf", own).unwrap();
    let mut changed = own.clone().into_bytes();
    let last = changed.len() / 2;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let mut planted = Browser { anon: victim.anon.clone(), cookies: victim.cookies.clone() };
    planted.cookies.insert(CSRF.to_owned(), "planted".to_owned());
    vec![
        ("none", bare.clone()),
        ("an empty header", bare.with("X-XSRF-TOKEN", "")),
        ("an empty token in clear", bare.with("X-CSRF-TOKEN", "")),
        ("null", bare.with("X-XSRF-TOKEN", "null")),
        ("undefined", bare.with("X-CSRF-TOKEN", "undefined")),
        ("a visitor's", bare.with("X-XSRF-TOKEN", &visitor.cookies[CSRF])),
        ("another session's", bare.with("X-XSRF-TOKEN", &other.cookies[CSRF])),
        (
            "another session's in clear",
            bare.with("X-CSRF-TOKEN", &keys.open("laravel-csrf", &other.cookies[CSRF]).unwrap()),
        ),
        ("the header equals a planted cookie", planted.actor()),
        ("the sealed one where the clear one belongs", bare.with("X-CSRF-TOKEN", own)),
        ("the clear one where the sealed one belongs", bare.with("X-XSRF-TOKEN", &clear)),
        ("one byte changed", bare.with("X-XSRF-TOKEN", std::str::from_utf8(&changed).unwrap())),
        ("half of it", bare.with("X-CSRF-TOKEN", &clear[..20])),
        ("in another case", bare.with("X-CSRF-TOKEN", &clear.to_uppercase()).with("X-Case", &clear.to_lowercase())),
        ("sealed for something else", bare.with("X-XSRF-TOKEN", &seal("laravel-session", &clear))),
        ("the session cookie", bare.with("X-XSRF-TOKEN", &victim.cookies[SESSION])),
        ("a right one behind a wrong one in clear", victim.actor().with("X-CSRF-TOKEN", "x")),
        ("a page of the same origin", bare.with("Sec-Fetch-Site", "same-origin")),
        ("a page of the same site", bare.with("Sec-Fetch-Site", "same-site")),
        ("a typed address", bare.with("Sec-Fetch-Site", "none").with("Sec-Fetch-Mode", "navigate")),
        ("a page of another site", bare.with("Sec-Fetch-Site", "cross-site")),
        ("a dead bearer", bare.with("Authorization", "Bearer 1|dead")),
        ("a script", bare.with("X-Requested-With", "XMLHttpRequest")),
    ]
}

#[test]
fn whatever_changes_something_needs_the_sessions_own_token() {
    for server in stacks() {
        let victim = of_ada(&server);
        let forgeries = forgeries(&server, &victim);
        let before = state(&server);
        for (method, path) in unsafe_operations(&server) {
            for (what, actor) in &forgeries {
                let answer = actor.send(&method, &path, Some("application/json"), r#"{"token_name":"x"}"#);
                assert_eq!(answer.whole(), (419, MISMATCH), "{method} {path}: {what}");
            }
        }
        assert_eq!(state(&server), before);
        assert_eq!(victim.actor().get("/api/user").status, 200);
        // With its own token none of them is 419.
        for (method, path) in unsafe_operations(&server) {
            let page = Browser::ready(&server).actor().with("Sec-Fetch-Site", "cross-site");
            assert_ne!(page.send(&method, &path, None, "").status, 419, "{method} {path}");
        }
    }
}

#[test]
fn a_token_of_the_time_before_the_login_or_after_the_logout_is_stale() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    let before = browser.cookies[CSRF].clone();
    assert_eq!(browser.log_in(ADA, PASSWORD).whole(), (204, ""));
    let inside = browser.cookies[CSRF].clone();
    for method in ["POST", "DELETE"] {
        let path = if method == "POST" { "/api/tokens/create" } else { "/api/tokens" };
        let answer = browser.cookies_only().with("X-XSRF-TOKEN", &before).send(method, path, None, "");
        assert_eq!((answer.whole(), answer.header("X-CSRF-Failure")), ((419, MISMATCH), "token_stale"), "{method}");
    }
    assert_eq!(browser.post("/logout", json!({})).whole(), (204, ""));
    for token in [before, inside] {
        let answer = browser.cookies_only().with("X-XSRF-TOKEN", &token).post("/login", json!({}));
        assert_eq!(answer.whole(), (419, MISMATCH));
    }
}

#[test]
fn no_kind_of_body_gets_round_the_check() {
    let server = with_ada();
    let victim = Browser::of_ada(&server);
    let clear = server.owner.realm().keys().open("laravel-csrf", &victim.cookies[CSRF]).unwrap();
    let part =
        |value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"_token\"\r\n\r\n{value}\r\n--x--\r\n");
    let multipart = Some("multipart/form-data; boundary=x");
    let json = Some("application/json");
    let wrong = "x".repeat(40);
    let bodies = [
        (Some("text/plain"), format!(r#"{{"_token":"{clear}","token_name":"x"}}"#)),
        (Some("text/plain"), format!("_token={clear}")),
        (Some("application/xml"), format!("_token={clear}")),
        (None, String::new()),
        (Some(FORM), format!("_token={wrong}&token_name=x")),
        (Some(FORM), "_token=&token_name=x".to_owned()),
        (Some(FORM), format!("_token[]={clear}&token_name=x")),
        (Some(FORM), format!("_TOKEN={clear}&token_name=x")),
        (multipart, part(&wrong)),
        (multipart, part("")),
        (json, format!(r#"{{"_token":"{wrong}"}}"#)),
        (json, format!(r#"{{"_token":["{clear}"]}}"#)),
        (json, r#"{"_token":true}"#.to_owned()),
        (json, r#"{"_token":0}"#.to_owned()),
        (json, r#"{"_token":null}"#.to_owned()),
        (json, format!(r#"["_token","{clear}"]"#)),
    ];
    let before = state(&server);
    for (kind, body) in &bodies {
        for path in ["/logout", "/api/tokens/create", "/api/auth/logout"] {
            let answer = victim.cookies_only().send("POST", path, *kind, body);
            assert_eq!(answer.whole(), (419, MISMATCH), "{path} {kind:?} {body}");
        }
        let answer = victim.cookies_only().send("DELETE", "/api/tokens", *kind, body);
        assert_eq!(answer.whole(), (419, MISMATCH), "{kind:?} {body}");
    }
    assert_eq!(state(&server), before);
    // The right one is taken from each kind of form.
    for (kind, body) in [
        (Some(FORM), format!("_token={clear}&token_name=x")),
        (multipart, part(&clear)),
        (json, format!(r#"{{"_token":"{clear}"}}"#)),
    ] {
        assert_ne!(victim.cookies_only().send("POST", "/api/tokens/create", kind, &body).status, 419, "{kind:?}");
    }
}

#[test]
fn another_method_by_name_gets_round_nothing() {
    let server = with_ada();
    let victim = Browser::of_ada(&server);
    let before = state(&server);
    let bare = victim.cookies_only();
    for method in ["GET", "HEAD", "OPTIONS", "get", "TRACE", "DELETE", "PUT", "PATCH", "QUERY", "", "GET,POST"] {
        for path in [
            "/logout",
            "/login",
            "/api/auth/logout",
            "/api/tokens/create",
            "/api/tokens",
            "/api/tokens/1",
            "/meta/api-token",
            "/api/user",
        ] {
            let spoofed = [
                bare.with("X-HTTP-Method-Override", method).send("POST", path, None, ""),
                bare.with("X-HTTP-Method", method).with("X-Method-Override", method).send("POST", path, None, ""),
                bare.send("POST", path, Some(FORM), &format!("_method={method}&token_name=x")),
                bare.send(
                    "POST",
                    path,
                    Some("application/json"),
                    &format!(r#"{{"_method":"{method}","token_name":"x"}}"#),
                ),
                bare.send("POST", &format!("{path}?_method={method}"), None, ""),
            ];
            for answer in spoofed {
                let reads = method == "GET" || method == "HEAD" || method == "get";
                let allowed: &[u16] = match method {
                    _ if reads => &[200, 401, 405, 419],
                    // No method at all.
                    "" | "GET,POST" => &[400, 405, 419],
                    _ => &[200, 405, 419],
                };
                assert!(allowed.contains(&answer.status), "{method} {path}: {:?}", answer.whole());
                // What is 200 only reads: the answer to OPTIONS, or that of the GET that it is called.
                assert!(
                    answer.status != 200 || answer.body.is_empty() || reads,
                    "{method} {path}: {:?}",
                    answer.whole()
                );
            }
        }
    }
    assert_eq!(state(&server), before);
    // With the token a POST is what it is called, so that the names above were read.
    let meant = victim.actor().send("POST", "/api/tokens/999", Some(FORM), "_method=DELETE");
    assert_eq!((meant.status, meant.text("message").contains("No query results")), (404, true));
    // A GET stays one, whatever it is called.
    for path in
        ["/logout", "/api/auth/logout", "/api/tokens/1?_method=DELETE", "/logout?_method=POST", "/api/tokens/create"]
    {
        let answer = bare.with("X-HTTP-Method-Override", "DELETE").get(path);
        assert_eq!(answer.status, 405, "{path}: {}", answer.body);
    }
    assert_eq!(state(&server), before);
}

#[test]
fn a_dead_bearer_falls_back_to_no_session_that_the_page_has_not() {
    let server = with_ada();
    let victim = Browser::of_ada(&server);
    let cookies = format!("{SESSION}={}; {CSRF}={}", victim.cookies[SESSION], victim.cookies[CSRF]);
    let elsewhere = server.anon().wants_json().with("Cookie", &cookies).with("X-XSRF-TOKEN", &victim.cookies[CSRF]);
    let before = state(&server);
    for actor in [
        elsewhere.clone(),
        elsewhere.with("Origin", "https://evil.example"),
        elsewhere.with("Referer", "https://evil.example/"),
    ] {
        for actor in
            [actor.clone(), actor.with("Authorization", "Bearer 1|dead"), actor.with("Authorization", "Basic eDp5")]
        {
            let make = actor.post("/api/tokens/create", json!({"token_name": "x"}));
            assert_eq!(make.whole(), (401, UNAUTHENTICATED));
            assert_eq!(actor.delete("/api/tokens").whole(), (401, UNAUTHENTICATED));
            assert_eq!(actor.post("/api/auth/logout", json!({})).whole(), (401, UNAUTHENTICATED));
        }
    }
    assert_eq!(state(&server), before);
    // From the page itself the session counts, whatever the bearer: Sanctum asks it first.
    let page = victim.actor().with("Authorization", "Bearer 1|dead");
    assert_eq!(page.post("/api/tokens/create", json!({"token_name": "x"})).status, 200);
    // And a bearer alone needs no token, for no page can send it unasked.
    let token = server.anon().post("/api/auth/token", json!({"email": ADA, "password": PASSWORD})).text("token");
    let alone = server.bearer(&token).wants_json();
    assert_eq!(alone.post("/api/tokens/create", json!({"token_name": "x"})).status, 200);
}

#[test]
fn nobody_is_logged_in_or_out_by_another_site() {
    let server = with_ada();
    let victim = Browser::of_ada(&server);
    let evil = server.anon().with("Origin", "https://evil.example").with("Sec-Fetch-Site", "cross-site");
    let form = format!("email=ada%40example.org&password={PASSWORD}");
    let json = format!(r#"{{"email":"{ADA}","password":"{PASSWORD}"}}"#);
    let before = state(&server);
    for (kind, body) in [
        (FORM, form.as_str()),
        ("text/plain", &json),
        ("application/json", &json),
        ("multipart/form-data; boundary=x", &json),
    ] {
        for page in [
            evil.wants_json(),
            evil.wants_json().with("Cookie", "laravel-session=x; XSRF-TOKEN=x").with("X-XSRF-TOKEN", "x"),
        ] {
            let answer = page.send("POST", "/login", Some(kind), body);
            assert_eq!(answer.whole(), (419, MISMATCH), "{kind}");
            // The cookie that comes along is a visitor's.
            for cookie in answer.cookies() {
                let held = Browser::new(&server).anon.with("Cookie", &cookie).get("/api/user");
                assert_eq!(held.whole(), (401, UNAUTHENTICATED), "{kind}");
            }
        }
    }
    let cookies = format!("{SESSION}={}", victim.cookies[SESSION]);
    for path in ["/logout", "/login", "/api/auth/logout", "/register", "/reset-password", "/forgot-password"] {
        let answer = evil.wants_json().with("Cookie", &cookies).get(path);
        assert_eq!(answer.status, 405, "{path}: {}", answer.body);
    }
    assert_eq!(state(&server), before);
    let held = Browser::new(&server).anon.with("Cookie", &cookies).with("Referer", &format!("{FRONT_END}/"));
    assert_eq!(held.get("/api/user").status, 200);
}
