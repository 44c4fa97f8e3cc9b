//! Registering.

use countersign_core::UserId;
use countersign_tests::Server;
use serde_json::{Value, json};

use crate::common::{Browser, NO_API_TOKENS, UNAVAILABLE, registration, with_ada};

#[test]
fn somebody_registers_and_is_logged_in_on_every_database() {
    for server in Server::each() {
        let mut browser = Browser::ready(&server);
        assert_eq!(browser.register("new@example.org").whole(), (204, ""), "{}", server.backend);
        assert_eq!(
            browser.get("/api/user").whole(),
            (
                200,
                r#"{"id":1,"name":"New User","email":"new@example.org","email_verified_at":null,"created_at":"2026-01-02T12:00:00.000000Z","updated_at":"2026-01-02T12:00:00.000000Z"}"#
            )
        );
        let token = browser.api_token();
        assert_eq!(server.bearer(&token).get("/api/user").json()["id"], 1, "{}", server.backend);
        let mut again = Browser::ready(&server);
        let refusal = r#"{"message":"The email has already been taken.","errors":{"email":["The email has already been taken."]}}"#;
        assert_eq!(again.register("new@example.org").whole(), (422, refusal), "{}", server.backend);
    }
}

#[test]
fn without_the_minimal_api_the_path_is_register() {
    let server = Server::with("[[mount]]\nadapter = \"sanctum_spa\"\n");
    let mut browser = Browser::ready(&server);
    assert_eq!(browser.post("/api/register", registration("new@example.org")).status, 404);
    assert_eq!(browser.post("/register", registration("new@example.org")).whole(), (204, ""));
    assert_eq!(browser.get("/api/user").status, 200);
}

#[test]
fn what_is_wrong_with_a_registration_is_named() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    let mut errors = |changes: Value| {
        let mut body = registration("new@example.org");
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = browser.post("/api/register", body);
        assert_eq!(answer.status, 422, "{changes}");
        answer.json()["errors"].clone()
    };
    let differs = json!({"password": ["The password field confirmation does not match."]});
    assert_eq!(errors(json!({"password_confirmation": null})), differs);
    assert_eq!(errors(json!({"password_confirmation": "other"})), differs);
    let short = json!({"password": ["The password field must be at least 8 characters."]});
    assert_eq!(errors(json!({"password": "пароль7", "password_confirmation": "пароль7"})), short);
    assert_eq!(
        errors(json!({"password": ["longenough"], "password_confirmation": ["longenough"]})),
        json!({"password": ["The password field must be a string.", "The password field must be at least 8 characters."]})
    );
    assert_eq!(errors(json!({"name": 7})), json!({"name": ["The name field must be a string."]}));
    assert_eq!(
        errors(json!({"name": " ", "email": null})),
        json!({"name": ["The name field is required."], "email": ["The email field is required."]})
    );
    assert_eq!(errors(json!({"email": "ADA@EXAMPLE.ORG"})), json!({"email": ["The email field must be lowercase."]}));
    assert_eq!(errors(json!({"email": "new"})), json!({"email": ["The email field must be a valid email address."]}));
    let long = format!("{}@example.com", "n".repeat(250));
    assert_eq!(
        errors(json!({"email": long})),
        json!({"email": ["The email field must not be greater than 255 characters."]})
    );
    assert_eq!(errors(json!({"email": "ada@example.org"})), json!({"email": ["The email has already been taken."]}));
    assert_eq!(errors(json!({"email": ["new@example.org"]}))["email"][0], "The email field must be a string.");
    assert!(server.owner.find_user("new@example.org").is_err());
}

#[test]
fn unknown_fields_of_a_registration_change_nothing() {
    let server = Server::start();
    let mut browser = Browser::ready(&server);
    let mut body = registration("new@example.org");
    for (name, value) in [
        ("is_staff", json!(true)),
        ("role", json!("admin")),
        ("id", json!(77)),
        ("email_verified_at", json!("2020-01-01")),
    ] {
        body[name] = value;
    }
    assert_eq!(browser.post("/api/register", body).status, 204);
    let user = server.owner.find_user("new@example.org").unwrap();
    assert_eq!((user.id, user.is_staff, user.is_superuser, user.email_verified_at), (UserId(1), false, false, None));
}

#[test]
fn a_registration_without_an_api_token_is_none() {
    let server = Server::start();
    server.tamper(NO_API_TOKENS);
    let mut browser = Browser::ready(&server);
    assert_eq!(browser.register("new@example.org").whole(), (503, UNAVAILABLE));
    assert!(server.owner.find_user("new@example.org").is_err());
    server.tamper("DROP TRIGGER no_api_tokens");
    assert_eq!(browser.register("new@example.org").whole(), (204, ""));
}
