//! Links to confirm an address that a real Laravel signed (`tests/import/links`): with its key they work here until they expire.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use countersign_core::UserId;
use countersign_tests::{
    Server,
    databases::{Database, databases, run, sqlite},
    server::{noon, settings},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::{
    browser::Browser,
    common::{LARAVEL, fill, import, installation},
};

const VERIFIED: &str = "http://localhost:3000/dashboard?verified=1";
const INVALID: &str = "{\n    \"message\": \"Invalid signature.\"\n}";
const UNAUTHORIZED: &str = "{\n    \"message\": \"This action is unauthorized.\"\n}";
const UNAUTHENTICATED: &str = r#"{"message":"Unauthenticated."}"#;

/// What was recorded of a stack.
struct Recorded(Value);

/// A link as its reader opens it: whose it is, and path and query.
struct Link {
    id: UserId,
    email: String,
    password: String,
    path: String,
}

impl Recorded {
    fn of(stack: &str) -> Self {
        let text = match stack {
            "breeze" => include_str!("../../import/links/laravel-breeze.json"),
            _ => include_str!("../../import/links/laravel-fortify.json"),
        };
        Self(serde_json::from_str(text).unwrap())
    }

    fn made_at(&self) -> DateTime<Utc> {
        self.0["made_at"].as_str().unwrap().parse().unwrap()
    }

    fn links(&self) -> Vec<Link> {
        let known: Value = serde_json::from_str(include_str!("../../import/laravel/credentials.json")).unwrap();
        let links = self.0["verifications"].as_array().unwrap().iter();
        links
            .map(|link| {
                let user = &known["users"][link["user"].as_str().unwrap()];
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let url = text(&link["url"]);
                let path = &url[url[7..].find('/').unwrap() + 7..];
                let id = UserId(user["id"].as_i64().unwrap());
                Link { id, email: text(&user["email"]), password: text(&user["password"]), path: path.to_owned() }
            })
            .collect()
    }

    /// `[old_links]` with its keys and these addresses, and a mount with these options.
    fn configuration(&self, urls: &[&str], more: &str) -> String {
        format!(
            "[old_links]\nuntil = {:?}\nlaravel_app_key = {}\nlaravel_previous_keys = {}\nlaravel_urls = {urls:?}\n\
             [[mount]]\nadapter = \"sanctum_spa\"\nverification_rate = \"1000/min\"\n{more}",
            (self.made_at() + TimeDelta::days(1)).to_rfc3339(),
            self.0["app_key"],
            self.0["app_previous_keys"],
        )
    }

    /// A server at the moment of the links, on `target` with Laravel's users, none of whom has confirmed an address.
    fn served(&self, target: Database, configuration: &str) -> Server {
        let source = sqlite();
        fill(&source, LARAVEL);
        run(&source.url, "UPDATE users SET email_verified_at = NULL");
        let sandbox = installation(&target);
        let imported = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(imported.counts()[0], "users: 12 12 0 0 0 0");
        // The hashes of Laravel's users are slow ones.
        let passwords = "[passwords]\nmemory_kib = 64\niterations = 1\nfailure_floor = \"0s\"\nmax_wait = \"120s\"";
        let server = Server::run(
            Arc::new(target),
            settings(&format!("{configuration}\n{passwords}\n[throttle]\nenabled = false\n")),
        );
        server.wait(self.made_at() - noon());
        server
    }
}

/// Somebody's browser, logged in.
fn visitor<'a>(server: &'a Server, prefix: &str, link: &Link) -> Browser<'a> {
    let browser = Browser::ready(server, prefix);
    assert!([200, 204].contains(&browser.log_in(prefix, &link.email, &link.password)));
    browser
}

fn is_verified(server: &Server, user: UserId) -> bool {
    server.owner.user(user).unwrap().email_verified_at.is_some()
}

#[test]
fn breezes_links_confirm_an_address() {
    let recorded = Recorded::of("breeze");
    for target in databases() {
        let server = recorded.served(target, &recorded.configuration(&[], ""));
        for link in recorded.links() {
            let browser = visitor(&server, "", &link);
            assert!(!is_verified(&server, link.id));
            for _ in 0..2 {
                let answer = browser.get(&link.path);
                assert_eq!((answer.status, answer.header("Location")), (302, VERIFIED), "{}", link.path);
            }
            assert!(is_verified(&server, link.id), "user {} on {}", link.id, server.backend);
        }
    }
}

/// Its application was reached by other addresses, one of them by mistake without TLS.
#[test]
fn fortifys_links_confirm_an_address() {
    let recorded = Recorded::of("fortify");
    let urls = ["https://api.example.org", "http://api.example.org"];
    for target in databases() {
        let server = recorded.served(target, &recorded.configuration(&urls, "stack = \"fortify\""));
        for link in recorded.links() {
            assert_eq!(visitor(&server, "", &link).get(&link.path).whole(), (204, ""), "{}", link.path);
            assert!(is_verified(&server, link.id), "user {} on {}", link.id, server.backend);
        }
    }
}

