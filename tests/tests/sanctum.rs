//! Sanctum's personal access tokens, statement by statement; the bodies are those of a real Laravel.

use chrono::TimeDelta;
use countersign_core::{Abilities, Credentials, Digest, Grant, Registration, Secret, StrategyKind, TokenKind, UserId};
use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

const PASSWORD: &str = "Zx9-quokka-77";
const UNAUTHENTICATED: &str = r#"{"message":"Unauthenticated."}"#;
const WRONG: &str = r#"{"message":"The provided credentials are incorrect.","errors":{"email":["The provided credentials are incorrect."]}}"#;
const NO_ADDRESS: &str = r#"{"message":"The email field must be a valid email address.","errors":{"email":["The email field must be a valid email address."]}}"#;
const NOTHING_SENT: &str = r#"{"message":"The email field is required. (and 1 more error)","errors":{"email":["The email field is required."],"password":["The password field is required."]}}"#;
const ADA: &str = r#"{"id":1,"name":"Ada Lovelace","email":"ada@example.org","email_verified_at":null,"created_at":"2026-01-02T12:00:00.000000Z","updated_at":"2026-01-02T12:00:00.000000Z"}"#;

fn add(server: &Server, name: &str, email: &str) -> UserId {
    let registration = Registration {
        name: Some(name.to_owned()),
        email: Some(email.to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&registration).unwrap().id
}

/// A server with Ada, and somebody who wants JSON.
fn with_ada() -> (Server, Actor) {
    let server = Server::start();
    add(&server, "Ada Lovelace", "ada@example.org");
    let anon = server.anon().wants_json();
    (server, anon)
}

fn ask(anon: &Actor, email: &str, password: &str) -> Answer {
    anon.post("/api/auth/token", json!({"email": email, "password": password}))
}

fn token(anon: &Actor) -> String {
    ask(anon, "ada@example.org", PASSWORD).text("token")
}

#[test]
fn a_right_password_gives_a_token_and_the_token_the_user_on_every_database() {
    for server in Server::each() {
        add(&server, "Ada Lovelace", "ada@example.org");
        let anon = server.anon().wants_json();
        let answer = ask(&anon, "ada@example.org", PASSWORD);
        let token = answer.text("token");
        assert_eq!(answer.whole(), (200, format!(r#"{{"token":"{token}"}}"#).as_str()), "{}", server.backend);
        assert_eq!(answer.header("Content-Type"), "application/json");
        assert_eq!(answer.header("Cache-Control"), "no-cache, private");
        assert_eq!(server.bearer(&token).wants_json().get("/api/user").whole(), (200, ADA), "{}", server.backend);
    }
}

#[test]
fn every_token_is_another_and_the_older_ones_stay() {
    let (server, anon) = with_ada();
    let (first, second) = (token(&anon), token(&anon));
    assert_ne!(first, second);
    assert_eq!(server.bearer(&first).get("/api/user").status, 200);
    assert_eq!(server.bearer(&second).get("/api/user").status, 200);
}

#[test]
fn a_token_is_not_kept_in_clear() {
    let (server, anon) = with_ada();
    let token = token(&anon);
    let (id, secret) = token.split_once('|').unwrap();
    let rows = server.owner.tokens(UserId(1), None).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id.to_string().as_str(), rows[0].name.as_str()), (id, "api"));
    assert_eq!((rows[0].digest, &rows[0].sealed), (Digest::of(secret.as_bytes()), &None));
}

#[test]
fn a_token_speaks_for_its_own_user() {
    let (server, anon) = with_ada();
    add(&server, "Bob", "bob@example.org");
    let token = ask(&anon, "bob@example.org", PASSWORD).text("token");
    assert_eq!(server.bearer(&token).get("/api/user").json()["name"], "Bob");
}

#[test]
fn a_wrong_password_an_unknown_address_and_a_disabled_user_get_the_same_answer() {
    let (server, anon) = with_ada();
    assert_eq!(ask(&anon, "ada@example.org", "x").whole(), (422, WRONG));
    assert_eq!(ask(&anon, "nobody@example.org", PASSWORD).whole(), (422, WRONG));
    assert_eq!(ask(&anon, "ada@example.org", &"p".repeat(5000)).whole(), (422, WRONG));
    assert_eq!(ask(&anon, "ada@example.org", &format!(" {PASSWORD} ")).whole(), (422, WRONG));
    server.owner.set_active(UserId(1), false).unwrap();
    assert_eq!(ask(&anon, "ada@example.org", PASSWORD).whole(), (422, WRONG));
}

#[test]
fn what_is_missing_is_named() {
    let (_server, anon) = with_ada();
    let send = |content_type, body| anon.send("POST", "/api/auth/token", content_type, body);
    let json = Some("application/json");
    for body in ["{}", r#"{"email": null, "password": null}"#, "{\"email\": ", "", "[1,2]", "\"x\"", "null"] {
        assert_eq!(send(json, body).whole(), (422, NOTHING_SENT), "{body}");
    }
    let good = r#"{"email": "ada@example.org", "password": "Zx9-quokka-77"}"#;
    assert_eq!(send(Some("text/plain"), good).whole(), (422, NOTHING_SENT));
    assert_eq!(
        send(json, r#"{"email": "ada@example.org"}"#).whole(),
        (
            422,
            r#"{"message":"The password field is required.","errors":{"password":["The password field is required."]}}"#
        )
    );
}

#[test]
fn what_is_no_address_is_said_to_be_none() {
    let (_server, anon) = with_ada();
    for email in [json!(["ada@example.org"]), json!("ada@"), json!("Ada <ada@example.org>"), json!("a".repeat(300))] {
        let answer = anon.post("/api/auth/token", json!({"email": email, "password": PASSWORD}));
        assert_eq!(answer.whole(), (422, NO_ADDRESS), "{email}");
    }
}

#[test]
fn a_password_of_another_type_is_wrong_and_never_a_server_error() {
    let (_server, anon) = with_ada();
    let with = |password| anon.post("/api/auth/token", json!({"email": "ada@example.org", "password": password}));
    assert_eq!(with(json!(12345)).whole(), (422, WRONG));
    assert_eq!(with(json!(0)).whole(), (422, WRONG));
    let no_text = r#"{"message":"The password field must be a string.","errors":{"password":["The password field must be a string."]}}"#;
    assert_eq!(with(json!([PASSWORD])).whole(), (422, no_text));
}

#[test]
fn whoever_registered_in_another_dialect_logs_in_with_what_they_have() {
    let (server, anon) = with_ada();
    let registered = anon.post("/register", json!({"login": "bob", "password": PASSWORD}));
    assert_eq!(registered.status, 200);
    let phone = Registration {
        username: Some("carol".to_owned()),
        phone: Some("+79991234567".to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&phone).unwrap();
    for identifier in ["bob", "carol", "+7 999 123-45-67"] {
        assert_eq!(ask(&anon, identifier, PASSWORD).status, 200, "{identifier}");
        assert_eq!(ask(&anon, identifier, "x").whole(), (422, NO_ADDRESS), "{identifier}");
    }
}

#[test]
fn addresses_are_trimmed_and_forms_are_read() {
    let (_server, anon) = with_ada();
    assert_eq!(ask(&anon, "  ada@example.org \n", PASSWORD).status, 200);
    assert_eq!(ask(&anon, "\u{a0}ada@example.org\u{200b}", PASSWORD).status, 200);
    let body = "email=ada%40example.org&password=Zx9-quokka-77";
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(anon.send("POST", "/api/auth/token", form, body).status, 200);
    let parts = "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nada@example.org\r\n\
                 --x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nZx9-quokka-77\r\n--x--\r\n";
    assert_eq!(anon.send("POST", "/api/auth/token", Some("multipart/form-data; boundary=x"), parts).status, 200);
    let body = r#"{"email": "ada@example.org", "password": "Zx9-quokka-77"}"#;
    assert_eq!(anon.send("POST", "/api/auth/token", Some("application/vnd.api+json"), body).status, 200);
    let address = "/api/auth/token?email=ada%40example.org&password=Zx9-quokka-77";
    assert_eq!(anon.post_empty(address).whole(), (422, NOTHING_SENT));
}

#[test]
fn a_second_value_and_a_nul_are_errors_of_their_field() {
    let (_server, anon) = with_ada();
    let invalid = r#"{"message":"The email field is invalid.","errors":{"email":["The email field is invalid."]}}"#;
    for body in [r#"{"email": "a@b", "email": "c@d", "password": "x"}"#, r#"{"email": "a\u0000@b", "password": "x"}"#] {
        let answer = anon.send("POST", "/api/auth/token", Some("application/json"), body);
        assert_eq!(answer.whole(), (422, invalid), "{body}");
    }
}

#[test]
fn who_does_not_ask_for_json_is_redirected() {
    let (server, _) = with_ada();
    let browser = server.anon();
    let answer = browser.get("/api/user");
    let page = "<!DOCTYPE html>\n<html>\n    <head>\n        <meta charset=\"UTF-8\" />\n        <meta http-equiv=\"refresh\" content=\"0;url='http://127.0.0.1:8000/login'\" />\n\n        <title>Redirecting to http://127.0.0.1:8000/login</title>\n    </head>\n    <body>\n        Redirecting to <a href=\"http://127.0.0.1:8000/login\">http://127.0.0.1:8000/login</a>.\n    </body>\n</html>";
    assert_eq!(answer.whole(), (302, page));
    assert_eq!(answer.header("Location"), "http://127.0.0.1:8000/login");
    assert_eq!(answer.header("Content-Type"), "text/html; charset=utf-8");
    let answer = ask(&browser, "ada@example.org", "x");
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000"));
    let script = browser.with("X-Requested-With", "XMLHttpRequest");
    assert_eq!(ask(&script, "ada@example.org", "x").whole(), (422, WRONG));
}

#[test]
fn a_header_of_another_host_is_never_in_a_link() {
    let (server, _) = with_ada();
    let browser = server.anon().with("Host", "evil.example").with("Referer", "https://evil.example/x");
    assert_eq!(ask(&browser, "ada@example.org", "x").header("Location"), "http://127.0.0.1:8000");
    let front_end = server.anon().with("Referer", "http://localhost:3000/login");
    assert_eq!(ask(&front_end, "ada@example.org", "x").status, 419);
}

#[test]
fn the_scheme_is_read_as_laravel_reads_it() {
    let (server, anon) = with_ada();
    let token = token(&anon);
    let (_, secret) = token.split_once('|').unwrap();
    let get = |header: String| anon.with("Authorization", &header).get("/api/user");
    for header in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("Bearer Bearer {token}"),
        format!("Basic Zm9v, Bearer {token}"),
        format!("Bearer {token}, foo"),
        format!("Bearer {secret}"),
    ] {
        assert_eq!(get(header.clone()).whole(), (200, ADA), "{header}");
    }
    for header in [
        "Basic YWRhOng=".to_owned(),
        format!("Bearer  {token}"),
        format!("Bearer\t{token}"),
        format!("Bearer 2|{secret}"),
        format!("Bearer 01|{secret}"),
        format!("Bearer abc|{secret}"),
        format!("Bearer |{secret}"),
        "Bearer 1|".to_owned(),
        "Bearer |".to_owned(),
        format!("Bearer {token}|"),
        format!("Bearer {token}a"),
        "Bearer 1|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA2ae98c30".to_owned(),
    ] {
        assert_eq!(get(header.clone()).whole(), (401, UNAUTHENTICATED), "{header}");
    }
    drop(server);
}

#[test]
fn a_device_gets_its_token_as_plain_text() {
    let (server, anon) = with_ada();
    let ask = |device: serde_json::Value| {
        anon.post("/sanctum/token", json!({"email": "ada@example.org", "password": PASSWORD, "device_name": device}))
    };
    let answer = ask(json!("Ünïcode 📱"));
    assert_eq!((answer.status, answer.header("Content-Type")), (200, "text/html; charset=UTF-8"));
    assert_eq!(server.bearer(&answer.body).get("/api/user").status, 200);
    assert_eq!(server.owner.tokens(UserId(1), None).unwrap()[0].name, "Ünïcode 📱");
    let missing = r#"{"message":"The device name field is required.","errors":{"device_name":["The device name field is required."]}}"#;
    assert_eq!(ask(json!(null)).whole(), (422, missing));
    assert_eq!(ask(json!(["a"])).status, 422);
    assert_eq!(ask(json!(5)).status, 200);
    let wrong = anon.post("/sanctum/token", json!({"email": "x", "password": PASSWORD}));
    let two = r#"{"message":"The email field must be a valid email address. (and 1 more error)","errors":{"email":["The email field must be a valid email address."],"device_name":["The device name field is required."]}}"#;
    assert_eq!(wrong.whole(), (422, two));
}

#[test]
fn logout_deletes_the_token_it_came_with() {
    let (server, anon) = with_ada();
    let (first, second) = (token(&anon), token(&anon));
    let ada = server.bearer(&first).wants_json();
    assert_eq!(ada.post_empty("/api/auth/logout").whole(), (204, ""));
    assert_eq!(ada.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(ada.post_empty("/api/auth/logout").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&second).get("/api/user").status, 200);
}

#[test]
fn a_disabled_user_and_a_recovered_one_are_out_at_once() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    assert_eq!(ada.get("/api/user").status, 200);
    server.owner.recover(UserId(1), &Secret::from("another-password")).unwrap();
    assert_eq!(ada.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn tokens_are_listed_as_laravel_shows_them() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    let made = ada.post(
        "/api/tokens/create",
        json!({"token_name": "laptop ü", "abilities": ["a/b", "c"], "expires_at": "2037-06-01T12:00:00Z"}),
    );
    assert_eq!(made.whole(), (200, format!(r#"{{"token":"{}"}}"#, made.text("token")).as_str()));
    let list = r#"[{"id":1,"tokenable_type":"App\\Models\\User","tokenable_id":1,"name":"api","abilities":["*"],"last_used_at":"2026-01-02T12:00:00.000000Z","expires_at":null,"created_at":"2026-01-02T12:00:00.000000Z","updated_at":"2026-01-02T12:00:00.000000Z"},{"id":2,"tokenable_type":"App\\Models\\User","tokenable_id":1,"name":"laptop \u00fc","abilities":["a\/b","c"],"last_used_at":null,"expires_at":"2037-06-01T12:00:00.000000Z","created_at":"2026-01-02T12:00:00.000000Z","updated_at":"2026-01-02T12:00:00.000000Z"}]"#;
    assert_eq!(ada.get("/api/tokens").whole(), (200, list));
}

#[test]
fn a_token_may_be_made_to_end() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    let make = |expires_at| ada.post("/api/tokens/create", json!({"token_name": "x", "expires_at": expires_at}));
    let short = server.bearer(&make("2026-01-02 12:00:05").text("token")).wants_json();
    assert_eq!(short.get("/api/user").status, 200);
    server.wait(TimeDelta::seconds(5));
    assert_eq!(short.get("/api/user").whole(), (401, UNAUTHENTICATED));
    let past = server.bearer(&make("2020-01-01 00:00:00").text("token")).wants_json();
    assert_eq!(past.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn what_a_new_token_lacks_is_named() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    let make = |body| ada.post("/api/tokens/create", body);
    assert_eq!(
        make(json!({"abilities": "x", "expires_at": "y"})).whole(),
        (
            422,
            r#"{"message":"The token name field is required. (and 2 more errors)","errors":{"token_name":["The token name field is required."],"abilities":["The abilities field must be an array."],"expires_at":["The expires at field must be a valid date."]}}"#
        )
    );
    assert_eq!(
        make(json!({"token_name": "x", "abilities": null})).whole(),
        (
            422,
            r#"{"message":"The abilities field must be an array.","errors":{"abilities":["The abilities field must be an array."]}}"#
        )
    );
    assert_eq!(make(json!({"token_name": "é".repeat(255)})).status, 200);
    assert_eq!(make(json!({"token_name": "é".repeat(256)})).status, 422);
    assert_eq!(make(json!({"token_name": "none", "abilities": []})).status, 200);
    let form = ada.send(
        "POST",
        "/api/tokens/create",
        Some("application/x-www-form-urlencoded"),
        "token_name=f&abilities%5B%5D=a",
    );
    assert_eq!(form.status, 200);
}

#[test]
fn the_name_of_a_token_is_one_line() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    let words = "The token name field must not contain control characters.";
    let expected = format!(r#"{{"message":"{words}","errors":{{"token_name":["{words}"]}}}}"#);
    assert_eq!(ada.post("/api/tokens/create", json!({"token_name": "x\ny"})).whole(), (422, expected.as_str()));
}

#[test]
fn nobody_gives_an_ability_of_the_owner_to_themselves() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    let answer = ada.post("/api/tokens/create", json!({"token_name": "x", "abilities": ["read", "tokens:rotate"]}));
    assert_eq!(
        answer.whole(),
        (
            422,
            r#"{"message":"The selected abilities.1 is invalid.","errors":{"abilities.1":["The selected abilities.1 is invalid."]}}"#
        )
    );
    let credentials = Credentials::new("ada@example.org".to_owned(), Secret::from(PASSWORD));
    let grant = Grant { abilities: Abilities(vec!["tokens:rotate".to_owned()]), ..Grant::named("backend") };
    let trusted = server.owner.login(&credentials, &grant).unwrap().access;
    let trusted = server.bearer(trusted.expose()).wants_json();
    assert_eq!(
        trusted.post("/api/tokens/create", json!({"token_name": "x", "abilities": ["tokens:rotate"]})).status,
        200
    );
}

#[test]
fn abilities_are_an_array_however_it_is_sent() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    let form = |body: &str| {
        let form = "application/x-www-form-urlencoded";
        ada.send("POST", "/api/tokens/create", Some(form), &format!("token_name=x&{body}")).status
    };
    for body in
        ["abilities[]=read", "abilities[0]=read", "abilities%5B0%5D=read", "abilities[k]=read", "abilities[0=read"]
    {
        assert_eq!(form(body), 200, "{body}");
    }
    let object = json!({"token_name": "x", "abilities": {"0": "read"}});
    assert_eq!(ada.post("/api/tokens/create", object).status, 200);
    let tokens = server.owner.tokens(UserId(1), None).unwrap();
    let given: Vec<_> = tokens[1..].iter().map(|token| &token.abilities).collect();
    assert_eq!(given, [&Abilities(vec!["read".to_owned()]); 6]);
    assert_eq!(form("abilities[0][]=read"), 422);
    assert_eq!(form("abilities=read"), 422);
}

#[test]
fn a_token_makes_none_that_may_do_more_than_itself() {
    let (server, anon) = with_ada();
    let ada = server.bearer(&token(&anon)).wants_json();
    let body = json!({"token_name": "x", "abilities": ["read", "write"], "expires_at": "2026-02-01"});
    let few = server.bearer(&ada.post("/api/tokens/create", body).text("token")).wants_json();
    for (abilities, at) in [(json!(["read", "*"]), 1), (json!(["other"]), 0)] {
        let answer = few.post("/api/tokens/create", json!({"token_name": "x", "abilities": abilities}));
        let words = format!("The selected abilities.{at} is invalid.");
        let expected = format!(r#"{{"message":"{words}","errors":{{"abilities.{at}":["{words}"]}}}}"#);
        assert_eq!(answer.whole(), (422, expected.as_str()));
    }
    assert_eq!(few.post("/api/tokens/create", json!({"token_name": "same"})).status, 200);
    let fewer = json!({"token_name": "fewer", "abilities": ["read"], "expires_at": "2037-01-01"});
    assert_eq!(few.post("/api/tokens/create", fewer).status, 200);
    let tokens = server.owner.tokens(UserId(1), None).unwrap();
    let made: Vec<_> = tokens[2..].iter().map(|token| (token.abilities.0.join(" "), token.expires_at)).collect();
    let end = tokens[1].expires_at;
    assert!(end.is_some());
    assert_eq!(made, [("read write".to_owned(), end), ("read".to_owned(), end)]);
}

#[test]
fn a_user_deletes_their_own_tokens_and_no_others() {
    let (server, anon) = with_ada();
    add(&server, "Bob", "bob@example.org");
    let bobs = ask(&anon, "bob@example.org", PASSWORD).text("token");
    let (first, second) = (token(&anon), token(&anon));
    let ada = server.bearer(&first).wants_json();
    let id = |token: &str| token.split('|').next().unwrap().to_owned();
    let own = id(&second);
    for other in [id(&bobs), "999999".to_owned(), "abc".to_owned(), format!("+{own}"), format!("0{own}")] {
        let message = format!(
            "{{\n    \"message\": \"No query results for model [Laravel\\\\Sanctum\\\\PersonalAccessToken] {other}\"\n}}"
        );
        assert_eq!(ada.delete(&format!("/api/tokens/{other}")).whole(), (404, message.as_str()));
    }
    assert_eq!(ada.delete(&format!("/api/tokens/{own}")).whole(), (204, ""));
    assert_eq!(server.bearer(&second).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(ada.delete("/api/tokens").whole(), (204, ""));
    assert_eq!(ada.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&bobs).get("/api/user").status, 200);
    assert_eq!(server.owner.tokens(UserId(1), Some(TokenKind::Sanctum)).unwrap(), []);
}

#[test]
fn what_is_not_there_is_said_in_laravels_words() {
    let (_server, anon) = with_ada();
    let nothing = anon.get("/api/nope");
    assert_eq!(nothing.whole(), (404, "{\n    \"message\": \"The route api/nope could not be found.\"\n}"));
    // Both patterns fit: the path itself, and a token that is called so.
    let put = anon.send("PUT", "/api/tokens/create", None, "");
    assert_eq!((put.status, put.header("Allow")), (405, "POST, DELETE"));
    let put = anon.send("PUT", "/api/tokens", None, "");
    let message = "{\n    \"message\": \"The PUT method is not supported for route api/tokens. Supported methods: GET, HEAD, DELETE.\"\n}";
    assert_eq!((put.whole(), put.header("Allow")), ((405, message), "GET, HEAD, DELETE"));
    let get = anon.get("/api/auth/token");
    let message =
        "{\n    \"message\": \"The GET method is not supported for route api/auth/token. Supported methods: POST.\"\n}";
    assert_eq!((get.whole(), get.header("Allow")), ((405, message), "POST"));
    let options = anon.send("OPTIONS", "/api/user", None, "");
    assert_eq!((options.whole(), options.header("Allow")), ((200, ""), "GET,HEAD"));
}

#[test]
fn a_body_that_is_too_long_is_413() {
    let (_server, anon) = with_ada();
    let long = format!(r#"{{"email": "{}"}}"#, "x".repeat(100_000));
    let answer = anon.send("POST", "/api/auth/token", Some("application/json"), &long);
    assert_eq!(answer.whole(), (413, "{\n    \"message\": \"The POST data is too large.\"\n}"));
}

#[test]
fn a_store_that_fails_is_503_and_not_401() {
    let (server, anon) = with_ada();
    let token = token(&anon);
    server.tamper("ALTER TABLE tokens RENAME TO gone");
    let answer = server.bearer(&token).wants_json().get("/api/user");
    assert_eq!(answer.whole(), (503, "{\n    \"message\": \"Service Unavailable\"\n}"));
    assert_eq!(answer.header("Retry-After"), "1");
}

#[test]
fn only_personal_access_tokens_fit_this_wire() {
    use countersign_adapters::{Adapter as _, sanctum::Sanctum};

    assert!(Sanctum::serves(StrategyKind::SanctumPat).is_ok());
    assert!(Sanctum::serves(StrategyKind::DjoserToken).is_err());
    assert!(Sanctum::serves(StrategyKind::JwtPair).is_err());
}

/// Laravel fails where these lists are used, and does not get there while something else is wrong.
#[test]
fn a_list_in_the_place_of_a_text_is_named_if_nothing_else_is_wrong() {
    let (_server, anon) = with_ada();
    let errors = |body| anon.post("/sanctum/token", body).json()["errors"].clone();
    let list = json!({"email": "ada@example.org", "password": ["x"], "device_name": ["x"]});
    assert_eq!(
        errors(list),
        json!({
            "password": ["The password field must be a string."],
            "device_name": ["The device name field must be a string."],
        })
    );
    let more = json!({"email": "x", "password": ["x"], "device_name": ["x"]});
    assert_eq!(errors(more), json!({"email": ["The email field must be a valid email address."]}));
    let more = json!({"email": "ada@example.org", "device_name": ["x"]});
    assert_eq!(errors(more), json!({"password": ["The password field is required."]}));
    let named = json!({"email": "ada@example.org", "password": PASSWORD, "device_name": null});
    assert_eq!(anon.post("/api/auth/token", named).status, 200);
}
