//! Bodies that nobody should send: each is refused in the words of its dialect, and the server goes on.

use std::{
    io::Write as _,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use countersign_tests::{Server, wire};
use serde_json::{Value, json};

use super::surfaces::{SURFACES, visitor};

const JSON: Option<&str> = Some("application/json");

/// Sends each body to each surface; every answer must be a refusal in the dialect's shape.
fn all_are_refused(bodies: &[(&str, String)]) {
    let server = Server::start();
    let visitor = visitor(&server);
    for surface in &SURFACES {
        for (what, body) in bodies {
            let answer = visitor.send("POST", surface.path, JSON, body);
            surface.assert_own_words(&answer, what);
        }
    }
    assert_eq!(server.anon().get("/health/ready").status, 200);
}

#[test]
fn what_is_not_json_is_refused() {
    let bodies = [
        ("nothing", ""),
        ("half an object", r#"{"username":"#),
        ("garbage behind", "{}x"),
        ("two documents", "{}{}"),
        ("a comment", "{/**/}"),
        ("NaN", r#"{"password":NaN}"#),
        ("single quotes", "{'password':'x'}"),
        ("a byte order mark", "\u{feff}{}"),
        (
            "a lone surrogate",
            r#"{"username":"\ud800","email":"\ud800","login":"\ud800","identifier":"\ud800","refresh_token":"\ud800","password":"x"}"#,
        ),
        ("a number beyond every double", r#"{"password":1e400}"#),
    ];
    all_are_refused(&bodies.map(|(what, body)| (what, body.to_owned())));
}

#[test]
fn depth_and_length_are_bounded() {
    all_are_refused(&[
        ("deep arrays", "[".repeat(60_000)),
        ("deep objects", r#"{"a":"#.repeat(12_000)),
        ("a deep value", format!(r#"{{"password":{}{}}}"#, "[".repeat(1_000), "]".repeat(1_000))),
        ("a long number", format!(r#"{{"password":{}}}"#, "9".repeat(60_000))),
        ("100,000 brackets", "[".repeat(100_000)),
        ("more than the limit", format!(r#"{{"password":"{}"}}"#, "x".repeat(65_536))),
    ]);
}

#[test]
fn what_is_json_but_no_object_is_refused() {
    let bodies = ["null", "true", "7", "\"text\"", "[]", "[{}]", "[[\"username\",\"ada\"]]", "{}"];
    all_are_refused(&bodies.map(|body| (body, body.to_owned())));
}

#[test]
fn a_field_of_the_wrong_type_never_fails_the_server() {
    let server = Server::start();
    let visitor = visitor(&server);
    let wrong = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e308),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!(["x"]),
        json!([["x"]]),
        json!({"x": "y"}),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("\u{7f}"),
        json!("\u{202e}"),
        json!("x".repeat(20_000)),
        json!("🦀".repeat(5_000)),
        json!("\u{fdfa}".repeat(1_000)),
        json!("' OR 1=1 --"),
        json!("%00"),
        json!("../../etc/passwd"),
        json!("{{7*7}}"),
    ];
    for surface in &SURFACES {
        for field in surface.fields {
            for value in &wrong {
                let mut body = surface.texts();
                body.insert((*field).to_owned(), value.clone());
                let answer = visitor.post(surface.path, Value::Object(body));
                let shown: String = value.to_string().chars().take(40).collect();
                // Some of these are names or passwords that may be registered.
                if !(200..300).contains(&answer.status) {
                    surface.assert_own_words(&answer, &format!("{field}={shown}"));
                }
            }
        }
    }
    assert_eq!(server.anon().get("/health/ready").status, 200);
}

#[test]
fn a_nul_is_refused_in_every_field_on_every_database() {
    for server in Server::each() {
        let visitor = visitor(&server);
        for surface in &SURFACES {
            for field in surface.fields {
                let mut body = surface.texts();
                body.insert((*field).to_owned(), "ada\u{0}@example.org".into());
                let answer = visitor.post(surface.path, Value::Object(body));
                surface.assert_own_words(&answer, &format!("NUL in {field} on {}", server.backend));
            }
        }
        assert!(server.owner.users(countersign_core::UserId(0), 10).unwrap().is_empty(), "nobody was registered");
    }
}

#[test]
fn of_two_equal_keys_none_counts_or_always_the_same() {
    let server = Server::start();
    let visitor = visitor(&server);
    for surface in &SURFACES {
        let field = surface.fields[0];
        for second in [field.to_owned(), format!("\\u{:04x}{}", field.as_bytes()[0], &field[1..])] {
            let mut body = serde_json::to_string(&surface.texts()).unwrap();
            body.insert_str(1, &format!(r#""{second}":"eve@example.org","#));
            let answer = visitor.send("POST", surface.path, JSON, &body);
            // Python's parser keeps the last one, and Djoser is what Python does.
            if surface.path == "/auth/users/" && answer.status == 201 {
                assert_eq!(answer.json()[field], "ada@example.org");
            } else {
                surface.assert_own_words(&answer, &format!("{field} twice"));
            }
        }
    }
    assert!(server.owner.find_user("eve@example.org").is_err(), "the first of two keys counted");
}

#[test]
fn a_body_is_too_long_whether_its_length_is_declared_or_not() {
    let server = Server::start();
    for surface in &SURFACES {
        let declared = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: 10000000000\r\n\r\n{{",
            surface.path
        );
        let chunked = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n11170\r\n{}\r\n0\r\n\r\n",
            surface.path,
            " ".repeat(0x11170)
        );
        for (what, request) in [("declared", declared), ("chunked", chunked)] {
            let answer = server.raw(request.as_bytes());
            // A Laravel form without a session is refused before its body counts; a Django body of 2.5 MB and more is a
            // bad request.
            let allowed: &[&str] = match surface.path {
                "/login" | "/api/register" => &["413", "419"],
                path if path.ends_with('/') && what == "declared" => &["400", "413"],
                _ => &["413"],
            };
            assert!(
                allowed.iter().any(|status| answer.starts_with(&format!("HTTP/1.1 {status} "))),
                "{what} {surface:?}: {answer}"
            );
        }
    }
    assert_eq!(server.anon().get("/health/ready").status, 200);
}

#[test]
fn a_body_that_drips_is_given_up() {
    let server = Server::with("[server]\nbody_timeout = \"300ms\"");
    for surface in SURFACES.iter().filter(|surface| !["/login", "/api/register"].contains(&surface.path)) {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n",
            surface.path
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut dripping = stream.try_clone().unwrap();
        let drip = thread::spawn(move || {
            for _ in 0..10 {
                thread::sleep(Duration::from_millis(100));
                if dripping.write_all(b" ").is_err() {
                    return;
                }
            }
        });
        let answer = wire::rest_of(&mut stream, Duration::from_secs(2));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{surface:?}: {answer:?}");
        drip.join().unwrap();
    }
}

#[test]
fn a_type_that_is_not_read_is_refused() {
    let server = Server::start();
    let visitor = visitor(&server);
    for surface in &SURFACES {
        for media in [
            "text/plain",
            "application/xml",
            "application/octet-stream",
            "x",
            "multipart/form-data",
            "multipart/form-data; boundary=",
        ] {
            let answer = visitor.send("POST", surface.path, Some(media), r#"{"username":"ada","password":"x"}"#);
            surface.assert_own_words(&answer, media);
        }
    }
}

#[test]
fn a_packed_body_is_not_unpacked_beyond_the_limit() {
    // Ten million blanks, packed by gzip's simplest means would be large; here the header alone is the question.
    let server = Server::start();
    let visitor = visitor(&server).with("Content-Encoding", "gzip");
    for surface in &SURFACES {
        let answer = visitor.send("POST", surface.path, JSON, "{}");
        surface.assert_own_words(&answer, "packed");
    }
}

/// The framework gives whatever names a socket until the connection ends.
#[test]
fn a_body_ends_where_its_head_says_whatever_it_wants_to_upgrade_to() {
    let server = Server::with("[server]\nbody_timeout = \"30s\"\n");
    let asked = |path: &str, framing: &str, body: &str| {
        let began = Instant::now();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nUpgrade: websocket\r\nContent-Type: application/json\r\n{framing}"
        );
        let answer = wire::first_answer(server.address(), format!("{head}\r\n\r\n{body}").as_bytes(), false);
        assert!(began.elapsed() < Duration::from_secs(10), "{path} {framing}");
        answer.lines().next().unwrap_or_default().to_owned()
    };
    let ada =
        r#"{"login":"ada","username":"ada","identifier":"ada","email":"ada@example.org","password":"Zx9-quokka-77"}"#;
    let whole = format!("Content-Length: {}", ada.len());
    assert_eq!(asked("/auth/users/", &whole, ada), "HTTP/1.1 201 Created");
    for path in ["/auth/token/login/", "/auth/login", "/api/auth/token", "/auth"] {
        assert_eq!(asked(path, &whole, ada), "HTTP/1.1 200 OK", "{path}");
        // What comes behind the body is none of it.
        assert_eq!(
            asked(path, &whole, &format!("{ada}GET /health/live HTTP/1.1\r\n\r\n")),
            "HTTP/1.1 200 OK",
            "{path}"
        );
        let chunks = format!("{:x}\r\n{ada}\r\n0\r\n\r\n", ada.len());
        assert_eq!(asked(path, "Transfer-Encoding: chunked", &chunks), "HTTP/1.1 200 OK", "{path}");
        let nothing = asked(path, "X-No-Length: 1", "");
        assert!(nothing.starts_with("HTTP/1.1 4") && !nothing.contains("408"), "{path}: {nothing}");
    }
}
