//! `ROTATE_REFRESH_TOKENS`, `BLACKLIST_AFTER_ROTATION` and `UPDATE_LAST_LOGIN`: simplejwt's answers, and an end to logins of
//! which somebody else has a copy.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use chrono::TimeDelta;
use countersign_core::{TokenKind, UserId};
use countersign_tests::{
    Server,
    databases::{databases, sqlite},
    server::noon,
};
use serde_json::Value;

use super::common::{
    ADA, BEARER, EXPIRED, INVALID, ME, Pair, create, jti, opened, refresh, register, verify, with_ada,
};

const ROTATING: &str = "[[mount]]\nadapter = \"djoser\"\nrotate_refresh_tokens = true\n";
const BLACKLISTING: &str =
    "[[mount]]\nadapter = \"djoser\"\nrotate_refresh_tokens = true\nblacklist_after_rotation = true\n";
const BLACKLISTED: &str = r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#;
const VERIFIED_SPENT: &str = r#"{"non_field_errors":["Token is blacklisted"]}"#;
const RACERS: usize = 16;
const ROUNDS: usize = 200;

/// The next pair, in simplejwt's order.
fn next(server: &Server, token: &str) -> Pair {
    let answer = refresh(&server.anon(), token);
    assert_eq!(answer.status, 200, "{}: {}", server.backend, answer.body);
    let pair = Pair { refresh: answer.text("refresh"), access: answer.text("access") };
    let whole = format!(r#"{{"access":"{}","refresh":"{}"}}"#, pair.access, pair.refresh);
    assert_eq!(answer.body, whole);
    pair
}

fn claims(token: &str) -> Value {
    serde_json::from_str(&opened(token)[1]).unwrap()
}

fn logins(server: &Server) -> usize {
    server.owner.tokens(UserId(1), Some(TokenKind::Jwt)).unwrap().len()
}

#[test]
fn a_refresh_answers_with_the_next_pair_on_every_database() {
    for configuration in [ROTATING, BLACKLISTING] {
        for database in databases() {
            let server = Server::on(Arc::new(database), configuration);
            let anon = server.anon();
            register(&anon, "ada");
            let mut pair = create(&anon, "ada");
            for hour in 1..=3 {
                server.wait(TimeDelta::hours(1));
                let now = noon().timestamp() + 3600 * hour;
                let after = next(&server, &pair.refresh);
                for (token, kind, life) in [(&after.refresh, "refresh", 86_400), (&after.access, "access", 300)] {
                    let jti = jti(token);
                    let expected = format!(
                        r#"{{"token_type":"{kind}","exp":{},"iat":{now},"jti":"{jti}","user_id":"1"}}"#,
                        now + life
                    );
                    assert_eq!(opened(token)[1], expected, "{}", server.backend);
                    assert!(&jti[12..13] == "4" && "89ab".contains(&jti[16..17]), "{jti}");
                }
                assert_ne!(jti(&after.refresh), jti(&pair.refresh));
                assert_eq!(server.bearer(&after.access).get(ME).whole(), (200, ADA));
                pair = after;
            }
            assert_eq!(logins(&server), 1, "{}", server.backend);
        }
    }
}

#[test]
fn without_the_blacklist_every_refresh_token_is_good_until_its_own_end() {
    let (server, anon, first) = with_ada(ROTATING);
    let second = next(&server, &first.refresh);
    server.wait(TimeDelta::hours(23));
    let third = next(&server, &second.refresh);
    let branch = next(&server, &first.refresh);
    server.wait(TimeDelta::hours(1));
    assert_eq!(refresh(&anon, &first.refresh).whole(), (401, EXPIRED));
    for pair in [&third, &branch] {
        assert_eq!(verify(&anon, &pair.refresh).whole(), (200, "{}"));
        next(&server, &pair.refresh);
    }
    assert_eq!(logins(&server), 1);
}

#[test]
fn with_the_blacklist_a_refresh_token_is_good_once() {
    for database in databases() {
        let server = Server::on(Arc::new(database), BLACKLISTING);
        let anon = server.anon();
        register(&anon, "ada");
        let first = create(&anon, "ada");
        let second = next(&server, &first.refresh);
        for _ in 0..2 {
            let again = refresh(&anon, &first.refresh);
            assert_eq!((again.whole(), again.header("WWW-Authenticate")), ((401, BLACKLISTED), BEARER));
            assert_eq!(verify(&anon, &first.refresh).whole(), (400, VERIFIED_SPENT), "{}", server.backend);
        }
        // A second try within the grace is refused and harms nobody.
        server.wait(TimeDelta::milliseconds(9_999));
        assert_eq!(refresh(&anon, &first.refresh).whole(), (401, BLACKLISTED));
        for access in [&first.access, &second.access] {
            assert_eq!(server.bearer(access).get(ME).whole(), (200, ADA), "{}", server.backend);
            assert_eq!(verify(&anon, access).whole(), (200, "{}"));
        }
        assert_eq!(verify(&anon, &second.refresh).whole(), (200, "{}"));
        next(&server, &second.refresh);
    }
}

#[test]
fn a_spent_token_that_comes_back_later_ends_its_login_and_no_other() {
    // After the grace; and within it, but two exchanges ago.
    for steps in [1, 2] {
        let (server, anon, first) = with_ada(BLACKLISTING);
        let other = create(&anon, "ada");
        let mut last = next(&server, &first.refresh);
        if steps == 2 {
            last = next(&server, &last.refresh);
        } else {
            server.wait(TimeDelta::seconds(10));
        }
        assert_eq!(server.bearer(&last.access).get(ME).status, 200);
        // To be asked about ends nothing.
        assert_eq!(verify(&anon, &first.refresh).whole(), (400, VERIFIED_SPENT));
        assert_eq!(logins(&server), 2);

        assert_eq!(refresh(&anon, &first.refresh).whole(), (401, BLACKLISTED), "{steps}");

        for access in [&first.access, &last.access] {
            assert_eq!(server.bearer(access).get(ME).status, 401, "{steps}");
            assert_eq!(verify(&anon, access).whole(), (401, INVALID), "{steps}");
        }
        for token in [&first.refresh, &last.refresh] {
            assert_eq!(refresh(&anon, token).whole(), (401, INVALID), "{steps}");
        }
        assert_eq!(server.bearer(&other.access).get(ME).status, 200);
        next(&server, &other.refresh);
        assert_eq!(logins(&server), 1);
    }
}

#[test]
fn a_login_that_is_refreshed_lives_on_until_its_absolute_end() {
    let limited = format!("[jwt]\nlogin_ttl = \"3d\"\nrefresh_ttl = \"1d\"\n{BLACKLISTING}");
    let (server, anon, first) = with_ada(&limited);
    let end = noon().timestamp() + 3 * 86_400;
    let mut last = first;
    for _ in 0..5 {
        server.wait(TimeDelta::hours(14));
        last = next(&server, &last.refresh);
        assert!(claims(&last.refresh)["exp"].as_i64().unwrap() <= end);
    }
    assert_eq!(claims(&last.refresh)["exp"], end);
    server.wait(TimeDelta::hours(2));
    assert_eq!(refresh(&anon, &last.refresh).whole(), (401, EXPIRED));
}

#[test]
fn sixteen_at_once_over_two_processes_make_one_successor_two_hundred_times() {
    for database in databases() {
        let database = Arc::new(database);
        let servers = [Server::on(Arc::clone(&database), BLACKLISTING), Server::on(database, BLACKLISTING)];
        let actors = [servers[0].anon(), servers[1].anon()];
        register(&actors[0], "ada");
        let mut token = create(&actors[0], "ada").refresh;
        for round in 0..ROUNDS {
            let barrier = Barrier::new(RACERS);
            let answers: Vec<_> = thread::scope(|scope| {
                let (actors, barrier, token) = (&actors, &barrier, &token);
                let start = |racer: usize| {
                    scope.spawn(move || {
                        barrier.wait();
                        refresh(&actors[racer % 2], token)
                    })
                };
                let racers: Vec<_> = (0..RACERS).map(start).collect();
                racers.into_iter().map(|racer| racer.join().unwrap()).collect()
            });
            let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
            assert_eq!(won.len(), 1, "{} round {round}", servers[0].backend);
            for answer in lost {
                assert_eq!(answer.whole(), (401, BLACKLISTED), "{} round {round}", servers[0].backend);
            }
            token = won[0].text("refresh");
        }
        assert_eq!(logins(&servers[0]), 1);
    }
}

#[test]
fn sixteen_at_once_all_get_another_token_where_none_is_spent() {
    for database in databases() {
        let server = Server::on(Arc::new(database), ROTATING);
        let anon = server.anon();
        register(&anon, "ada");
        let first = create(&anon, "ada");
        let barrier = Barrier::new(RACERS);
        let pairs: Vec<Pair> = thread::scope(|scope| {
            let (server, barrier, token) = (&server, &barrier, &first.refresh);
            let start = |_| {
                scope.spawn(move || {
                    barrier.wait();
                    next(server, token)
                })
            };
            let racers: Vec<_> = (0..RACERS).map(start).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let distinct: std::collections::BTreeSet<_> = pairs.iter().map(|pair| jti(&pair.refresh)).collect();
        assert_eq!(distinct.len(), RACERS, "{}", server.backend);
        for pair in pairs {
            assert_eq!(server.bearer(&pair.access).get(ME).status, 200);
            next(&server, &pair.refresh);
        }
    }
}

#[test]
fn rotation_can_be_switched_under_logins() {
    let database = Arc::new(sqlite());
    let [off, keeping, spending] = ["", ROTATING, BLACKLISTING].map(|it| Server::on(Arc::clone(&database), it));
    register(&off.anon(), "ada");
    let first = create(&off.anon(), "ada");
    assert_eq!(refresh(&off.anon(), &first.refresh).json().get("refresh"), None);
    let second = next(&keeping, &first.refresh);
    let third = next(&keeping, &first.refresh);
    // The newest one is good wherever it comes to.
    assert_eq!(refresh(&off.anon(), &third.refresh).status, 200);
    let fourth = next(&spending, &third.refresh);
    // Where nothing is exchanged the newest alone is, and the others are refused without an end to the login.
    for older in [&first, &second, &third] {
        assert_eq!(refresh(&off.anon(), &older.refresh).whole(), (401, BLACKLISTED));
    }
    assert_eq!(refresh(&off.anon(), &fourth.refresh).status, 200);
}

#[test]
fn a_pair_counts_as_a_login_where_it_is_to() {
    let (server, anon, _) = with_ada("[[mount]]\nadapter = \"djoser\"\nupdate_last_login = true\n");
    assert_eq!(server.owner.user(UserId(1)).unwrap().last_login_at, Some(noon()));
    server.wait(TimeDelta::hours(1));
    let wrong = serde_json::json!({"username": "ada", "password": "wrong"});
    assert_eq!(anon.post("/auth/jwt/create/", wrong).status, 401);
    assert_eq!(server.owner.user(UserId(1)).unwrap().last_login_at, Some(noon()));
    let pair = create(&anon, "ada");
    let later = noon() + TimeDelta::hours(1);
    assert_eq!(server.owner.user(UserId(1)).unwrap().last_login_at, Some(later));
    server.wait(TimeDelta::hours(1));
    assert_eq!(refresh(&anon, &pair.refresh).status, 200);
    assert_eq!(server.owner.user(UserId(1)).unwrap().last_login_at, Some(later));
}
