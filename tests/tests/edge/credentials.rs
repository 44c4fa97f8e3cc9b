//! `Authorization` headers that nobody should send: never accepted, never a failure of the server.

use countersign_tests::Server;
use serde_json::{Value, json};

use super::surfaces::{Dialect, is_own};

const PASSWORD: &str = "Zx9-quokka-77";

/// Who-am-I of each dialect, the scheme of its header, and a good credential.
struct Door {
    dialect: Dialect,
    path: &'static str,
    scheme: &'static str,
    good: String,
}

fn doors(server: &Server) -> [Door; 3] {
    let anon = server.anon().wants_json();
    let ada = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    assert_eq!(anon.post("/auth/users/", ada).status, 201);
    let sanctum = anon.post("/api/auth/token", json!({"email": "ada@example.org", "password": PASSWORD})).text("token");
    let djoser = anon.post("/auth/token/login/", json!({"username": "ada", "password": PASSWORD})).text("auth_token");
    let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})).text("access_token");
    [
        Door { dialect: Dialect::Laravel, path: "/api/user", scheme: "Bearer", good: sanctum },
        Door { dialect: Dialect::Djoser, path: "/auth/users/me/", scheme: "Token", good: djoser },
        Door { dialect: Dialect::Hotel, path: "/auth/me", scheme: "Bearer", good: hotel },
    ]
}

/// The status and body of a GET with these header lines.
fn ask(server: &Server, path: &str, lines: &[&[u8]]) -> (u16, String) {
    let mut request =
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\n").into_bytes();
    for line in lines {
        request.extend_from_slice(line);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let answer = server.raw(&request);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (
        status.unwrap_or_else(|| panic!("{path} without an answer to {:?}", String::from_utf8_lossy(&request))),
        body.to_owned(),
    )
}

#[test]
fn a_header_that_is_no_credential_is_401() {
    let server = Server::start();
    for door in doors(&server) {
        let Door { path, scheme, good, .. } = &door;
        let mut headers: Vec<Vec<u8>> = [
            "",
            "Bearer",
            "Bearer ",
            "Bearer  ",
            "Token",
            "Token ",
            "Bearer\t",
            "Bearer a b",
            "Token a b",
            "Bearer %00",
            "Basic YWRhOng=",
            "Digest x",
            "Bearer |",
            "Bearer 1|",
            "Bearer |x",
            "Bearer 1|x|y",
            "Bearer é",
            "Bearer 🦀",
            "Bearer null",
            "Bearer undefined",
            "Bearer a.b.c",
            "Bearer ..",
            "Bearer eyJhbGciOiJub25lIn0.e30.",
            "Token |",
            "Token é",
            "Negotiate",
            ",",
            "=",
            "Bearer a, Bearer b",
        ]
        .iter()
        .map(|value| format!("Authorization: {value}").into_bytes())
        .collect();
        headers.push(b"Authorization: Bearer \xff\xfe".to_vec());
        headers.push(b"Authorization: Token \xff\xfe".to_vec());
        headers.push(b"Authorization: \xff".to_vec());
        headers.push(format!("Authorization: {scheme} {}", "a".repeat(8_000)).into_bytes());
        // Laravel's `bearerToken()` takes what stands behind the last "Bearer " and before the next comma.
        if door.dialect != Dialect::Laravel {
            headers.push(format!("Authorization: {scheme} {good}, {scheme} {good}").into_bytes());
        }
        headers.push(format!("Authorization: {scheme} x{good}").into_bytes());
        headers.push(format!("Authorization: {scheme} {good}x").into_bytes());
        headers.push(format!("Authorization: {scheme} \"{good}\"").into_bytes());
        headers.push(format!("Authorization: {good}").into_bytes());
        headers.push(format!("Authorization: Basic {good}").into_bytes());
        for header in headers {
            let (status, body) = ask(&server, path, &[&header]);
            let shown: String = String::from_utf8_lossy(&header).chars().take(80).collect();
            assert_eq!(status, 401, "{path} {shown:?}: {body}");
            let parsed: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path} {shown:?}: {body}"));
            assert!(is_own(door.dialect, &parsed), "{path} {shown:?}: {body}");
        }
        assert_eq!(ask(&server, path, &[format!("Authorization: {scheme} {good}").as_bytes()]).0, 200);
    }
}

