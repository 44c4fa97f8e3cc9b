//! Sixteen clients that want the same at the same moment, on every database.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use countersign_tests::{Answer, Server};
use serde_json::json;

const RACERS: usize = 16;
const PASSWORD: &str = "Zx9-quokka-77";

/// Runs `act` sixteen times at once; the number says who it is.
fn race<T: Send>(act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(RACERS));
    thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let (act, barrier) = (&act, Arc::clone(&barrier));
                scope.spawn(move || {
                    barrier.wait();
                    act(number)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

fn register(server: &Server, name: &str) {
    let answer = server.anon().post("/register", json!({"login": name, "password": PASSWORD}));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// A login through the hotel API: access token and refresh token.
fn log_in(server: &Server, name: &str, password: &str) -> Option<(String, String)> {
    let answer = server.anon().post("/auth/login", json!({"identifier": name, "password": password}));
    assert!([200, 422].contains(&answer.status), "{}: {}", server.backend, answer.body);
    (answer.status == 200).then(|| (answer.text("access_token"), answer.text("refresh_token")))
}

fn status(server: &Server, token: &str) -> u16 {
    server.bearer(token).get("/auth/me").status
}

fn refresh(server: &Server, token: &str) -> Answer {
    server.anon().post("/auth/refresh", json!({"refresh_token": token}))
}

#[test]
fn the_first_djoser_logins_of_a_user_all_get_the_one_token() {
    for server in Server::each() {
        for round in 0..3 {
            let name = format!("ada{round}");
            register(&server, &name);
            let login = json!({"username": name, "password": PASSWORD});
            let answers = race(|_| server.anon().post("/auth/token/login/", login.clone()));
            let tokens: Vec<String> = answers
                .iter()
                .map(|answer| {
                    assert_eq!(answer.status, 200, "{}: {}", server.backend, answer.body);
                    answer.text("auth_token")
                })
                .collect();
            assert!(tokens.iter().all(|token| *token == tokens[0]), "{}: {tokens:?}", server.backend);
            let user = server.owner.find_user(&name).unwrap();
            assert_eq!(server.owner.tokens(user.id, None).unwrap().len(), 1, "{}", server.backend);
        }
    }
}

#[test]
fn of_those_who_register_one_name_one_succeeds() {
    for server in Server::each() {
        for round in 0..3 {
            // Compatibility forms are the same name (NFKC), and upper case is another, as in Django.
            let names = [format!("ada{round}"), format!("\u{ff41}da{round}")];
            let answers = race(|racer| {
                server.anon().post("/register", json!({"login": names[racer % 2], "password": PASSWORD})).status
            });
            let count = |status: u16| answers.iter().filter(|answer| **answer == status).count();
            assert_eq!((count(200), count(409)), (1, RACERS - 1), "{}: {answers:?}", server.backend);
        }
    }
}

#[test]
fn personal_tokens_that_are_asked_for_at_once_are_all_different_and_all_good() {
    for server in Server::each() {
        register(&server, "ada@example.org");
        let login = json!({"email": "ada@example.org", "password": PASSWORD});
        let tokens = race(|_| server.anon().wants_json().post("/api/auth/token", login.clone()).text("token"));
        let distinct: std::collections::BTreeSet<_> = tokens.iter().collect();
        assert_eq!(distinct.len(), RACERS, "{}", server.backend);
        let good = |token: &String| server.bearer(token).wants_json().get("/api/user").status == 200;
        assert!(tokens.iter().all(good), "{}", server.backend);
    }
}

#[test]
fn after_a_logout_nothing_of_the_login_works_whatever_was_refreshed_meanwhile() {
    for server in Server::each() {
        register(&server, "ada");
        for _ in 0..3 {
            let (access, refresh_token) = log_in(&server, "ada", PASSWORD).unwrap();
            let other = log_in(&server, "ada", PASSWORD).unwrap();
            let refreshed = race(|racer| {
                if racer == 0 {
                    assert_eq!(server.bearer(&access).post_empty("/auth/logout").status, 204, "{}", server.backend);
                    return None;
                }
                let answer = refresh(&server, &refresh_token);
                assert!([200, 401].contains(&answer.status), "{}: {}", server.backend, answer.body);
                (answer.status == 200).then(|| answer.text("access_token"))
            });
            for token in refreshed.iter().flatten().chain([&access]) {
                assert_eq!(status(&server, token), 401, "{}", server.backend);
            }
            assert_eq!(refresh(&server, &refresh_token).status, 401, "{}", server.backend);
            assert_eq!(status(&server, &other.0), 200, "{}: another login lives on", server.backend);
        }
    }
}

#[test]
fn nothing_that_is_issued_during_a_recovery_survives_it() {
    for server in Server::each() {
        register(&server, "ada");
        let user = server.owner.find_user("ada").unwrap().id;
        for round in 0..5 {
            let (old, new) = if round == 0 {
                (PASSWORD.to_owned(), "new-password-0".to_owned())
            } else {
                (format!("new-password-{}", round - 1), format!("new-password-{round}"))
            };
            let issued = race(|racer| {
                if racer == 0 {
                    server.owner.recover(user, &new.as_str().into()).unwrap();
                    return None;
                }
                log_in(&server, "ada", &old)
            });
            for (access, refresh_token) in issued.into_iter().flatten() {
                assert_eq!(status(&server, &access), 401, "{}", server.backend);
                assert_eq!(refresh(&server, &refresh_token).status, 401, "{}", server.backend);
            }
            assert!(log_in(&server, "ada", &old).is_none(), "{}: the old password works", server.backend);
            assert!(log_in(&server, "ada", &new).is_some(), "{}: the new password does not work", server.backend);
        }
    }
}

#[test]
fn logouts_that_meet_are_all_answered_as_one() {
    for server in Server::each() {
        register(&server, "ada");
        let (access, _) = log_in(&server, "ada", PASSWORD).unwrap();
        let answers = race(|_| server.bearer(&access).post_empty("/auth/logout").status);
        assert!(
            answers.contains(&204) && answers.iter().all(|status| [204, 401].contains(status)),
            "{}: {answers:?}",
            server.backend
        );
        assert_eq!(status(&server, &access), 401);
    }
}
