//! What has an end ends, however much it is used, and what has none stays.

use chrono::TimeDelta;
use countersign_core::{Abilities, Credentials, Grant, Secret, TokenKind, UserId, store::TokenStore as _};
use countersign_tests::{Answer, Server, databases::run, server::noon};
use serde_json::json;

use crate::{
    common::{Browser, PASSWORD, UNAUTHENTICATED, add_ada},
    mailed::ADA,
};

const SPA: &str = "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\n";

fn issue(server: &Server, end: Option<TimeDelta>) -> String {
    let credentials = Credentials::new(ADA.to_owned(), Secret::from(PASSWORD));
    let grant = Grant { abilities: Abilities::all(), expires_at: end.map(|end| noon() + end), ..Grant::named("x") };
    server.owner.login(&credentials, &grant).unwrap().access.expose().to_owned()
}

fn user(server: &Server, token: &str) -> Answer {
    server.bearer(token).wants_json().get("/api/user")
}

#[test]
fn a_token_of_two_seconds_lives_for_two_seconds_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let (short, endless) = (issue(&server, Some(TimeDelta::seconds(2))), issue(&server, None));
        for _ in 0..3 {
            assert_eq!(user(&server, &short).status, 200, "{}", server.backend);
        }
        server.wait(TimeDelta::seconds(1));
        assert_eq!(user(&server, &short).status, 200, "{}", server.backend);
        server.wait(TimeDelta::seconds(1));
        assert_eq!(user(&server, &short).whole(), (401, UNAUTHENTICATED), "{}: used all the time", server.backend);
        assert_eq!(server.owner.realm().prune().unwrap(), 0, "{}: to the second it may still be there", server.backend);
        server.wait(TimeDelta::seconds(1));
        assert_eq!(user(&server, &short).whole(), (401, UNAUTHENTICATED), "{}", server.backend);
        assert_eq!(server.owner.realm().prune().unwrap(), 1, "{}", server.backend);
        assert_eq!(user(&server, &short).whole(), (401, UNAUTHENTICATED), "{}", server.backend);
        assert_eq!(user(&server, &endless).status, 200, "{}", server.backend);
    }
}

#[test]
fn the_earlier_of_two_ends_counts() {
    let server = Server::with(&format!("{SPA}[sanctum]\nexpiration = \"1h\"\n"));
    add_ada(&server);
    let hour = TimeDelta::hours(1);
    let tokens = [
        (issue(&server, None), hour),
        (issue(&server, Some(TimeDelta::minutes(10))), TimeDelta::minutes(10)),
        (issue(&server, Some(TimeDelta::days(10))), hour),
        // What the pages find in the meta tag is such a token.
        (Browser::of_ada(&server).api_token(), hour),
    ];
    let mut now = TimeDelta::zero();
    for to in [
        TimeDelta::zero(),
        TimeDelta::minutes(10) - TimeDelta::seconds(1),
        TimeDelta::minutes(10),
        hour - TimeDelta::seconds(1),
        hour,
        hour * 2,
    ] {
        server.wait(to - now);
        now = to;
        for (number, (token, end)) in tokens.iter().enumerate() {
            let answer = user(&server, token);
            if now < *end {
                assert_eq!(answer.status, 200, "{number} at {now}");
            } else {
                assert_eq!(answer.whole(), (401, UNAUTHENTICATED), "{number} at {now}");
            }
        }
    }
}

