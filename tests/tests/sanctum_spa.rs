//! The cookie login of the SPA and the api-token, statement by statement.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use countersign_core::{Abilities, Credentials, Grant, Registration, Secret, TokenKind, UserId};
use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

const PASSWORD: &str = "Zx9-quokka-77";
const FRONT_END: &str = "http://localhost:3000";
const UNAUTHENTICATED: &str = r#"{"message":"Unauthenticated."}"#;
const MISMATCH: &str = "{\n    \"message\": \"CSRF token mismatch.\"\n}";
const NO_MATCH: &str = r#"{"message":"These credentials do not match our records.","errors":{"email":["These credentials do not match our records."]}}"#;
const UNAVAILABLE: &str = "{\n    \"message\": \"Service Unavailable\"\n}";
/// Makes every new api-token fail, and nothing else.
const NO_API_TOKENS: &str = "CREATE TRIGGER no_api_tokens BEFORE INSERT ON tokens WHEN NEW.slot LIKE 'api-token:%' \
                             BEGIN SELECT RAISE(ABORT, 'no'); END";

/// A page of the front end in a browser: it keeps cookies and sends the XSRF token along, as axios does.
struct Browser {
    anon: Actor,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A new one.
    fn new(server: &Server) -> Self {
        Self { anon: server.anon().wants_json().with("Origin", FRONT_END), cookies: BTreeMap::new() }
    }

    /// One that has asked for its cookies.
    fn ready(server: &Server) -> Self {
        let mut browser = Self::new(server);
        assert_eq!(browser.get("/sanctum/csrf-cookie").whole(), (204, ""));
        browser
    }

    /// One in which Ada is logged in.
    fn of_ada(server: &Server) -> Self {
        let mut browser = Self::ready(server);
        assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (204, ""));
        browser
    }

    /// The same cookies, without keeping what comes back and without the header.
    fn cookies_only(&self) -> Actor {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { self.anon.clone() } else { self.anon.with("Cookie", &cookies.join("; ")) }
    }

    fn actor(&self) -> Actor {
        let actor = self.cookies_only();
        match self.cookies.get("XSRF-TOKEN") {
            Some(token) => actor.with("X-XSRF-TOKEN", token),
            None => actor,
        }
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        for cookie in answer.header_all("Set-Cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        answer
    }

    fn get(&mut self, path: &str) -> Answer {
        let answer = self.actor().get(path);
        self.keep(answer)
    }

    fn post(&mut self, path: &str, document: Value) -> Answer {
        let answer = self.actor().post(path, document);
        self.keep(answer)
    }

    fn log_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/login", json!({"email": email, "password": password}))
    }

    fn register(&mut self, email: &str) -> Answer {
        self.post("/api/register", registration(email))
    }

    /// What is between the quotes of the meta tag.
    fn api_token(&mut self) -> String {
        let tag = self.get("/meta/api-token");
        assert_eq!(tag.status, 200);
        let content = tag.body.strip_prefix("<meta name=\"api-token\" content=\"").unwrap();
        content.strip_suffix("\">").unwrap().to_owned()
    }
}

fn registration(email: &str) -> Value {
    json!({"name": "New User", "email": email, "password": PASSWORD, "password_confirmation": PASSWORD})
}

/// The name and the attributes of each cookie, without its value.
fn cookies(answer: &Answer) -> Vec<String> {
    let shape = |cookie: &&str| {
        let (name, rest) = cookie.split_once('=').unwrap();
        format!("{name}={}", rest.split_once(';').unwrap().1)
    };
    answer.header_all("Set-Cookie").iter().map(shape).collect()
}

fn add_ada(server: &Server) -> UserId {
    let registration = Registration {
        name: Some("Ada Lovelace".to_owned()),
        email: Some("ada@example.org".to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&registration).unwrap().id
}

fn with_ada() -> Server {
    let server = Server::start();
    add_ada(&server);
    server
}

/// A backend whose token was given this ability.
fn backend(server: &Server, ability: &str) -> Actor {
    let credentials = Credentials { identifier: "ada@example.org".to_owned(), password: Secret::from(PASSWORD) };
    let grant = Grant { abilities: Abilities(vec![ability.to_owned()]), ..Grant::named("backend") };
    server.bearer(server.owner.login(&credentials, &grant).unwrap().access.expose()).wants_json()
}

#[test]
fn the_csrf_cookie_route_sets_both_cookies() {
    let server = Server::start();
    let answer = Browser::new(&server).get("/sanctum/csrf-cookie");
    assert_eq!(answer.whole(), (204, ""));
    assert_eq!(
        cookies(&answer),
        [
            "XSRF-TOKEN= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/; samesite=lax",
            "laravel-session= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/; httponly; samesite=lax",
        ]
    );
    assert_eq!(answer.header("Cache-Control"), "no-cache, private");
}

#[test]
fn cookies_are_safe_to_copy_raw_or_encoded() {
    let server = Server::start();
    let browser = Browser::ready(&server);
    for value in browser.cookies.values() {
        assert!(value.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)), "{value}");
    }
    assert_ne!(browser.cookies["XSRF-TOKEN"], browser.cookies["laravel-session"]);
}

