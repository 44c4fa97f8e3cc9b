//! Credentials that nobody should send, at every door that a bearer opens: one refusal, word for word.

use countersign_core::{Token, UserId};
use countersign_tests::{Actor, Server};
use serde_json::{Value, json};

use crate::{
    common::{Browser, PASSWORD, UNAUTHENTICATED, add_ada, registration, with_ada},
    mailed::ADA,
};

/// Every door that a bearer opens: method and path.
const DOORS: [(&str, &str); 7] = [
    ("GET", "/api/user"),
    ("GET", "/api/tokens"),
    ("POST", "/api/tokens/create"),
    ("DELETE", "/api/tokens"),
    ("DELETE", "/api/tokens/1"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/auth/token/rotate"),
];

fn token(server: &Server, email: &str) -> String {
    server.anon().post("/api/auth/token", json!({"email": email, "password": PASSWORD})).text("token")
}

/// Status, content type, challenge and body of a request with these lines in its head.
fn ask(server: &Server, (method, path): (&str, &str), lines: &[u8]) -> (u16, String, bool, String) {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\nContent-Length: 0\r\n"
    );
    let answer = server.raw(&[head.as_bytes(), lines, b"\r\n\r\n"].concat());
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{path}: no answer to {:?}", String::from_utf8_lossy(lines)));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    (status, kind.to_owned(), head.to_lowercase().contains("www-authenticate"), body.to_owned())
}

#[test]
fn what_is_no_credential_is_refused_in_the_same_words_at_every_door() {
    let server = with_ada();
    let good = token(&server, ADA);
    let (id, secret) = good.split_once('|').unwrap();
    let texts = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer  ".to_owned(),
        format!("Bearer  {good}"),
        format!("Bearer\t{good}"),
        format!("Bearer{good}"),
        "Bearer\t".to_owned(),
        "Bearer a b".to_owned(),
        format!("Bearer {good} x"),
        "bearer x".to_owned(),
        format!("token {good}"),
        format!("Token {good}"),
        format!("JWT {good}"),
        format!("Basic {good}"),
        "Basic YWRhOng=".to_owned(),
        "Digest x".to_owned(),
        "Negotiate".to_owned(),
        format!("Bearer {}", "a".repeat(8_000)),
        format!("Bearer {good}{}", "a".repeat(8_000)),
        "Bearer é".to_owned(),
        "Bearer 🦀".to_owned(),
        "Bearer %00".to_owned(),
        format!("Bearer {good}%00"),
        "Bearer a, Bearer b".to_owned(),
        format!("Bearer x, {good}"),
        "Bearer |".to_owned(),
        format!("Bearer {id}|"),
        format!("Bearer |{secret}"),
        format!("Bearer {id}|x|y"),
        format!("Bearer {id}||{secret}"),
        format!("Bearer {id}|{secret}|"),
        format!("Bearer {id}|{}", secret.to_uppercase()),
        format!("Bearer {id}|{}", secret.to_lowercase()),
        format!("Bearer {}", secret.to_lowercase()),
        format!("Bearer 2|{secret}"),
        format!("Bearer \"{good}\""),
        format!("Bearer {good}="),
        "Bearer null".to_owned(),
        "Bearer undefined".to_owned(),
        ",".to_owned(),
        "=".to_owned(),
        good.clone(),
    ];
    let mut lines: Vec<Vec<u8>> = texts.iter().map(|text| format!("Authorization: {text}").into_bytes()).collect();
    lines.push(b"Authorization: Bearer \xff\xfe".to_vec());
    lines.push(b"Authorization: \xff".to_vec());
    lines.push(format!("Authorization: Bearer {good}\r\nAuthorization: Bearer x").into_bytes());
    lines.push(format!("Authorization: Bearer x\r\nAuthorization: Bearer {good}").into_bytes());
    lines.push(format!("X-Authorization: Bearer {good}").into_bytes());
    lines.push(format!("Proxy-Authorization: Bearer {good}").into_bytes());
    lines.push(
        format!("Cookie: token={good}; api-token={good}; laravel-session={good}\r\nOrigin: https://mobile.example")
            .into_bytes(),
    );
    lines.push(b"X: y".to_vec());
    let refusal = (401, "application/json".to_owned(), false, UNAUTHENTICATED.to_owned());
    for door in DOORS {
        for line in &lines {
            let shown: String = String::from_utf8_lossy(line).chars().take(90).collect();
            assert_eq!(ask(&server, door, line), refusal, "{door:?} {shown:?}");
        }
    }
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert_eq!(ask(&server, DOORS[0], format!("Authorization: {scheme} {good}").as_bytes()).0, 200, "{scheme}");
    }
}

#[test]
fn a_head_that_is_too_long_is_answered() {
    let server = with_ada();
    for length in [16_000, 64_000, 200_000] {
        let answer = server.raw(
            format!(
                "GET /api/user HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
                "a".repeat(length)
            )
            .as_bytes(),
        );
        assert!(
            ["HTTP/1.1 302 ", "HTTP/1.1 400 ", "HTTP/1.1 431 "].iter().any(|start| answer.starts_with(start)),
            "{length}: {answer}"
        );
    }
    assert_eq!(server.anon().get("/health/ready").status, 200);
}

