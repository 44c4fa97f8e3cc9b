//! Refresh tokens that are exchanged at each use: one chain a login, whatever happens at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends with a panic that says where")]

#[path = "refresh_rotation/walks.rs"]
mod walks;

use std::{
    sync::{Arc, Barrier},
    thread,
};

use chrono::TimeDelta;
use countersign_tests::{
    Actor, Answer, Server,
    databases::{databases, sqlite},
};
use serde_json::json;

const ROTATING: &str = "[jwt]\nrotate_refresh = true";
const INVALID: &str = r#"{"error":"invalid_token","message":"The token is not valid."}"#;
const EXPIRED: &str = r#"{"error":"invalid_token","message":"The token has expired."}"#;
const PASSWORD: &str = "Zx9-quokka-77";
const RACERS: usize = 16;
const ROUNDS: usize = 200;

fn rotating() -> Server {
    let server = Server::with(ROTATING);
    register(&server);
    server
}

fn register(server: &Server) {
    assert_eq!(server.anon().post("/register", json!({"login": "ada", "password": PASSWORD})).status, 200);
}

/// Access and refresh token of a new login.
fn log_in(anon: &Actor) -> (String, String) {
    let answer = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.text("access_token"), answer.text("refresh_token"))
}

fn refresh(server: &Server, token: &str) -> Answer {
    server.anon().post("/auth/refresh", json!({"refresh_token": token}))
}

/// The next refresh token.
fn next(server: &Server, token: &str) -> String {
    refresh(server, token).text("refresh_token")
}

fn status(server: &Server, access: &str) -> u16 {
    server.bearer(access).get("/auth/me").status
}

#[test]
fn each_refresh_answers_with_the_next_refresh_token_on_every_database() {
    for database in databases() {
        let server = Server::on(Arc::new(database), ROTATING);
        register(&server);
        let (first, mut token) = log_in(&server.anon());
        for _ in 0..3 {
            let answer = refresh(&server, &token);
            let (access, successor) = (answer.text("access_token"), answer.text("refresh_token"));
            let expected = format!(
                r#"{{"access_token":"{access}","token_type":"bearer","expires_in":3600,"refresh_token":"{successor}"}}"#
            );
            assert_eq!(answer.whole(), (200, expected.as_str()), "{}", server.backend);
            assert_eq!(answer.header("Cache-Control"), "no-store");
            assert!(successor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            assert_ne!(successor, token);
            assert_eq!((status(&server, &access), status(&server, &first)), (200, 200));
            token = successor;
            server.wait(TimeDelta::seconds(11));
        }
    }
}

#[test]
fn a_spent_token_gets_the_same_successor_within_the_grace() {
    let server = rotating();
    let (_, first) = log_in(&server.anon());
    let second = next(&server, &first);
    server.wait(TimeDelta::milliseconds(9_999));
    let answer = refresh(&server, &first);
    assert_eq!((answer.status, answer.text("refresh_token")), (200, second.clone()));
    assert_eq!(status(&server, &answer.text("access_token")), 200);
    assert_ne!(next(&server, &second), second);
}

#[test]
fn a_token_that_comes_back_later_ends_its_login_and_no_other() {
    let server = rotating();
    let (other_access, other) = log_in(&server.anon());
    // After the grace; and within it, but two exchanges ago.
    for steps in [1, 2] {
        let (access, first) = log_in(&server.anon());
        let mut last = first.clone();
        let mut later = String::new();
        for _ in 0..steps {
            let answer = refresh(&server, &last);
            (last, later) = (answer.text("refresh_token"), answer.text("access_token"));
        }
        if steps == 1 {
            server.wait(TimeDelta::seconds(10));
        }
        assert_eq!((status(&server, &access), status(&server, &later)), (200, 200));

        let answer = refresh(&server, &first);
        assert_eq!(answer.whole(), (401, INVALID), "{steps}");
        let challenge = r#"Bearer realm="countersign", error="invalid_token", error_description="revoked or unknown""#;
        assert_eq!(answer.header("WWW-Authenticate"), challenge);

        assert_eq!((status(&server, &access), status(&server, &later)), (401, 401), "{steps}");
        assert_eq!(refresh(&server, &last).whole(), (401, INVALID), "{steps}");
        assert_eq!(refresh(&server, &first).whole(), (401, INVALID), "{steps}");
        assert_eq!(status(&server, &other_access), 200);
    }
    assert_eq!(refresh(&server, &other).status, 200);
}

#[test]
fn a_refresh_that_fails_changes_nothing() {
    let server = rotating();
    let (access, first) = log_in(&server.anon());
    let second = next(&server, &first);
    server.wait(TimeDelta::seconds(60));
    let other = next(&server, &log_in(&server.anon()).1);
    let mixed = format!("{}{}", &second[..26], &other[26..]);
    let (head, tail) = second.split_at(second.len() - 1);
    let changed = format!("{head}{}", if tail == "A" { "Q" } else { "A" });
    for forged in [mixed, changed, format!("{second}A"), second[1..].to_owned(), second.to_lowercase(), access.clone()]
    {
        assert_eq!(refresh(&server, &forged).whole(), (401, INVALID), "{forged}");
    }
    assert_eq!(status(&server, &access), 200);
    assert_eq!(refresh(&server, &second).status, 200);
}

#[test]
fn a_login_that_is_used_lives_on_until_its_absolute_end() {
    let server = rotating();
    let (_, mut token) = log_in(&server.anon());
    for _ in 0..3 {
        server.wait(TimeDelta::days(29));
        token = next(&server, &token);
    }
    server.wait(TimeDelta::days(3) - TimeDelta::seconds(1));
    let answer = refresh(&server, &token);
    assert_eq!(answer.status, 200);
    server.wait(TimeDelta::seconds(1));
    assert_eq!(refresh(&server, &answer.text("refresh_token")).whole(), (401, EXPIRED));
    assert_eq!(status(&server, &answer.text("access_token")), 401, "the login's end is that of its access tokens");
}

#[test]
fn a_login_that_is_not_used_ends_with_its_refresh_token() {
    let server = rotating();
    let second = next(&server, &log_in(&server.anon()).1);
    server.wait(TimeDelta::days(30));
    assert_eq!(refresh(&server, &second).whole(), (401, EXPIRED));
}

#[test]
fn rotation_can_be_switched_on_and_off_under_logins() {
    let database = Arc::new(sqlite());
    let (off, on) = (Server::on(Arc::clone(&database), ""), Server::on(database, ROTATING));
    register(&off);
    let (_, first) = log_in(&off.anon());
    assert_eq!(refresh(&off, &first).json().get("refresh_token"), None);
    let second = next(&on, &first);
    assert_eq!(refresh(&off, &second).json().get("refresh_token"), None);
    assert_eq!(refresh(&off, &second).status, 200, "it stays as it is");
    // Where nothing is exchanged there is no grace either.
    assert_eq!(refresh(&off, &first).whole(), (401, INVALID));
    assert_eq!(refresh(&off, &second).whole(), (401, INVALID));
}

#[test]
fn nothing_of_the_database_is_a_refresh_token() {
    let server = rotating();
    let second = next(&server, &log_in(&server.anon()).1);
    let path = server.database.url.strip_prefix("sqlite://").unwrap().to_owned();
    for file in [path.clone(), format!("{path}-wal")] {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(second.len()).any(|window| window == second.as_bytes()), "{file}");
    }
}

