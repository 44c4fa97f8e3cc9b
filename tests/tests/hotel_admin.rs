//! What an administrator does to users in the hotel API, and what nobody but the server's owner does.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{sync::Arc, thread};

use countersign_core::{Registration, Role, User};
use countersign_tests::{Actor, Answer, Server, databases::databases};
use serde_json::{Value, json};

const PASSWORD: &str = "Zx9-quokka-77";
const FORBIDDEN: &str = r#"{"error":"forbidden","message":"Your role does not permit this."}"#;
const MISSING: &str = r#"{"error":"unauthenticated","message":"A bearer token is required."}"#;
const INVALID: &str = r#"{"error":"invalid_token","message":"The token is not valid."}"#;
const NOTHING: &str = r#"{"error":"not_found","message":"There is nothing here."}"#;
const LAST: &str = r#"{"error":"last_admin","message":"The last active administrator stays: there is no other."}"#;
const USERS: &str = "/auth/admin/users";

fn failed(fields: &str) -> String {
    format!(r#"{{"error":"validation_failed","message":"Some fields are missing or not valid.","fields":{fields}}}"#)
}

/// Adds somebody with a role.
fn add(server: &Server, name: &str, role: Role) -> User {
    let email = Some(format!("{name}@example.org"));
    let registration = Registration { email, role, ..Registration::new(PASSWORD.into()) };
    server.owner.register(&registration).unwrap().user
}

/// The access token and the refresh token of a new login.
fn log_in(server: &Server, name: &str) -> (String, String) {
    let identifier = format!("{name}@example.org");
    let answer = server.anon().post("/auth/login", json!({"identifier": identifier, "password": PASSWORD}));
    (answer.text("access_token"), answer.text("refresh_token"))
}

/// Somebody with a role, logged in.
fn actor(server: &Server, name: &str, role: Role) -> (User, Actor) {
    (add(server, name, role), server.bearer(&log_in(server, name).0))
}

fn path(user: &User, rest: &str) -> String {
    format!("{USERS}/{}{rest}", user.uuid)
}

fn give(admin: &Actor, user: &User, role: Role) -> Answer {
    let document = json!({"role": role.as_str()}).to_string();
    admin.send("PUT", &path(user, "/role"), Some("application/json"), &document)
}

/// The record of somebody whom [`add`] made, at noon, as it is sent.
fn record(user: &User, role: &str, is_active: bool, is_disabled: bool, last_login: &str) -> String {
    let email = user.email.as_deref().unwrap();
    format!(
        r#"{{"id":"{}","username":"{email}","email":"{email}","phone":null,"role":"{role}","first_name":"","last_name":"","is_active":{is_active},"is_disabled":{is_disabled},"created_at":"2026-01-02T12:00:00Z","last_login_at":{last_login}}}"#,
        user.uuid
    )
}

#[test]
fn an_administrator_registers_users_of_every_role_on_every_database() {
    for server in Server::each() {
        let (_, root) = actor(&server, "root", Role::Admin);
        for (number, role) in (0..).zip(Role::ALL) {
            let answer = root.post(
                USERS,
                json!({"email": format!("u{number}@example.org"), "phone": format!("+7 999 123-45-{number:02}"),
                    "password": PASSWORD, "first_name": "Ада", "last_name": "Лавлейс", "role": role.as_str(),
                    "is_staff": true, "is_superuser": true, "is_active": false, "id": 1, "user_id": 1}),
            );
            let user = server.owner.find_user(&format!("u{number}@example.org")).unwrap();
            let expected = format!(
                r#"{{"id":"{}","username":"u{number}@example.org","email":"u{number}@example.org","phone":"+799912345{number:02}","role":"{role}","first_name":"Ада","last_name":"Лавлейс","is_active":true,"is_disabled":false,"created_at":"2026-01-02T12:00:00Z","last_login_at":null}}"#,
                user.uuid
            );
            assert_eq!(answer.whole(), (201, expected.as_str()), "{}", server.backend);
            assert_eq!((user.role, user.is_staff, user.is_superuser), (role, false, false));
            let (access, _) = log_in(&server, &format!("u{number}"));
            assert_eq!(server.bearer(&access).get("/auth/me").json()["role"], role.as_str());
        }
    }
}

#[test]
fn wrong_fields_of_a_registration_are_named() {
    let server = Server::start();
    let (_, root) = actor(&server, "root", Role::Admin);
    let empty = r#"{"email":["An e-mail address or a phone number is required."],"password":["This field is required."],"role":["This field is required."]}"#;
    assert_eq!(root.post(USERS, json!({})).whole(), (422, failed(empty).as_str()));
    for (role, sentence) in [
        (json!("king"), "There is no such role."),
        (json!("Admin"), "There is no such role."),
        (json!(""), "This field must not be empty."),
        (json!(null), "This field is required."),
        (json!(["admin"]), "This field must be a string."),
    ] {
        let document = json!({"email": "ada@example.org", "password": PASSWORD, "role": role});
        let expected = failed(&format!(r#"{{"role":["{sentence}"]}}"#));
        assert_eq!(root.post(USERS, document).whole(), (422, expected.as_str()));
    }
    let taken = failed(r#"{"email":["This e-mail address is already registered."]}"#);
    let twin = json!({"email": "ROOT@example.org", "password": PASSWORD, "role": "tourist"});
    assert_eq!(root.post(USERS, twin).whole(), (422, taken.as_str()));
    assert_eq!(root.send("POST", USERS, Some("text/plain"), "{}").status, 415);
    assert_eq!(root.send("POST", USERS, Some("application/json"), "[").status, 400);
    assert_eq!(server.owner.users(countersign_core::UserId(0), 10).unwrap().len(), 1);
}

#[test]
fn users_are_listed_page_by_page_on_every_database() {
    for server in Server::each() {
        let (root, admin) = actor(&server, "root", Role::Admin);
        let users: Vec<User> = (0..4).map(|number| add(&server, &format!("u{number}"), Role::Tourist)).collect();
        let page = |users: &str, next: &str| format!(r#"{{"users":[{users}],"next":{next}}}"#);
        let shown = |user: &User| record(user, "tourist", true, false, "null");
        let first = [record(&root, "admin", true, false, r#""2026-01-02T12:00:00Z""#), shown(&users[0])].join(",");
        let answer = admin.get(&format!("{USERS}?limit=2"));
        assert_eq!(answer.whole(), (200, page(&first, &users[0].id.to_string()).as_str()), "{}", server.backend);
        let second = [shown(&users[1]), shown(&users[2])].join(",");
        let answer = admin.get(&format!("{USERS}?limit=2&after={}", users[0].id));
        assert_eq!(answer.whole(), (200, page(&second, &users[2].id.to_string()).as_str()));
        let answer = admin.get(&format!("{USERS}?limit=2&after={}", users[2].id));
        assert_eq!(answer.whole(), (200, page(&shown(&users[3]), "null").as_str()));
        assert_eq!(admin.get(&format!("{USERS}?limit=5")).json()["next"], Value::Null);
        assert_eq!(admin.get(&format!("{USERS}?after=9223372036854775807")).whole(), (200, page("", "null").as_str()));
        for identifier in ["u1@example.org", "U1@EXAMPLE.ORG"] {
            let answer = admin.get(&format!("{USERS}?identifier={identifier}"));
            assert_eq!(answer.whole(), (200, page(&shown(&users[1]), "null").as_str()));
        }
        for nobody in ["", "nobody", "%00", "u1"] {
            let answer = admin.get(&format!("{USERS}?identifier={nobody}"));
            assert_eq!(answer.whole(), (200, page("", "null").as_str()), "{nobody}");
        }
    }
}

#[test]
fn a_list_is_bounded_whatever_is_asked_for() {
    let server = Server::start();
    let (_, root) = actor(&server, "root", Role::Admin);
    for number in 0..101 {
        add(&server, &format!("u{number}"), Role::Tourist);
    }
    for (query, length) in [("", 50), ("?limit=100", 100), ("?page=2&password__startswith=a", 50)] {
        let answer = root.get(&format!("{USERS}{query}")).json();
        assert_eq!((answer["users"].as_array().unwrap().len(), &answer["next"]), (length, &json!(length)), "{query}");
    }
    let limit = failed(r#"{"limit":["This must be a number from 1 to 100."]}"#);
    for wrong in ["0", "101", "-1", "1e2", "", "4294967297", "99999999999999999999"] {
        assert_eq!(root.get(&format!("{USERS}?limit={wrong}")).whole(), (422, limit.as_str()), "{wrong}");
    }
    let after = failed(r#"{"after":["This must be the `next` of another page."]}"#);
    for wrong in ["-1", "x", "", "9223372036854775808"] {
        assert_eq!(root.get(&format!("{USERS}?after={wrong}")).whole(), (422, after.as_str()), "{wrong}");
    }
}

#[test]
fn a_user_is_shown_by_id_and_whatever_is_none_is_not_there() {
    let server = Server::start();
    let (_, root) = actor(&server, "root", Role::Admin);
    let ada = add(&server, "ada", Role::Instructor);
    let expected = record(&ada, "instructor", true, false, "null");
    assert_eq!(root.get(&path(&ada, "")).whole(), (200, expected.as_str()));
    let (simple, upper) = (ada.uuid.simple().to_string(), ada.uuid.to_string().to_uppercase());
    let absent = uuid::Uuid::nil().to_string();
    for id in ["1", "0", "-1", "me", "%00", "%FF", &simple, &upper, &absent, &"9".repeat(40)] {
        for (method, rest, body) in [
            ("GET", "", ""),
            ("PUT", "/role", r#"{"role":"admin"}"#),
            ("POST", "/disable", ""),
            ("POST", "/enable", ""),
        ] {
            let media = (!body.is_empty()).then_some("application/json");
            let answer = root.send(method, &format!("{USERS}/{id}{rest}"), media, body);
            assert_eq!(answer.whole(), (404, NOTHING), "{method} {id}{rest}");
        }
    }
}

#[test]
fn a_role_is_given_and_counts_from_the_next_request_on_every_database() {
    for server in Server::each() {
        let (_, root) = actor(&server, "root", Role::Admin);
        let (ada, hers) = actor(&server, "ada", Role::Tourist);
        let at_noon = r#""2026-01-02T12:00:00Z""#;
        for role in Role::ALL {
            let expected = record(&ada, role.as_str(), true, false, at_noon);
            assert_eq!(give(&root, &ada, role).whole(), (200, expected.as_str()), "{}", server.backend);
            assert_eq!(hers.get("/auth/me").json()["role"], role.as_str());
            let status = if role == Role::Admin { 200 } else { 403 };
            assert_eq!(hers.get(USERS).status, status, "{} {role}", server.backend);
        }
        // Who was made an administrator makes others.
        assert_eq!(give(&hers, &ada, Role::Tourist).status, 200);
        assert_eq!(give(&hers, &ada, Role::Admin).whole(), (403, FORBIDDEN));
        let wrong = failed(r#"{"role":["There is no such role."]}"#);
        let put = |body: &str| root.send("PUT", &path(&ada, "/role"), Some("application/json"), body);
        assert_eq!(put(r#"{"role":"owner"}"#).whole(), (422, wrong.as_str()));
        assert_eq!(put("{}").whole(), (422, failed(r#"{"role":["This field is required."]}"#).as_str()));
    }
}

#[test]
fn who_is_disabled_is_nobody_and_nothing_from_before_comes_back() {
    for server in Server::each() {
        let (_, root) = actor(&server, "root", Role::Admin);
        let ada = add(&server, "ada", Role::Admin);
        let (access, refresh) = log_in(&server, "ada");
        let at_noon = r#""2026-01-02T12:00:00Z""#;
        let assert_dead = || {
            assert_eq!(server.bearer(&access).get("/auth/me").whole(), (401, INVALID), "{}", server.backend);
            assert_eq!(server.bearer(&access).get(USERS).whole(), (401, INVALID), "{}", server.backend);
            let refreshed = server.anon().post("/auth/refresh", json!({"refresh_token": refresh}));
            assert_eq!(refreshed.whole(), (401, INVALID), "{}", server.backend);
        };
        let log_in_again = || {
            let body = json!({"identifier": "ada@example.org", "password": PASSWORD});
            server.anon().post("/auth/login", body).status
        };
        assert_eq!(server.bearer(&access).get(USERS).status, 200);
        let disabled = record(&ada, "admin", false, true, at_noon);
        for _ in 0..2 {
            assert_eq!(root.post_empty(&path(&ada, "/disable")).whole(), (200, disabled.as_str()));
            assert_dead();
            assert_eq!(log_in_again(), 422);
        }
        let enabled = record(&ada, "admin", true, false, at_noon);
        for _ in 0..2 {
            assert_eq!(root.post_empty(&path(&ada, "/enable")).whole(), (200, enabled.as_str()));
            assert_dead();
        }
        assert_eq!(log_in_again(), 200);
    }
}

#[test]
fn nobody_else_gets_in() {
    let server = Server::start();
    let ada = add(&server, "ada", Role::Tourist);
    let registration = Registration {
        email: Some("staff@example.org".to_owned()),
        is_staff: true,
        is_superuser: true,
        ..Registration::new(PASSWORD.into())
    };
    server.owner.register(&registration).unwrap();
    let others = Role::ALL.into_iter().filter(|role| *role != Role::Admin);
    let mut callers: Vec<Actor> = others.map(|role| actor(&server, role.as_str(), role).1).collect();
    callers.push(server.bearer(&log_in(&server, "staff").0));
    let requests = [
        ("GET", USERS.to_owned()),
        ("GET", format!("{USERS}?limit=0")),
        ("POST", USERS.to_owned()),
        ("GET", path(&ada, "")),
        ("GET", format!("{USERS}/nobody")),
        ("PUT", path(&ada, "/role")),
        ("POST", path(&ada, "/disable")),
        ("POST", path(&ada, "/enable")),
    ];
    for (method, path) in &requests {
        // Refused before the body is looked at, which is none.
        for caller in &callers {
            assert_eq!(caller.send(method, path, Some("application/json"), "[").whole(), (403, FORBIDDEN), "{path}");
        }
        assert_eq!(server.anon().send(method, path, None, "").whole(), (401, MISSING), "{path}");
        assert_eq!(server.bearer("x").send(method, path, None, "").whole(), (401, INVALID), "{path}");
    }
    assert_eq!(server.owner.user(ada.id).unwrap(), ada);
}

#[test]
fn the_last_administrator_is_neither_demoted_nor_disabled_nor_deleted() {
    for database in databases() {
        let settings = "[[mount]]\nadapter = \"hotel\"\n\
             [[mount]]\nadapter = \"djoser\"\nsend_activation_email = true\nemail_frontend_domain = \"app.example.org\"";
        let server = Server::on(Arc::new(database), settings);
        let (root, admin) = actor(&server, "root", Role::Admin);
        let (eve, hers) = actor(&server, "eve", Role::Admin);
        assert_eq!(admin.post_empty(&path(&eve, "/disable")).status, 200);
        assert_eq!(give(&admin, &root, Role::Tourist).whole(), (409, LAST), "{}", server.backend);
        assert_eq!(admin.post_empty(&path(&root, "/disable")).whole(), (409, LAST));
        assert_eq!(give(&admin, &root, Role::Admin).status, 200);
        assert_eq!(admin.post_empty(&path(&root, "/enable")).status, 200);

        // Djoser deletes accounts, and makes inactive who has another address.
        let token =
            server.anon().post("/auth/token/login/", json!({"username": "root@example.org", "password": PASSWORD}));
        let djoser = server.anon().with("Authorization", &format!("Token {}", token.text("auth_token")));
        let refused = r#"{"detail":"You do not have permission to perform this action."}"#;
        let send = |method: &str, path: &str, body: Value| {
            djoser.send(method, path, Some("application/json"), &body.to_string())
        };
        let own = format!("/auth/users/{}/", root.id);
        for path in ["/auth/users/me/", &own] {
            let deleted = send("DELETE", path, json!({"current_password": PASSWORD}));
            assert_eq!(deleted.whole(), (403, refused), "{}", server.backend);
            for method in ["PUT", "PATCH"] {
                let changed = send(method, path, json!({"email": "away@example.org"}));
                assert_eq!(changed.whole(), (403, refused), "{}", server.backend);
            }
        }
        assert_eq!(server.owner.user(root.id).unwrap().email, root.email);
        assert_eq!(admin.get(USERS).status, 200);

        // With another one they may go.
        assert_eq!(admin.post_empty(&path(&eve, "/enable")).status, 200);
        assert_eq!(hers.get(USERS).whole(), (401, INVALID));
        assert_eq!(send("DELETE", "/auth/users/me/", json!({"current_password": PASSWORD})).status, 204);
        assert!(server.owner.user(root.id).is_err());
    }
}

/// Two processes on one database, which hear of one another's revocations as late as can be configured.
fn two_processes(database: countersign_tests::databases::Database) -> (Server, Server) {
    let database = Arc::new(database);
    let slow = "[cache]\npoll = \"900ms\"\nbound = \"1s\"";
    (Server::on(Arc::clone(&database), slow), Server::on(database, slow))
}

#[test]
fn who_is_demoted_in_one_process_does_nothing_more_in_another() {
    for database in databases() {
        let (one, other) = two_processes(database);
        let (_, root) = actor(&one, "root", Role::Admin);
        let ada = add(&one, "ada", Role::Tourist);
        let eve = add(&one, "eve", Role::Admin);
        let hers = other.bearer(&log_in(&one, "eve").0);
        let everything = || {
            [
                hers.get(USERS),
                hers.get(&path(&ada, "")),
                hers.post(USERS, json!({"email": "back@example.org", "password": PASSWORD, "role": "admin"})),
                give(&hers, &eve, Role::Admin),
                give(&hers, &ada, Role::Admin),
                hers.post_empty(&path(&ada, "/disable")),
                hers.post_empty(&path(&ada, "/enable")),
            ]
            .map(|answer| answer.status)
        };
        assert_eq!(hers.get(USERS).status, 200);
        assert_eq!(give(&root, &eve, Role::Tourist).status, 200);
        assert_eq!(everything(), [403; 7], "{}", one.backend);
        assert_eq!(one.owner.user(ada.id).unwrap(), ada);
        assert!(one.owner.find_user("back@example.org").is_err());
    }
}

#[test]
fn of_two_administrators_who_demote_one_another_over_two_processes_one_does() {
    for database in databases() {
        let (one, other) = two_processes(database);
        for round in 0..20 {
            let names = [format!("ada{round}"), format!("bob{round}")];
            let [ada, bob] = names.each_ref().map(|name| add(&one, name, Role::Admin));
            let (hers, his) = (one.bearer(&log_in(&one, &names[0]).0), other.bearer(&log_in(&one, &names[1]).0));
            assert_eq!((hers.get(USERS).status, his.get(USERS).status), (200, 200));
            let act = |by: &Actor, whom: &User| {
                if round % 2 == 0 { give(by, whom, Role::Tourist) } else { by.post_empty(&path(whom, "/disable")) }
            };
            let answers = thread::scope(|scope| {
                let racers = [scope.spawn(|| act(&hers, &bob)), scope.spawn(|| act(&his, &ada))];
                racers.map(|racer| racer.join().unwrap().status)
            });
            let mut sorted = answers;
            sorted.sort_unstable();
            // Who came second was known as an administrator to the process, or (in the same one) not any more.
            assert!(sorted == [200, 403] || sorted == [200, 401], "{} {answers:?}", one.backend);
            let left = [ada, bob].map(|user| one.owner.user(user.id).unwrap());
            let administers = |user: &&User| user.role == Role::Admin && user.is_active;
            assert_eq!(left.iter().filter(administers).count(), 1, "{}", one.backend);
            for user in left {
                one.owner.delete_user(user.id).unwrap();
            }
        }
    }
}