#[test]
fn of_ten_thousand_rows_those_that_have_ended_go_and_no_other() {
    for server in Server::each() {
        add_ada(&server);
        let base = server.owner.register(&countersign_core::Registration {
            username: Some("rows".to_owned()),
            ..countersign_core::Registration::new(Secret::from(PASSWORD))
        });
        let base = base.unwrap();
        // One row of each end; then copies of them.
        let hour = TimeDelta::hours(1);
        let ends = [Some(-hour), Some(-TimeDelta::seconds(1)), Some(TimeDelta::seconds(1)), Some(hour), None];
        for (number, end) in ends.into_iter().enumerate() {
            let secret = Secret::new(format!("secret {number}"));
            let kind = if number % 2 == 0 { TokenKind::Sanctum } else { TokenKind::Session };
            let new = countersign_core::NewToken {
                kind,
                user_id: base.id,
                name: "mixed".to_owned(),
                digest: secret.digest(),
                sealed: None,
                abilities: Abilities::all(),
                family: None,
                created_at: noon() - hour * 2,
                expires_at: end.map(|end| noon() + end),
                slot: None,
                generation: 0,
            };
            server.store.insert_token(&new).unwrap().unwrap();
        }
        assert_eq!(server.owner.tokens(base.id, None).unwrap().len(), 5);
        let mut rows = 5;
        while rows < 10_000 {
            run(&server.database.url, &copies(server.backend, rows));
            rows *= 2;
        }
        let live = user(&server, &issue(&server, Some(TimeDelta::seconds(1))));
        assert_eq!(live.status, 200);
        let ended = |now: chrono::DateTime<chrono::Utc>| {
            let all = server.owner.tokens(base.id, None).unwrap();
            (all.iter().filter(|token| token.expires_at.is_some_and(|end| end < now)).count(), all.len())
        };
        assert_eq!(ended(noon()), (rows * 2 / 5, rows), "{}", server.backend);
        assert_eq!(server.owner.realm().prune().unwrap(), rows * 2 / 5, "{}", server.backend);
        assert_eq!(ended(noon()), (0, rows * 3 / 5), "{}", server.backend);
        assert_eq!(server.owner.realm().prune().unwrap(), 0, "{}", server.backend);
        assert_eq!(server.owner.tokens(UserId(1), None).unwrap().len(), 1, "{}", server.backend);
    }
}

/// Doubles the rows of the second user; a digest is made of the row that it comes from, and of the round.
fn copies(backend: &str, rows: usize) -> String {
    let number = format!("id * 100000 + {rows}");
    let digest = match backend {
        "sqlite" => format!("printf('%064x', {number})"),
        "postgres" => format!("lpad(to_hex({number}), 64, '0')"),
        _ => format!("LPAD(LOWER(HEX({number})), 64, '0')"),
    };
    format!(
        "INSERT INTO tokens (kind, user_id, name, digest, abilities, created_at, expires_at) \
         SELECT kind, user_id, name, {digest}, abilities, created_at, expires_at FROM tokens WHERE user_id = 2"
    )
}

#[test]
fn an_idle_session_ends_to_the_second_and_an_old_cookie_with_it() {
    let server = Server::with(&format!("front_ends = [\"http://localhost:3000\"]\n{SPA}session_lifetime = \"10m\"\n"));
    add_ada(&server);
    let mut browser = Browser::of_ada(&server);
    let old = Browser { anon: browser.anon.clone(), cookies: browser.cookies.clone() };
    server.wait(TimeDelta::minutes(10) - TimeDelta::seconds(1));
    assert_eq!(old.actor().get("/api/user").status, 200);
    assert_eq!(browser.get("/api/user").status, 200);
    server.wait(TimeDelta::seconds(1));
    // The use of a later cookie does not renew an earlier one.
    assert_eq!(old.actor().get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(old.actor().post("/logout", json!({})).status, 419);
    assert_eq!(browser.get("/api/user").status, 200);
}

#[test]
fn no_use_carries_a_session_beyond_its_last_moment() {
    let server = Server::with(&format!(
        "front_ends = [\"http://localhost:3000\"]\n{SPA}session_lifetime = \"1h\"\nsession_absolute_lifetime = \"2h\"\n"
    ));
    add_ada(&server);
    let mut browser = Browser::of_ada(&server);
    for _ in 0..119 {
        server.wait(TimeDelta::minutes(1));
        assert_eq!(browser.get("/api/user").status, 200);
    }
    server.wait(TimeDelta::seconds(59));
    assert_eq!(browser.get("/api/user").status, 200);
    server.wait(TimeDelta::seconds(1));
    assert_eq!(browser.get("/api/user").whole(), (401, UNAUTHENTICATED));
    assert_eq!(browser.get("/meta/api-token").whole(), (401, UNAUTHENTICATED));
}

#[test]
fn a_clock_that_is_a_little_behind_ends_no_session_and_one_far_behind_does() {
    let server = Server::with(&format!("front_ends = [\"http://localhost:3000\"]\n{SPA}"));
    add_ada(&server);
    let browser = Browser::of_ada(&server);
    server.wait(TimeDelta::seconds(-5));
    assert_eq!(browser.actor().get("/api/user").status, 200);
    server.wait(TimeDelta::seconds(-1));
    assert_eq!(browser.actor().get("/api/user").whole(), (401, UNAUTHENTICATED));
    server.wait(TimeDelta::seconds(6));
    assert_eq!(browser.actor().get("/api/user").status, 200);
}
