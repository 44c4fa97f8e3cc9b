//! The Laravel dialects, as `HandleCors` has it: with one front end, that one is named to everybody, and a browser refuses
//! the answer to every other page.

use countersign_tests::{Answer, Server};
use serde_json::json;

use super::{Asked, HOSTILE, LISTED, ask, cors_headers};

const SECOND: &str = "http://localhost:3000";

fn server(more: &str) -> Server {
    Server::with(&format!("front_ends = [\"{LISTED}\"]\nserver = {{body_limit = 1024}}\n{more}"))
}

fn server_with_two() -> Server {
    Server::with(&format!("front_ends = [\"{LISTED}\", \"{SECOND}\"]"))
}

/// One request for each kind of answer; some are others without an Origin.
fn requests(is_stateful: bool) -> Vec<Asked> {
    let token = if is_stateful { 419 } else { 422 };
    vec![
        ("GET", "/nowhere", "", String::new(), 404),
        ("GET", "/api/user", "", String::new(), 401),
        ("HEAD", "/sanctum/csrf-cookie", "", String::new(), 204),
        ("GET", "/sanctum/csrf-cookie", "", String::new(), 204),
        ("POST", "/login", "application/json", "{}".to_owned(), 419),
        ("POST", "/api/auth/token", "application/json", "{}".to_owned(), token),
        ("POST", "/api/auth/token", "application/json", "x".repeat(2_000), 413),
        ("DELETE", "/api/user", "", String::new(), 405),
        ("PROPFIND", "/api/user", "", String::new(), 405),
        ("OPTIONS", "/api/user", "", String::new(), 200),
        ("OPTIONS", "/nowhere", "", String::new(), 404),
    ]
}

/// What an answer says about who may read it: who, whether with cookies, which headers, and what that depends on.
fn said(answer: &Answer) -> [Vec<&str>; 4] {
    let [origin, credentials, exposed, vary] =
        ["access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers", "vary"];
    [origin, credentials, exposed, vary].map(|name| answer.header_all(name))
}

const NOTHING: [Vec<&str>; 4] = [const { Vec::new() }; 4];

fn to_the_one<'a>(method: &str) -> [Vec<&'a str>; 4] {
    let vary = if method == "OPTIONS" { vec!["Access-Control-Request-Method"] } else { vec![] };
    [vec![LISTED], vec!["true"], vec![], vary]
}

#[test]
fn the_one_front_end_is_named_on_every_answer_whoever_asks() {
    let server = server("");
    for request in requests(false) {
        let answer = ask(&server.anon(), &request);
        let what = format!("{} {}: {}", request.0, request.1, answer.body);
        assert_eq!((answer.status, said(&answer)), (request.4, to_the_one(request.0)), "{what}");
    }
    for request in requests(true) {
        let answer = ask(&server.anon().with("Origin", LISTED), &request);
        let what = format!("{} {}: {}", request.0, request.1, answer.body);
        assert_eq!((answer.status, said(&answer)), (request.4, to_the_one(request.0)), "{what}");
    }
    for origin in HOSTILE {
        for request in requests(false) {
            let answer = ask(&server.anon().with("Origin", origin), &request);
            assert_eq!(said(&answer), to_the_one(request.0), "{origin}: {} {}", request.0, request.1);
        }
    }
}

#[test]
fn redirects_pages_limits_and_a_failed_store_name_it_too() {
    let server = server("[[mount]]\nadapter = \"sanctum\"\nthrottle_api = \"1/min\"");
    let form = Some("application/x-www-form-urlencoded");
    for (method, path, status) in [
        ("GET", "/api/user", 302),
        ("POST", "/api/auth/token", 302),
        ("POST", "/api/auth/token", 429),
        ("GET", "/nowhere", 404),
    ] {
        let answer = server.anon().send(method, path, form.filter(|_| method == "POST"), "");
        assert_eq!((answer.status, said(&answer)), (status, to_the_one(method)), "{method} {path}");
    }
    server.tamper("DROP TABLE tokens");
    let answer = server.bearer(&format!("1|{}", "a".repeat(48))).wants_json().get("/api/user");
    assert_eq!((answer.status, said(&answer)), (503, to_the_one("GET")));
}

