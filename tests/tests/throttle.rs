//! Guessing and flooding, as the client sees it: whole answers, dialect by dialect, by a clock that is moved by hand.

#[path = "throttle/faults.rs"]
mod faults;
#[path = "throttle/shared.rs"]
mod shared;
#[path = "throttle/sweeping.rs"]
mod sweeping;

use chrono::TimeDelta;
use countersign_core::{Registration, Secret};
use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

const PASSWORD: &str = "Zx9-quokka-77";
/// The limits as they are shipped, and a proxy that tells where its clients are.
const SHIPPED: &str = "[throttle]\nenabled = true\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";

/// A server with these limits where ada has the address `ada@example.org`.
fn with_ada(configuration: &str) -> Server {
    let server = Server::with(configuration);
    let ada = Registration {
        username: Some("ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&ada).unwrap();
    server
}

/// Somebody at this address behind the proxy.
fn at(server: &Server, address: &str) -> Actor {
    server.anon().wants_json().with("X-Forwarded-For", address)
}

/// A login that every dialect can be asked for: what it is sent to, and its fields.
#[derive(Clone, Copy)]
struct Login(&'static str, &'static str);

const DJOSER: Login = Login("/auth/token/login/", "username");
const JWT: Login = Login("/auth/jwt/create/", "username");
const HOTEL: Login = Login("/auth/login", "identifier");
const MINIMAL: Login = Login("/auth", "login");
const SANCTUM: Login = Login("/api/auth/token", "email");
const DEVICE: Login = Login("/sanctum/token", "email");
const SPA: Login = Login("/login", "email");

impl Login {
    /// Who ada is to it: Django's logs in by the user name alone.
    fn ada(self) -> &'static str {
        if self.1 == "username" { "ada" } else { "ada@example.org" }
    }

    fn ask(self, actor: &Actor, identifier: &str, password: &str) -> Answer {
        let Self(path, field) = self;
        let actor = if path == SPA.0 { &with_csrf(actor) } else { actor };
        actor.post(path, json!({field: identifier, "password": password, "device_name": "phone"}))
    }
}

/// A front end that has fetched its CSRF token.
fn with_csrf(actor: &Actor) -> Actor {
    let front_end = actor.with("Origin", "http://localhost:3000").with("Referer", "http://localhost:3000/");
    let cookies = front_end.get("/sanctum/csrf-cookie").cookies();
    let token = cookies.iter().find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN=")).unwrap().replace("%3D", "=");
    front_end.with("Cookie", &cookies.join("; ")).with("X-XSRF-TOKEN", &token)
}

/// What Breeze's login says with this many seconds to go.
fn locked_out(seconds: u64) -> String {
    let sentence = format!("Too many login attempts. Please try again in {seconds} seconds.");
    format!(r#"{{"message":"{sentence}","errors":{{"email":["{sentence}"]}}}}"#)
}

fn is_refused_unjudged(answer: &Answer) -> bool {
    answer.status == 429 || answer.body.contains("Too many login attempts.")
}

fn told(answer: &Answer) -> (u16, &str, &str) {
    (answer.status, &answer.body, answer.header("Retry-After"))
}

#[test]
fn five_wrong_passwords_in_a_minute_are_told_to_wait_in_the_words_of_each_dialect() {
    let spa = locked_out(50);
    for (login, said) in [
        (DJOSER, r#"{"detail":"Request was throttled. Expected available in 50 seconds."}"#),
        (JWT, r#"{"detail":"Request was throttled. Expected available in 50 seconds."}"#),
        (HOTEL, r#"{"error":"too_many_requests","message":"Too many attempts. Please try again later."}"#),
        (MINIMAL, r#"{"error":"Too Many Requests"}"#),
        (SANCTUM, "{\n    \"message\": \"Too Many Attempts.\"\n}"),
        (DEVICE, "{\n    \"message\": \"Too Many Attempts.\"\n}"),
        (SPA, &spa),
    ] {
        let server = with_ada(SHIPPED);
        let (here, elsewhere) = (at(&server, "192.0.2.1"), at(&server, "192.0.2.2"));
        for identifier in [login.ada(), "nobody@example.org"] {
            for _ in 0..5 {
                let answer = login.ask(&here, identifier, "wrong password");
                assert!(matches!(answer.status, 400 | 401 | 422), "{} {}", login.0, answer.body);
            }
        }
        server.wait(TimeDelta::seconds(10));
        for identifier in [login.ada(), "nobody@example.org"] {
            let answer = login.ask(&here, identifier, PASSWORD);
            // Breeze's is an error of the field, without a header.
            let (status, wait) = if login.0 == SPA.0 { (422, "") } else { (429, "50") };
            assert_eq!(told(&answer), (status, said, wait), "{}", login.0);
        }
        assert!(login.ask(&elsewhere, login.ada(), PASSWORD).status < 300, "{}", login.0);
        server.wait(TimeDelta::seconds(50));
        assert!(login.ask(&here, login.ada(), PASSWORD).status < 300, "{}", login.0);
    }
}

#[test]
fn all_dialects_share_one_budget_of_a_client_and_no_success_refills_it() {
    let server = with_ada(SHIPPED);
    let here = at(&server, "192.0.2.1");
    let mut judged = 0;
    for number in 0..3 {
        for login in [DJOSER, HOTEL, MINIMAL, SANCTUM, SPA] {
            let answer = login.ask(&here, &format!("user{number}@example.org"), "wrong password");
            judged += usize::from(!is_refused_unjudged(&answer));
            assert!(login.ask(&at(&server, "192.0.2.2"), login.ada(), PASSWORD).status < 300);
        }
        if judged < 10 {
            assert_eq!(DJOSER.ask(&here, "ada", PASSWORD).status, 200);
        }
    }
    assert_eq!(judged, 10);
    let answer = DJOSER.ask(&here, "ada", PASSWORD);
    let said = r#"{"detail":"Request was throttled. Expected available in 60 seconds."}"#;
    assert_eq!(told(&answer), (429, said, "60"));
}

#[test]
fn after_a_hundred_wrong_passwords_from_everywhere_the_owner_still_gets_in_from_home() {
    let server = with_ada(SHIPPED);
    let home = at(&server, "198.51.100.1");
    let token = DJOSER.ask(&home, "ada", PASSWORD).text("auth_token");
    for number in 0..100 {
        let answer = DJOSER.ask(&at(&server, &format!("192.0.2.{number}")), "ada", "wrong password");
        assert_eq!(answer.status, 400, "{number}");
    }
    let stranger = at(&server, "203.0.113.1");
    let said = r#"{"detail":"Request was throttled. Expected available in 3600 seconds."}"#;
    assert_eq!(told(&DJOSER.ask(&stranger, "ada", PASSWORD)), (429, said, "3600"));
    let said = r#"{"error":"too_many_requests","message":"Too many attempts. Please try again later."}"#;
    assert_eq!(told(&HOTEL.ask(&stranger, "ada", PASSWORD)), (429, said, "3600"));

    // What the owner has already works on, from wherever; and who knows the password at home logs in.
    let ada = stranger.with("Authorization", &format!("Token {token}"));
    assert_eq!(ada.get("/auth/users/me/").status, 200);
    let change = json!({"current_password": PASSWORD, "new_password": "Another-quokka-78"});
    assert_eq!(ada.post("/auth/users/set_password/", change).whole(), (204, ""));
    assert_eq!(DJOSER.ask(&home, "ada", "Another-quokka-78").status, 200);

    server.wait(TimeDelta::minutes(59));
    assert_eq!(DJOSER.ask(&stranger, "ada", "Another-quokka-78").status, 429);
    server.wait(TimeDelta::minutes(1));
    assert_eq!(DJOSER.ask(&stranger, "ada", "Another-quokka-78").status, 200);
}

#[test]
fn an_address_that_a_client_makes_up_does_not_count() {
    let server = with_ada("[throttle]\nenabled = true\n");
    let headers = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP"];
    for number in 0..5 {
        let header = headers[number % headers.len()];
        let actor = server.anon().with(header, &format!("192.0.2.{number}"));
        assert_eq!(DJOSER.ask(&actor, "ada", "wrong password").status, 400);
    }
    for header in headers {
        assert_eq!(DJOSER.ask(&server.anon().with(header, "192.0.2.99"), "ada", PASSWORD).status, 429, "{header}");
    }
}

#[test]
fn what_a_client_puts_before_its_address_does_not_count_and_an_ipv6_network_is_one_client() {
    let server = with_ada(SHIPPED);
    for number in 0..5 {
        let list = format!("203.0.113.{number}, 192.0.2.1");
        assert_eq!(DJOSER.ask(&at(&server, &list), "ada", "wrong password").status, 400);
    }
    assert_eq!(DJOSER.ask(&at(&server, "203.0.113.9, 192.0.2.1"), "ada", PASSWORD).status, 429);
    for number in 0..5 {
        let address = format!("2001:db8:0:7::{number}");
        assert_eq!(DJOSER.ask(&at(&server, &address), "ada", "wrong password").status, 400);
    }
    assert_eq!(DJOSER.ask(&at(&server, "2001:db8:0:7:ffff::1"), "ada", PASSWORD).status, 429);
    assert_eq!(DJOSER.ask(&at(&server, "2001:db8:0:8::1"), "ada", PASSWORD).status, 200);
}

#[test]
fn the_current_password_is_guessed_no_faster() {
    let server = with_ada(SHIPPED);
    let token = DJOSER.ask(&at(&server, "192.0.2.1"), "ada", PASSWORD).text("auth_token");
    let ada = at(&server, "192.0.2.1").with("Authorization", &format!("Token {token}"));
    let guess = json!({"current_password": "wrong password"}).to_string();
    for _ in 0..3 {
        let answer = ada.send("DELETE", "/auth/users/me/", Some("application/json"), &guess);
        assert_eq!(answer.whole(), (400, r#"{"current_password":["Invalid password."]}"#));
    }
    let set = |current: &str| {
        let change = json!({"current_password": current, "new_password": "Another-quokka-78"});
        ada.post("/auth/users/set_password/", change)
    };
    for _ in 0..2 {
        assert_eq!(set("wrong password").whole(), (400, r#"{"current_password":["Invalid password."]}"#));
    }
    let said = r#"{"detail":"Request was throttled. Expected available in 60 seconds."}"#;
    assert_eq!(told(&set(PASSWORD)), (429, said, "60"));
    let right = json!({"current_password": PASSWORD}).to_string();
    let answer = ada.send("DELETE", "/auth/users/me/", Some("application/json"), &right);
    assert_eq!(told(&answer), (429, said, "60"));
    server.wait(TimeDelta::seconds(60));
    assert_eq!(set(PASSWORD).whole(), (204, ""));
}

#[test]
fn registrations_of_one_client_have_an_end() {
    let server = with_ada("[throttle]\nregister = \"2/min\"\n[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    let new = |name: &str| json!({"username": name, "password": PASSWORD, "login": name});
    let (here, elsewhere) = (at(&server, "192.0.2.1"), at(&server, "192.0.2.2"));
    assert_eq!(here.post("/auth/users/", new("bob")).status, 201);
    // Whether a name is taken is told as often and no more.
    assert_eq!(here.post("/register", new("bob")).whole(), (409, r#"{"error":"Conflict"}"#));
    let said = r#"{"detail":"Request was throttled. Expected available in 60 seconds."}"#;
    for name in ["bob", "free"] {
        assert_eq!(told(&here.post("/auth/users/", new(name))), (429, said, "60"));
        assert_eq!(told(&here.post("/register", new(name))), (429, r#"{"error":"Too Many Requests"}"#, "60"));
    }
    let front_end = with_csrf(&here);
    let body =
        json!({"name": "Free", "email": "free@example.org", "password": PASSWORD, "password_confirmation": PASSWORD});
    let said = "{\n    \"message\": \"Too Many Attempts.\"\n}";
    assert_eq!(told(&front_end.post("/api/register", body)), (429, said, "60"));
    assert_eq!(elsewhere.post("/auth/users/", new("free")).status, 201);
    server.wait(TimeDelta::minutes(1));
    assert_eq!(here.post("/auth/users/", new("carol")).status, 201);
}

#[test]
fn mails_are_counted_by_address_and_client_whoever_has_the_address() {
    let server = with_ada(
        "[throttle]\nmail = \"2/hour\"\nmail_client = \"5/hour\"\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n",
    );
    let said = r#"{"detail":"Request was throttled. Expected available in 3600 seconds."}"#;
    let paths = ["reset_password", "reset_username", "reset_password"];
    for (client, address) in [("192.0.2.1", "ada@example.org"), ("192.0.2.2", "nobody@example.org")] {
        let ask = |path: &str| at(&server, client).post(&format!("/auth/users/{path}/"), json!({"email": address}));
        let statuses: Vec<u16> = paths.iter().map(|path| ask(path).status).collect();
        assert_eq!(statuses, [204, 204, 429], "{address}");
        assert_eq!(told(&ask("reset_password")), (429, said, "3600"), "{address}");
    }
    let elsewhere = at(&server, "192.0.2.3");
    let answer = elsewhere.post("/auth/users/reset_password/", json!({"email": "ADA@example.org"}));
    assert_eq!(told(&answer), (429, said, "3600"));
    for number in 0..5 {
        let body = json!({"email": format!("user{number}@example.org")});
        assert_eq!(elsewhere.post("/auth/users/reset_password/", body).whole(), (204, ""));
    }
    let answer = elsewhere.post("/auth/users/reset_password/", json!({"email": "another@example.org"}));
    assert_eq!(told(&answer), (429, said, "3600"));
}

#[test]
fn links_are_guessed_no_faster_than_a_few_a_minute() {
    let server = with_ada("[throttle]\nlink = \"3/min\"\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let guess = |client: &str, path: &str| {
        let link =
            json!({"uid": "MQ", "token": "d2c8rm-1234567890abcdef", "new_password": PASSWORD, "new_username": "free"});
        at(&server, client).post(&format!("/auth/users/{path}/"), link)
    };
    for path in ["activation", "reset_password_confirm", "reset_username_confirm"] {
        assert_eq!(guess("192.0.2.1", path).whole(), (400, r#"{"token":["Invalid token for given user."]}"#), "{path}");
    }
    let said = r#"{"detail":"Request was throttled. Expected available in 60 seconds."}"#;
    for path in ["activation", "reset_password_confirm", "reset_username_confirm"] {
        assert_eq!(told(&guess("192.0.2.1", path)), (429, said, "60"), "{path}");
    }
    assert_eq!(guess("192.0.2.2", "activation").status, 400);
}

/// Djoser's mount with these rates of Django REST framework, and no other limit.
fn framework(rates: &str) -> Server {
    with_ada(&format!(
        "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[[mount]]\nadapter = \"djoser\"\n{rates}\n[throttle]\nenabled = false\n"
    ))
}

#[test]
fn the_frameworks_throttles_count_every_request_that_came_through_permission() {
    let server = framework("throttle_anon = \"3/min\"");
    let here = at(&server, "192.0.2.1");
    // Negotiation, authentication and permission stand before the throttle, so these do not count.
    for _ in 0..5 {
        assert_eq!(here.get("/auth/users/me/").status, 401);
        assert_eq!(here.with("Authorization", "Token bad").get("/auth/").status, 401);
        assert_eq!(server.anon().with("Accept", "text/html").get("/auth/").status, 406);
    }
    assert_eq!(here.get("/auth/").status, 200);
    // The method comes behind it.
    assert_eq!(here.get("/auth/token/login/").status, 405);
    server.wait(TimeDelta::milliseconds(1500));
    assert_eq!(here.send("OPTIONS", "/auth/token/login/", None, "").status, 200);
    let said = r#"{"detail":"Request was throttled. Expected available in 59 seconds."}"#;
    let answer = here.post("/auth/token/login/", json!({"username": "ada", "password": PASSWORD}));
    assert_eq!(told(&answer), (429, said, "59"));
    assert_eq!(answer.header("Allow"), "POST, OPTIONS");
    assert_eq!(told(&here.get("/auth/token/login/")), (429, said, "59"));
    assert_eq!(at(&server, "192.0.2.2").get("/auth/").status, 200);
    server.wait(TimeDelta::milliseconds(57_600));
    let said = r#"{"detail":"Request was throttled. Expected available in 1 second."}"#;
    assert_eq!(told(&here.get("/auth/")), (429, said, "1"));
    server.wait(TimeDelta::milliseconds(900));
    let statuses: Vec<u16> = (0..3).map(|_| here.get("/auth/").status).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn a_user_has_one_budget_everywhere_and_the_longest_wait_is_told() {
    let server = framework("throttle_anon = \"2/min\"\nthrottle_user = \"3/hour\"");
    let here = at(&server, "192.0.2.1");
    let token = DJOSER.ask(&here, "ada", PASSWORD).text("auth_token");
    let ada = |address: &str| at(&server, address).with("Authorization", &format!("Token {token}"));
    let statuses: Vec<u16> = (2..6).map(|n| ada(&format!("192.0.2.{n}")).get("/auth/users/me/").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let said = r#"{"detail":"Request was throttled. Expected available in 3600 seconds."}"#;
    assert_eq!(told(&ada("192.0.2.1").get("/auth/users/me/")), (429, said, "3600"));
    // One that is not logged in: under both, and what one refuses the other has counted.
    assert_eq!(here.get("/auth/").status, 200);
    let minute = r#"{"detail":"Request was throttled. Expected available in 60 seconds."}"#;
    assert_eq!(told(&here.get("/auth/")), (429, minute, "60"));
    assert_eq!(told(&here.get("/auth/")), (429, said, "3600"));
}

#[test]
fn who_has_to_wait_is_told_so_in_their_language_as_far_as_it_has_the_words() {
    for (rate, language, said) in [
        ("0/min", "de", "Die Anfrage wurde gedrosselt. Erwarte Verfügbarkeit in 60 Sekunden."),
        ("0/s", "de", "Die Anfrage wurde gedrosselt. Erwarte Verfügbarkeit in 1 Sekunde."),
        ("0/min", "fr", "Requête ralentie. Disponible à nouveau dans 60 secondes."),
        ("0/min", "ru", "Запрос был проигнорирован. Expected available in 60 seconds."),
        ("0/s", "ru", "Запрос был проигнорирован. Expected available in 1 second."),
        ("0/min", "ja", "リクエストの処理は絞られました。 Expected available in 60 seconds."),
    ] {
        let server = framework(&format!("throttle_anon = \"{rate}\"\nlocale = \"accept-language\""));
        let answer = server.anon().with("Accept-Language", language).get("/auth/");
        assert_eq!(answer.whole(), (429, format!("{{\"detail\":\"{said}\"}}").as_str()), "{language}");
    }
}

#[test]
fn a_rate_of_zero_admits_nobody_and_without_rates_everybody_is_admitted() {
    let server = framework("throttle_anon = \"0/day\"");
    let said = r#"{"detail":"Request was throttled. Expected available in 86400 seconds."}"#;
    assert_eq!(told(&at(&server, "192.0.2.1").get("/auth/")), (429, said, "86400"));
    let server = framework("");
    for _ in 0..50 {
        assert_eq!(at(&server, "192.0.2.1").get("/auth/").status, 200);
    }
}