#[test]
fn cookies_are_secure_and_wide_where_that_is_configured() {
    let server = Server::with(
        "[server]\nbase_url = \"https://auth.example.org\"\n[[mount]]\nadapter = \"sanctum_spa\"\n\
         session_cookie = \"sid\"\nsession_lifetime = \"10m\"\ncookie_domain = \"example.org\"\n",
    );
    let answer = server.anon().get("/sanctum/csrf-cookie");
    assert_eq!(
        cookies(&answer),
        [
            "XSRF-TOKEN= expires=Fri, 02 Jan 2026 12:10:00 GMT; Max-Age=600; path=/; domain=example.org; secure; samesite=lax",
            "sid= expires=Fri, 02 Jan 2026 12:10:00 GMT; Max-Age=600; path=/; domain=example.org; secure; httponly; samesite=lax",
        ]
    );
}

#[test]
fn somebody_logs_in_is_known_and_logs_out_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let mut browser = Browser::ready(&server);
        assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED), "{}", server.backend);
        assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (204, ""), "{}", server.backend);
        let user = browser.get("/api/user");
        assert_eq!((user.status, &user.json()["email"]), (200, &json!("ada@example.org")));
        assert_eq!(cookies(&user).len(), 2);
        assert_eq!(browser.post("/logout", json!({})).whole(), (204, ""), "{}", server.backend);
        assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
        assert_eq!(browser.post("/logout", json!({})).whole(), (401, UNAUTHENTICATED));
    }
}

#[test]
fn an_anonymous_visit_stores_nothing() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    browser.get("/api/user");
    browser.log_in("ada@example.org", "wrong");
    assert_eq!(server.owner.tokens(UserId(1), None).unwrap(), []);
}

#[test]
fn wrong_credentials_do_not_match() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    assert_eq!(browser.log_in("ada@example.org", "x").whole(), (422, NO_MATCH));
    assert_eq!(browser.log_in("nobody@example.org", "x").whole(), (422, NO_MATCH));
    server.owner.set_active(UserId(1), false).unwrap();
    assert_eq!(browser.log_in("ada@example.org", PASSWORD).whole(), (422, NO_MATCH));
}

#[test]
fn what_a_login_lacks_is_named() {
    let server = Server::start();
    let mut browser = Browser::ready(&server);
    assert_eq!(
        browser.post("/login", json!({})).whole(),
        (
            422,
            r#"{"message":"The email field is required. (and 1 more error)","errors":{"email":["The email field is required."],"password":["The password field is required."]}}"#
        )
    );
    assert_eq!(
        browser.post("/login", json!({"email": 5, "password": 5})).whole(),
        (
            422,
            r#"{"message":"The email field must be a string. (and 2 more errors)","errors":{"email":["The email field must be a string.","The email field must be a valid email address."],"password":["The password field must be a string."]}}"#
        )
    );
}

#[test]
fn who_registered_elsewhere_logs_in_with_a_user_name() {
    let server = Server::start();
    assert_eq!(server.anon().post("/register", json!({"login": "bob", "password": PASSWORD})).status, 200);
    let mut browser = Browser::ready(&server);
    assert_eq!(
        browser.log_in("bob", "x").whole(),
        (
            422,
            r#"{"message":"The email field must be a valid email address.","errors":{"email":["The email field must be a valid email address."]}}"#
        )
    );
    assert_eq!(browser.log_in("bob", PASSWORD).whole(), (204, ""));
    assert_eq!(browser.get("/api/user").json()["email"], Value::Null);
}