#[test]
fn among_several_the_one_that_asks_is_named() {
    let server = server_with_two();
    let vary = |method: &str| match method {
        "OPTIONS" => vec!["Access-Control-Request-Method, Origin"],
        _ => vec!["Origin"],
    };
    for request in requests(false).into_iter().filter(|request| request.4 != 413) {
        let answer = ask(&server.anon(), &request);
        assert_eq!(said(&answer), [vec![], vec![], vec![], vary(request.0)], "{} {}", request.0, request.1);
        for origin in [LISTED, SECOND] {
            let answer = ask(&server.anon().with("Origin", origin), &request);
            let expected = [vec![origin], vec!["true"], vec![], vary(request.0)];
            assert_eq!(said(&answer), expected, "{origin}: {} {}", request.0, request.1);
        }
        for origin in HOSTILE {
            let answer = ask(&server.anon().with("Origin", origin), &request);
            let what = format!("{origin}: {} {}", request.0, request.1);
            assert_eq!(said(&answer), [vec![], vec![], vec![], vary(request.0)], "{what}");
        }
    }
    let twice = server.anon().with("Origin", LISTED).with("Origin", "https://evil").get("/nowhere");
    assert_eq!(cors_headers(&twice), Vec::<&str>::new());
}

/// The headers of an answer to a preflight that concern it, by name.
fn told(answer: &Answer) -> Vec<(&str, &str)> {
    assert_eq!(answer.whole(), (204, ""));
    let mut told: Vec<_> =
        answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    told.retain(|(name, _)| !["date", "x-content-type-options"].contains(name));
    told.sort_unstable();
    told
}

#[test]
fn a_preflight_is_answered_in_front_of_the_router() {
    let server = server("");
    for path in ["/api/user", "/login", "/sanctum/csrf-cookie", "/api/nope", "/nope", "/"] {
        for origin in [Some(LISTED), Some("https://evil"), None] {
            let page = origin.map_or_else(|| server.anon(), |origin| server.anon().with("Origin", origin));
            let page = page.with("Access-Control-Request-Method", "patch");
            let answer = page.send("OPTIONS", path, None, "");
            let expected = |headers| {
                vec![
                    ("access-control-allow-credentials", "true"),
                    ("access-control-allow-headers", headers),
                    ("access-control-allow-methods", "PATCH"),
                    ("access-control-allow-origin", LISTED),
                    ("access-control-max-age", "0"),
                    ("cache-control", "no-cache, private"),
                    ("content-type", "text/html; charset=UTF-8"),
                    ("vary", "Access-Control-Request-Method, Access-Control-Request-Headers"),
                ]
            };
            assert_eq!(told(&answer), expected(""), "{path} {origin:?}");
            let asked = page.with("Access-Control-Request-Headers", "Authorization, X-XSRF-TOKEN");
            let answer = asked.send("OPTIONS", path, None, "");
            assert_eq!(told(&answer), expected("Authorization, X-XSRF-TOKEN"), "{path} {origin:?}");
        }
    }
}

#[test]
fn a_preflight_of_another_page_is_told_nothing_where_several_are_allowed() {
    let server = server_with_two();
    let page = server.anon().with("Access-Control-Request-Method", "DELETE");
    for origin in HOSTILE {
        let answer = page.with("Origin", origin).send("OPTIONS", "/api/user", None, "");
        let expected = [
            ("cache-control", "no-cache, private"),
            ("content-type", "text/html; charset=UTF-8"),
            ("vary", "Origin, Access-Control-Request-Method"),
        ];
        assert_eq!(told(&answer), expected, "{origin}");
    }
    let answer = page.with("Origin", SECOND).send("OPTIONS", "/api/user", None, "");
    assert_eq!(
        told(&answer),
        [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", ""),
            ("access-control-allow-methods", "DELETE"),
            ("access-control-allow-origin", SECOND),
            ("access-control-max-age", "0"),
            ("cache-control", "no-cache, private"),
            ("content-type", "text/html; charset=UTF-8"),
            ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ]
    );
}

