//! The stack `fortify`: coming in and leaving, and what all its answers have in common.

use chrono::TimeDelta;
use countersign_core::UserId;
use countersign_tests::{Answer, Server};
use serde_json::{Value, json};

use crate::{
    common::{Browser, FRONT_END, MISMATCH, NO_MATCH, PASSWORD, UNAUTHENTICATED, cookies, registration},
    mailed::{ADA, Site},
};

pub const STACK: &str = "stack = \"fortify\"";
pub const TOO_MANY: &str = "{\n    \"message\": \"Too Many Attempts.\"\n}";
/// What is said where there is nothing to say.
pub const NOTHING: &str = "\"\"";
const LOGGED_IN: &str = r#"{"two_factor":false}"#;
const BASE: &str = "http://127.0.0.1:8000";

/// A browser in which Ada is logged in.
pub fn ada(site: &Site) -> Browser {
    let mut browser = site.browser();
    assert_eq!(browser.log_in(ADA, PASSWORD).whole(), (200, LOGGED_IN));
    browser
}

/// The same cookies in a client that takes this.
pub fn taking(browser: &Browser, site: &Site, accept: &str) -> Browser {
    let anon = site.server.anon().with("Origin", FRONT_END).with("Accept", accept);
    Browser { anon, cookies: browser.cookies.clone() }
}

/// Where a page is sent.
pub fn sent_to(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.header("Location"))
}

/// The limit and what is left of it; and when to come back.
pub fn left(answer: &Answer) -> [&str; 4] {
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After", "X-RateLimit-Reset"].map(|name| answer.header(name))
}

#[test]
fn somebody_logs_in_and_out() {
    let site = Site::with(STACK);
    let mut browser = site.browser();
    let answer = browser.log_in(" Ada@Example.org ", PASSWORD);
    assert_eq!((answer.whole(), answer.header("Content-Type")), ((200, LOGGED_IN), "application/json"));
    assert_eq!(cookies(&answer).len(), 2);
    assert_eq!(browser.get("/api/user").json()["email"], ADA);
    assert_eq!(browser.post("/logout", json!({})).whole(), (204, ""));
    assert_eq!(browser.post("/logout", json!({})).whole(), (401, UNAUTHENTICATED));
    assert_eq!(browser.cookies_only().post("/login", json!({})).whole(), (419, MISMATCH));
}

#[test]
fn a_page_is_sent_on() {
    let site = Site::with(STACK);
    let mut page = taking(&site.browser(), &site, "text/html");
    page.get("/sanctum/csrf-cookie");
    assert_eq!(sent_to(&page.log_in(ADA, "wrong")), (302, "http://127.0.0.1:8000/sanctum/csrf-cookie"));
    assert_eq!(sent_to(&page.log_in(ADA, PASSWORD)), (302, "http://127.0.0.1:8000/home"));
    assert_eq!(sent_to(&page.post("/logout", json!({}))), (302, BASE));
    assert_eq!(sent_to(&page.post("/register", registration("new@example.org"))), (302, "http://127.0.0.1:8000/home"));
}