#[test]
fn a_link_ends_when_it_says_and_with_its_key() {
    let recorded = Recorded::of("breeze");
    let links = recorded.links();
    let link = &links[1];
    let (_, expires) = link.path.split_once("expires=").unwrap();
    let expires: i64 = expires.split('&').next().unwrap().parse().unwrap();
    let configuration = recorded.configuration(&[], "");
    let server = recorded.served(sqlite(), &configuration);
    let browser = visitor(&server, "", link);
    server.wait(TimeDelta::seconds(expires + 1) - TimeDelta::seconds(server.owner.realm().now().timestamp()));
    assert_eq!(browser.get(&link.path).whole(), (403, INVALID));
    server.wait(TimeDelta::seconds(-1));
    assert_eq!(browser.get(&link.path).status, 302);

    let end = recorded.made_at() + TimeDelta::minutes(10);
    let earlier = configuration.replace(&(recorded.made_at() + TimeDelta::days(1)).to_rfc3339(), &end.to_rfc3339());
    let server = recorded.served(sqlite(), &earlier);
    let browser = visitor(&server, "", link);
    server.wait(TimeDelta::minutes(10));
    assert_eq!(browser.get(&link.path).whole(), (403, INVALID));
    server.wait(TimeDelta::seconds(-1));
    assert_eq!(browser.get(&link.path).status, 302);
}

#[test]
fn only_the_right_key_address_reader_and_every_letter_count() {
    let recorded = Recorded::of("breeze");
    let links = recorded.links();
    let [previous, erin, zoe] = &links[..] else { panic!("three links") };

    let configuration = recorded.configuration(&[], "");
    let server = recorded.served(sqlite(), &configuration);
    let browser = visitor(&server, "", erin);
    let (front, signature) = erin.path.split_once("&signature=").unwrap();
    let later = front.replace("expires=1", "expires=2");
    for forged in [
        format!("{}0", erin.path),
        format!("{}&utm_source=mail", erin.path),
        format!("{front}&signature="),
        front.to_owned(),
        format!("{later}&signature={signature}"),
        erin.path.replace("/5/", "/8/"),
        format!("{}?signature={signature}", front.split_once('?').unwrap().0),
        format!("{front}&signature={}", signature.to_uppercase()),
    ] {
        assert_eq!(browser.get(&forged).whole(), (403, INVALID), "{forged}");
    }
    assert_eq!(browser.get(&zoe.path).whole(), (403, UNAUTHORIZED));
    assert_eq!(server.anon().wants_json().get(&erin.path).whole(), (401, UNAUTHENTICATED));
    server.owner.change_email(erin.id, Some("erin@example.net")).unwrap();
    assert_eq!(browser.get(&erin.path).whole(), (403, UNAUTHORIZED));
    assert!(!is_verified(&server, erin.id));

    for (what, other) in [
        ("no key", String::new()),
        ("another address", recorded.configuration(&["http://api.example.org"], "")),
        (
            "the previous key alone",
            configuration.replace("laravel_app_key = \"base64:M", "laravel_app_key = \"base64:N"),
        ),
        ("a key that was decoded", configuration.replace("laravel_app_key = \"base64:", "laravel_app_key = \"")),
    ] {
        let server = recorded.served(sqlite(), &other);
        assert_eq!(visitor(&server, "", erin).get(&erin.path).whole(), (403, INVALID), "{what}");
        if what == "the previous key alone" {
            assert_eq!(visitor(&server, "", previous).get(&previous.path).status, 302);
        }
    }
}

/// `URL::temporarySignedRoute(…, absolute: false)` signs the path alone; and where the mount is need not be where the old one was.
#[test]
fn a_relative_signature_and_another_place_are_known() {
    let recorded = Recorded::of("breeze");
    let links = recorded.links();
    let erin = &links[1];
    let (front, _) = erin.path.split_once("&signature=").unwrap();
    let signed = |base: &str| {
        let key = recorded.0["app_key"].as_str().unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(format!("{base}{front}").as_bytes());
        let digits: Vec<String> = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{front}&signature={}", digits.concat())
    };
    // So Laravel does it.
    assert_eq!(signed("http://127.0.0.1:8000"), erin.path);
    let configuration = recorded.configuration(&["", "/old", "https://example.org/app"], "prefix = \"/spa\"");
    let server = recorded.served(sqlite(), &configuration);
    let browser = visitor(&server, "/spa", erin);
    for base in ["", "/old", "https://example.org/app"] {
        let answer = browser.get(&format!("/spa{}", signed(base)));
        assert_eq!((answer.status, answer.header("Location")), (302, VERIFIED), "{base:?}");
    }
    for base in ["/spa", "http://127.0.0.1:8000", "http://127.0.0.1:8000/spa"] {
        assert_eq!(browser.get(&format!("/spa{}", signed(base))).whole(), (403, INVALID), "{base:?}");
    }
}