#[test]
fn a_refused_form_is_sent_back() {
    let server = Server::start();
    let mut browser = Browser::ready(&server);
    browser.get("/api/user?secret=1");
    let form = "email=nobody%40example.org&password=x";
    let send = |actor: Actor| {
        let actor = actor.with("Accept", "text/html");
        actor.send("POST", "/login", Some("application/x-www-form-urlencoded"), form)
    };
    browser.anon = server.anon().with("Origin", FRONT_END);
    let answer = send(browser.actor());
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000/api/user"));
    let answer = send(browser.actor().with("Referer", "http://localhost:3000/login"));
    assert_eq!((answer.status, answer.header("Location")), (302, "http://localhost:3000/login"));
    let answer = send(browser.actor().with("Referer", "https://evil.example/login"));
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000/api/user"));
}

#[test]
fn a_login_when_logged_in_is_sent_to_the_front() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let answer = browser.log_in("ada@example.org", PASSWORD);
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000"));
    let answer = browser.register("new@example.org");
    assert_eq!((answer.status, answer.header("Location")), (302, "http://127.0.0.1:8000"));
}

#[test]
fn without_its_token_a_request_is_419_and_says_why() {
    let server = with_ada();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let (browser, other) = (Browser::ready(&server), Browser::ready(&server));
    let nobody = Browser::new(&server).anon;
    let token = &other.cookies["XSRF-TOKEN"];
    let refused = [
        (browser.cookies_only(), "header_missing"),
        (browser.cookies_only().with("X-XSRF-TOKEN", token), "token_stale"),
        (browser.cookies_only().with("X-CSRF-TOKEN", "x"), "token_stale"),
        (nobody.clone(), "no_cookies"),
        (nobody.with("X-XSRF-TOKEN", token), "header_without_cookies"),
        (nobody.with("Sec-Fetch-Site", "cross-site"), "cross_site"),
        (nobody.with("Cookie", "laravel-session=rubbish").with("X-XSRF-TOKEN", token), "session_unknown"),
        (server.anon().wants_json().with("Origin", "http://localhost:5173"), "origin_not_stateful"),
    ];
    for (actor, reason) in refused {
        let answer = actor.post("/login", login.clone());
        assert_eq!(answer.whole(), (419, MISMATCH), "{reason}");
        assert_eq!(answer.header("X-CSRF-Failure"), reason);
        assert_eq!(cookies(&answer).len(), 1, "{reason}");
    }
    assert_eq!(server.owner.tokens(UserId(1), None).unwrap(), []);
}

#[test]
fn a_419_for_people_is_a_page() {
    let server = Server::start();
    let answer = server.anon().post("/login", json!({}));
    assert_eq!((answer.status, answer.header("Content-Type")), (419, "text/html; charset=UTF-8"));
    assert!(answer.body.contains("<title>Page Expired</title>"));
}

#[test]
fn the_token_may_come_in_clear() {
    let server = with_ada();
    let browser = Browser::ready(&server);
    let clear = server.owner.realm().keys().open("laravel-csrf", &browser.cookies["XSRF-TOKEN"]).unwrap();
    let send = |actor: Actor, token: &str| {
        actor.post("/login", json!({"_token": token, "email": "ada@example.org", "password": PASSWORD}))
    };
    assert_eq!(send(browser.cookies_only(), "x").header("X-CSRF-Failure"), "token_stale");
    assert_eq!(send(browser.cookies_only(), &clear).whole(), (204, ""));
    let other = Browser::ready(&server);
    assert_eq!(send(other.actor().with("X-CSRF-TOKEN", &clear), "x").header("X-CSRF-Failure"), "token_stale");
}

#[test]
fn an_empty_token_was_not_sent() {
    let server = with_ada();
    let login = |actor: Actor, field: &str| {
        actor.post("/login", json!({"_token": field, "email": "ada@example.org", "password": PASSWORD}))
    };
    let browser = Browser::ready(&server);
    assert_eq!(login(browser.actor().with("X-CSRF-TOKEN", ""), "").whole(), (204, ""));
    let without = browser.cookies_only().with("X-CSRF-TOKEN", "").with("X-XSRF-TOKEN", "");
    assert_eq!(login(without, "").header("X-CSRF-Failure"), "header_missing");
}

