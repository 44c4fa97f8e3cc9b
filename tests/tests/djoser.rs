//! Djoser, statement by statement.

#[path = "djoser/assignment.rs"]
mod assignment;

use countersign_core::{Secret, TokenKind, UserId};
use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

const PASSWORD: &str = "Zx9-quokka-77";
const LOGIN: &str = "/auth/token/login/";
const LOGOUT: &str = "/auth/token/logout/";
const USERS: &str = "/auth/users/";
const ME: &str = "/auth/users/me/";
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const JSON: Option<&str> = Some("application/json");

const WRONG: &str = r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#;
const NO_CREDENTIALS: &str = r#"{"detail":"Authentication credentials were not provided."}"#;
const TAKEN: &str = r#"{"username":["A user with that username already exists."]}"#;
const NOT_ACCEPTABLE: &str = r#"{"detail":"Could not satisfy the request Accept header."}"#;
const INACTIVE: &str = r#"{"detail":"User inactive or deleted."}"#;
const INVALID_TOKEN: &str = r#"{"detail":"Invalid token."}"#;

fn register(anon: &Actor, name: &str) -> Answer {
    // Django's addresses are ASCII before the @.
    let mailbox: String = name.chars().filter(char::is_ascii).collect();
    anon.post(USERS, json!({"username": name, "password": PASSWORD, "email": format!("{mailbox}@example.org")}))
}

fn log_in(anon: &Actor, name: &str, password: &str) -> Answer {
    anon.post(LOGIN, json!({"username": name, "password": password}))
}

fn with_token(server: &Server, token: &str) -> Actor {
    server.anon().with("Authorization", &format!("Token {token}"))
}

/// A server where this user is registered and logged in.
fn with_user(name: &str) -> (Server, Actor, String) {
    let server = Server::start();
    let anon = server.anon();
    assert_eq!(register(&anon, name).status, 201);
    let token = log_in(&anon, name, PASSWORD).text("auth_token");
    (server, anon, token)
}

