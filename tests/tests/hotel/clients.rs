//! What clients rely on that keep a pair: axios with an interceptor, OAuth 2.0 libraries, two tabs of one browser.

use chrono::TimeDelta;
use countersign_tests::{Actor, Server};
use serde_json::{Value, json};

use super::{add_ada, claims, described, log_in, refresh, tokens, with_ada};

const MINIMAL_BY_JWT: &str = "[[mount]]\nadapter = \"minimal\"\nstrategy = \"jwt_pair\"\n[[mount]]\nadapter = \"hotel\"\n\
                              [[mount]]\nadapter = \"sanctum\"\n";
const CHALLENGE: &str = r#"Bearer error="invalid_token", error_description="expired""#;

/// Headers that an old page or a proxy may send along.
fn stale(anon: &Actor) -> Vec<Actor> {
    let expired = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x";
    let mut all: Vec<Actor> = ["Bearer stale", "Bearer", "Bearer a b", "Token x", "Basic YTpi", "", expired]
        .map(|header| anon.with("Authorization", header))
        .to_vec();
    all.push(anon.with("Authorization", "Bearer a").with("Authorization", "Bearer b"));
    all.push(anon.with("Cookie", "laravel-session=x; token=y").with("Origin", "http://localhost:3000"));
    all.push(anon.with("Origin", "https://elsewhere.example"));
    all
}

#[test]
fn whatever_old_header_comes_along_a_login_and_a_refresh_are_answered() {
    let (_server, anon, _) = with_ada();
    let password = "secure_password";
    for actor in stale(&anon) {
        let hotel = log_in(&actor, "ada", password);
        assert_eq!((hotel.status, refresh(&actor, &hotel.text("refresh_token")).status), (200, 200));
        let simple = actor.post("/auth/jwt/create/", json!({"username": "ada", "password": password}));
        let next = actor.post("/auth/jwt/refresh/", json!({"refresh": simple.text("refresh")}));
        assert_eq!((simple.status, next.status), (200, 200));
        assert_eq!(actor.post("/auth", json!({"login": "ada", "password": password})).status, 200);
    }
}

#[test]
fn a_refresh_that_fails_leaves_every_cookie_alone() {
    let server = Server::with("[jwt]\nrotate_refresh = true\nrefresh_grace = \"0s\"");
    add_ada(&server);
    let cookies = "laravel-session=x; XSRF-TOKEN=y; refresh_token=z";
    let page = server.anon().with("Origin", "http://localhost:3000").with("Cookie", cookies);
    let first = tokens(&page).1;
    assert_eq!(refresh(&page, &first).status, 200);
    let simple = page.post("/auth/jwt/create/", json!({"username": "ada", "password": "secure_password"}));
    for (answer, status) in [
        (refresh(&page, &first), 401),
        (refresh(&page, "made up"), 401),
        (refresh(&page, ""), 422),
        (page.post("/auth/refresh", json!({})), 422),
        (page.post("/auth/jwt/refresh/", json!({"refresh": "made up"})), 401),
        (page.post("/auth/jwt/refresh/", json!({"refresh": simple.text("access")})), 401),
        (page.post("/auth/jwt/refresh/", json!({})), 400),
    ] {
        assert_eq!((answer.status, answer.header_all("Set-Cookie")), (status, vec![]), "{}", answer.body);
    }
    server.tamper("ALTER TABLE tokens RENAME TO away");
    for answer in [refresh(&page, &first), page.post("/auth/jwt/refresh/", json!({"refresh": simple.text("refresh")}))]
    {
        assert_eq!((answer.status, answer.header("Retry-After")), (503, "1"), "{}", answer.body);
        assert_eq!(answer.header_all("Set-Cookie"), Vec::<&str>::new());
    }
}

#[test]
fn claims_are_those_of_the_document_and_agree_with_the_answer() {
    let (server, anon, ada) = with_ada();
    let login = log_in(&anon, "ada", "secure_password");
    server.wait(TimeDelta::milliseconds(1_999));
    let next = refresh(&anon, &login.text("refresh_token"));
    let second = countersign_tests::server::noon().timestamp();
    for (answer, now) in [(login, second), (next, second + 1)] {
        let claims = claims(&answer.text("access_token"));
        let names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "sid", "sub", "typ"], "no nbf");
        assert!(["aud", "iss", "jti", "sid", "sub", "typ"].iter().all(|name| claims[name].is_string()), "{claims}");
        assert_eq!(claims["sub"], ada.uuid.to_string());
        // Rounded down: never ahead of the clock.
        assert_eq!((claims["iat"].clone(), claims["exp"].clone()), (Value::from(now), Value::from(now + 3600)));
        assert_eq!(answer.json()["expires_in"], Value::from(3600));
    }
}

#[test]
fn every_answer_has_the_servers_time() {
    let (server, anon, _) = with_ada();
    let (access, _) = tokens(&anon);
    for answer in [
        log_in(&anon, "ada", "secure_password"),
        log_in(&anon, "ada", "wrong"),
        refresh(&anon, "made up"),
        server.bearer(&access).get("/auth/me"),
        anon.get("/auth/me"),
        anon.get("/auth/login"),
        anon.get("/auth/nothing"),
        anon.get("/verify"),
        server.bearer(&access).post_empty("/auth/logout"),
    ] {
        let date = answer.header("Date");
        assert!(chrono::DateTime::parse_from_rfc2822(date).is_ok(), "{} {date:?}", answer.status);
    }
}

#[test]
fn an_expired_token_is_told_from_a_forged_one_wherever_it_is_taken() {
    let server = Server::with(MINIMAL_BY_JWT);
    add_ada(&server);
    let anon = server.anon();
    let (access, _) = tokens(&anon);
    let minimal = anon.post("/auth", json!({"login": "ada", "password": "secure_password"})).text("token");
    let socket = |token: &str| {
        let answer = server.raw(
            format!(
                "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
            )
            .as_bytes(),
        );
        let challenge = answer.lines().find_map(|line| line.strip_prefix("www-authenticate: "));
        (answer[9..12].to_owned(), challenge.map(str::to_owned))
    };
    let challenge = |token: &str, path: &str| {
        let answer = server.bearer(token).get(path);
        (answer.status, answer.header_all("WWW-Authenticate").join(", "))
    };
    server.wait(TimeDelta::hours(1));
    let forged = format!("{access}x");
    assert_eq!(challenge(&access, "/auth/me"), (401, described("expired")));
    assert_eq!(challenge(&forged, "/auth/me"), (401, described("malformed")));
    for token in [&access, &minimal] {
        assert_eq!(challenge(token, "/verify"), (401, CHALLENGE.to_owned()));
        assert_eq!(challenge(token, "/verify?role=tourist"), (401, CHALLENGE.to_owned()));
        let asked =
            server.bearer(token).send("POST", "/introspect", Some("application/x-www-form-urlencoded"), "token=x");
        assert_eq!((asked.status, asked.header("WWW-Authenticate")), (401, CHALLENGE));
        assert_eq!(socket(token), ("401".to_owned(), Some(CHALLENGE.to_owned())));
    }
    assert_eq!(challenge(&forged, "/verify"), (401, "Bearer".to_owned()));
    assert_eq!(socket(&forged), ("401".to_owned(), Some("Bearer".to_owned())));
    let nobody = anon.get("/verify");
    assert_eq!((nobody.status, nobody.header("WWW-Authenticate")), (401, "Bearer"));
}
