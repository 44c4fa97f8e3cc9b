//! Paths, methods and headers that belong to the server itself.

use countersign_tests::{Server, databases::sqlite, server::settings};
use std::sync::Arc;

#[test]
fn what_is_not_there_is_said_by_the_dialect_with_the_longest_prefix() {
    let server = Server::with(
        "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"hotel\"\nprefix = \"/hotel/v1\"\n[[mount]]\nadapter = \"minimal\"\nprefix = \"/hotel\"",
    );
    let anon = server.anon().wants_json();
    let hotel = r#"{"error":"not_found","message":"There is nothing here."}"#;
    assert_eq!(anon.get("/hotel/v1/nothing").whole(), (404, hotel));
    assert_eq!(anon.get("/hotel/v1").whole(), (404, hotel));
    for path in ["/hotel/nothing", "/hotel", "/hotel/v11"] {
        assert_eq!(anon.get(path).whole(), (404, r#"{"error":"Not Found"}"#), "{path}");
    }
    assert_eq!(anon.get("/hotels").json()["message"], "The route hotels could not be found.");
    assert_eq!(anon.get("/auth/login").json()["message"], "The route auth/login could not be found.");
}

#[test]
fn what_is_there_for_other_methods_is_said_by_the_dialect_whose_path_it_is() {
    let server = Server::start();
    let anon = server.anon().wants_json();
    let hotel = r#"{"error":"method_not_allowed","message":"This method is not served here."}"#;
    assert_eq!(anon.get("/auth/login").whole(), (405, hotel));
    assert_eq!(anon.get("/auth/login").header("Allow"), "POST");
    assert_eq!(anon.delete("/auth").whole(), (405, r#"{"error":"Method Not Allowed"}"#));
    assert_eq!(anon.delete("/auth/token/login/").whole(), (405, r#"{"detail":"Method \"DELETE\" not allowed."}"#));
    let sanctum = anon.post_empty("/api/user");
    assert_eq!(sanctum.status, 405);
    assert!(
        sanctum.text("message").starts_with("The POST method is not supported for route api/user."),
        "{}",
        sanctum.body
    );
}

#[test]
fn where_no_dialect_is_mounted_the_server_says_it_without_words() {
    let server = Server::with("[[mount]]\nadapter = \"hotel\"\nprefix = \"/x\"");
    assert_eq!(server.anon().get("/").whole(), (404, ""));
    assert_eq!(server.anon().get("/auth/login").whole(), (404, ""));
    let answer = server.anon().post_empty("/health/live");
    assert_eq!((answer.whole(), answer.header("Allow")), ((405, ""), "GET"));
}

#[test]
fn one_adapter_alone_at_another_prefix_serves_only_there() {
    let server = Server::with("[[mount]]\nadapter = \"djoser\"\nprefix = \"/api/v1\"");
    let anon = server.anon().wants_json();
    assert_eq!(anon.get("/api/v1/users/me/").status, 401);
    for path in ["/auth/users/me/", "/users/me/", "/auth/me", "/api/user", "/login", "/register", "/ws"] {
        assert_eq!(anon.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_head_is_answered_as_a_get_without_the_body() {
    let server = Server::start();
    for path in ["/health/live", "/health/ready", "/openapi.json", "/auth/me", "/nothing", "/sanctum/csrf-cookie"] {
        let raw = |method: &str| {
            server.raw(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        };
        let (get, head) = (raw("GET"), raw("HEAD"));
        let (get_head, _) = get.split_once("\r\n\r\n").unwrap();
        let (head_head, body) = head.split_once("\r\n\r\n").unwrap();
        let line = |head: &str| head.lines().next().unwrap().to_owned();
        assert_eq!((line(head_head), body), (line(get_head), ""), "{path}");
        let names = |head: &str| {
            let lines = head.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned());
            lines.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(head_head), names(get_head), "{path}");
    }
}

#[test]
fn every_answer_forbids_sniffing_and_says_who_may_keep_it() {
    let server = Server::start();
    let anon = server.anon();
    for path in [
        "/health/live",
        "/openapi.json",
        "/auth/me",
        "/auth/login",
        "/nothing",
        "/api/user",
        "/docs",
        "/docs/",
        "/auth/users/me/",
    ] {
        let answer = anon.get(path);
        assert_eq!(answer.header("X-Content-Type-Options"), "nosniff", "{path}");
        let kept = answer.header("Cache-Control");
        assert!(kept.contains("no-store") || kept.contains("no-cache"), "{path}: {kept}");
    }
}

#[test]
fn readiness_needs_the_store_and_liveness_does_not() {
    let server = Server::start();
    let anon = server.anon();
    assert_eq!(anon.get("/health/live").whole(), (200, r#"{"status":"ok"}"#));
    assert_eq!(anon.get("/health/ready").whole(), (200, r#"{"status":"ok"}"#));
    server.tamper("DROP TABLE tokens; DROP TABLE revocations");
    let answer = anon.get("/health/ready");
    assert_eq!(answer.whole(), (503, r#"{"status":"unavailable"}"#));
    assert_eq!(answer.header("Retry-After"), "1");
    assert_eq!(anon.get("/health/live").whole(), (200, r#"{"status":"ok"}"#));
}

#[test]
fn the_page_of_the_documents_comes_whole_from_the_program() {
    let server = Server::start();
    let anon = server.anon();
    let redirect = anon.get("/docs");
    assert_eq!((redirect.whole(), redirect.header("Location")), ((308, ""), "docs/"));
    let page = anon.get("/docs/");
    assert_eq!(page.status, 200);
    assert!(page.header("Content-Type").starts_with("text/html"));
    assert!(page.body.contains("swagger-ui"), "{}", page.body);
    for outside in ["https://", "http://", "//cdn"] {
        assert!(!page.body.contains(outside), "the page asks others: {}", page.body);
    }
    for name in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert_eq!(anon.get(&format!("/docs/{name}")).status, 200, "{name}");
    }
    assert!(anon.get("/docs/swagger-initializer.js").body.contains("../openapi.json"));
}

#[test]
fn the_documents_are_those_of_the_running_configuration() {
    let server =
        Server::with("[[mount]]\nadapter = \"hotel\"\nprefix = \"/v1/hotel\"\n[[mount]]\nadapter = \"minimal\"");
    let anon = server.anon();
    let whole = anon.get("/openapi.json");
    assert_eq!(whole.header("Content-Type"), "application/json");
    let whole = whole.json();
    for path in ["/v1/hotel/login", "/auth", "/register", "/health/ready"] {
        assert!(whole["paths"][path].is_object(), "{path}");
    }
    assert!(whole["paths"]["/auth/login"].is_null() && whole["paths"]["/api/user"].is_null());
    let hotel = anon.get("/openapi/hotel.json").json();
    assert!(hotel["paths"]["/v1/hotel/login"].is_object() && hotel["paths"]["/register"].is_null());
    assert_eq!(anon.get("/openapi/djoser.json").status, 404, "djoser is not mounted");
}

#[test]
fn whatever_a_document_names_is_served() {
    let server = Server::start();
    let document = server.anon().get("/openapi.json").json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()))
        {
            let answer = server.anon().wants_json().send(&method.to_uppercase(), &path.replace("{id}", "1"), None, "");
            assert!(![404, 405, 500].contains(&answer.status), "{method} {path}: {:?}", answer.whole());
        }
    }
}

#[test]
fn two_servers_of_other_settings_may_share_a_database() {
    let database = Arc::new(sqlite());
    let one = Server::on(Arc::clone(&database), "[[mount]]\nadapter = \"minimal\"");
    let other = Server::on(database, "[[mount]]\nadapter = \"djoser\"");
    let ada = serde_json::json!({"login": "ada", "password": "Zx9-quokka-77"});
    assert_eq!(one.anon().post("/register", ada).status, 200);
    let ada = serde_json::json!({"username": "ada", "password": "Zx9-quokka-77"});
    assert_eq!(other.anon().post("/auth/token/login/", ada).status, 200);
    assert_eq!(settings("").mounts.len(), countersign_adapters::ALL.len());
}