#[test]
fn numbers_case_and_blanks_make_another_token_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let good = token(&server, ADA);
        assert_eq!(server.bearer(&good).get("/api/user").status, 200);
        let (id, secret) = good.split_once('|').unwrap();
        let huge = "9".repeat(40);
        for other in [
            "0",
            "-1",
            "01",
            "+1",
            "1e0",
            "1.0",
            "0x1",
            "１",
            "1 ",
            "",
            "2",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551617",
            &huge,
        ] {
            assert_ne!(other, id);
            let line = format!("Authorization: Bearer {other}|{secret}");
            assert_eq!(ask(&server, DOORS[0], line.as_bytes()).3, UNAUTHENTICATED, "{} {other}", server.backend);
        }
        let swapped: String = secret
            .chars()
            .map(|c| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
            .collect();
        for other in [
            swapped,
            format!("{secret}%20"),
            format!("{secret}\u{a0}"),
            format!("{secret}\u{301}"),
            secret.replacen('a', "á", 1).replacen('e', "é", 1) + "x",
        ] {
            for token in [format!("{id}|{other}"), other.clone()] {
                let line = format!("Authorization: Bearer {token}");
                assert_eq!(ask(&server, DOORS[0], line.as_bytes()).3, UNAUTHENTICATED, "{} {token}", server.backend);
            }
        }
        // The secret alone is one of Sanctum's older tokens.
        assert_eq!(server.bearer(secret).get("/api/user").status, 200, "{}", server.backend);
    }
}

#[test]
fn an_address_with_an_accent_is_another_address_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        for other in [
            "adá@example.org",
            "ada@exámple.org",
            "аda@example.org",
            "ada@example.org\u{0}",
            "ada@example.org\u{301}",
            "ada@example.org.",
            "ada @example.org",
        ] {
            let mut browser = Browser::ready(&server);
            assert_eq!(browser.log_in(other, PASSWORD).status, 422, "{} {other:?}", server.backend);
            let answer =
                server.anon().wants_json().post("/api/auth/token", json!({"email": other, "password": PASSWORD}));
            assert_eq!(answer.status, 422, "{} {other:?}", server.backend);
        }
        for same in ["ADA@example.org", " ada@EXAMPLE.org "] {
            let mut browser = Browser::ready(&server);
            assert_eq!(browser.log_in(same, PASSWORD).whole(), (204, ""), "{} {same:?}", server.backend);
            let taken = Browser::ready(&server).post("/api/register", registration(&same.trim().to_lowercase()));
            assert_eq!(taken.status, 422, "{} {same:?}", server.backend);
        }
    }
}

/// What the second user has.
fn of_bob(server: &Server) -> (Value, Vec<Token>) {
    let bob = server.owner.user(UserId(2)).unwrap();
    (json!([bob.name, bob.email, bob.role.to_string(), bob.api_token]), server.owner.tokens(UserId(2), None).unwrap())
}

#[test]
fn nobody_acts_for_somebody_else_by_what_the_body_says() {
    let server = with_ada();
    let mut bob = Browser::ready(&server);
    assert_eq!(bob.post("/api/register", registration("bob@example.org")).whole(), (204, ""));
    let before = of_bob(&server);
    let paths = [
        "/api/tokens/create",
        "/api/auth/logout",
        "/email/verification-notification",
        "/logout",
        "/api/auth/token/rotate",
    ];
    for field in
        ["user_id", "userId", "user", "owner", "tokenable_id", "tokenable_type", "sub", "id", "role", "is_staff"]
    {
        for value in [json!(2), json!("2"), json!("bob@example.org"), json!({"id": 2}), json!([2])] {
            let body = json!({field: value, "token_name": "x", "reason": "x"});
            let ada = token(&server, ADA);
            let anybody: [(Actor, bool); 3] = [
                (server.anon().wants_json(), false),
                (server.bearer(&ada).wants_json(), true),
                (Browser::of_ada(&server).actor(), true),
            ];
            for (actor, is_ada) in anybody {
                for path in paths {
                    let answer = actor.post(path, body.clone());
                    assert!(is_ada || [401, 419].contains(&answer.status), "{path} {body}: {:?}", answer.whole());
                    assert!(answer.status < 500, "{path} {body}: {:?}", answer.whole());
                }
            }
            assert_eq!(of_bob(&server), before, "{body}");
        }
    }
    let ada = server.owner.user(UserId(1)).unwrap();
    assert_eq!((ada.role.to_string().as_str(), ada.is_staff), ("tourist", false));
    // Nor does somebody who registers choose their number, role or confirmation.
    let mut body = registration("eve@example.org");
    for (field, value) in [
        ("id", json!(1)),
        ("role", json!("admin")),
        ("is_staff", json!(true)),
        ("email_verified_at", json!("2026-01-01")),
        ("api_token", json!("1|x")),
    ] {
        body[field] = value;
    }
    let mut eve = Browser::ready(&server);
    assert_eq!(eve.post("/api/register", body).whole(), (204, ""));
    let eve = eve.get("/api/user").json();
    assert_eq!((&eve["id"], &eve["email_verified_at"]), (&json!(3), &Value::Null));
    let eve = server.owner.user(UserId(3)).unwrap();
    assert_eq!((eve.role.to_string().as_str(), eve.is_staff), ("tourist", false));
}
