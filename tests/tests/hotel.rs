//! The hotel API, statement by statement.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends with a panic that says where")]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use countersign_core::{Registration, Role, StrategyKind, User};
use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

const UNAUTHENTICATED: &str = r#"{"error":"unauthenticated","message":"A bearer token is required."}"#;
const EXPIRED: &str = r#"{"error":"invalid_token","message":"The token has expired."}"#;
const INVALID: &str = r#"{"error":"invalid_token","message":"The token is not valid."}"#;
const WRONG: &str = r#"{"error":"invalid_credentials","message":"The given identifier or password is wrong."}"#;
const CHALLENGE: &str = r#"Bearer realm="countersign""#;

fn described(description: &str) -> String {
    format!(r#"{CHALLENGE}, error="invalid_token", error_description="{description}""#)
}

/// Registers ada, who has everything that the hotel API shows.
fn add_ada(server: &Server) -> User {
    let registration = Registration {
        username: Some("ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        phone: Some("+79991234567".to_owned()),
        first_name: "Ада".to_owned(),
        last_name: "Лавлейс".to_owned(),
        ..Registration::new("secure_password".into())
    };
    server.owner.register(&registration).unwrap().user
}

fn with_ada() -> (Server, Actor, User) {
    let server = Server::start();
    let (anon, ada) = (server.anon(), add_ada(&server));
    (server, anon, ada)
}

fn log_in(actor: &Actor, identifier: &str, password: &str) -> Answer {
    actor.post("/auth/login", json!({"identifier": identifier, "password": password}))
}

fn refresh(actor: &Actor, refresh_token: &str) -> Answer {
    actor.post("/auth/refresh", json!({"refresh_token": refresh_token}))
}

/// Access and refresh token of a new login of ada.
fn tokens(anon: &Actor) -> (String, String) {
    let answer = log_in(anon, "ada@example.org", "secure_password");
    (answer.text("access_token"), answer.text("refresh_token"))
}

fn profile(ada: &User) -> String {
    let id = ada.uuid;
    format!(r#"{{"id":"{id}","email":"ada@example.org","role":"tourist","first_name":"Ада","last_name":"Лавлейс"}}"#)
}

fn claims(access_token: &str) -> Value {
    let payload = access_token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn a_login_answers_with_both_tokens_and_the_user_on_every_database() {
    for server in Server::each() {
        let ada = add_ada(&server);
        let answer = log_in(&server.anon(), "ada@example.org", "secure_password");
        let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
        let user = profile(&ada);
        let expected = format!(
            r#"{{"access_token":"{access}","refresh_token":"{refresh}","token_type":"bearer","expires_in":3600,"user":{user}}}"#
        );
        assert_eq!(answer.whole(), (200, expected.as_str()), "{}", server.backend);
        assert_eq!(answer.header("Cache-Control"), "no-store");
        assert_eq!(answer.header("Pragma"), "no-cache");
        assert_eq!(server.bearer(&access).get("/auth/me").whole(), (200, user.as_str()), "{}", server.backend);
    }
}

#[test]
fn the_identifier_is_an_address_a_phone_number_or_a_user_name() {
    let (_server, anon, _) = with_ada();
    for identifier in ["ada@example.org", "ADA@Example.org", "+79991234567", "+7 (999) 123-45-67", "ada", " ada\t"] {
        assert_eq!(log_in(&anon, identifier, "secure_password").status, 200, "{identifier}");
    }
}

#[test]
fn wrong_login_data_is_422_whatever_is_wrong() {
    let (server, anon, ada) = with_ada();
    assert_eq!(log_in(&anon, "ada@example.org", "wrong").whole(), (422, WRONG));
    assert_eq!(log_in(&anon, "bob@example.org", "secure_password").whole(), (422, WRONG));
    assert_eq!(log_in(&anon, &"x".repeat(10_000), "secure_password").whole(), (422, WRONG));
    assert_eq!(log_in(&anon, "ada", &"x".repeat(10_000)).whole(), (422, WRONG));
    server.owner.set_active(ada.id, false).unwrap();
    assert_eq!(log_in(&anon, "ada@example.org", "secure_password").whole(), (422, WRONG));
}

#[test]
fn missing_and_mistyped_fields_are_422_and_named() {
    let (_server, anon, _) = with_ada();
    let failed = |fields: &str| {
        let head = r#"{"error":"validation_failed","message":"Some fields are missing or not valid.""#;
        format!(r#"{head},"fields":{fields}}}"#)
    };
    let required = r#"{"identifier":["This field is required."],"password":["This field is required."]}"#;
    assert_eq!(anon.post("/auth/login", json!({})).whole(), (422, failed(required).as_str()));
    let mistyped = r#"{"identifier":["This field must be a string."],"password":["This field must not be empty."]}"#;
    let answer = anon.post("/auth/login", json!({"identifier": 7, "password": ""}));
    assert_eq!(answer.whole(), (422, failed(mistyped).as_str()));
    let refresh = r#"{"refresh_token":["This field is required."]}"#;
    assert_eq!(anon.post("/auth/refresh", json!({"refresh_token": null})).whole(), (422, failed(refresh).as_str()));
}

#[test]
fn both_also_come_as_the_forms_of_oauth_2() {
    let (server, anon, ada) = with_ada();
    let send = |path: &str, body: &str| anon.send("POST", path, Some("application/x-www-form-urlencoded"), body);
    let login = "grant_type=password&username=%20ada%40example.org&password=secure_password&scope=all";
    let answer = send("/auth/login", login);
    let (access, refresh_token) = (answer.text("access_token"), answer.text("refresh_token"));
    assert_eq!((answer.status, answer.text("token_type").as_str()), (200, "bearer"));
    assert_eq!(server.bearer(&access).get("/auth/me").whole(), (200, profile(&ada).as_str()));
    let next = send("/auth/refresh", &format!("grant_type=refresh_token&refresh_token={refresh_token}"));
    let access = next.text("access_token");
    let expected = format!(r#"{{"access_token":"{access}","token_type":"bearer","expires_in":3600}}"#);
    assert_eq!(next.whole(), (200, expected.as_str()));
}

#[test]
fn a_body_that_cannot_be_read_is_400_408_413_or_415() {
    let server = Server::with("[server]\nbody_timeout = \"100ms\"");
    let anon = server.anon();
    let send = |media: &str, body: &str| anon.send("POST", "/auth/login", Some(media), body);
    let malformed = r#"{"error":"malformed_json","message":"The body is not well-formed JSON."}"#;
    let bad = r#"{"error":"bad_request","message":"The body is not an object that can be read."}"#;
    assert_eq!(send("application/json", "{").whole(), (400, malformed));
    assert_eq!(send("application/json", "").whole(), (400, malformed));
    assert_eq!(send("application/json", "[]").whole(), (400, bad));
    assert_eq!(send("application/json", r#"{"identifier":"a","identifier":"b"}"#).whole(), (400, bad));
    assert_eq!(send("application/json", r#"{"identifier":"a\u0000","password":"x"}"#).whole(), (400, bad));
    let unsupported = r#"{"error":"unsupported_media_type","message":"The body must be sent as application/json or application/x-www-form-urlencoded."}"#;
    assert_eq!(send("text/plain", "{}").whole(), (415, unsupported));
    let large = r#"{"error":"content_too_large","message":"The body is too long."}"#;
    assert_eq!(log_in(&anon, "ada", &"x".repeat(70_000)).whole(), (413, large));
    let late = server.raw(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{");
    assert!(late.starts_with("HTTP/1.1 408 "), "{late}");
    let slow = r#"{"error":"request_timeout","message":"The body took too long to arrive."}"#;
    assert!(late.ends_with(slow), "{late}");
}

#[test]
fn a_refresh_token_buys_the_next_access_token_and_stays() {
    let (server, anon, ada) = with_ada();
    let (first, refresh_token) = tokens(&anon);
    server.wait(TimeDelta::minutes(61));
    for _ in 0..2 {
        let answer = refresh(&anon, &refresh_token);
        let access = answer.text("access_token");
        let expected = format!(r#"{{"access_token":"{access}","token_type":"bearer","expires_in":3600}}"#);
        assert_eq!(answer.whole(), (200, expected.as_str()));
        assert_eq!(answer.header("Cache-Control"), "no-store");
        assert_eq!(answer.header("Pragma"), "no-cache");
        assert_ne!(access, first);
        assert_eq!(server.bearer(&access).get("/auth/me").whole(), (200, profile(&ada).as_str()));
    }
}

#[test]
fn an_access_token_lives_for_an_hour_and_then_says_expired() {
    let (server, anon, _) = with_ada();
    let (access, _) = tokens(&anon);
    let ada = server.bearer(&access);
    server.wait(TimeDelta::seconds(3599));
    assert_eq!(ada.get("/auth/me").status, 200);
    server.wait(TimeDelta::seconds(1));
    let answer = ada.get("/auth/me");
    assert_eq!(answer.whole(), (401, EXPIRED));
    assert_eq!(answer.header("WWW-Authenticate"), described("expired"));
    assert_eq!(ada.post_empty("/auth/logout").whole(), (401, EXPIRED));
}

#[test]
fn a_refresh_token_lives_for_thirty_days() {
    let (server, anon, _) = with_ada();
    let (_, refresh_token) = tokens(&anon);
    server.wait(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(refresh(&anon, &refresh_token).status, 200);
    server.wait(TimeDelta::seconds(1));
    let answer = refresh(&anon, &refresh_token);
    assert_eq!(answer.whole(), (401, EXPIRED));
    assert_eq!(answer.header("WWW-Authenticate"), described("expired"));
}

#[test]
fn expires_in_is_what_the_token_says() {
    let (_server, anon, ada) = with_ada();
    let answer = log_in(&anon, "ada", "secure_password");
    assert!(answer.text("access_token").starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
    let claims = claims(&answer.text("access_token"));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_eq!(answer.json()["expires_in"], 3600);
    assert_eq!(claims["sub"], ada.uuid.to_string());
}

#[test]
fn a_logout_kills_both_tokens_of_the_login_and_no_other() {
    let (server, anon, _) = with_ada();
    let (access, refresh_token) = tokens(&anon);
    let later = refresh(&anon, &refresh_token).text("access_token");
    let (other, other_refresh) = tokens(&anon);
    assert_eq!(server.bearer(&later).get("/auth/me").status, 200);

    assert_eq!(server.bearer(&access).post_empty("/auth/logout").whole(), (204, ""));

    for dead in [&access, &later] {
        let answer = server.bearer(dead).get("/auth/me");
        assert_eq!(answer.whole(), (401, INVALID));
        assert_eq!(answer.header("WWW-Authenticate"), described("revoked or unknown"));
    }
    assert_eq!(refresh(&anon, &refresh_token).whole(), (401, INVALID));
    assert_eq!(server.bearer(&access).post_empty("/auth/logout").whole(), (401, INVALID));
    assert_eq!(server.bearer(&other).get("/auth/me").status, 200);
    assert_eq!(refresh(&anon, &other_refresh).status, 200);
}

#[test]
fn recovery_and_disabling_kill_every_login() {
    let (server, anon, ada) = with_ada();
    let (access, refresh_token) = tokens(&anon);
    assert_eq!(server.bearer(&access).get("/auth/me").status, 200);
    server.owner.recover(ada.id, &"new password".into()).unwrap();
    assert_eq!(server.bearer(&access).get("/auth/me").whole(), (401, INVALID));
    assert_eq!(refresh(&anon, &refresh_token).whole(), (401, INVALID));

    let (_, refresh_token) = {
        let answer = log_in(&anon, "ada", "new password");
        (answer.text("access_token"), answer.text("refresh_token"))
    };
    server.owner.set_active(ada.id, false).unwrap();
    assert_eq!(refresh(&anon, &refresh_token).whole(), (401, INVALID));
}

#[test]
fn without_a_token_there_is_no_error_code_in_the_challenge() {
    let (server, anon, _) = with_ada();
    for (method, path) in [("GET", "/auth/me"), ("POST", "/auth/logout")] {
        let answer = anon.send(method, path, None, "");
        assert_eq!(answer.whole(), (401, UNAUTHENTICATED), "{path}");
        assert_eq!(answer.header("WWW-Authenticate"), CHALLENGE);
    }
    let basic = server.anon().with("Authorization", "Basic YTpi").get("/auth/me");
    assert_eq!(basic.whole(), (401, UNAUTHENTICATED));
}

#[test]
fn the_header_holds_one_bearer_token_and_nothing_else() {
    let (server, anon, _) = with_ada();
    let (access, refresh_token) = tokens(&anon);
    let me = |header: &str| anon.with("Authorization", header).get("/auth/me");
    assert_eq!(me(&format!("bearer {access}")).status, 200);
    assert_eq!(me(&format!("BEARER {access}")).status, 200);
    for header in [
        format!("Bearer  {access}"),
        format!("Bearer {access} {access}"),
        format!("Bearer {access},"),
        format!("Bearer {refresh_token}"),
        format!("Bearer {access}x"),
        "Bearer".to_owned(),
        "Bearer 1|abc".to_owned(),
    ] {
        let answer = me(&header);
        assert_eq!(answer.whole(), (401, INVALID), "{header}");
        assert_eq!(answer.header("WWW-Authenticate"), described("malformed"), "{header}");
    }
    let two = server.bearer(&access).with("Authorization", &format!("Bearer {access}")).get("/auth/me");
    assert_eq!(two.whole(), (401, INVALID));
    assert_eq!(anon.get(&format!("/auth/me?access_token={access}")).status, 401);
}

#[test]
fn login_and_refresh_do_not_look_at_the_authorization_header() {
    let (server, anon, _) = with_ada();
    let (_, refresh_token) = tokens(&anon);
    let stale = server.bearer("stale");
    assert_eq!(log_in(&stale, "ada", "secure_password").status, 200);
    assert_eq!(refresh(&stale, &refresh_token).status, 200);
}

#[test]
fn one_kind_of_token_is_not_accepted_as_another() {
    let (_server, anon, _) = with_ada();
    let (access, _) = tokens(&anon);
    let answer = refresh(&anon, &access);
    assert_eq!(answer.whole(), (401, INVALID));
    assert_eq!(answer.header("WWW-Authenticate"), described("revoked or unknown"));
}

#[test]
fn every_role_is_shown_by_its_documented_name() {
    let (server, anon, ada) = with_ada();
    let (access, _) = tokens(&anon);
    let documented = ["tourist", "hotelier", "tour_operator", "transfer_provider", "instructor", "restaurant", "admin"];
    for (role, name) in Role::ALL.into_iter().zip(documented) {
        server.owner.set_role(ada.id, role).unwrap();
        assert_eq!(server.bearer(&access).get("/auth/me").text("role"), name);
    }
}

#[test]
fn who_has_no_address_is_shown_without() {
    let server = Server::start();
    let registration =
        Registration { phone: Some("+79991234567".to_owned()), ..Registration::new("secure_password".into()) };
    let user = server.owner.register(&registration).unwrap();
    let answer = log_in(&server.anon(), "+79991234567", "secure_password");
    let me = server.bearer(&answer.text("access_token")).get("/auth/me");
    let expected = format!(r#"{{"id":"{}","email":null,"role":"tourist","first_name":"","last_name":""}}"#, user.uuid);
    assert_eq!(me.whole(), (200, expected.as_str()));
}

#[test]
fn other_paths_and_methods_are_answered_in_the_same_shape() {
    let server = Server::with("[[mount]]\nadapter = \"hotel\"");
    let anon = server.anon();
    let nothing = r#"{"error":"not_found","message":"There is nothing here."}"#;
    assert_eq!(anon.get("/auth/nothing").whole(), (404, nothing));
    let answer = anon.get("/auth/login");
    let other = r#"{"error":"method_not_allowed","message":"This method is not served here."}"#;
    assert_eq!(answer.whole(), (405, other));
    assert_eq!(answer.header("Allow"), "POST");
    assert_eq!(anon.post_empty("/auth/me").header("Allow"), "GET");
}

#[test]
fn it_answers_for_its_own_paths_beside_the_other_dialects() {
    let server = Server::start();
    let anon = server.anon();
    for (path, method) in
        [("/auth/login", "POST"), ("/auth/refresh", "POST"), ("/auth/logout", "POST"), ("/auth/me", "GET")]
    {
        let answer = anon.delete(path);
        assert_eq!((answer.status, answer.text("error").as_str()), (405, "method_not_allowed"), "{path}");
        assert_eq!(answer.header("Allow"), method);
    }
}

#[test]
fn another_strategy_is_refused_with_the_reason() {
    use countersign_adapters::{Adapter as _, hotel::Hotel};
    let reason = "its login answers with a refresh token, which only jwt_pair issues";
    assert_eq!(Hotel::serves(StrategyKind::SanctumPat), Err(reason));
    assert_eq!(Hotel::serves(StrategyKind::DjoserToken), Err(reason));
}

#[test]
fn a_database_that_fails_is_503_and_never_401() {
    let (server, anon, _) = with_ada();
    let (access, refresh_token) = tokens(&anon);
    server.tamper("ALTER TABLE tokens RENAME TO away");
    let unavailable = r#"{"error":"service_unavailable","message":"Please try again in a moment."}"#;
    for answer in [
        log_in(&anon, "ada", "secure_password"),
        refresh(&anon, &refresh_token),
        server.bearer(&access).get("/auth/me"),
        server.bearer(&access).post_empty("/auth/logout"),
    ] {
        assert_eq!(answer.whole(), (503, unavailable));
        assert_eq!(answer.header("Retry-After"), "1");
    }
    server.tamper("ALTER TABLE away RENAME TO tokens");
    assert_eq!(server.bearer(&access).get("/auth/me").status, 200);
}
