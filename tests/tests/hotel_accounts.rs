//! What the hotel API has beside its document, in its manner: registration, a user's own logins, roles.

use actix_web::web;
use chrono::TimeDelta;
use countersign_adapters::hotel::{Hotel, Permitted, Roles};
use countersign_core::{Registration, Role};
use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

const INVALID: &str = r#"{"error":"invalid_token","message":"The token is not valid."}"#;
const NOTHING: &str = r#"{"error":"not_found","message":"There is nothing here."}"#;

fn failed(fields: &str) -> String {
    format!(r#"{{"error":"validation_failed","message":"Some fields are missing or not valid.","fields":{fields}}}"#)
}

fn register(anon: &Actor, document: Value) -> Answer {
    anon.post("/auth/register", document)
}

fn log_in(anon: &Actor, identifier: &str) -> Answer {
    anon.post("/auth/login", json!({"identifier": identifier, "password": "secure_password"}))
}

#[test]
fn who_registers_is_logged_in_as_a_tourist_on_every_database() {
    for server in Server::each() {
        let anon = server.anon();
        let answer = register(
            &anon,
            json!({"email": " ada@example.org ", "phone": "+7 (999) 123-45-67", "password": "secure_password",
                "first_name": "Ада", "last_name": "Лавлейс", "role": "admin", "is_staff": true, "is_superuser": true}),
        );
        let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
        let ada = server.owner.find_user("ada@example.org").unwrap();
        let user = format!(
            r#"{{"id":"{}","email":"ada@example.org","role":"tourist","first_name":"Ада","last_name":"Лавлейс"}}"#,
            ada.uuid
        );
        let expected = format!(
            r#"{{"access_token":"{access}","refresh_token":"{refresh}","token_type":"bearer","expires_in":3600,"user":{user}}}"#
        );
        assert_eq!(answer.whole(), (201, expected.as_str()), "{}", server.backend);
        assert_eq!(answer.header("Cache-Control"), "no-store");
        assert_eq!((ada.is_staff, ada.is_superuser, ada.role), (false, false, Role::Tourist));
        assert_eq!(server.bearer(&access).get("/auth/me").whole(), (200, user.as_str()));
        for identifier in ["ada@example.org", "+79991234567"] {
            assert_eq!(log_in(&anon, identifier).status, 200, "{} {identifier}", server.backend);
        }
    }
}

#[test]
fn a_number_alone_is_enough_and_so_is_an_address() {
    let server = Server::start();
    let answer =
        register(&server.anon(), json!({"phone": "+7 999 123 45 67", "email": "", "password": "secure_password"}));
    assert_eq!((answer.status, &answer.json()["user"]["email"]), (201, &Value::Null));
    assert_eq!(log_in(&server.anon(), "+7 (999) 1234567").status, 200);
    let answer = register(&server.anon(), json!({"email": "bob@example.org", "password": "secure_password"}));
    assert_eq!((answer.status, answer.json()["user"]["first_name"].as_str()), (201, Some("")));
}

#[test]
fn wrong_fields_are_422_and_named() {
    let server = Server::start();
    let anon = server.anon();
    let either =
        r#"{"email":["An e-mail address or a phone number is required."],"password":["This field is required."]}"#;
    assert_eq!(register(&anon, json!({})).whole(), (422, failed(either).as_str()));
    let wrong = concat!(
        r#"{"email":["This is not an e-mail address."],"first_name":["This field must be a string."],"#,
        r#""password":["This field must be a string."],"#,
        r#""phone":["This is not a phone number in international form, such as +79991234567."]}"#
    );
    let answer = register(&anon, json!({"email": "ada", "phone": "8 999", "password": 7, "first_name": []}));
    assert_eq!(answer.whole(), (422, failed(wrong).as_str()));
    let long = "x".repeat(256);
    let answer = register(&anon, json!({"email": "a@example.org", "password": "x", "last_name": long}));
    assert_eq!(answer.whole(), (422, failed(r#"{"last_name":["This field is not valid."]}"#).as_str()));
    let answer = register(&anon, json!({"email": "a@example.org", "password": "x".repeat(20_000)}));
    assert_eq!(answer.whole(), (422, failed(r#"{"password":["This password is too long."]}"#).as_str()));
    assert!(server.owner.find_user("a@example.org").is_err());
    assert_eq!(anon.send("POST", "/auth/register", Some("text/plain"), "{}").status, 415);

    let strict = Server::with("[[mount]]\nadapter = \"hotel\"\npassword_rules = \"django\"");
    let answer = register(&strict.anon(), json!({"email": "a@example.org", "password": "12345"}));
    let weak = r#"{"password":["This password is too short.","This password is too common.","This password has digits only."]}"#;
    assert_eq!(answer.whole(), (422, failed(weak).as_str()));
}

#[test]
fn what_somebody_has_is_named() {
    let server = Server::start();
    let anon = server.anon();
    let ada = json!({"email": "ada@example.org", "phone": "+79991234567", "password": "secure_password"});
    assert_eq!(register(&anon, ada).status, 201);
    let again = json!({"email": "ADA@example.org", "phone": "+7 999 123-45-67", "password": "secure_password"});
    let taken = concat!(
        r#"{"email":["This e-mail address is already registered."],"#,
        r#""phone":["This phone number is already registered."]}"#
    );
    assert_eq!(register(&anon, again).whole(), (422, failed(taken).as_str()));
}

#[test]
fn registrations_are_limited_by_client() {
    let server = Server::with("[throttle]\nregister = \"2/min\"");
    for number in 0..2 {
        let bob = json!({"email": format!("bob{number}@example.org"), "password": "secure_password"});
        assert_eq!(register(&server.anon(), bob).status, 201);
    }
    let answer = register(&server.anon(), json!({"email": "eve@example.org", "password": "secure_password"}));
    let many = r#"{"error":"too_many_requests","message":"Too many attempts. Please try again later."}"#;
    assert_eq!(answer.whole(), (429, many));
    assert!(!answer.header("Retry-After").is_empty());
}

/// A server where ada and bob have registered; their access tokens.
fn with_two() -> (Server, String, String) {
    let server = Server::start();
    let [ada, bob] = ["ada", "bob"].map(|name| {
        let email = format!("{name}@example.org");
        register(&server.anon(), json!({"email": email, "password": "secure_password"})).text("access_token")
    });
    (server, ada, bob)
}

#[test]
fn own_logins_are_listed_and_ended_one_by_one() {
    let (server, first, bob) = with_two();
    server.wait(TimeDelta::minutes(2));
    let second = log_in(&server.anon(), "ada@example.org");
    let (access, refresh) = (second.text("access_token"), second.text("refresh_token"));
    assert_eq!(server.bearer(&first).get("/auth/me").status, 200);
    let user = server.owner.find_user("ada@example.org").unwrap();
    let ids: Vec<i64> = server.owner.tokens(user.id, None).unwrap().iter().map(|token| token.id.0).collect();
    let expected = format!(
        r#"[{{"id":{},"current":true,"created_at":"2026-01-02T12:00:00Z","last_used_at":"2026-01-02T12:02:00Z","expires_at":"2026-02-01T12:00:00Z"}},{{"id":{},"current":false,"created_at":"2026-01-02T12:02:00Z","last_used_at":null,"expires_at":"2026-02-01T12:02:00Z"}}]"#,
        ids[0], ids[1]
    );
    assert_eq!(server.bearer(&first).get("/auth/sessions").whole(), (200, expected.as_str()));

    let end = |token: &str, id: &str| server.bearer(token).delete(&format!("/auth/sessions/{id}"));
    let foreign = end(&bob, &ids[1].to_string());
    assert_eq!(foreign.whole(), (404, NOTHING));
    for id in ["0", "-1", "abc", "+2", "99999999999999999999", "1%00"] {
        assert_eq!(end(&first, id).whole(), (404, NOTHING), "{id}");
    }
    assert_eq!(server.bearer(&access).get("/auth/me").status, 200);
    assert_eq!(end(&first, &ids[1].to_string()).whole(), (204, ""));
    assert_eq!(end(&first, &ids[1].to_string()).whole(), (404, NOTHING));
    assert_eq!(server.bearer(&access).get("/auth/me").whole(), (401, INVALID));
    assert_eq!(server.anon().post("/auth/refresh", json!({"refresh_token": refresh})).whole(), (401, INVALID));
    assert_eq!(server.bearer(&first).get("/auth/me").status, 200);
    assert_eq!(end(&first, &ids[0].to_string()).whole(), (204, ""));
    assert_eq!(server.bearer(&first).get("/auth/sessions").whole(), (401, INVALID));
}

#[test]
fn a_token_of_another_kind_is_no_login() {
    let (server, ada, _) = with_two();
    let personal = server.anon().wants_json().post(
        "/api/auth/token",
        json!({"email": "ada@example.org", "password": "secure_password", "device_name": "phone"}),
    );
    let token = personal.text("token");
    let number = token.split('|').next().unwrap();
    assert_eq!(server.bearer(&ada).get("/auth/sessions").json().as_array().unwrap().len(), 1);
    assert_eq!(server.bearer(&ada).delete(&format!("/auth/sessions/{number}")).whole(), (404, NOTHING));
    assert_eq!(server.bearer(&ada).post_empty("/auth/logout-all").whole(), (204, ""));
    assert_eq!(server.bearer(&token).wants_json().get("/api/user").status, 200);
}

#[test]
fn a_logout_everywhere_ends_every_login_of_the_user_and_nobody_elses() {
    for server in Server::each() {
        let anon = server.anon();
        for name in ["ada", "bob"] {
            let document = json!({"email": format!("{name}@example.org"), "password": "secure_password"});
            assert_eq!(register(&anon, document).status, 201);
        }
        let logins: Vec<Answer> = (0..3).map(|_| log_in(&anon, "ada@example.org")).collect();
        let bob = log_in(&anon, "bob@example.org").text("access_token");
        let answer = server.bearer(&logins[1].text("access_token")).post_empty("/auth/logout-all");
        assert_eq!(answer.whole(), (204, ""), "{}", server.backend);
        for login in &logins {
            assert_eq!(server.bearer(&login.text("access_token")).get("/auth/me").whole(), (401, INVALID));
            let refresh = json!({"refresh_token": login.text("refresh_token")});
            assert_eq!(anon.post("/auth/refresh", refresh).whole(), (401, INVALID));
        }
        assert_eq!(server.bearer(&bob).get("/auth/me").status, 200);
        assert_eq!(anon.post_empty("/auth/logout-all").status, 401);
    }
}

struct Hoteliers;

impl Roles for Hoteliers {
    const ROLES: &'static [Role] = &[Role::Hotelier, Role::Admin];
}

async fn add_room(caller: Permitted<Hoteliers>) -> String {
    format!("a room of {}", caller.user.first_name)
}

#[test]
fn a_route_of_ones_own_is_open_to_its_roles_from_the_next_request_on() {
    let server = Server::extended("", |app| {
        let mount = app.mounted::<Hotel>().unwrap();
        app.with_routes(move |cfg| {
            let mount = mount.clone();
            cfg.service(web::resource("/rooms").app_data(mount).route(web::post().to(add_room)));
        })
    });
    let registration = Registration {
        email: Some("ada@example.org".to_owned()),
        first_name: "Ada".to_owned(),
        ..Registration::new("secure_password".into())
    };
    let ada = server.owner.register(&registration).unwrap();
    let access = log_in(&server.anon(), "ada@example.org").text("access_token");
    let ask = || server.bearer(&access).post_empty("/rooms");
    let forbidden = r#"{"error":"forbidden","message":"Your role does not permit this."}"#;
    assert_eq!(ask().whole(), (403, forbidden));
    for role in Role::ALL {
        server.owner.set_role(ada.id, role).unwrap();
        let expected = if Hoteliers::ROLES.contains(&role) { (200, "a room of Ada") } else { (403, forbidden) };
        assert_eq!(ask().whole(), expected, "{role}");
    }
    server.owner.set_role(ada.id, Role::Hotelier).unwrap();
    assert_eq!(ask().status, 200);
    server.owner.set_role(ada.id, Role::Tourist).unwrap();
    assert_eq!(ask().whole(), (403, forbidden));
    let missing = r#"{"error":"unauthenticated","message":"A bearer token is required."}"#;
    assert_eq!(server.anon().post_empty("/rooms").whole(), (401, missing));
    assert_eq!(server.bearer("x").post_empty("/rooms").whole(), (401, INVALID));
}
