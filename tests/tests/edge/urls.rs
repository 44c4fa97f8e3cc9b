//! Nothing that lets somebody in travels in an address, in a form or in a cookie of its own, and no redirect carries one.

use countersign_tests::{Actor, Server};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::surfaces::visitor;

const PASSWORD: &str = "Zx9-quokka-77";
const ADDRESS: &str = "ada@example.org";
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const FRONT_END: &str = "http://localhost:3000";
/// As other servers call it: RFC 6750 (section 2.3), Laravel's `token` guard, and what people invent.
const NAMES: [&str; 14] = [
    "token",
    "access_token",
    "api_token",
    "auth_token",
    "bearer_token",
    "bearer",
    "jwt",
    "auth",
    "authorization",
    "Authorization",
    "key",
    "api_key",
    "session",
    "laravel-session",
];

/// A token, the scheme of its header, and who-am-I in its dialect.
struct Held {
    token: String,
    scheme: &'static str,
    me: &'static str,
}

fn register(server: &Server) -> Actor {
    let anon = server.anon().wants_json();
    let ada = json!({"username": "ada", "email": ADDRESS, "password": PASSWORD});
    assert_eq!(anon.post("/auth/users/", ada).status, 201);
    anon
}

fn all(anon: &Actor) -> Vec<Held> {
    let login = |path: &str, field: &str, value: &str, member: &str| {
        anon.post(path, json!({field: value, "password": PASSWORD})).text(member)
    };
    let sanctum = login("/api/auth/token", "email", ADDRESS, "token");
    let djoser = login("/auth/token/login/", "username", "ada", "auth_token");
    let simple = login("/auth/jwt/create/", "username", "ada", "access");
    let hotel = login("/auth/login", "identifier", "ada", "access_token");
    let minimal = login("/auth", "login", "ada", "token");
    let held = |token: &String, scheme, me| Held { token: token.clone(), scheme, me };
    vec![
        held(&sanctum, "Bearer", "/api/user"),
        held(&djoser, "Token", "/auth/users/me/"),
        held(&simple, "Bearer", "/auth/users/me/"),
        held(&hotel, "Bearer", "/auth/me"),
        held(&sanctum, "Bearer", "/verify"),
        held(&djoser, "Token", "/verify"),
        held(&simple, "Bearer", "/verify"),
        held(&hotel, "Bearer", "/verify"),
        held(&minimal, "Bearer", "/verify"),
    ]
}