#[test]
fn a_script_that_takes_anything_is_refused_in_json_and_sent_on_like_a_page() {
    let site = Site::with(STACK);
    let mut script = taking(&site.browser(), &site, "*/*");
    script.anon = script.anon.with("X-Requested-With", "XMLHttpRequest");
    assert_eq!(script.log_in(ADA, "wrong").whole(), (422, NO_MATCH));
    assert_eq!(sent_to(&script.log_in(ADA, PASSWORD)), (302, "http://127.0.0.1:8000/home"));
    let refused = script.post("/user/confirm-password", json!({"password": "x"}));
    assert_eq!(sent_to(&refused), (302, "http://127.0.0.1:8000/sanctum/csrf-cookie"));
    assert_eq!(
        script.put("/user/profile-information", json!({"name": "", "email": ADA})).whole(),
        (422, r#"{"message":"The name field is required.","errors":{"name":["The name field is required."]}}"#)
    );
}

#[test]
fn what_a_login_lacks_is_named_and_what_is_no_address_is_wrong_like_any_other() {
    let site = Site::with(STACK);
    let mut browser = site.browser();
    for (body, said) in [
        (
            json!({}),
            r#"{"message":"The email field is required. (and 1 more error)","errors":{"email":["The email field is required."],"password":["The password field is required."]}}"#,
        ),
        (
            json!({"email": 5, "password": 5}),
            r#"{"message":"The email field must be a string. (and 1 more error)","errors":{"email":["The email field must be a string."],"password":["The password field must be a string."]}}"#,
        ),
        (json!({"email": "nobody", "password": "x"}), NO_MATCH),
        (json!({"email": "nobody@example.org", "password": "x"}), NO_MATCH),
    ] {
        assert_eq!(browser.post("/login", body).whole(), (422, said));
    }
}

#[test]
fn every_login_for_an_address_counts_right_or_wrong() {
    let site = Site::with(STACK);
    let mut browser = site.browser();
    let wrong = browser.log_in(ADA, "wrong");
    assert_eq!((wrong.whole(), left(&wrong)), ((422, NO_MATCH), ["5", "4", "", ""]));
    let missing = browser.log_in("ADA@Example.org", "");
    assert_eq!((missing.status, left(&missing)), (422, ["5", "3", "", ""]));
    site.server.wait(TimeDelta::seconds(20));
    let right = browser.log_in(ADA, PASSWORD);
    assert_eq!((right.whole(), left(&right)), ((200, LOGGED_IN), ["5", "2", "", ""]));
    // Who is logged in is sent away, and counted in front of that.
    let again = browser.log_in("\u{e0}da@example.org", PASSWORD);
    assert_eq!((sent_to(&again), left(&again)), ((302, BASE), ["5", "1", "", ""]));
    assert_eq!(left(&browser.log_in(ADA, PASSWORD))[1], "0");
    let refused = browser.log_in(ADA, PASSWORD);
    // 2026-01-02 12:01:00.
    assert_eq!((refused.whole(), left(&refused)), ((429, TOO_MANY), ["5", "0", "40", "1767355260"]));
    let page = taking(&browser, &site, "text/html").log_in(ADA, PASSWORD);
    assert_eq!((page.status, left(&page)), (429, ["5", "0", "40", "1767355260"]));
    assert!(page.body.contains("Too Many Requests"), "{}", page.body);
    let mut other = site.browser();
    assert_eq!(left(&other.log_in("bob@example.org", "wrong"))[1], "4");
    site.server.wait(TimeDelta::seconds(40));
    assert_eq!(left(&other.log_in(ADA, PASSWORD)), ["5", "4", "", ""]);
}

#[test]
fn many_addresses_of_one_client_are_guessed_at_no_longer_than_elsewhere() {
    let site = Site::with(&format!("{STACK}\n[throttle]\nenabled = true"));
    let mut browser = site.browser();
    for number in 0..10 {
        assert_eq!(browser.log_in(&format!("user{number}@example.org"), "wrong").whole(), (422, NO_MATCH));
    }
    assert_eq!(browser.log_in("another@example.org", "wrong").whole(), (429, TOO_MANY));
}

#[test]
fn somebody_registers_and_is_logged_in_on_every_database() {
    for server in Server::each() {
        let settings = format!("[[mount]]\nadapter = \"sanctum_spa\"\n{STACK}\n");
        let server = Server::on(server.database.clone(), &settings);
        let mut browser = Browser::ready(&server);
        let mut body = registration("New@Example.org");
        body["remember"] = json!("on");
        let answer = browser.post("/register", body);
        assert_eq!(answer.whole(), (201, NOTHING), "{}", server.backend);
        assert_eq!(cookies(&answer).len(), 3);
        assert_eq!(browser.get("/api/user").json()["email"], "new@example.org", "{}", server.backend);
        assert_eq!(server.bearer(&browser.api_token()).get("/api/user").status, 200);
        assert_eq!(sent_to(&browser.post("/register", json!({}))), (302, BASE));
        let mut again = Browser::ready(&server);
        let taken = r#"{"message":"The email has already been taken.","errors":{"email":["The email has already been taken."]}}"#;
        assert_eq!(again.post("/register", registration("NEW@example.org")).whole(), (422, taken));
    }
}

#[test]
fn what_is_wrong_with_a_registration_is_named_in_fortifys_order() {
    let site = Site::with(STACK);
    let mut browser = site.browser();
    let mut errors = |changes: Value| {
        let mut body = registration("new@example.org");
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = browser.post("/register", body);
        assert_eq!(answer.status, 422, "{changes}");
        answer.json()["errors"].clone()
    };
    assert_eq!(
        errors(json!({"password": "short", "password_confirmation": "other"})),
        json!({"password": ["The password field must be at least 8 characters.", "The password field confirmation does not match."]})
    );
    assert_eq!(
        errors(json!({"password": 1, "password_confirmation": 1})),
        json!({"password": ["The password field must be a string.", "The password field must be at least 8 characters."]})
    );
    assert_eq!(errors(json!({"password": "        "})), json!({"password": ["The password field is required."]}));
    assert_eq!(errors(json!({"email": 5})), json!({"email": ["The email field must be a valid email address."]}));
    assert_eq!(errors(json!({"email": ADA.to_uppercase()})), json!({"email": ["The email has already been taken."]}));
    assert_eq!(
        errors(json!({"name": null, "email": false})),
        json!({"name": ["The name field is required."], "email": ["The email field is required."]})
    );
    assert!(site.server.owner.find_user("new@example.org").is_err());
}

#[test]
fn beside_the_minimal_api_the_path_is_below_api() {
    let server =
        Server::with("[[mount]]\nadapter = \"minimal\"\n[[mount]]\nadapter = \"sanctum_spa\"\nstack = \"fortify\"\n");
    let mut browser = Browser::ready(&server);
    assert_eq!(browser.register("new@example.org").whole(), (201, NOTHING));
    assert!(server.owner.user(UserId(1)).is_ok());
}

#[test]
fn each_stack_serves_its_own_paths_and_says_so() {
    let paths = |server: &Server| -> Vec<String> {
        let document = server.anon().get("/openapi.json").json();
        document["paths"].as_object().unwrap().keys().cloned().collect()
    };
    let fortify = Site::with(STACK).server;
    let breeze = Site::with("").server;
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|path| !those.contains(path)).cloned().collect()
    };
    let (ours, theirs) = (paths(&fortify), paths(&breeze));
    assert_eq!(
        only(&ours, &theirs),
        [
            "/email/verify/{id}/{hash}",
            "/user/confirm-password",
            "/user/confirmed-password-status",
            "/user/password",
            "/user/profile-information"
        ]
    );
    assert_eq!(only(&theirs, &ours), ["/verify-email/{id}/{hash}"]);
    let json = fortify.anon().wants_json();
    let said = |answer: &Answer| (answer.status, answer.json()["message"].as_str().unwrap().to_owned());
    assert_eq!(
        said(&json.get("/login")),
        (405, "The GET method is not supported for route login. Supported methods: POST.".to_owned())
    );
    assert_eq!(
        said(&json.get("/user/password")),
        (405, "The GET method is not supported for route user/password. Supported methods: PUT.".to_owned())
    );
    for path in ["two-factor-challenge", "user/two-factor-authentication", "verify-email/1/x"] {
        let missing = (404, format!("The route {path} could not be found."));
        assert_eq!(said(&json.get(&format!("/{path}"))), missing);
    }
    let json = breeze.anon().wants_json();
    let missing = (404, "The route user/password could not be found.".to_owned());
    assert_eq!(said(&json.send("PUT", "/user/password", None, "")), missing);
}