#[test]
fn the_scheme_counts_in_any_case() {
    let server = Server::start();
    for Door { path, scheme, good, .. } in doors(&server) {
        for scheme in [scheme.to_lowercase(), scheme.to_uppercase()] {
            assert_eq!(
                ask(&server, path, &[format!("Authorization: {scheme} {good}").as_bytes()]).0,
                200,
                "{path} {scheme}"
            );
        }
    }
}

#[test]
fn of_two_headers_none_counts() {
    let server = Server::start();
    for Door { path, scheme, good, .. } in doors(&server) {
        let good = format!("Authorization: {scheme} {good}");
        let bad = format!("Authorization: {scheme} x");
        for pair in [[&good, &bad], [&bad, &good]] {
            let (status, body) = ask(&server, path, &[pair[0].as_bytes(), pair[1].as_bytes()]);
            assert!([400, 401].contains(&status), "{path} {status} {body}");
        }
    }
}

#[test]
fn a_header_beyond_every_measure_is_refused() {
    let server = Server::start();
    for size in [64_000, 200_000] {
        let header = format!("Authorization: Bearer {}", "a".repeat(size));
        let (status, _) = ask(&server, "/auth/me", &[header.as_bytes()]);
        assert!([400, 401, 413, 431].contains(&status), "{size}: {status}");
    }
    assert_eq!(server.anon().get("/health/live").status, 200);
}

#[test]
fn an_id_that_is_no_id_is_401_on_every_database() {
    for server in Server::each() {
        let [sanctum, ..] = doors(&server);
        let (id, secret) = sanctum.good.split_once('|').unwrap();
        assert_eq!(server.bearer(&sanctum.good).wants_json().get("/api/user").status, 200);
        let ids = [
            "0",
            "-1",
            "01",
            "+1",
            "1e0",
            " 1",
            "1 ",
            "0x1",
            "１",
            "9223372036854775807",
            "9223372036854775808",
            "1.0",
            "2",
            &"9".repeat(40),
        ];
        for wrong in ids.into_iter().filter(|wrong| *wrong != id) {
            let header = format!("Authorization: Bearer {wrong}|{secret}");
            let (status, body) = ask(&server, "/api/user", &[header.as_bytes()]);
            assert_eq!(status, 401, "{}: {wrong}: {body}", server.backend);
        }
    }
}

#[test]
fn case_blanks_and_line_ends_make_another_token_on_every_database() {
    for server in Server::each() {
        for Door { path, scheme, good, .. } in doors(&server) {
            let upper = if good.to_uppercase() == good { good.to_lowercase() } else { good.to_uppercase() };
            let others = [
                upper,
                format!("{good}%20"),
                format!("{good}\u{0}"),
                format!("{good}\u{a0}"),
                good[..good.len() - 1].to_owned(),
            ];
            for other in others {
                let (status, body) = ask(&server, path, &[format!("Authorization: {scheme} {other}").as_bytes()]);
                assert!([400, 401].contains(&status), "{} {path} {other:?}: {status} {body}", server.backend);
            }
        }
    }
}

#[test]
fn a_credential_of_one_dialect_opens_no_other_strategys_door() {
    let server = Server::start();
    let doors = doors(&server);
    for door in &doors {
        for other in doors.iter().filter(|other| other.path != door.path) {
            let header = format!("Authorization: {} {}", door.scheme, other.good);
            assert_eq!(ask(&server, door.path, &[header.as_bytes()]).0, 401, "{} at {}", other.path, door.path);
        }
    }
}

#[test]
fn hostile_cookies_and_queries_never_fail_the_server() {
    let server = Server::start();
    let cookies: [&[u8]; 8] = [
        b"Cookie: laravel-session=",
        b"Cookie: laravel-session=%00",
        b"Cookie: laravel-session=\xff\xfe",
        b"Cookie: =",
        b"Cookie: ;;;",
        b"Cookie: laravel-session=x; laravel-session=y",
        b"Cookie: XSRF-TOKEN=%ZZ; laravel-session=%ZZ",
        b"Cookie: laravel-session=\"",
    ];
    for cookie in cookies {
        for path in [
            "/api/user",
            "/sanctum/csrf-cookie",
            "/meta/api-token",
            "/api/user?%00=%ff&a=1&a=2",
            "/auth/me?x=%",
            "/%00",
            "/%ff",
            "/auth/%2e%2e/x",
        ] {
            let (status, body) = ask(&server, path, &[cookie, b"Origin: http://localhost:3000"]);
            assert!(status < 500, "{path} {}: {status} {body}", String::from_utf8_lossy(cookie));
        }
    }
    assert_eq!(server.anon().get("/health/ready").status, 200);
}