/// As a client would write it: a JSON Web Token stays as it is.
fn encoded(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

#[test]
fn a_token_outside_its_header_is_nobodys_in_every_dialect() {
    for configuration in ["", "[laravel]\nquery_credentials = true"] {
        let server = Server::with(configuration);
        let anon = register(&server);
        for Held { token, scheme, me } in all(&anon) {
            assert_eq!(anon.with("Authorization", &format!("{scheme} {token}")).get(me).status, 200, "{me}");
            for name in NAMES {
                for value in [token.clone(), format!("{scheme} {token}")] {
                    let (value, told) = (encoded(&value), format!("{me} {name} {configuration}"));
                    assert_eq!(anon.get(&format!("{me}?{name}={value}")).status, 401, "{told}");
                    assert_eq!(anon.send("GET", me, FORM, &format!("{name}={value}")).status, 401, "{told}");
                    let cookie = anon.with("Cookie", &format!("{name}={value}"));
                    assert_eq!(cookie.get(me).status, 401, "{told}");
                    assert_eq!(cookie.with("Origin", FRONT_END).get(me).status, 401, "{told}");
                }
            }
            for name in ["X-Auth-Token", "X-Access-Token", "X-Api-Key", "X-Authorization", "Proxy-Authorization"] {
                assert_eq!(anon.with(name, &format!("{scheme} {token}")).get(me).status, 401, "{me} {name}");
            }
        }
    }
}

#[test]
fn a_form_that_holds_a_token_changes_nothing() {
    let server = Server::start();
    let anon = register(&server);
    for Held { token, me, .. } in all(&anon) {
        let value = encoded(&token);
        for name in ["access_token", "token", "api_token"] {
            let form = format!("{name}={value}");
            for path in ["/auth/logout", "/auth/logout-all", "/api/auth/logout", "/auth/token/logout/", "/introspect"] {
                for path in [path.to_owned(), format!("{path}?{form}")] {
                    assert_eq!(anon.send("POST", &path, FORM, &form).status, 401, "{path} {me}");
                }
            }
        }
        let answer = server.raw(
            format!(
                "GET /ws?access_token={value} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Authorization: Bearer x\r\n\r\n"
            )
            .as_bytes(),
        );
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
}

#[test]
fn a_login_in_an_address_is_none() {
    for configuration in ["", "[laravel]\nquery_credentials = true"] {
        let server = Server::with(configuration);
        let anon = register(&server);
        let named = |field: &str, value: &str| format!("{field}={}&password={}", encoded(value), encoded(PASSWORD));
        let by_address = named("email", ADDRESS);
        for (path, query) in [
            ("/login", &by_address),
            ("/api/auth/token", &by_address),
            ("/auth/login", &named("identifier", "ada")),
            ("/auth/token/login/", &named("username", "ada")),
            ("/auth/jwt/create/", &named("username", "ada")),
            ("/auth", &named("login", "ada")),
        ] {
            for actor in [server.anon(), anon.clone(), visitor(&server)] {
                let answer = actor.get(&format!("{path}?{query}"));
                assert!([404, 405].contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
                let page = server.anon().wants_json().with("Origin", FRONT_END);
                let cookies = answer.cookies().join("; ");
                assert_eq!(page.with("Cookie", &cookies).get("/api/user").status, 401, "{path}");
            }
        }
        // Nor one whose body is empty, but where Laravel's habit is switched on.
        let expected = if configuration.is_empty() { 422 } else { 200 };
        let taken = anon.send("POST", &format!("/api/auth/token?{by_address}&device_name=x"), FORM, "");
        assert_eq!(taken.status, expected, "{}", taken.body);
        for (path, query, expected) in [
            ("/auth/login", named("identifier", "ada"), 422),
            ("/auth/token/login/", named("username", "ada"), 400),
            ("/auth/jwt/create/", named("username", "ada"), 400),
            ("/auth", named("login", "ada"), 400),
        ] {
            let answer = anon.send("POST", &format!("{path}?{query}"), Some("application/json"), "{}");
            assert_eq!(answer.status, expected, "{path}: {}", answer.body);
        }
    }
}

#[test]
fn no_redirect_carries_a_credential() {
    let server = Server::start();
    let anon = register(&server);
    let mut secrets: Vec<String> = all(&anon).into_iter().map(|held| held.token).collect();
    let inside = visitor(&server).post("/login", json!({"email": ADDRESS, "password": PASSWORD, "remember": true}));
    assert_eq!(inside.whole(), (204, ""));
    let cookies = inside.cookies();
    secrets.extend(cookies.iter().map(|pair| pair.split_once('=').unwrap().1.to_owned()));
    secrets.push(PASSWORD.to_owned());
    let csrf = cookies.iter().find_map(|pair| pair.strip_prefix("XSRF-TOKEN=")).unwrap().to_owned();
    let page = server.anon().with("Accept", "text/html").with("Origin", FRONT_END);
    let page = page.with("Referer", &format!("{FRONT_END}/form"));
    let browser = page.with("Cookie", &cookies.join("; ")).with("X-XSRF-TOKEN", &csrf);
    let form = format!("email={}&password={}&_token={csrf}", encoded(ADDRESS), encoded(PASSWORD));
    let mut redirected = 0;
    for (method, path) in [
        ("GET", "/login"),
        ("POST", "/login"),
        ("POST", "/api/register"),
        ("POST", "/forgot-password"),
        ("POST", "/reset-password"),
        ("GET", "/verify-email/1/x?expires=1&signature=x"),
        ("POST", "/email/verification-notification"),
        ("GET", "/api/user"),
        ("GET", "/auth/users"),
        ("GET", "/auth/users/1"),
        ("POST", "/logout"),
    ] {
        let body = if method == "POST" { form.as_str() } else { "" };
        let kind = if method == "POST" { FORM } else { None };
        for actor in [&page, &browser, &browser.with("Authorization", &format!("Bearer {}", secrets[0]))] {
            let answer = actor.send(method, path, kind, body);
            assert!(answer.status < 500, "{path}: {answer:?}");
            redirected += usize::from((300..400).contains(&answer.status));
            for (name, value) in &answer.headers {
                if name.as_str() == "set-cookie" {
                    continue;
                }
                let value = String::from_utf8_lossy(value.as_bytes());
                assert!(!secrets.iter().any(|secret| value.contains(secret)), "{method} {path}: {name}: {value}");
            }
        }
    }
    assert!(redirected > 5, "{redirected}");
}

#[test]
fn where_links_to_a_new_password_lead_there_is_no_page_of_ours() {
    let server = Server::start();
    let token = "0123456789abcdef".repeat(4);
    for path in ["/password-reset/", "/reset-password/", "/password/reset/", "/auth/users/reset_password_confirm/"] {
        for accept in ["text/html", "application/json"] {
            let answer = server.anon().with("Accept", accept).get(&format!("{path}{token}?email={ADDRESS}"));
            assert!([404, 405].contains(&answer.status), "{path}: {answer:?}");
            assert_eq!(answer.header("Location"), "", "{path}");
            // Laravel's JSON names the path, which no browser shows; a page that did could give it away by its `Referer`.
            let is_page = answer.header("Content-Type").starts_with("text/html");
            assert!(!is_page || !answer.body.contains(&token), "{path}: {answer:?}");
        }
    }
}
