//! Answers that depend on who is asking: nobody stores them, nobody sniffs them, and their cookies fit a browser.

use countersign_core::TokenKind;
use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

use crate::{
    common::{Browser, PASSWORD, add_ada, backend, cookies, with_ada},
    mailed::ADA,
};

/// Every operation of the two dialects by their own documents: method and path.
fn operations(server: &Server) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dialect in ["sanctum", "sanctum_spa"] {
        let document = server.anon().get(&format!("/openapi/{dialect}.json")).json();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()))
            {
                let path = path.replace("{id}", "1").replace("{hash}", "3c1b5f0cb91772d027dcdde8fb749091db780cbb");
                found.push((method.to_uppercase(), path));
            }
        }
    }
    assert!(found.len() >= 16, "{found:?}");
    found
}

fn assert_kept_by_nobody(answer: &Answer, what: &str) {
    let caching =
        if what.ends_with("GET /meta/api-token") && answer.status == 200 { "no-store" } else { "no-cache, private" };
    assert_eq!(answer.header_all("Cache-Control"), [caching], "{what}");
    assert_eq!(answer.header_all("X-Content-Type-Options"), ["nosniff"], "{what}");
    for name in ["Expires", "ETag", "Last-Modified", "Age"] {
        assert_eq!(answer.header(name), "", "{what}");
    }
    let kind = answer.header("Content-Type");
    let expected: &[&str] = match answer.status {
        204 => &[""],
        302 => &["text/html; charset=utf-8"],
        200 if answer.body.starts_with("<meta") => &["text/html; charset=UTF-8"],
        _ if answer.body.starts_with(['{', '[']) => &["application/json"],
        _ => &["text/html; charset=UTF-8"],
    };
    assert!(expected.contains(&kind), "{what}: {} {kind} {}", answer.status, answer.body);
}

#[test]
fn whatever_depends_on_a_proof_is_kept_by_nobody() {
    let server = with_ada();
    let login = json!({"email": ADA, "password": PASSWORD});
    for (method, path) in operations(&server) {
        let token = server.anon().post("/api/auth/token", login.clone()).text("token");
        let anybody: [(&str, Actor); 8] = [
            ("nobody", server.anon().wants_json()),
            ("nobody's browser", server.anon()),
            ("a visitor", Browser::ready(&server).actor()),
            ("a visitor without a token", Browser::ready(&server).cookies_only()),
            ("a user", Browser::of_ada(&server).actor()),
            ("a user without a token", Browser::of_ada(&server).cookies_only()),
            ("a bearer", server.bearer(&token).wants_json()),
            ("a backend", backend(&server, "tokens:rotate")),
        ];
        for (who, actor) in anybody {
            let what = format!("{who}: {method} {path}");
            let answer = if method == "GET" {
                actor.get(&path)
            } else {
                actor.send(&method, &path, Some("application/json"), "{}")
            };
            assert!(answer.status < 500, "{what}: {:?}", answer.whole());
            assert_kept_by_nobody(&answer, &what);
        }
    }
}

#[test]
fn who_gets_a_token_or_a_session_gets_it_alone() {
    let server = with_ada();
    let login = json!({"email": ADA, "password": PASSWORD, "device_name": "x"});
    let anon = server.anon().wants_json();
    assert_kept_by_nobody(&anon.post("/api/auth/token", login.clone()), "token");
    assert_kept_by_nobody(&anon.with("X", "y").send("POST", "/nothing", None, ""), "404");
    let device = anon.post("/sanctum/token", login.clone());
    assert_eq!(
        (device.header("Cache-Control"), device.header("X-Content-Type-Options")),
        ("no-cache, private", "nosniff")
    );
    for answer in [Browser::ready(&server).post("/login", login), Browser::ready(&server).register("new@example.org")] {
        assert_eq!(answer.status, 204);
        assert_kept_by_nobody(&answer, "login");
    }
    let tag = Browser::of_ada(&server).get("/meta/api-token");
    assert_eq!((tag.header("Vary"), tag.header("X-Frame-Options")), ("Cookie", "DENY"));
}

