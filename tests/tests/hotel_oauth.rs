//! The hotel API as a token endpoint of OAuth 2.0: what came as a form is refused as RFC 6749, section 5.2, has it.

use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// A server that knows ada, and a client of it.
fn with_ada(settings: &str) -> (Server, Actor) {
    let server = Server::with(settings);
    let anon = server.anon();
    let ada = json!({"email": "ada@example.org", "password": "secure_password"});
    assert_eq!(anon.post("/auth/register", ada).status, 201);
    (server, anon)
}

fn send(anon: &Actor, path: &str, form: &str) -> Answer {
    anon.send("POST", path, Some(FORM), form)
}

fn log_in(anon: &Actor) -> (String, String) {
    let answer = send(anon, "/auth/login", "grant_type=password&username=ada%40example.org&password=secure_password");
    assert_eq!(answer.status, 200);
    (answer.text("access_token"), answer.text("refresh_token"))
}

/// The answer grants nothing, for this reason, and nobody keeps it.
fn assert_granted_nothing(answer: &Answer, error: &str, description: &str) {
    let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    assert_eq!(answer.whole(), (400, body.as_str()));
    assert_eq!((answer.header("Cache-Control"), answer.header("Pragma")), ("no-store", "no-cache"));
    assert_eq!(answer.header("WWW-Authenticate"), "", "no client authenticates itself");
}

#[test]
fn a_form_that_is_refused_names_a_reason_of_oauth_2() {
    let (_server, anon) = with_ada("");
    let (_, refresh_token) = log_in(&anon);
    let other = "This operation does not serve this grant type.";
    let wrong = "The given identifier or password is wrong.";
    let unreadable = "The form cannot be read.";
    let required = |field: &str| format!("{field}: This field is required.");
    for (path, form, error, description) in [
        ("/auth/login", "grant_type=password&username=ada%40example.org&password=wrong", "invalid_grant", wrong),
        ("/auth/login", "grant_type=password&username=nobody&password=wrong", "invalid_grant", wrong),
        ("/auth/login", "grant_type=client_credentials", "unsupported_grant_type", other),
        ("/auth/login", "grant_type=password&username=ada", "invalid_request", &required("password")),
        ("/auth/login", "username=ada&password=x", "invalid_request", &required("grant_type")),
        (
            "/auth/login",
            "username=",
            "invalid_request",
            "grant_type: This field is required. username: This field must not be empty. password: This field is required.",
        ),
        ("/auth/login", "grant_type=refresh_token", "invalid_request", &required("refresh_token")),
        ("/auth/login", "grant_type=password&username=ada&username=eve&password=x", "invalid_request", unreadable),
        ("/auth/login", "grant_type=password&username=ada%00&password=x", "invalid_request", unreadable),
        ("/auth/login", "grant_type=refresh_token&refresh_token=x", "invalid_grant", "The token is not valid."),
        ("/auth/refresh", "grant_type=refresh_token&refresh_token=x", "invalid_grant", "The token is not valid."),
        ("/auth/refresh", "grant_type=refresh_token", "invalid_request", &required("refresh_token")),
        (
            "/auth/refresh",
            &format!("grant_type=password&refresh_token={refresh_token}"),
            "unsupported_grant_type",
            other,
        ),
    ] {
        println!("{path} {form}");
        assert_granted_nothing(&send(&anon, path, form), error, description);
    }
}

#[test]
fn the_path_of_logins_is_the_whole_token_endpoint_to_forms() {
    let (server, anon) = with_ada("");
    let (_, refresh_token) = log_in(&anon);
    let answer = send(&anon, "/auth/login", &format!("grant_type=refresh_token&refresh_token={refresh_token}"));
    let access = answer.text("access_token");
    let expected = format!(r#"{{"access_token":"{access}","token_type":"bearer","expires_in":3600}}"#);
    assert_eq!(answer.whole(), (200, expected.as_str()));
    assert_eq!((answer.header("Cache-Control"), answer.header("Pragma")), ("no-store", "no-cache"));
    assert_eq!(server.bearer(&access).get("/auth/me").status, 200);
    // As JSON it takes logins alone, as documented.
    let json = anon.post("/auth/login", json!({"grant_type": "refresh_token", "refresh_token": refresh_token}));
    assert_eq!(json.status, 422);
}

#[test]
fn a_spent_and_an_expired_refresh_token_are_invalid_grants() {
    let (server, anon) = with_ada("[jwt]\nrotate_refresh = true\n");
    let (access, first) = log_in(&anon);
    let form = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    let second = send(&anon, "/auth/login", &form(&first)).text("refresh_token");
    let third = send(&anon, "/auth/refresh", &form(&second)).text("refresh_token");
    assert_granted_nothing(&send(&anon, "/auth/refresh", &form(&first)), "invalid_grant", "The token is not valid.");
    assert_granted_nothing(&send(&anon, "/auth/login", &form(&third)), "invalid_grant", "The token is not valid.");
    assert_eq!(server.bearer(&access).get("/auth/me").status, 401, "the login has ended");

    let (_, kept) = log_in(&anon);
    server.clock.advance(chrono::TimeDelta::days(30));
    assert_granted_nothing(&send(&anon, "/auth/login", &form(&kept)), "invalid_grant", "The token has expired.");
}

#[test]
fn the_same_as_json_is_refused_as_documented() {
    let (_server, anon) = with_ada("");
    let wrong = anon.post("/auth/login", json!({"identifier": "ada@example.org", "password": "wrong"}));
    let body = r#"{"error":"invalid_credentials","message":"The given identifier or password is wrong."}"#;
    assert_eq!(wrong.whole(), (422, body));
    let dead = anon.post("/auth/refresh", json!({"refresh_token": "x"}));
    assert_eq!(dead.whole(), (401, r#"{"error":"invalid_token","message":"The token is not valid."}"#));
}

#[test]
fn what_is_not_about_the_grant_is_said_to_forms_as_to_everybody() {
    let (_server, anon) = with_ada("[throttle]\nenabled = true\nlogin = \"1/min\"\n");
    let wrong = "grant_type=password&username=ada%40example.org&password=wrong";
    assert_eq!(send(&anon, "/auth/login", wrong).status, 400);
    let throttled = send(&anon, "/auth/login", wrong);
    let body: Value = throttled.json();
    assert_eq!((throttled.status, &body["error"]), (429, &json!("too_many_requests")));
    assert_ne!(throttled.header("Retry-After"), "");
    let long = format!("grant_type=password&username=ada&password={}", "x".repeat(70_000));
    assert_eq!(send(&anon, "/auth/login", &long).text("error"), "content_too_large");
}
