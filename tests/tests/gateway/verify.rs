//! `/verify` asked directly.

use countersign_core::Role;
use countersign_tests::{Answer, Server};

use super::common::{Credential, credentials, promote, sending, session, token_for, with_ada};

const NAMES: [&str; 8] = [
    "x-auth-user",
    "x-auth-uuid",
    "x-auth-username",
    "x-auth-email",
    "x-auth-role",
    "x-auth-abilities",
    "x-auth-token",
    "x-auth-kind",
];

fn identity(answer: &Answer) -> Vec<&str> {
    NAMES.into_iter().map(|name| answer.header(name)).collect()
}

/// Nobody is let through, and nobody is named.
fn assert_refused(answer: &Answer, status: u16, what: &str) {
    let error = if status == 401 { "invalid_token" } else { "insufficient_scope" };
    assert_eq!(answer.whole(), (status, format!(r#"{{"error":"{error}"}}"#).as_str()), "{what}");
    assert_eq!(identity(answer), [""; 8], "{what}");
    let schemes = if status == 401 { vec!["Bearer", "Token"] } else { vec![] };
    assert_eq!(answer.header_all("www-authenticate"), schemes, "{what}");
}

#[test]
fn every_mounted_credential_is_known_with_every_header() {
    let (server, ada) = with_ada();
    for (dialect, kind, credential) in credentials(&server) {
        let answer = sending(&server.anon(), &credential).get("/verify");
        assert_eq!(answer.whole(), (200, ""), "{dialect}");
        assert_eq!(answer.header("cache-control"), "no-store", "{dialect}");
        let known = identity(&answer);
        let uuid = known[1].to_owned();
        let row = known[6].parse::<i64>().unwrap();
        let expected = [&ada.to_string(), &uuid, "ada", "ada@example.org", "tourist", "*", &row.to_string(), kind]
            .map(str::to_owned);
        assert_eq!(known, expected, "{dialect}");
        assert_eq!(uuid.len(), 36, "{dialect}");
        assert_eq!(answer.header_all("set-cookie"), Vec::<&str>::new(), "{dialect}");
    }
}

#[test]
fn any_method_and_any_path_below_is_the_same_question() {
    let (server, ada) = with_ada();
    for (dialect, _, credential) in credentials(&server) {
        let actor = sending(&server.anon(), &credential);
        for method in ["GET", "OPTIONS", "PROPFIND", "DELETE", "PUT", "PATCH", "POST"] {
            for path in ["/verify", "/verify/", "/verify/app/items/7", "/verify//x", "/verify/a?b=c"] {
                let answer = actor.send(method, path, None, "");
                let is_forged = dialect == "spa" && !["GET", "OPTIONS"].contains(&method);
                if is_forged {
                    assert_refused(&answer, 403, &format!("{dialect} {method} {path}"));
                } else {
                    let what = (answer.status, answer.header("x-auth-user"));
                    assert_eq!(what, (200, ada.to_string().as_str()), "{dialect} {method} {path}");
                }
            }
        }
    }
    for path in ["/verifyx", "/verify-email"] {
        assert_eq!(server.anon().wants_json().get(path).status, 404, "{path}");
    }
}

#[test]
fn a_preflight_is_a_question_too() {
    let (server, _) = with_ada();
    let preflight = server.anon().with("Origin", "http://localhost:3000").with("Access-Control-Request-Method", "PUT");
    assert_refused(&preflight.send("OPTIONS", "/verify/app", None, ""), 401, "preflight");
}

#[test]
fn nobody_is_refused() {
    let (server, _) = with_ada();
    for (name, value) in [
        ("Authorization", "Bearer"),
        ("Authorization", "Bearer 1|wrong"),
        ("Authorization", "Token 0000000000000000000000000000000000000000"),
        ("Authorization", "Basic YWRhOng="),
        ("Cookie", "laravel-session=x"),
        ("X-Auth-User", "1"),
    ] {
        assert_refused(&server.anon().with(name, value).get("/verify"), 401, value);
        assert_refused(&server.anon().with(name, value).get("/verify?role=tourist&ability=x"), 401, value);
    }
}

#[test]
fn a_bad_token_never_falls_back_to_the_cookie() {
    let (server, _) = with_ada();
    let (cookies, _) = session(&server);
    let browser = sending(&server.anon(), &cookies);
    assert_eq!(browser.get("/verify").status, 200);
    for value in ["Bearer 1|wrong", "Basic YWRhOng=", ""] {
        assert_refused(&browser.with("Authorization", value).get("/verify"), 401, value);
    }
}

#[test]
fn a_cookie_alone_changes_nothing_without_its_csrf_token() {
    let (server, _) = with_ada();
    let (cookies, csrf) = session(&server);
    let browser = sending(&server.anon(), &cookies);
    for header in ["X-Original-Method", "X-Forwarded-Method"] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "", "FOO"] {
            let asked = browser.with(header, method);
            assert_refused(&asked.get("/verify"), 403, method);
            assert_refused(&asked.with("X-XSRF-TOKEN", "forged").get("/verify"), 403, method);
            assert_eq!(asked.with("X-XSRF-TOKEN", &csrf).get("/verify").status, 200, "{header} {method}");
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(browser.with(header, method).get("/verify").status, 200, "{header} {method}");
        }
    }
    // A client that names a harmless method beside the gateway's changes nothing.
    let doubled = browser.with("X-Original-Method", "GET").with("X-Forwarded-Method", "DELETE");
    assert_refused(&doubled.get("/verify"), 403, "both");
}

#[test]
fn a_request_that_calls_itself_by_another_method_is_the_one_that_was_sent() {
    let (server, _) = with_ada();
    let (cookies, csrf) = session(&server);
    let browser = sending(&server.anon(), &cookies).with("Origin", "http://localhost:3000");
    let form = Some("application/x-www-form-urlencoded");
    for name in ["GET", "HEAD", "OPTIONS", "get"] {
        for path in [
            "/verify".to_owned(),
            "/verify/app".to_owned(),
            format!("/verify/app?_method={name}"),
            format!("/verify?_method={name}"),
        ] {
            let asked = [
                browser.send("POST", &path, form, &format!("_method={name}")),
                browser.with("X-HTTP-Method-Override", name).send("POST", &path, None, ""),
                browser.with("X-HTTP-Method-Override", name).with("X-Original-Method", "POST").get(&path),
                browser.with("X-Original-Method", name).with("X-Forwarded-Method", "DELETE").get(&path),
            ];
            for answer in asked {
                assert_refused(&answer, 403, &format!("{name} {path}"));
            }
            let meant = browser.with("X-XSRF-TOKEN", &csrf).with("X-HTTP-Method-Override", name);
            assert_eq!(meant.send("POST", &path, form, "x=y").status, 200, "{name} {path}");
        }
    }
}

#[test]
fn of_two_sessions_none_is_let_through() {
    let (server, _) = with_ada();
    let (one, other) = (session(&server).0, session(&server).0);
    let value = |session: &Credential| session[0].1.clone();
    let page = server.anon().with("Origin", "http://localhost:3000");
    for both in [format!("{}; {}", value(&one), value(&other)), format!("{}; {}", value(&other), value(&one))] {
        assert_refused(&page.with("Cookie", &both).get("/verify"), 401, "two");
    }
    assert_eq!(page.with("Cookie", &value(&one)).get("/verify").status, 200);
}

#[test]
fn abilities_and_roles_are_asked_for() {
    let (server, ada) = with_ada();
    let reader = server.bearer(&token_for(&server, "read"));
    let everything = sending(&server.anon(), &credentials(&server)[0].2);
    for (query, of_reader, of_everything) in [
        ("ability=read", 200, 200),
        ("ability=write", 403, 200),
        ("ability=read&ability=write", 403, 200),
        ("ability=rea", 403, 200),
        ("ability=", 403, 200),
        ("ability=*", 403, 200),
        ("ability=tokens:introspect", 403, 403),
        ("role=tourist", 200, 200),
        ("role=admin", 403, 403),
        ("role=admin&role=tourist", 200, 200),
        ("role=", 403, 403),
        ("role=nobody", 403, 403),
        ("role=tourist&ability=write", 403, 200),
        ("page=2&q=x", 200, 200),
    ] {
        for (actor, expected) in [(&reader, of_reader), (&everything, of_everything)] {
            let answer = actor.get(&format!("/verify?{query}"));
            assert_eq!(answer.status, expected, "{query}");
            if expected == 403 {
                assert_refused(&answer, 403, query);
            }
        }
    }
    promote(&server, ada, Role::Admin);
    assert_eq!(everything.get("/verify?role=admin").status, 200);
    assert_eq!(everything.get("/verify?role=admin").header("x-auth-role"), "admin");
    assert_eq!(everything.get("/verify?role=tourist").status, 403);
}

#[test]
fn what_is_unknown_is_none_and_what_is_no_ascii_is_encoded() {
    let server = Server::start();
    let register = server.anon().post("/register", serde_json::json!({"login": "Zoë 100%", "password": "x"}));
    assert_eq!(register.status, 200, "{}", register.body);
    let token = server.anon().post("/auth", serde_json::json!({"login": "Zoë 100%", "password": "x"}));
    let answer = server.bearer(&token.text("token")).get("/verify");
    assert_eq!((answer.header("x-auth-username"), answer.header("x-auth-email")), ("Zo%C3%AB 100%25", "none"));
}

#[test]
fn a_body_is_not_waited_for() {
    let (server, _) = with_ada();
    let (_, _, credential) = credentials(&server).swap_remove(0);
    let request = format!(
        "POST /verify/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n{}: {}\r\n\r\n",
        credential[0].0, credential[0].1
    );
    let answer = server.raw(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn a_revoked_credential_is_refused_at_once() {
    let (server, ada) = with_ada();
    let all = credentials(&server);
    for (dialect, _, credential) in &all {
        assert_eq!(sending(&server.anon(), credential).get("/verify").status, 200, "{dialect}");
    }
    server.owner.set_active(ada, false).unwrap();
    for (dialect, _, credential) in &all {
        assert_refused(&sending(&server.anon(), credential).get("/verify"), 401, dialect);
    }
}

#[test]
fn a_failed_store_refuses_nobody() {
    let (server, _) = with_ada();
    let all = credentials(&server);
    server.tamper("DROP TABLE users");
    server.tamper("DROP TABLE tokens");
    server.wait(chrono::TimeDelta::seconds(90));
    for (dialect, _, credential) in all {
        let answer = sending(&server.anon(), &credential).get("/verify/x?ability=never-seen");
        let refused = answer.status == 403 && answer.body == r#"{"error":"insufficient_scope"}"#;
        let unknown = answer.whole() == (503, r#"{"error":"temporarily_unavailable"}"#);
        assert!(unknown || refused, "{dialect}: {answer:?}");
    }
    let answer = server.bearer("1|never-seen").get("/verify");
    assert_eq!(answer.whole(), (503, r#"{"error":"temporarily_unavailable"}"#));
    assert_eq!(answer.header("retry-after"), "1");
}