#[test]
fn any_page_is_let_in_without_cookies_and_to_the_api_only() {
    let server = server("laravel = {cors_origins = \"any\"}");
    let page = server.anon().with("Origin", "https://evil");
    for path in ["/api/user", "/api/nope", "/sanctum/csrf-cookie", "/api/%75ser"] {
        let answer = page.wants_json().get(path);
        assert_eq!(said(&answer), [vec!["*"], vec![], vec![], vec![]], "{path}");
        let answer = page.with("Access-Control-Request-Method", "GET").send("OPTIONS", path, None, "");
        let expected = [
            ("access-control-allow-headers", ""),
            ("access-control-allow-methods", "GET"),
            ("access-control-allow-origin", "*"),
            ("access-control-max-age", "0"),
            ("cache-control", "no-cache, private"),
            ("content-type", "text/html; charset=UTF-8"),
            ("vary", "Access-Control-Request-Method, Access-Control-Request-Headers"),
        ];
        assert_eq!(told(&answer), expected, "{path}");
    }
    for origin in ["https://evil", LISTED] {
        for (method, path) in [("POST", "/login"), ("GET", "/nope"), ("GET", "/api"), ("OPTIONS", "/sanctum/token")] {
            let page = server.anon().with("Origin", origin).with("Access-Control-Request-Method", "POST");
            let answer = page.send(method, path, None, "");
            assert_eq!(said(&answer), NOTHING, "{origin} {method} {path}");
        }
    }
    let answer = page.with("Access-Control-Request-Method", "POST").send("OPTIONS", "/login", None, "");
    assert_eq!((answer.whole(), answer.header("allow")), ((200, ""), "POST"));
}

#[test]
fn paths_exposed_headers_and_the_life_of_a_preflight_are_settings() {
    let server = server(
        "[laravel]\ncors_paths = [\"/api/*/\", \"*/csrf-cookie\"]\ncors_max_age = \"1h\"\n\
         cors_exposed_headers = [\"Retry-After\", \"X-RateLimit-Limit\"]",
    );
    for path in ["/api/user", "/api/nope", "/sanctum/csrf-cookie"] {
        let answer = server.anon().get(path);
        let exposed = vec!["Retry-After, X-RateLimit-Limit"];
        assert_eq!(said(&answer), [vec![LISTED], vec!["true"], exposed, vec![]], "{path}");
    }
    let preflight = server.anon().with("Access-Control-Request-Method", "GET").send("OPTIONS", "/api/user", None, "");
    assert_eq!((preflight.status, preflight.header("access-control-max-age")), (204, "3600"));
    let answer = server.anon().with("Origin", LISTED).get("/nope");
    assert_eq!(said(&answer), NOTHING);
}

#[test]
fn without_front_ends_no_page_is_let_in() {
    let server = Server::with("front_ends = []");
    for origin in [LISTED, "null"] {
        let answer = server.anon().with("Origin", origin).wants_json().get("/api/user");
        assert_eq!((answer.status, said(&answer)), (401, [vec![], vec![], vec![], vec!["Origin"]]), "{origin}");
    }
}

#[test]
fn what_an_answer_varies_by_already_is_kept() {
    for (server, vary) in [(server(""), "Cookie"), (server_with_two(), "Cookie, Origin")] {
        let ada = json!({"login": "ada@example.org", "password": "Zx9-quokka-77"});
        assert_eq!(server.anon().post("/register", ada).status, 200);
        let visitor = server.anon().wants_json().with("Origin", LISTED);
        let first = visitor.get("/sanctum/csrf-cookie").cookies();
        let token = first.iter().find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN=")).unwrap();
        let login = visitor.with("Cookie", &first.join("; ")).with("X-XSRF-TOKEN", token);
        let entered = login.post("/login", json!({"email": "ada@example.org", "password": "Zx9-quokka-77"}));
        assert_eq!(entered.status, 204);
        let answer = visitor.with("Cookie", &entered.cookies().join("; ")).get("/meta/api-token");
        assert_eq!((answer.status, answer.header_all("vary")), (200, vec![vary]));
    }
}