#[test]
fn session_and_token_change_at_login_and_logout() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    let before = browser.cookies.clone();
    browser.log_in("ada@example.org", PASSWORD);
    let inside = browser.cookies.clone();
    let with = |cookies: &BTreeMap<String, String>| Browser { anon: browser.anon.clone(), cookies: cookies.clone() };
    assert_eq!(with(&before).get("/api/user").whole(), (401, UNAUTHENTICATED));
    let mut mixed = inside.clone();
    mixed.insert("XSRF-TOKEN".to_owned(), before["XSRF-TOKEN"].clone());
    assert_eq!(with(&mixed).post("/logout", json!({})).whole(), (419, MISMATCH));
    assert_eq!(with(&inside).post("/logout", json!({})).whole(), (204, ""));
    assert_eq!(with(&inside).get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn only_pages_of_the_front_ends_have_a_session() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let get = |browser: &mut Browser, headers: &[(&str, &str)]| {
        let plain = server.anon().wants_json();
        browser.anon = headers.iter().fold(plain, |actor, (name, value)| actor.with(name, value));
        browser.actor().get("/api/user").status
    };
    assert_eq!(get(&mut browser, &[("Referer", "http://localhost:3000/dashboard?x=1")]), 200);
    assert_eq!(get(&mut browser, &[("Referer", "http://localhost:3000")]), 200);
    assert_eq!(get(&mut browser, &[("Origin", "http://127.0.0.1:8000")]), 200);
    assert_eq!(get(&mut browser, &[("Origin", "https://evil.example"), ("Referer", "http://localhost:3000/")]), 200);
    assert_eq!(get(&mut browser, &[("Origin", FRONT_END), ("Referer", "https://evil.example/")]), 401);
    for origin in [
        "https://evil.example",
        "http://sub.localhost:3000",
        "http://localhost:3001",
        "http://localhost:3000.evil.example",
        "null",
    ] {
        assert_eq!(get(&mut browser, &[("Origin", origin)]), 401, "{origin}");
    }
    assert_eq!(get(&mut browser, &[]), 401);
}

#[test]
fn a_session_lives_while_it_is_used() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    for _ in 0..3 {
        server.wait(TimeDelta::minutes(90));
        assert_eq!(browser.get("/api/user").status, 200);
    }
    server.wait(TimeDelta::hours(2));
    assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_session_ends_at_last_however_much_it_is_used() {
    let server = Server::with("[[mount]]\nadapter = \"sanctum_spa\"\nsession_absolute_lifetime = \"3h\"\n");
    add_ada(&server);
    let mut browser = Browser::of_ada(&server);
    for _ in 0..2 {
        server.wait(TimeDelta::minutes(89));
        assert_eq!(browser.get("/api/user").status, 200);
    }
    server.wait(TimeDelta::minutes(2));
    assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn the_session_beats_a_bearer_and_the_bearer_counts_without_one() {
    let server = with_ada();
    server.anon().post("/register", json!({"login": "bob@example.org", "password": PASSWORD}));
    let bob =
        server.anon().post("/api/auth/token", json!({"email": "bob@example.org", "password": PASSWORD})).text("token");
    let bearer = format!("Bearer {bob}");
    let browser = Browser::of_ada(&server);
    assert_eq!(browser.actor().with("Authorization", &bearer).get("/api/user").json()["email"], "ada@example.org");
    let visitor = Browser::ready(&server);
    let answer = visitor.actor().with("Authorization", &bearer).get("/api/user");
    assert_eq!((&answer.json()["email"], cookies(&answer).len()), (&json!("bob@example.org"), 2));
    let mut ended = Browser::of_ada(&server);
    let old = ended.cookies.clone();
    ended.post("/logout", json!({}));
    ended.cookies = old;
    assert_eq!(ended.actor().with("Authorization", &bearer).get("/api/user").json()["email"], "bob@example.org");
}

#[test]
fn a_front_end_needs_the_token_even_with_a_bearer() {
    let server = with_ada();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let bearer = format!("Bearer {}", server.anon().post("/api/auth/token", login).text("token"));
    let make =
        |actor: Actor| actor.with("Authorization", &bearer).post("/api/tokens/create", json!({"token_name": "x"}));
    let json = server.anon().wants_json();
    assert_eq!(make(json.with("Origin", FRONT_END)).whole(), (419, MISMATCH));
    assert_eq!(make(json.with("Origin", "https://mobile.example")).status, 200);
    assert_eq!(make(Browser::ready(&server).actor()).status, 200);
    assert_eq!(json.with("Origin", FRONT_END).post("/nope", json!({})).status, 404);
}

#[test]
fn a_recovery_ends_the_session() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    assert_eq!(browser.get("/api/user").status, 200);
    server.owner.recover(UserId(1), &Secret::from("another-password")).unwrap();
    assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

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
fn the_meta_tag_holds_a_token_that_opens_protected_routes() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let token = browser.api_token();
    let tag = browser.get("/meta/api-token");
    assert_eq!(tag.whole(), (200, format!("<meta name=\"api-token\" content=\"{token}\">").as_str()));
    assert_eq!(tag.header("Content-Type"), "text/html; charset=UTF-8");
    assert_eq!(tag.header("Cache-Control"), "no-store");
    assert_eq!((tag.header("Vary"), tag.header("X-Frame-Options")), ("Cookie", "DENY"));
    assert_eq!(server.bearer(&token).get("/api/user").json()["email"], "ada@example.org");
}

