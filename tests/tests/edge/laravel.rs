//! How Laravel's router reads path and method: slashes at the end, encoded letters, and the method that a POST means.

use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const JSON: Option<&str> = Some("application/json");

fn message(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text("message"))
}

fn unserved(method: &str, path: &str, allowed: &str) -> (u16, String) {
    (405, format!("The {method} method is not supported for route {path}. Supported methods: {allowed}."))
}

/// Somebody with a token, and its number.
fn ada(server: &Server) -> (Actor, String) {
    let registered = server.anon().post("/register", json!({"login": "ada@example.org", "password": "Zx9-quokka-77"}));
    assert_eq!(registered.status, 200);
    let login = json!({"email": "ada@example.org", "password": "Zx9-quokka-77", "device_name": "phone"});
    let token = server.anon().wants_json().post("/api/auth/token", login).text("token");
    let number = token.split_once('|').unwrap().0.to_owned();
    (server.bearer(&token).wants_json(), number)
}

#[test]
fn slashes_at_the_end_of_a_path_do_not_count_and_letters_may_be_encoded() {
    let server = Server::start();
    let (ada, number) = ada(&server);
    for path in
        ["/api/user", "/api/user/", "/api/user//", "/api/%75ser/", "/api%2Fuser", "/%61pi%2fuser//", "/api/user/?x=y"]
    {
        assert_eq!((ada.get(path).status, ada.get(path).text("name")), (200, "ada@example.org".to_owned()), "{path}");
        assert_eq!(server.anon().wants_json().get(path).whole(), (401, r#"{"message":"Unauthenticated."}"#), "{path}");
    }
    assert_eq!(ada.delete(&format!("/api/tokens/{number}/")).whole(), (204, ""));
    let login = json!({"email": "ada@example.org", "password": "wrong"});
    assert_eq!(server.anon().wants_json().post("/api/auth/token/", login).status, 422);
}

#[test]
fn every_other_spelling_is_another_path() {
    let server = Server::start();
    let (ada, _) = ada(&server);
    for path in [
        "//api/user",
        "/api//user",
        "/api/./user",
        "/api/%2e/user",
        "/api/x/../user",
        "/api/user;x",
        "/api/user%20",
        "/api/user%2F",
        "/api/user%2f/",
        "/api%252Fuser",
        "/API/user",
        "/index.php/api/user",
    ] {
        let shown = path.trim_matches('/');
        let expected = (404, format!("The route {shown} could not be found."));
        assert_eq!(message(&ada.get(path)), expected, "{path}");
    }
    assert_eq!(message(&ada.delete("/api/tokens/1%2F2")).0, 404);
    for path in ["/api/%ff", "/%c3", "/login%ff"] {
        let answer = ada.with("Origin", "http://localhost:3000").get(path);
        assert_eq!(message(&answer), (400, "Malformed URL.".to_owned()), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

#[test]
fn a_refusal_names_the_path_as_it_was_sent() {
    let server = Server::start();
    let anon = server.anon().wants_json();
    assert_eq!(message(&anon.delete("/api/%75ser//")), unserved("DELETE", "api/%75ser", "GET, HEAD"));
    assert_eq!(message(&anon.get("/login/")), unserved("GET", "login", "POST"));
    assert_eq!(message(&anon.get("/a%20b/")).1, "The route a%20b could not be found.");
}

#[test]
fn slashes_count_as_before_in_other_dialects_and_the_servers_own_paths() {
    let server = Server::start();
    let anon = server.anon().wants_json();
    for path in ["/health/live/", "/openapi.json/", "/auth/me/", "/auth/login/", "/register/", "/auth%2Fme"] {
        assert_eq!(anon.get(path).status, 404, "{path}");
    }
    for (path, status) in [("/auth/users/me/", 401), ("/docs/", 200), ("/docs", 308), ("/health/live", 200)] {
        assert_eq!(anon.get(path).status, status, "{path}");
    }
}

#[test]
fn a_mount_at_a_prefix_reads_its_own_paths_so() {
    let server = Server::with(
        "[[mount]]\nadapter = \"minimal\"\n[[mount]]\nadapter = \"sanctum\"\nprefix = \"/v1\"\n\
         [[mount]]\nadapter = \"hotel\"\nprefix = \"/v1/h\"",
    );
    let anon = server.anon().wants_json();
    for (path, status) in
        [("/v1/api/user/", 401), ("/v1%2Fapi/user", 401), ("/api/user/", 404), ("/v1/h/me/", 404), ("/v1/h/me", 401)]
    {
        assert_eq!(anon.get(path).status, status, "{path}");
    }
    let post = |path: &str| anon.send("POST", path, FORM, "_method=PUT").status;
    assert_eq!((post("/v1/api/auth/token"), post("/v1/h/login"), post("/register")), (405, 400, 415));
}

#[test]
fn a_post_is_the_method_that_its_header_or_a_field_names() {
    let server = Server::start();
    let (ada, number) = ada(&server);
    let token = |method: &str| unserved(method, "api/auth/token", "POST");
    let anon = server.anon().wants_json();
    for (query, kind, body) in [
        ("", FORM, "email=a&_method=put"),
        ("?_method=patch", FORM, "_method=PUT"),
        ("?_method=PUT", FORM, ""),
        ("?_method=PUT", None, ""),
        ("?_method=PUT", Some("text/plain"), "_method=DELETE"),
        ("", JSON, r#"{"_method": "Put"}"#),
    ] {
        let answer = anon.send("POST", &format!("/api/auth/token{query}"), kind, body);
        assert_eq!(message(&answer), token("PUT"), "{query} {body}");
    }
    let header = anon.with("X-HTTP-Method-Override", "purge");
    assert_eq!(message(&header.send("POST", "/api/auth/token", FORM, "_method=PUT")), token("PURGE"));
    // No other method means anything else than itself.
    assert_eq!(message(&header.send("PUT", "/api/auth/token?_method=DELETE", None, "")), token("PUT"));
    let answer = ada.send("POST", &format!("/api/tokens/{number}"), FORM, "_method=DELETE");
    assert_eq!(answer.whole(), (204, ""));
    assert_eq!(ada.get("/api/user").status, 401);
}

#[test]
fn what_is_no_method_is_a_bad_request_that_no_page_may_read() {
    let server = Server::start();
    let anon = server.anon().wants_json().with("Origin", "http://localhost:3000");
    for (kind, body) in [
        (FORM, "_method="),
        (FORM, "_method=%20PUT"),
        (FORM, "_method[]=PUT"),
        (FORM, "_method=PUT%00"),
        (JSON, r#"{"_method": ["PUT"]}"#),
        (JSON, r#"{"_method": {}}"#),
    ] {
        for path in ["/api/auth/token", "/login", "/nowhere"] {
            let answer = anon.send("POST", path, kind, body);
            assert_eq!(message(&answer), (400, "Bad request.".to_owned()), "{path} {body}");
            let names: Vec<_> =
                answer.headers.keys().filter(|name| name.as_str().starts_with("access-control")).collect();
            assert!(names.is_empty(), "{path} {body}: {names:?}");
        }
    }
    for body in [r#"{"_method": null}"#, r#"{"_method": 5}"#, r#"{"_method": false}"#, "{", "[]"] {
        let answer = server.anon().wants_json().send("POST", "/api/auth/token?_method=PUT", JSON, body);
        let expected = if body.contains("_method") { 422 } else { 405 };
        assert_eq!(answer.status, expected, "{body}");
    }
}

#[test]
fn a_post_that_means_get_or_head_is_no_more_than_that() {
    let server = Server::start();
    let (ada, _) = ada(&server);
    let get = ada.send("POST", "/api/user", FORM, "_method=GET");
    assert_eq!((get.status, get.text("name")), (200, "ada@example.org".to_owned()));
    assert_eq!(ada.send("POST", "/api/user", FORM, "_method=HEAD").whole(), (200, ""));
    // No CSRF token is needed to look, and nothing is done by looking.
    let page = server.anon().wants_json().with("Origin", "http://localhost:3000");
    assert_eq!(page.send("POST", "/sanctum/csrf-cookie", FORM, "_method=GET").status, 204);
    for method in ["GET", "HEAD"] {
        for path in ["/login", "/logout", "/forgot-password"] {
            let answer = page.with("X-HTTP-Method-Override", method).post(path, json!({}));
            assert_eq!(message(&answer), unserved(method, &path[1..], "POST"));
        }
        let options = page.with("X-HTTP-Method-Override", "OPTIONS").post("/logout", json!({}));
        assert_eq!((options.whole(), options.header("Allow")), ((200, ""), "POST"));
    }
    for method in ["POST", "post", "DELETE"] {
        let answer = page.with("X-HTTP-Method-Override", method).post("/api/tokens/1", json!({}));
        let expected = if method == "DELETE" { 419 } else { 405 };
        assert_eq!(answer.status, expected, "{method}");
    }
    assert_eq!(page.with("X-HTTP-Method-Override", "post").post("/logout", json!({})).status, 419);
    let preflight =
        server.anon().with("X-HTTP-Method-Override", "options").with("Access-Control-Request-Method", "put");
    let answer = preflight.post_empty("/nowhere");
    assert_eq!((answer.whole(), answer.header("access-control-allow-methods")), ((204, ""), "PUT"));
}

#[test]
fn bodies_have_their_limit_wherever_they_are_sent() {
    let server = Server::with("[server]\nbody_limit = 1024");
    let big = format!("_method=PUT&x={}", "y".repeat(2_000));
    for path in ["/api/auth/token", "/api/user", "/nowhere"] {
        let answer = server.anon().wants_json().send("POST", path, FORM, &big);
        assert_eq!(message(&answer), (413, "The POST data is too large.".to_owned()), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000", "{path}");
    }
}
