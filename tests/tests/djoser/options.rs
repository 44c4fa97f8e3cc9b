//! The settings of a mount that change what is asked for and shown.

use countersign::{app, config::Sources};
use serde_json::json;

use crate::common::{LOGIN, ME, NEW_PASSWORD, PAGE, PASSWORD, Site, USERS, WRONG};

const RETYPE: &str = "user_create_password_retype = true\nset_password_retype = true\n\
    password_reset_confirm_retype = true\nset_username_retype = true\nusername_reset_confirm_retype = true";
const MISMATCH: &str = r#"{"non_field_errors":["The two password fields didn't match."]}"#;
const NAME_MISMATCH: &str = r#"{"non_field_errors":["The two username fields didn't match."]}"#;

#[test]
fn what_is_typed_twice_must_be_the_same() {
    let site = Site::with(RETYPE);
    let register =
        |again: &str| site.anon.post(USERS, json!({"username": "ada", "password": PASSWORD, "re_password": again}));
    assert_eq!(register("other").whole(), (400, MISMATCH));
    let weak = json!({"username": "ada", "password": "12345678", "re_password": "x"});
    let flaws = r#"{"password":["This password is too common.","This password is entirely numeric."]}"#;
    assert_eq!(site.anon.post(USERS, weak).whole(), (400, flaws));
    assert_eq!(register(PASSWORD).status, 201);
    let ada = site.logged_in("ada", PASSWORD);
    for (path, body, answer) in [
        (
            "set_password/",
            json!({"new_password": NEW_PASSWORD, "re_new_password": "x", "current_password": PASSWORD}),
            MISMATCH,
        ),
        (
            "set_password/",
            json!({"current_password": "wrong"}),
            r#"{"new_password":["This field is required."],"re_new_password":["This field is required."],"current_password":["Invalid password."]}"#,
        ),
        (
            "reset_password_confirm/",
            json!({"uid": "x", "token": "y", "new_password": NEW_PASSWORD, "re_new_password": "x"}),
            MISMATCH,
        ),
        (
            "set_username/",
            json!({"new_username": "eve", "re_new_username": "x", "current_password": PASSWORD}),
            NAME_MISMATCH,
        ),
        (
            "set_username/",
            json!({"new_username": "ada", "current_password": PASSWORD}),
            r#"{"new_username":["A user with that username already exists."],"re_new_username":["This field is required."]}"#,
        ),
        (
            "reset_username_confirm/",
            json!({"uid": "x", "token": "y", "new_username": "eve", "re_new_username": "x"}),
            NAME_MISMATCH,
        ),
    ] {
        assert_eq!(ada.post(&format!("{USERS}{path}"), body).whole(), (400, answer), "{path}");
    }
}

#[test]
fn an_unknown_address_may_be_told() {
    let (site, _ada) = Site::with_ada("username_reset_show_email_not_found = true");
    let unknown = r#"["User with given email does not exist."]"#;
    for path in ["reset_password/", "reset_username/", "resend_activation/"] {
        let answer = site.anon.post(&format!("{USERS}{path}"), json!({"email": "nobody@example.org"}));
        assert_eq!(answer.whole(), (400, unknown), "{path}");
    }
}

#[test]
fn whom_the_owner_disabled_is_as_unknown_as_nobody() {
    let site = Site::with("username_reset_show_email_not_found = true\nsend_activation_email = true");
    let ask = || site.anon.post(&format!("{USERS}resend_activation/"), json!({"email": "ada@example.org"}));
    let unknown = r#"["User with given email does not exist."]"#;
    assert_eq!(ask().whole(), (400, unknown));
    assert_eq!(site.register("ada").status, 201);
    assert_eq!(ask().whole(), (204, ""));
    site.server.owner.set_active(site.server.owner.find_user("ada").unwrap().id, false).unwrap();
    assert_eq!(ask().whole(), (400, unknown));
}

