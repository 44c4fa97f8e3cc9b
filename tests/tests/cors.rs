//! Which pages may call the server: the listed front ends on every answer, and nobody else on any. Laravel's dialects say
//! it in Laravel's way.

#[path = "cors/laravel.rs"]
mod laravel;

use countersign_tests::{Actor, Answer, Server};
use ureq::http::HeaderName;

const LISTED: &str = "https://app.ex";

/// Origins that resemble the listed one, and what a browser sends for a page without one.
const HOSTILE: [&str; 15] = [
    "https://evil",
    "https://app.ex.evil",
    "https://evilapp.ex",
    "https://sub.app.ex",
    "http://app.ex",
    "https://app.ex:444",
    "https://app.ex:443",
    "https://app.ex/",
    "https://app.ex.",
    "https://APP.EX",
    "https://app.ex@evil",
    "https://app.ex,https://evil",
    "https://app.ex https://evil",
    "null",
    "*",
];

fn server() -> Server {
    Server::with(&format!("front_ends = [\"{LISTED}\", \"http://localhost:3000\"]\n[server]\nbody_limit = 1024"))
}

/// Method, path, content type, body and status.
type Asked = (&'static str, &'static str, &'static str, String, u16);

/// One request for each kind of answer in each dialect but Laravel's.
fn requests() -> Vec<Asked> {
    let big = format!(r#"{{"login":"{}"}}"#, "x".repeat(2_000));
    vec![
        ("GET", "/health/live", "", String::new(), 200),
        ("GET", "/openapi.json", "", String::new(), 200),
        ("GET", "/docs", "", String::new(), 308),
        ("GET", "/auth/nowhere", "", String::new(), 404),
        ("GET", "/auth/me", "", String::new(), 401),
        ("GET", "/auth/users/me/", "", String::new(), 401),
        ("OPTIONS", "/auth/users/me/", "", String::new(), 401),
        ("DELETE", "/auth/login", "", String::new(), 405),
        ("PUT", "/auth/token/login/", "application/json", "{}".to_owned(), 405),
        ("PUT", "/register", "application/json", "{}".to_owned(), 405),
        ("POST", "/auth/login", "application/json", r#"{"identifier":"ada","password":"x"}"#.to_owned(), 422),
        ("POST", "/auth/token/login/", "application/json", "{".to_owned(), 400),
        ("POST", "/auth/token/login/", "text/plain", "x".to_owned(), 415),
        ("POST", "/auth", "application/json", big, 413),
    ]
}

fn ask(actor: &Actor, (method, path, kind, body, _): &Asked) -> Answer {
    actor.wants_json().send(method, path, Some(*kind).filter(|kind| !kind.is_empty()), body)
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    answer.headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("access-control-")).collect()
}

fn varies(answer: &Answer) -> bool {
    answer.header_all("vary").iter().flat_map(|line| line.split(',')).any(|name| name.trim() == "Origin")
}

fn assert_readable(answer: &Answer, what: &str) {
    assert_eq!(answer.header_all("access-control-allow-origin"), [LISTED], "{what}");
    assert_eq!(answer.header_all("access-control-allow-credentials"), ["true"], "{what}");
    let exposed = answer.header("access-control-expose-headers");
    for name in ["X-CSRF-Failure", "Retry-After", "WWW-Authenticate", "X-RateLimit-Remaining"] {
        assert!(exposed.split(", ").any(|one| one == name), "{what}: {exposed}");
    }
    assert!(varies(answer), "{what}");
}

#[test]
fn every_answer_is_readable_for_a_listed_origin() {
    let server = server();
    for request in requests() {
        let answer = ask(&server.anon().with("Origin", LISTED), &request);
        let what = format!("{} {}: {}", request.0, request.1, answer.body);
        assert_eq!(answer.status, request.4, "{what}");
        assert_readable(&answer, &what);
    }
}

#[test]
fn a_failed_store_is_readable_too() {
    let server = server();
    server.tamper("DROP TABLE users");
    let body = r#"{"login":"ada","password":"password"}"#;
    let answer = server.anon().with("Origin", LISTED).send("POST", "/auth", Some("application/json"), body);
    assert_eq!(answer.status, 503);
    assert_readable(&answer, "503");
}

#[test]
fn no_answer_is_readable_for_anybody_else() {
    let server = server();
    for request in requests() {
        let without = ask(&server.anon(), &request);
        assert_eq!((cors_headers(&without), varies(&without)), (vec![], false), "{} {}", request.0, request.1);
        // It need not say that it varies, because no page is ever given a stored copy of it.
        let stored = without.header("cache-control");
        assert!(stored.contains("no-store") || stored.contains("no-cache"), "{} {}: {stored:?}", request.0, request.1);
    }
    for origin in HOSTILE {
        for request in requests() {
            let answer = ask(&server.anon().with("Origin", origin), &request);
            let what = format!("{origin}: {} {}", request.0, request.1);
            assert_eq!((cors_headers(&answer), varies(&answer)), (vec![], true), "{what}");
        }
    }
    let twice = server.anon().with("Origin", LISTED).with("Origin", "https://evil").get("/health/live");
    assert_eq!(cors_headers(&twice), Vec::<&str>::new());
}

fn preflight(server: &Server, origin: &str, path: &str) -> Answer {
    let page = server.anon().with("Origin", origin).with("Access-Control-Request-Method", "PATCH");
    page.with("Access-Control-Request-Headers", "authorization,x-xsrf-token").send("OPTIONS", path, None, "")
}

#[test]
fn a_preflight_is_answered_before_anybody_asks_who_it_is() {
    let server = server();
    for path in ["/auth/me", "/auth/users/me/", "/auth/login", "/ws", "/auth/nowhere", "/health/live"] {
        let answer = preflight(&server, LISTED, path);
        assert_eq!(answer.whole(), (204, ""), "{path}");
        assert_readable(&answer, path);
        assert_eq!(answer.header("access-control-allow-methods"), "PATCH", "{path}");
        assert_eq!(answer.header("access-control-allow-headers"), "authorization,x-xsrf-token", "{path}");
        assert_eq!(answer.header("access-control-max-age"), "7200", "{path}");
        for origin in HOSTILE {
            let answer = preflight(&server, origin, path);
            assert_eq!(answer.whole(), (204, ""), "{origin} {path}");
            assert_eq!((cors_headers(&answer), varies(&answer)), (vec![], true), "{origin} {path}");
        }
    }
}

#[test]
fn what_an_answer_varies_by_already_is_kept() {
    let server = Server::with(&format!(
        "front_ends = [\"{LISTED}\"]\n[[mount]]\nadapter = \"djoser\"\nlocale = \"accept-language\""
    ));
    let answer = server.anon().with("Origin", LISTED).get("/auth/users/me/");
    assert_eq!((answer.status, answer.header_all("vary")), (401, vec!["Accept-Language", "Origin"]));
}

#[test]
fn without_front_ends_no_origin_is_let_in() {
    let server = Server::with("front_ends = []");
    for origin in ["http://localhost:3000", LISTED, "null"] {
        assert_eq!(cors_headers(&preflight(&server, origin, "/auth")), Vec::<&str>::new());
        let answer = server.anon().with("Origin", origin).get("/auth/users/me/");
        assert_eq!((answer.status, cors_headers(&answer), varies(&answer)), (401, vec![], false), "{origin}");
    }
}