#[test]
fn the_meta_tag_is_for_sessions_only() {
    let server = with_ada();
    let token = Browser::of_ada(&server).api_token();
    assert_eq!(Browser::ready(&server).get("/meta/api-token").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&token).wants_json().get("/meta/api-token").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.anon().get("/meta/api-token").header("Location"), "http://127.0.0.1:8000/login");
}

#[test]
fn the_api_token_is_in_the_tokens_and_in_the_user_and_does_not_end() {
    let server = with_ada();
    let token = Browser::of_ada(&server).api_token();
    let rows = server.owner.tokens(UserId(1), Some(TokenKind::Sanctum)).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].name.as_str(), rows[0].expires_at), ("api-token", None));
    let kept = server.owner.user(UserId(1)).unwrap().api_token.unwrap();
    assert!(!kept.contains(token.split_once('|').unwrap().1));
    server.wait(TimeDelta::days(3650));
    assert_eq!(server.bearer(&token).get("/api/user").status, 200);
}

#[test]
fn a_login_replaces_the_api_token_and_leaves_the_others() {
    let server = with_ada();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let own = server.anon().post("/api/auth/token", login).text("token");
    let first = Browser::of_ada(&server).api_token();
    assert_eq!(server.bearer(&first).get("/api/user").status, 200);
    let second = Browser::of_ada(&server).api_token();
    assert_ne!(first, second);
    assert_eq!(server.bearer(&first).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&second).get("/api/user").status, 200);
    assert_eq!(server.bearer(&own).get("/api/user").status, 200);
}

#[test]
fn a_login_replaces_every_token_where_that_is_configured() {
    let server = Server::with(
        "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\napi_token_replaces = \"all\"\n",
    );
    add_ada(&server);
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let own = server.anon().post("/api/auth/token", login).text("token");
    let token = Browser::of_ada(&server).api_token();
    assert_eq!(server.bearer(&own).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&token).get("/api/user").status, 200);
}

#[test]
fn a_purchase_replaces_the_api_token() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let backend = backend(&server, "tokens:rotate");
    let mut before = browser.api_token();
    for body in [
        json!({"email": "ada@example.org", "reason": "course_purchase"}),
        json!({"user_id": 1, "reason": "tariff_payment"}),
    ] {
        assert_eq!(backend.post("/api/auth/token/rotate", body).whole(), (204, ""));
        let after = browser.api_token();
        assert_ne!(before, after);
        assert_eq!(server.bearer(&before).wants_json().get("/api/user").whole(), (401, UNAUTHENTICATED));
        assert_eq!(server.bearer(&after).get("/api/user").status, 200);
        before = after;
    }
}

#[test]
fn only_who_was_given_the_ability_by_name_reports_a_purchase() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let body = json!({"user_id": 1, "reason": "course_purchase"});
    let invalid = "{\n    \"message\": \"Invalid ability provided.\"\n}";
    let rotate = |actor: &Actor| actor.post("/api/auth/token/rotate", body.clone());
    assert_eq!(rotate(&backend(&server, "check-status")).whole(), (403, invalid));
    assert_eq!(rotate(&server.bearer(&browser.api_token()).wants_json()).whole(), (403, invalid));
    assert_eq!(rotate(&browser.actor()).whole(), (403, invalid));
    assert_eq!(rotate(&server.anon().wants_json()).whole(), (401, UNAUTHENTICATED));
}