#[test]
fn the_meta_tag_is_read_by_the_pages_of_the_front_ends_alone() {
    let (own, other) = ("http://localhost:3000", "https://app.example.org");
    for (front_ends, cors) in [
        (vec![own], ""),
        (vec![own, other], ""),
        (vec![], ""),
        (vec![own], "[laravel]\ncors_origins = \"any\"\n"),
        (vec![own], "[laravel]\ncors_origins = \"any\"\ncors_paths = [\"*\"]\n"),
    ] {
        let server = Server::with(&format!(
            "front_ends = {front_ends:?}\n[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\n{cors}"
        ));
        add_ada(&server);
        let ada = Browser::of_ada(&server);
        let cookies = ada.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let page = server.anon().with("Cookie", &cookies);
        let what = format!("{front_ends:?} {cors}");
        // A browser shows an answer that was asked for with cookies to a page of this origin alone.
        let reader = |answer: &Answer| {
            let with_cookies = answer.header("Access-Control-Allow-Credentials") == "true";
            with_cookies.then(|| answer.header_all("Access-Control-Allow-Origin").join(","))
        };
        for origin in [
            "https://evil.example",
            "null",
            "http://localhost:3000.evil.example",
            "http://sub.localhost:3000",
            "https://localhost:3000",
            "http://localhost:3001",
            "http://127.0.0.1:8000.evil.example",
            "*",
            "http://localhost:3000, https://evil.example",
        ] {
            for asked in ["GET", "HEAD"] {
                let page = page.with("Origin", origin).with("Sec-Fetch-Site", "cross-site");
                let answer = page.send(asked, "/meta/api-token", None, "");
                assert!(reader(&answer).is_none_or(|one| one == own), "{what} {origin}: {answer:?}");
                // What no page may read, none may show either.
                assert_eq!(answer.header("X-Frame-Options"), "DENY", "{what} {origin}");
                assert_eq!(answer.header("X-Content-Type-Options"), "nosniff", "{what} {origin}");
                assert_eq!(answer.header("Cache-Control"), "no-store", "{what} {origin}");
            }
        }
        let listed = page.with("Origin", own).get("/meta/api-token");
        let expected = (cors.is_empty() && !front_ends.is_empty()).then(|| own.to_owned());
        assert_eq!(reader(&listed), expected, "{what}");
    }
}

#[test]
fn cookies_are_set_to_the_letter_on_http_and_https() {
    for (base, secure) in [("http://127.0.0.1:8000", ""), ("https://auth.example.org", " secure;")] {
        let server = Server::with(&format!(
            "front_ends = [\"http://localhost:3000\"]\n[server]\nbase_url = \"{base}\"\n[[mount]]\nadapter = \"sanctum_spa\"\n"
        ));
        add_ada(&server);
        let mut browser = Browser::ready(&server);
        let both = |csrf: &str| {
            [
                format!(
                    "XSRF-TOKEN= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/;{secure} samesite=lax"
                ),
                format!(
                    "{csrf}= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/;{secure} httponly; samesite=lax"
                ),
            ]
        };
        let device = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d=";
        let kept = format!(
            "{device} expires=Sat, 06 Feb 2027 12:00:00 GMT; Max-Age=34560000; path=/;{secure} httponly; samesite=lax"
        );
        let gone = format!(
            "{device} expires=Sun, 03 Jan 2021 12:00:00 GMT; Max-Age=0; path=/;{secure} httponly; samesite=lax"
        );
        let login = json!({"email": ADA, "password": PASSWORD, "remember": true});
        let refused = browser.cookies_only().post("/login", login.clone());
        assert_eq!(cookies(&refused), both("laravel-session")[1..], "{base}: 419");
        let entered = browser.post("/login", login);
        assert_eq!(cookies(&entered), [both("laravel-session").as_slice(), &[kept]].concat(), "{base}");
        assert_eq!(cookies(&browser.get("/api/user")), both("laravel-session"), "{base}");
        let left = browser.post("/logout", json!({}));
        assert_eq!(cookies(&left), [both("laravel-session").as_slice(), &[gone]].concat(), "{base}");
        assert_eq!(server.owner.tokens(countersign_core::UserId(1), Some(TokenKind::Session)).unwrap(), [], "{base}");
    }
}

#[test]
fn no_cookie_is_longer_than_browsers_keep() {
    let server = Server::with(
        "front_ends = [\"http://localhost:3000\"]\n[server]\nbase_url = \"https://auth.example.org\"\n[[mount]]\nadapter = \"sanctum_spa\"\n\
         cookie_domain = \"auth.example.org\"\nsession_cookie = \"a-session-cookie-with-a-rather-long-name-for-one\"\n",
    );
    add_ada(&server);
    let mut browser = Browser::ready(&server);
    let entered = browser.post("/login", json!({"email": ADA, "password": PASSWORD, "remember": true}));
    assert_eq!(entered.status, 204);
    browser.anon = server.anon();
    let visitor = Browser::ready(&server);
    // Quotes are two letters each where the page is written down.
    for letter in ["x", "\"", "%22", "'"] {
        for (length, browser) in [100, 384, 400, 760, 768, 769, 1_000, 1_024, 2_000, 6_000]
            .into_iter()
            .flat_map(|length| [(length, &browser), (length, &visitor)])
        {
            let path = format!("/verify-email/1/{}", letter.repeat(length));
            let target = &path[..path.len().min(length)];
            let names: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = server.raw(
                format!(
                    "GET {target} HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nConnection: close\r\n\r\n",
                    names.join("; ")
                )
                .as_bytes(),
            );
            let lines: Vec<_> = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
            assert!(lines.len() >= 2, "{letter} {length}: {answer}");
            for line in lines {
                assert!(line.len() < 4_096, "{letter} {length}: {} bytes: {line}", line.len());
            }
        }
    }
}