#[test]
fn registration_login_use_and_logout_work_on_every_database() {
    for server in Server::each() {
        let anon = server.anon();
        let body = json!({"username": "newuser", "password": "securepassword123", "email": "user@example.com"});
        let created = r#"{"email":"user@example.com","username":"newuser","id":1}"#;
        assert_eq!(anon.post(USERS, body).whole(), (201, created), "{}", server.backend);

        let answer = log_in(&anon, "newuser", "securepassword123");
        let token = answer.text("auth_token");
        assert_eq!(answer.whole(), (200, format!(r#"{{"auth_token":"{token}"}}"#).as_str()));
        assert!(token.len() == 40 && token.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{token}");

        let ada = with_token(&server, &token);
        let me = r#"{"email":"user@example.com","id":1,"username":"newuser"}"#;
        assert_eq!(ada.get(ME).whole(), (200, me), "{}", server.backend);
        assert_eq!(ada.post_empty(LOGOUT).whole(), (204, ""), "{}", server.backend);
        assert_eq!(ada.get(ME).whole(), (401, INVALID_TOKEN), "{}", server.backend);
        assert_eq!(ada.post_empty(LOGOUT).whole(), (401, INVALID_TOKEN));
        assert_ne!(log_in(&anon, "newuser", "securepassword123").text("auth_token"), token);
    }
}

#[test]
fn every_login_answers_the_same_token() {
    let (server, anon, token) = with_user("ada");
    assert_eq!(log_in(&anon, "ada", PASSWORD).text("auth_token"), token);
    let ada = server.owner.find_user("ada").unwrap();
    assert_eq!(server.owner.tokens(ada.id, Some(TokenKind::Djoser)).unwrap().len(), 1);
}

#[test]
fn a_wrong_password_an_unknown_name_and_a_disabled_user_get_the_same_answer() {
    let (server, anon, _) = with_user("ada");
    assert_eq!(log_in(&anon, "ada", "wrong").whole(), (400, WRONG));
    assert_eq!(log_in(&anon, "nobody", PASSWORD).whole(), (400, WRONG));
    assert_eq!(log_in(&anon, "ada", &"x".repeat(5000)).whole(), (400, WRONG));
    assert_eq!(log_in(&anon, "ADA", PASSWORD).whole(), (400, WRONG));
    assert_eq!(anon.post(LOGIN, json!({"username": "ada"})).whole(), (400, WRONG));
    assert_eq!(anon.send("POST", LOGIN, FORM, "username=&password=").whole(), (400, WRONG));
    server.owner.set_active(UserId(1), false).unwrap();
    assert_eq!(log_in(&anon, "ada", PASSWORD).whole(), (400, WRONG));
}

#[test]
fn the_user_name_alone_logs_in_or_what_somebody_has_in_its_place() {
    let (server, anon, _) = with_user("ada");
    assert_eq!(log_in(&anon, "ada@example.org", PASSWORD).whole(), (400, WRONG));
    let with = |phone: Option<&str>, email: Option<&str>| countersign_core::Registration {
        phone: phone.map(str::to_owned),
        email: email.map(str::to_owned),
        ..countersign_core::Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&with(Some("+79991234567"), None)).unwrap();
    server.owner.register(&with(None, Some("Grace@example.org"))).unwrap();
    server.owner.register(&with(Some("+79990000000"), Some("joan@example.org"))).unwrap();
    for (identifier, status) in [
        ("+79991234567", 200),
        ("+7 999 123-45-67", 200),
        ("Grace@example.org", 200),
        ("grace@EXAMPLE.org", 200),
        ("joan@example.org", 200),
        ("+7 999 000-00-00", 200),
        ("+79991234568", 400),
    ] {
        assert_eq!(log_in(&anon, identifier, PASSWORD).status, status, "{identifier}");
    }
}

#[test]
fn bodies_may_be_json_a_form_or_a_multipart_form() {
    let (_server, anon, token) = with_user("ada");
    let form = anon.send("POST", LOGIN, FORM, "username=ada&password=Zx9-quokka-77");
    assert_eq!(form.text("auth_token"), token);
    let body = "--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nada\r\n\
        --b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nZx9-quokka-77\r\n--b--\r\n";
    let multipart = anon.send("POST", LOGIN, Some("multipart/form-data; boundary=b"), body);
    assert_eq!(multipart.text("auth_token"), token);
    let plain = anon.send("POST", LOGIN, Some("text/plain; charset=UTF-8"), "{}");
    let unsupported = r#"{"detail":"Unsupported media type \"text/plain; charset=UTF-8\" in request."}"#;
    assert_eq!(plain.whole(), (415, unsupported));
    let broken = r#"{"detail":"JSON parse error - Expecting ',' delimiter: line 1 column 15 (char 14)"}"#;
    assert_eq!(anon.send("POST", LOGIN, JSON, r#"{"username": 01}"#).whole(), (400, broken));
    let list = r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#;
    assert_eq!(anon.send("POST", LOGIN, JSON, "[]").whole(), (400, list));
    assert_eq!(anon.send("POST", LOGIN, JSON, "").whole(), (400, WRONG));
}

#[test]
fn fields_that_are_no_text_are_told_by_name() {
    let server = Server::start();
    let anon = server.anon();
    for (path, body, errors) in [
        (
            LOGIN,
            r#"{"username":null,"password":true}"#,
            r#"{"password":["Not a valid string."],"username":["This field may not be null."]}"#,
        ),
        (LOGIN, r#"{"username":"a\u0000b","password":"x"}"#, r#"{"username":["Null characters are not allowed."]}"#),
        (LOGIN, r#"{"username":7,"password":"x"}"#, WRONG),
        (USERS, "{}", r#"{"username":["This field is required."],"password":["This field is required."]}"#),
        (
            USERS,
            r#"{"username":" ","password":"","email":""}"#,
            r#"{"username":["This field may not be blank."],"password":["This field may not be blank."]}"#,
        ),
        (
            USERS,
            r#"{"username":["x"],"password":{},"email":true}"#,
            r#"{"email":["Enter a valid email address."],"username":["Not a valid string."],"password":["Not a valid string."]}"#,
        ),
        (
            USERS,
            r#"{"username":"\ud800","password":"x"}"#,
            r#"{"username":["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.","Surrogate characters are not allowed: U+D800."]}"#,
        ),
    ] {
        assert_eq!(anon.send("POST", path, JSON, body).whole(), (400, errors), "{body}");
    }
    let long = anon.post(USERS, json!({"username": "b".repeat(151), "password": PASSWORD}));
    assert_eq!(long.whole(), (400, r#"{"username":["Ensure this field has no more than 150 characters."]}"#));
}

#[test]
fn a_taken_name_is_told_before_the_password_is_looked_at() {
    let (_server, anon, _) = with_user("full");
    assert_eq!(anon.post(USERS, json!({"username": "full", "password": "123"})).whole(), (400, TAKEN));
    let with_email = anon.post(USERS, json!({"username": "full", "password": "123", "email": "nope"}));
    let both = r#"{"email":["Enter a valid email address."],"username":["A user with that username already exists."]}"#;
    assert_eq!(with_email.whole(), (400, both));
    // Another spelling is found out only when the row is written.
    let wide = anon.post(USERS, json!({"username": "ｆｕｌｌ", "password": PASSWORD}));
    assert_eq!(wide.whole(), (400, r#"["Unable to create account."]"#));
    assert_eq!(anon.post(USERS, json!({"username": "FULL", "password": PASSWORD})).status, 201);
}

#[test]
fn a_name_in_another_form_than_the_stored_one_is_nobodys() {
    let server = Server::start();
    let anon = server.anon();
    assert_eq!(anon.post(USERS, json!({"username": "café", "password": PASSWORD})).status, 201);
    assert_eq!(log_in(&anon, "café", PASSWORD).status, 200);
    for other in ["cafe\u{301}", "ｃａｆé"] {
        assert_eq!(log_in(&anon, other, PASSWORD).whole(), (400, WRONG), "{other}");
    }
}

#[test]
fn another_spelling_of_somebodys_phone_number_is_taken() {
    let server = Server::start();
    let anon = server.anon();
    let registration = countersign_core::Registration {
        username: Some("bob".to_owned()),
        phone: Some("+79991234567".to_owned()),
        ..countersign_core::Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&registration).unwrap();
    for spelling in ["+79991234567", "+7-999-123-45-67", "+7.999.1234567"] {
        let answer = anon.post(USERS, json!({"username": spelling, "password": "123"}));
        assert_eq!(answer.whole(), (400, TAKEN), "{spelling}");
    }
}

#[test]
fn weak_passwords_are_refused_in_djangos_words() {
    let server = Server::start();
    let anon = server.anon();
    for (name, password, messages) in [
        ("valeriana", "valeriana1", r#"{"password":["The password is too similar to the username."]}"#),
        ("ada", "password", r#"{"password":["This password is too common."]}"#),
        ("ada", "8301744629", r#"{"password":["This password is entirely numeric."]}"#),
        (
            "admin1",
            "admin1",
            r#"{"password":["The password is too similar to the username.","This password is too short. It must contain at least 8 characters.","This password is too common."]}"#,
        ),
    ] {
        let answer = anon.post(USERS, json!({"username": name, "password": password}));
        assert_eq!(answer.whole(), (400, messages), "{password}");
    }
}

#[test]
fn names_are_normalised_and_addresses_are_optional_and_may_be_shared() {
    let (_server, anon, _) = with_user("ada");
    let wide = anon.post(USERS, json!({"username": " ｗｉｄｅ ", "password": PASSWORD}));
    assert_eq!(wide.whole(), (201, r#"{"email":"","username":"wide","id":2}"#));
    assert_eq!(log_in(&anon, "ｗｉｄｅ", PASSWORD).whole(), (400, WRONG));
    assert_eq!(log_in(&anon, " wide\t", &format!(" {PASSWORD} ")).status, 200);
    let shared = anon.post(USERS, json!({"username": "bob", "password": PASSWORD, "email": "ada@EXAMPLE.org"}));
    assert_eq!(shared.whole(), (201, r#"{"email":"ada@example.org","username":"bob","id":3}"#));
}

#[test]
fn privileges_cannot_be_registered() {
    let server = Server::start();
    let body = json!({"username": "eve", "password": PASSWORD, "is_staff": true, "is_superuser": true, "role": "admin", "id": 7});
    assert_eq!(server.anon().post(USERS, body).whole(), (201, r#"{"email":"","username":"eve","id":1}"#));
    let eve = server.owner.find_user("eve").unwrap();
    assert_eq!((eve.is_staff, eve.is_superuser, eve.role), (false, false, countersign_core::Role::Tourist));
}

#[test]
fn a_bad_header_is_refused_in_the_words_of_what_is_wrong_with_it() {
    let (server, anon, token) = with_user("ada");
    let spaced = format!("Token {token} x");
    for (header, detail) in [
        ("Token 0000000000000000000000000000000000000000", INVALID_TOKEN),
        ("Token", r#"{"detail":"Invalid token header. No credentials provided."}"#),
        (&spaced, r#"{"detail":"Invalid token header. Token string should not contain spaces."}"#),
        (&token, NO_CREDENTIALS),
        ("Basic YWxpY2U6eA==", NO_CREDENTIALS),
        (
            "Bearer 0000000000000000000000000000000000000000",
            r#"{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid"}]}"#,
        ),
    ] {
        let answer = anon.with("Authorization", header).get(ME);
        assert_eq!(answer.whole(), (401, detail), "{header}");
        assert_eq!(answer.header("WWW-Authenticate"), "Token");
    }
    assert_eq!(anon.get(ME).whole(), (401, NO_CREDENTIALS));
    let latin = server
        .raw(b"GET /auth/users/me/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Token \xff\r\n\r\n");
    assert!(latin.contains("Token string should not contain invalid characters."), "{latin}");
    for scheme in ["token", "TOKEN"] {
        assert_eq!(anon.with("Authorization", &format!("{scheme} {token}")).get(ME).status, 200);
    }
}

#[test]
fn a_token_that_outlived_its_users_right_says_so() {
    let (server, anon, token) = with_user("ada");
    // Disabling by the door deletes the token; one that was imported may be there without an active user.
    server.tamper("UPDATE users SET is_active = 0");
    let ada = with_token(&server, &token);
    assert_eq!(ada.get(ME).whole(), (401, INACTIVE));
    assert_eq!(log_in(&ada, "ada", PASSWORD).whole(), (401, INACTIVE));
    assert_eq!(log_in(&anon, "ada", PASSWORD).whole(), (400, WRONG));
}

#[test]
fn a_database_that_fails_is_no_refusal() {
    let (server, anon, token) = with_user("ada");
    server.tamper("ALTER TABLE tokens RENAME TO elsewhere; ALTER TABLE identifiers RENAME TO nowhere");
    for answer in [with_token(&server, &token).get(ME), log_in(&anon, "ada", PASSWORD), register(&anon, "bob")] {
        let unavailable = r#"{"detail":"Service temporarily unavailable, try again later."}"#;
        assert_eq!((answer.whole(), answer.header("Retry-After")), ((503, unavailable), "1"));
    }
}

#[test]
fn a_bad_token_is_refused_also_where_nobody_has_to_log_in() {
    let (server, ..) = with_user("ada");
    let eve = with_token(&server, "0000");
    assert_eq!(log_in(&eve, "ada", PASSWORD).whole(), (401, INVALID_TOKEN));
    assert_eq!(register(&eve, "eve").whole(), (401, INVALID_TOKEN));
    assert!(server.owner.find_user("eve").is_err());
}

#[test]
fn negotiation_comes_before_authentication_and_authentication_before_the_method() {
    let (server, anon, token) = with_user("ada");
    let html = anon.with("Accept", "text/html");
    assert_eq!(html.get(ME).whole(), (406, NOT_ACCEPTABLE));
    assert_eq!(html.send("PUT", LOGIN, None, "").whole(), (406, NOT_ACCEPTABLE));
    assert_eq!(anon.get("/auth/users/me/?format=xml").whole(), (404, r#"{"detail":"Not found."}"#));
    assert_eq!(anon.send("POST", ME, None, "").whole(), (401, NO_CREDENTIALS));
    assert_eq!(anon.send("DELETE", LOGOUT, None, "").whole(), (401, NO_CREDENTIALS));

    let ada = with_token(&server, &token);
    let refused = ada.send("POST", ME, JSON, "{}");
    assert_eq!(refused.whole(), (405, r#"{"detail":"Method \"POST\" not allowed."}"#));
    assert_eq!(refused.header("Allow"), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
    let login = anon.get(LOGIN);
    assert_eq!(login.whole(), (405, r#"{"detail":"Method \"GET\" not allowed."}"#));
    assert_eq!(login.header("Allow"), "POST, OPTIONS");
    let wide = ada.with("Accept", "application/json; indent=4").get(ME);
    assert_eq!(wide.body, "{\n    \"email\": \"ada@example.org\",\n    \"id\": 1,\n    \"username\": \"ada\"\n}");
    let browser = ada.with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8").get(ME);
    assert_eq!((browser.status, browser.header("Content-Type")), (200, "application/json"));
}

#[test]
fn every_answer_has_djangos_headers() {
    let (server, anon, token) = with_user("ada");
    for answer in [with_token(&server, &token).get(ME), anon.get(ME), anon.get("/auth/nope/")] {
        assert_eq!(answer.header("X-Frame-Options"), "DENY");
        assert_eq!(answer.header("X-Content-Type-Options"), "nosniff");
        assert_eq!(answer.header("Referrer-Policy"), "same-origin");
        assert_eq!(answer.header("Cross-Origin-Opener-Policy"), "same-origin");
        assert_eq!(answer.header("Cache-Control"), "no-store");
    }
}

#[test]
fn tokens_have_paths_with_and_without_the_slash_and_users_are_redirected() {
    let (server, anon, token) = with_user("ada");
    let answer = anon.post("/auth/token/login", json!({"username": "ada", "password": PASSWORD}));
    assert_eq!(answer.text("auth_token"), token);
    for (path, to) in [
        ("/auth/users", "/auth/users/"),
        ("/auth/users/me?a=1&b=%20x", "/auth/users/me/?a=1&b=%20x"),
        ("/auth/users/1", "/auth/users/1/"),
        ("/auth/users?", "/auth/users/"),
        ("/auth/users/%41%c3%a9=", "/auth/users/A%C3%A9%3D/"),
    ] {
        for answer in [anon.get(path), anon.post_empty(path)] {
            assert_eq!((answer.whole(), answer.header("Location")), ((301, ""), to));
        }
    }
    // Beside the minimal dialect the prefix alone is that one's.
    let alone = Server::with("[[mount]]\nadapter = \"djoser\"");
    for answer in [alone.anon().get("/auth"), alone.anon().post_empty("/auth")] {
        assert_eq!((answer.whole(), answer.header("Location")), ((301, ""), "/auth/"));
    }
    for path in ["/auth/nope/", "/auth/users/..%2f/", "/auth/users/a.b.c/"] {
        let nowhere = anon.get(path);
        assert_eq!((nowhere.status, nowhere.header("Content-Type")), (404, "text/html; charset=utf-8"), "{path}");
        assert!(nowhere.body.contains("<h1>Not Found</h1>"), "{}", nowhere.body);
    }
    assert_eq!(with_token(&server, &token).post_empty("/auth/token/logout").status, 204);
}

#[test]
fn only_staff_see_other_users() {
    let (server, anon, token) = with_user("ada");
    register(&anon, "bob");
    let ada = with_token(&server, &token);
    let own = r#"{"email":"ada@example.org","id":1,"username":"ada"}"#;
    let bobs = r#"{"email":"bob@example.org","id":2,"username":"bob"}"#;
    assert_eq!(ada.get(USERS).whole(), (200, format!("[{own}]").as_str()));
    assert_eq!(ada.get("/auth/users/1/").whole(), (200, own));
    assert_eq!(ada.get("/auth/users/2/").whole(), (404, r#"{"detail":"Not found."}"#));
    assert_eq!(ada.get("/auth/users/9/").whole(), (404, r#"{"detail":"No User matches the given query."}"#));
    assert_eq!(ada.get("/auth/users/ada/").whole(), (404, r#"{"detail":"Not found."}"#));
    assert_eq!(ada.send("PATCH", "/auth/users/2/", JSON, r#"{"email":"eve@example.org"}"#).status, 404);
    let forbidden = ada.send("DELETE", "/auth/users/2/", JSON, r#"{"current_password":"x"}"#);
    assert_eq!(forbidden.whole(), (403, r#"{"detail":"You do not have permission to perform this action."}"#));

    server.tamper("UPDATE users SET is_staff = 1 WHERE id = 2");
    let bob = with_token(&server, &log_in(&anon, "bob", PASSWORD).text("auth_token"));
    assert_eq!(bob.get(USERS).whole(), (200, format!("[{own},{bobs}]").as_str()));
    assert_eq!(bob.get("/auth/users/1/").whole(), (200, own));
    let gone = bob.send("DELETE", "/auth/users/1/", JSON, &json!({"current_password": PASSWORD}).to_string());
    assert_eq!(gone.whole(), (204, ""));
    assert_eq!(ada.get(ME).whole(), (401, INVALID_TOKEN));
}

#[test]
fn the_address_can_be_changed_and_nothing_else() {
    let (server, anon, token) = with_user("ada");
    let ada = with_token(&server, &token);
    let by_address = |address: &str| {
        anon.wants_json().post("/api/auth/token", json!({"email": address, "password": PASSWORD})).status
    };
    let changed =
        ada.send("PATCH", ME, JSON, r#"{"email":" New@EXAMPLE.org ","username":"eve","id":9,"is_staff":true}"#);
    assert_eq!(changed.whole(), (200, r#"{"email":"New@EXAMPLE.org","id":1,"username":"ada"}"#));
    assert_eq!((by_address("new@example.org"), by_address("ada@example.org")), (200, 422));
    let wrong = ada.send("PUT", ME, JSON, r#"{"email":"nope"}"#);
    assert_eq!(wrong.whole(), (400, r#"{"email":["Enter a valid email address."]}"#));
    assert_eq!(ada.send("PUT", ME, FORM, "x=1").whole(), (200, changed.body.as_str()));
    let emptied = ada.send("PATCH", ME, FORM, "email=");
    assert_eq!(emptied.whole(), (200, r#"{"email":"","id":1,"username":"ada"}"#));
}

#[test]
fn the_password_is_changed_with_the_current_one_and_the_token_lives_on() {
    let (server, anon, token) = with_user("ada");
    let ada = with_token(&server, &token);
    let set = |new: &str, current: &str| {
        ada.post("/auth/users/set_password/", json!({"new_password": new, "current_password": current}))
    };
    assert_eq!(set("123", "wrong").whole(), (400, r#"{"current_password":["Invalid password."]}"#));
    assert_eq!(set("password", PASSWORD).whole(), (400, r#"{"new_password":["This password is too common."]}"#));
    let missing = ada.post("/auth/users/set_password/", json!({"current_password": "wrong"}));
    let both = r#"{"new_password":["This field is required."],"current_password":["Invalid password."]}"#;
    assert_eq!(missing.whole(), (400, both));
    assert_eq!(set("Fresh-walrus-88", PASSWORD).whole(), (204, ""));
    assert_eq!(log_in(&anon, "ada", PASSWORD).whole(), (400, WRONG));
    assert_eq!(log_in(&anon, "ada", "Fresh-walrus-88").text("auth_token"), token);
    assert_eq!(ada.get(ME).status, 200);
}

#[test]
fn an_account_is_deleted_with_its_password() {
    let (server, anon, token) = with_user("ada");
    let ada = with_token(&server, &token);
    let missing = ada.delete(ME);
    assert_eq!(missing.whole(), (400, r#"{"current_password":["This field is required."]}"#));
    let wrong = ada.send("DELETE", ME, JSON, r#"{"current_password":"wrong"}"#);
    assert_eq!(wrong.whole(), (400, r#"{"current_password":["Invalid password."]}"#));
    let gone = ada.send("DELETE", ME, FORM, &format!("current_password={PASSWORD}"));
    assert_eq!(gone.whole(), (204, ""));
    assert_eq!(ada.get(ME).whole(), (401, INVALID_TOKEN));
    assert_eq!(log_in(&anon, "ada", PASSWORD).whole(), (400, WRONG));
}

#[test]
fn other_strategies_speak_the_same_wire() {
    for strategy in ["sanctum_pat", "jwt_pair"] {
        let mount = format!("[[mount]]\nadapter = \"djoser\"\nstrategy = \"{strategy}\"\n");
        let server = Server::with(&mount);
        let anon = server.anon();
        assert_eq!(register(&anon, "ada").status, 201);
        let token = log_in(&anon, "ada", PASSWORD).text("auth_token");
        let ada = with_token(&server, &token);
        assert_eq!(ada.get(ME).status, 200, "{strategy}");
        for scheme in ["Bearer", "JWT"] {
            let status = anon.with("Authorization", &format!("{scheme} {token}")).get(ME).status;
            assert_eq!(status, if strategy == "jwt_pair" { 200 } else { 401 }, "{strategy} {scheme}");
        }
        assert_eq!(ada.post_empty(LOGOUT).status, 204, "{strategy}");
        assert_eq!(ada.get(ME).whole(), (401, INVALID_TOKEN), "{strategy}");
    }
}

#[test]
fn bodies_have_a_limit_and_a_form_has_a_number_of_fields() {
    let (server, anon, _) = with_user("ada");
    let announced = b"POST /auth/token/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 3000000\r\nConnection: close\r\n\r\n";
    assert!(server.raw(announced).starts_with("HTTP/1.1 413 "));
    let long = anon.send("POST", LOGIN, JSON, &format!(r#"{{"pad":"{}"}}"#, "x".repeat(100_000)));
    assert_eq!(long.whole(), (413, r#"{"detail":"Request body is too large."}"#));
    let many = anon.send("POST", LOGIN, FORM, &"a=1&".repeat(1000));
    assert_eq!((many.status, many.header("Content-Type")), (400, "text/html; charset=utf-8"));
}

#[test]
fn options_describe_a_view() {
    let (_server, anon, _) = with_user("ada");
    let login = anon.send("OPTIONS", LOGIN, None, "");
    let described = r#"{"name":"Token Create","description":"Use this endpoint to obtain user authentication token.","renders":["application/json"],"parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"],"actions":{"POST":{"password":{"type":"string","required":false,"read_only":false,"label":"Password"},"username":{"type":"string","required":false,"read_only":false,"label":"Username"}}}}"#;
    assert_eq!(login.whole(), (200, described));
    assert_eq!(anon.send("OPTIONS", ME, None, "").whole(), (401, NO_CREDENTIALS));
}
