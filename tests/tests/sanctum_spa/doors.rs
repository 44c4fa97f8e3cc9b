//! Other methods and other spellings of protected paths: as closed as the path itself.

use countersign_tests::Server;

use crate::common::{Browser, FRONT_END, with_ada};

/// What nobody sees who is not logged in.
const SECRETS: [&str; 4] = ["ada@example.org", "Ada Lovelace", "api-token\" content=\"1", "tokenable"];
const PROTECTED: [&str; 9] = [
    "/api/user",
    "/api/tokens",
    "/api/tokens/create",
    "/api/tokens/1",
    "/api/auth/logout",
    "/api/auth/token/rotate",
    "/meta/api-token",
    "/verify-email/1/3c1b5f0cb91772d027dcdde8fb749091db780cbb",
    "/email/verification-notification",
];

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

fn ask(server: &Server, method: &str, target: &str, lines: &str) -> String {
    server.raw(
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nOrigin: {FRONT_END}\r\n{lines}Connection: close\r\n\r\n")
            .as_bytes(),
    )
}

fn spellings(path: &str) -> Vec<String> {
    let (first, rest) = path[1..].split_once('/').unwrap();
    vec![
        format!("{path}/"),
        format!("{path}//"),
        format!("/{path}"),
        format!("//{path}"),
        format!("/.{path}"),
        format!("/x/..{path}"),
        format!("/%2e{path}"),
        format!("/%2e%2e{path}"),
        format!("/{first}//{rest}"),
        format!("/{first}/./{rest}"),
        format!("/{first}/%2e/{rest}"),
        format!("/{first}/x/../{rest}"),
        format!("/{first}%2f{rest}"),
        format!("/{first}\\{rest}"),
        format!("/{first};x/{rest}"),
        format!("{path};x"),
        format!("{path};jsessionid=1"),
        format!("{path}."),
        format!("{path}.json"),
        format!("{path}%20"),
        format!("{path}%00"),
        format!("{path}%0a"),
        format!("{path}%3f"),
        format!("{path}?x"),
        format!("{path}?/../health/live"),
        format!("{path}#x"),
        path.to_uppercase(),
        path.replacen('a', "%61", 1),
        format!("http://x{path}"),
        format!("http://user@x{path}"),
    ]
}

#[test]
fn no_method_opens_what_get_and_post_do_not() {
    let server = with_ada();
    Browser::of_ada(&server);
    let before = server.owner.tokens(countersign_core::UserId(1), None).unwrap();
    for path in PROTECTED {
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "SEARCH",
            "QUERY", "get", "Get", "post", "delete", "GETX", "X",
        ] {
            for lines in ["", "Cookie: laravel-session=x\r\n", "Authorization: Bearer 1|x\r\n", "Content-Length: 0\r\n"]
            {
                // The connection of a tunnel stays open for a second.
                if method == "CONNECT" && (path != PROTECTED[0] || !lines.is_empty()) {
                    continue;
                }
                let answer = ask(&server, method, path, lines);
                let status = status(&answer);
                let allowed: &[u16] = match method {
                    "OPTIONS" => &[200],
                    // A tunnel to a host that is none: nothing like a route.
                    "CONNECT" => &[400, 404, 405],
                    _ => &[400, 401, 404, 405, 419],
                };
                assert!(allowed.contains(&status), "{method} {path} {lines:?}: {answer}");
                let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                assert!(!["OPTIONS", "HEAD"].contains(&method) || body.is_empty(), "{method} {path}: {answer}");
                assert!(SECRETS.iter().all(|secret| !answer.contains(secret)), "{method} {path}: {answer}");
                assert!(!answer.contains("X: echo") && !answer.contains("Bearer"), "{method} {path}: {answer}");
            }
        }
    }
    assert_eq!(server.owner.tokens(countersign_core::UserId(1), None).unwrap(), before);
}

#[test]
fn no_spelling_of_a_path_opens_it() {
    let server = with_ada();
    Browser::of_ada(&server);
    for path in PROTECTED {
        for spelling in spellings(path) {
            for method in ["GET", "HEAD", "POST", "DELETE"] {
                let answer = ask(&server, method, &spelling, "");
                assert!([400, 401, 404, 405, 419].contains(&status(&answer)), "{method} {spelling}: {answer}");
                assert!(SECRETS.iter().all(|secret| !answer.contains(secret)), "{method} {spelling}: {answer}");
            }
        }
    }
}

#[test]
fn a_path_that_is_served_needs_the_token_in_every_spelling() {
    let server = with_ada();
    let ada = Browser::of_ada(&server);
    let cookie = format!("Cookie: laravel-session={}\r\nContent-Length: 0\r\n", ada.cookies["laravel-session"]);
    for path in ["/logout", "/api/auth/logout", "/api/tokens/create", "/api/tokens"] {
        let spelled = if path.matches('/').count() == 1 {
            vec![format!("{path}/"), format!("/{path}"), format!("{path};x")]
        } else {
            spellings(path)
        };
        for spelling in spelled {
            for method in ["POST", "DELETE"] {
                let answer = ask(&server, method, &spelling, &cookie);
                assert!([400, 404, 405, 419].contains(&status(&answer)), "{method} {spelling}: {answer}");
            }
        }
    }
    assert_eq!(ada.actor().get("/api/user").status, 200);
}

#[test]
fn a_head_says_no_more_than_its_get_and_changes_nothing() {
    let server = with_ada();
    let ada = Browser::of_ada(&server);
    for path in ["/api/user", "/api/tokens", "/meta/api-token"] {
        let (get, head) = (ada.actor().get(path), ada.actor().send("HEAD", path, None, ""));
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
    }
    for path in ["/logout", "/api/auth/logout", "/api/tokens/1"] {
        let answer = ada.actor().send("HEAD", path, None, "");
        assert_eq!(answer.whole(), (405, ""), "{path}");
    }
    assert_eq!(ada.actor().get("/api/user").status, 200);
}