/// Runs `act` sixteen times at once.
fn race<T: Send>(act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(RACERS);
    thread::scope(|scope| {
        let (act, barrier) = (&act, &barrier);
        let start = |number| {
            scope.spawn(move || {
                barrier.wait();
                act(number)
            })
        };
        let racers: Vec<_> = (0..RACERS).map(start).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

#[test]
fn sixteen_at_once_over_two_processes_all_get_the_one_successor_two_hundred_times() {
    for database in databases() {
        let database = Arc::new(database);
        let servers = [Server::on(Arc::clone(&database), ROTATING), Server::on(database, ROTATING)];
        register(&servers[0]);
        let actors = [servers[0].anon(), servers[1].anon()];
        let (_, mut token) = log_in(&actors[0]);
        for round in 0..ROUNDS {
            let answers = race(|racer| actors[racer % 2].post("/auth/refresh", json!({"refresh_token": token})));
            let tokens: Vec<String> = answers
                .iter()
                .map(|answer| {
                    assert_eq!(answer.status, 200, "{} round {round}: {}", servers[0].backend, answer.body);
                    answer.text("refresh_token")
                })
                .collect();
            assert!(tokens.iter().all(|next| *next == tokens[0] && *next != token), "round {round}: {tokens:?}");
            token.clone_from(&tokens[0]);
        }
        let ada = servers[0].owner.find_user("ada").unwrap();
        let logins = servers[0].owner.tokens(ada.id, None).unwrap();
        assert_eq!((logins.len(), logins[0].rotation), (1, i64::try_from(ROUNDS).unwrap()));
    }
}

#[test]
fn without_a_grace_one_of_sixteen_wins_at_most_and_nobody_is_failed() {
    for database in databases() {
        let database = Arc::new(database);
        let strict = "[jwt]\nrotate_refresh = true\nrefresh_grace = \"0s\"";
        let servers = [Server::on(Arc::clone(&database), strict), Server::on(database, strict)];
        register(&servers[0]);
        let actors = [servers[0].anon(), servers[1].anon()];
        for round in 0..50 {
            let (_, token) = log_in(&actors[0]);
            let answers = race(|racer| actors[racer % 2].post("/auth/refresh", json!({"refresh_token": token})));
            let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert_eq!(won.len(), 1, "{} round {round}", servers[0].backend);
            for lost in answers.iter().filter(|answer| answer.status != 200) {
                assert_eq!(lost.whole(), (401, INVALID), "{} round {round}", servers[0].backend);
            }
            // Nobody knows which of them was the owner.
            assert_eq!(refresh(&servers[1], &won[0].text("refresh_token")).whole(), (401, INVALID));
        }
    }
}

#[test]
fn after_a_logout_nothing_works_that_was_exchanged_meanwhile() {
    for database in databases() {
        let server = Server::on(Arc::new(database), ROTATING);
        register(&server);
        for _ in 0..10 {
            let (access, first) = log_in(&server.anon());
            let answers = race(|racer| {
                if racer == 0 {
                    assert_eq!(server.bearer(&access).post_empty("/auth/logout").status, 204);
                    return None;
                }
                let answer = refresh(&server, &first);
                assert!([200, 401].contains(&answer.status), "{}: {}", server.backend, answer.body);
                (answer.status == 200).then(|| (answer.text("access_token"), answer.text("refresh_token")))
            });
            for (access, token) in answers.into_iter().flatten() {
                assert_eq!((status(&server, &access), refresh(&server, &token).status), (401, 401));
            }
        }
    }
}