#[test]
fn who_is_calling_is_asked_before_what_they_want() {
    let server = with_ada();
    let few = backend(&server, "check-status");
    let (dead, nobody) = (server.bearer("1|dead").wants_json(), server.anon().wants_json());
    let too_long = format!(r#"{{"reason": "{}"}}"#, "x".repeat(100_000));
    for body in [r#"{"a": 1, "a": 2}"#, "{}", &too_long] {
        let send = |actor: &Actor, path| actor.send("POST", path, Some("application/json"), body).status;
        // Whatever comes first by chance, comes first often enough.
        for _ in 0..5 {
            assert_eq!(send(&few, "/api/auth/token/rotate"), 403);
            for path in ["/api/auth/token/rotate", "/api/tokens/create"] {
                assert_eq!((send(&dead, path), send(&nobody, path)), (401, 401), "{path}");
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_report_is_named() {
    let server = with_ada();
    let backend = backend(&server, "tokens:rotate");
    let errors = |body| backend.post("/api/auth/token/rotate", body).json()["errors"].clone();
    assert_eq!(
        errors(json!({})),
        json!({
            "email": ["The email field is required when user id is not present."],
            "user_id": ["The user id field is required when email is not present."],
            "reason": ["The reason field is required."],
        })
    );
    assert_eq!(errors(json!({"user_id": 9, "reason": "x"})), json!({"user_id": ["The selected user id is invalid."]}));
    assert_eq!(errors(json!({"email": "no@one", "reason": "x"})), json!({"email": ["The selected email is invalid."]}));
    assert_eq!(
        errors(json!({"user_id": "x", "reason": "x"})),
        json!({"user_id": ["The user id field must be an integer."]})
    );
}

#[test]
fn a_reason_that_would_forge_a_line_of_the_log_is_refused() {
    let server = with_ada();
    let backend = backend(&server, "tokens:rotate");
    let words = "The reason field must not contain control characters.";
    let expected = format!(r#"{{"message":"{words}","errors":{{"reason":["{words}"]}}}}"#);
    for reason in ["x\ny", "x\u{1b}[2Jy", "x\u{85}y"] {
        let answer = backend.post("/api/auth/token/rotate", json!({"user_id": 1, "reason": reason}));
        assert_eq!(answer.whole(), (422, expected.as_str()), "{reason:?}");
    }
}

#[test]
fn the_user_of_a_report_is_named_without_doubt() {
    let server = with_ada();
    server.anon().post("/register", json!({"login": "bob@example.org", "password": PASSWORD}));
    let backend = backend(&server, "tokens:rotate");
    let errors = |body| {
        let answer = backend.post("/api/auth/token/rotate", body);
        (answer.status, answer.json()["errors"].clone())
    };
    let no_integer = json!({"user_id": ["The user id field must be an integer."]});
    for user in [json!(true), json!("+1"), json!(1.0), json!("01"), json!([1])] {
        assert_eq!(errors(json!({"user_id": user, "reason": "x"})), (422, no_integer.clone()), "{user}");
    }
    let both = |email: &str, user: Value| json!({"email": email, "user_id": user, "reason": "x"});
    let contradicting = json!({"user_id": ["The selected user id is invalid."]});
    assert_eq!(errors(both("bob@example.org", json!(1))), (422, contradicting));
    for user in [json!(1), json!("1")] {
        assert_eq!(backend.post("/api/auth/token/rotate", both("ada@example.org", user)).whole(), (204, ""));
    }
}

#[test]
fn a_login_without_a_new_api_token_is_no_login() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let token = browser.api_token();
    server.tamper(NO_API_TOKENS);
    let mut other = Browser::ready(&server);
    let answer = other.log_in("ada@example.org", PASSWORD);
    assert_eq!((answer.whole(), answer.header("Retry-After")), ((503, UNAVAILABLE), "1"));
    assert_eq!(other.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(server.bearer(&token).get("/api/user").status, 200);
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

#[test]
fn the_cookies_of_another_server_are_worth_nothing() {
    let server = with_ada();
    let mut browser = Browser::ready(&server);
    for cookie in ["rubbish", "", "eyJpdiI6IjVGQnRXUytiQzlaTmlRM2FBN0Z1QkE9PSJ9"] {
        browser.cookies.insert("laravel-session".to_owned(), cookie.to_owned());
        let answer = browser.cookies_only().get("/api/user");
        assert_eq!((answer.whole(), cookies(&answer).len()), ((401, UNAUTHENTICATED), 2));
    }
    let mut swapped = Browser::of_ada(&server);
    let readable = swapped.cookies["XSRF-TOKEN"].clone();
    swapped.cookies.insert("laravel-session".to_owned(), readable);
    assert_eq!(swapped.get("/api/user").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_session_is_none_of_the_tokens_that_are_deleted_by_number() {
    let server = with_ada();
    let mut browser = Browser::of_ada(&server);
    let session = server.owner.tokens(UserId(1), Some(TokenKind::Session)).unwrap()[0].id;
    assert_eq!(browser.actor().delete(&format!("/api/tokens/{session}")).status, 404);
    assert_eq!(browser.get("/api/user").status, 200);
}