#[test]
fn a_change_of_the_password_may_end_the_token() {
    let (_site, ada) = Site::with_ada("logout_on_password_change = true");
    let body = json!({"new_password": NEW_PASSWORD, "current_password": PASSWORD});
    assert_eq!(ada.post("/auth/users/set_password/", body).whole(), (204, ""));
    assert_eq!(ada.get(ME).whole(), (401, r#"{"detail":"Invalid token."}"#));
}

#[test]
fn users_may_be_seen_and_known_by_name() {
    let (site, ada) = Site::with_ada("hide_users = false\nuser_id_field = \"username\"");
    assert_eq!(site.register("bob").whole(), (201, r#"{"email":"bob@example.org","username":"bob"}"#));
    let own = r#"{"email":"ada@example.org","username":"ada"}"#;
    assert_eq!(ada.get("/auth/users/ada/").whole(), (200, own));
    let all = r#"[{"email":"ada@example.org","username":"ada"},{"email":"bob@example.org","username":"bob"}]"#;
    assert_eq!(ada.get(USERS).whole(), (200, all));
    let forbidden = r#"{"detail":"You do not have permission to perform this action."}"#;
    assert_eq!(ada.get("/auth/users/bob/").whole(), (403, forbidden));
    let nobody = r#"{"detail":"No User matches the given query."}"#;
    for path in ["1", "ADA", "nobody"] {
        assert_eq!(ada.get(&format!("{USERS}{path}/")).whole(), (404, nobody), "{path}");
    }
    assert_eq!(ada.send("OPTIONS", "/auth/users/bob/", None, "").json().get("actions"), None);
    let described = ada.send("OPTIONS", "/auth/users/ada/", None, "").json();
    let fields: Vec<&String> = described["actions"]["PUT"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["email", "username"]);
}

#[test]
fn users_may_log_in_by_address_alone() {
    let site = Site::with("login_field = \"email\"");
    let register = |email: &str| site.anon.post(USERS, json!({"email": email, "password": PASSWORD}));
    assert_eq!(register("ada@EXAMPLE.org").whole(), (201, r#"{"email":"ada@example.org","id":1}"#));
    let taken = r#"{"email":["user with this email address already exists."]}"#;
    assert_eq!(register("Ada@example.org").whole(), (400, taken));
    let required = r#"{"email":["This field is required."],"password":["This field is required."]}"#;
    assert_eq!(site.anon.post(USERS, json!({})).whole(), (400, required));
    let log_in = |field: &str, text: &str| site.anon.post(LOGIN, json!({field: text, "password": PASSWORD}));
    assert_eq!(log_in("username", "ada@example.org").whole(), (400, WRONG));
    let ada =
        site.anon.with("Authorization", &format!("Token {}", log_in("email", "ada@example.org").text("auth_token")));
    let me = r#"{"email":"ada@example.org","id":1}"#;
    assert_eq!(ada.get(ME).whole(), (200, me));
    assert_eq!(ada.send("PATCH", ME, Some("application/json"), r#"{"email":"x"}"#).whole(), (200, me));
    assert_eq!(ada.post("/auth/users/set_username/", json!({})).header("Content-Type"), PAGE);
    let described = site.anon.send("OPTIONS", LOGIN, None, "").json();
    let fields: Vec<&String> = described["actions"]["POST"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["email", "password"]);
}

#[test]
fn a_mount_without_tokens_reads_none() {
    let site = Site::with("token_model = \"none\"");
    site.register("ada");
    let login = site.log_in("ada", PASSWORD);
    assert_eq!((login.status, login.header("Content-Type")), (404, PAGE));
    let token = site.anon.with("Authorization", "Token 0123456789012345678901234567890123456789");
    let me = token.get(ME);
    assert_eq!(me.whole(), (401, r#"{"detail":"Authentication credentials were not provided."}"#));
    assert_eq!(me.header("WWW-Authenticate"), "Bearer realm=\"api\"");
    let pair = site.anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD}));
    let ada = site.anon.with("Authorization", &format!("Bearer {}", pair.text("access")));
    assert_eq!(ada.get(ME).whole(), (200, r#"{"email":"ada@example.org","id":1,"username":"ada"}"#));
}

#[test]
fn settings_that_cannot_be_are_refused_at_the_start() {
    let told = |options: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("countersign.toml");
        std::fs::write(&file, format!("[[mount]]\nadapter = \"djoser\"\n{options}\n")).unwrap();
        app::load(&Sources { file: Some(file), ..Sources::default() }).unwrap_err().to_string()
    };
    for (options, message) in [
        ("activation_url = \"#/activate/{uid}\"", "does not hold both {uid} and {token}"),
        ("activation_url = \"#/{uid}/{token}/{site}\"", "holds other braces"),
        ("activation_url = \"#/{uid}/{token}/{uid}\"", "holds other braces"),
        ("activation_url = \"https://x/{uid}/{token}\"", "is not a path"),
        ("activation_url = \"#/ {uid}/{token}\"", "holds characters that no link has"),
        ("email_frontend_domain = \"https://x\"", "is not a host"),
        ("email_frontend_protocol = \"ftp\"", "is neither http nor https"),
        ("email_frontend_site_name = \"a\\nBcc: b\"", "is not one line of text"),
        ("password_reset_timeout = \"1s\"", "is not between 1m and 365d"),
        ("user_id_field = \"email\"", "is not one of \"id\", \"username\""),
        ("login_field = \"phone\"", "is not one of \"username\", \"email\""),
        ("token_model = \"none\"\njwt = false", "leaves no way to log in"),
        ("blacklist_after_rotation = true", "has nothing to spend"),
        ("login_field = \"email\"\nuser_id_field = \"username\"", "names users by what"),
        ("create_session_on_login = true", "unknown key"),
    ] {
        let told = told(options);
        assert!(told.contains(message), "{options}: {told}");
    }
}
