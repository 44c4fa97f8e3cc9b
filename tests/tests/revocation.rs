//! A revocation is true at once in its process and within the bound in every other, and no cache is trusted beyond it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends with a panic that says where")]

#[path = "revocation/log.rs"]
mod log;
#[path = "revocation/logout.rs"]
mod logout;
#[path = "revocation/lost_answer.rs"]
mod lost_answer;
#[path = "revocation/restart.rs"]
mod restart;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use countersign_core::{
    Secret, TokenKind,
    store::{Revoke, TokenStore as _},
};
use countersign_tests::{Server, databases::databases};
use serde_json::{Value, json};

fn login(server: &Server) -> (Value, String) {
    let ada = json!({"identifier": "ada", "password": "x"});
    let answer = server.anon().post("/auth/login", ada);
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.json(), answer.text("access_token"))
}

fn register(server: &Server) {
    assert_eq!(server.anon().post("/register", json!({"login": "ada", "password": "x"})).status, 200);
}

fn status(server: &Server, token: &str) -> u16 {
    server.bearer(token).get("/auth/me").status
}

/// How long it takes until `server` refuses `token`.
fn until_refused(server: &Server, token: &str) -> Duration {
    let began = Instant::now();
    while status(server, token) == 200 {
        assert!(began.elapsed() < Duration::from_secs(5), "still accepted after five seconds");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status(server, token), 401);
    began.elapsed()
}

#[test]
fn a_logout_is_true_before_it_is_answered() {
    for server in Server::each() {
        register(&server);
        let (pair, token) = login(&server);
        assert_eq!(status(&server, &token), 200);
        assert_eq!(server.bearer(&token).post_empty("/auth/logout").status, 204);
        assert_eq!(status(&server, &token), 401);
        let refresh = json!({"refresh_token": pair["refresh_token"]});
        assert_eq!(server.anon().post("/auth/refresh", refresh).status, 401);
    }
}

#[test]
fn what_one_process_revokes_another_refuses_within_a_second() {
    for database in databases() {
        let database = Arc::new(database);
        let (one, other) = (Server::on(Arc::clone(&database), ""), Server::on(database, ""));
        register(&one);
        let (_, token) = login(&one);
        assert_eq!((status(&one, &token), status(&other, &token)), (200, 200));
        assert_eq!(one.bearer(&token).post_empty("/auth/logout").status, 204);
        let took = until_refused(&other, &token);
        assert!(took < Duration::from_secs(1), "{} took {took:?}", other.backend);
    }
}

#[test]
fn a_cache_that_cannot_read_the_log_is_not_trusted() {
    let server = Server::start();
    register(&server);
    let (_, token) = login(&server);
    assert_eq!(status(&server, &token), 200);
    // The log is gone, and the row goes without a word to the cache.
    server.tamper("DROP TABLE revocations; DELETE FROM tokens");
    let took = until_refused(&server, &token);
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}

/// A replica that took over without the last writes, or a backup that was put back, deals the same numbers out again.
#[test]
fn a_log_that_went_back_makes_nobody_miss_what_comes_next() {
    for database in databases() {
        let database = Arc::new(database);
        let (one, other) = (Server::on(Arc::clone(&database), ""), Server::on(database, ""));
        register(&one);
        let (_, token) = login(&one);
        for _ in 0..4 {
            let (_, gone) = login(&one);
            assert_eq!(one.bearer(&gone).post_empty("/auth/logout").status, 204);
        }
        // Both have read the fourth.
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!((status(&one, &token), status(&other, &token)), (200, 200));
        one.tamper("DELETE FROM revocations WHERE id > 1; UPDATE revocation_counter SET last = 1");
        assert_eq!(one.bearer(&token).post_empty("/auth/logout").status, 204);
        assert_eq!(one.store.last_revocation().unwrap(), 2);
        let took = until_refused(&other, &token);
        assert!(took < Duration::from_secs(1), "{} took {took:?}", other.backend);
    }
}

#[test]
fn another_log_with_the_same_numbers_is_seen_to_be_another() {
    for database in databases() {
        let database = Arc::new(database);
        let (one, other) = (Server::on(Arc::clone(&database), ""), Server::on(database, ""));
        register(&one);
        let (_, token) = login(&one);
        assert_eq!(one.anon().post("/register", json!({"login": "bob", "password": "x"})).status, 200);
        for _ in 0..2 {
            let bob = one.anon().post("/auth/login", json!({"identifier": "bob", "password": "x"}));
            assert_eq!(one.bearer(&bob.text("access_token")).post_empty("/auth/logout").status, 204);
        }
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!((one.store.last_revocation().unwrap(), status(&other, &token)), (2, 200));
        // As if the first were about Ada, and the second of another moment, in one step.
        let ada = one.owner.find_user("ada").unwrap().id;
        one.tamper(&format!(
            "BEGIN; DELETE FROM tokens WHERE user_id = {ada}; UPDATE revocations SET user_id = {ada} WHERE id = 1; \
             UPDATE revocations SET created_at = '2026-01-02 03:04:05' WHERE id = 2; COMMIT"
        ));
        let took = until_refused(&other, &token);
        assert!(took < Duration::from_secs(1), "{} took {took:?}", other.backend);
    }
}

#[test]
fn the_owners_recovery_ends_everything_and_the_old_password() {
    for server in Server::each() {
        register(&server);
        let (pair, token) = login(&server);
        let opaque = server.anon().post("/auth", json!({"login": "ada", "password": "x"})).text("token");
        assert_eq!(status(&server, &token), 200);
        let user = server.owner.find_user("ada").unwrap();
        server.owner.recover(user.id, &Secret::from("another")).unwrap();
        assert_eq!(status(&server, &token), 401);
        assert!(server.store.tokens_of(user.id, None).unwrap().is_empty());
        assert!(server.owner.verify(&opaque).is_err());
        assert_eq!(server.anon().post("/auth/refresh", json!({"refresh_token": pair["refresh_token"]})).status, 401);
        assert_eq!(server.anon().post("/auth", json!({"login": "ada", "password": "x"})).status, 401);
        assert_eq!(server.anon().post("/auth", json!({"login": "ada", "password": "another"})).status, 200);
    }
}

#[test]
fn a_disabled_user_is_nobody_and_enabling_does_not_revive_old_tokens() {
    for server in Server::each() {
        register(&server);
        let (_, token) = login(&server);
        let user = server.owner.find_user("ada").unwrap();
        server.owner.set_active(user.id, false).unwrap();
        assert_eq!(status(&server, &token), 401);
        assert_eq!(server.anon().post("/auth", json!({"login": "ada", "password": "x"})).status, 401);
        server.owner.set_active(user.id, true).unwrap();
        assert_eq!(status(&server, &token), 401);
        assert_eq!(server.anon().post("/auth", json!({"login": "ada", "password": "x"})).status, 200);
    }
}

#[test]
fn a_new_role_counts_from_the_next_request_with_the_same_token() {
    for server in Server::each() {
        register(&server);
        let (_, token) = login(&server);
        assert_eq!(server.bearer(&token).get("/auth/me").json()["role"], "tourist");
        let user = server.owner.find_user("ada").unwrap();
        server.owner.set_role(user.id, countersign_core::Role::Admin).unwrap();
        assert_eq!(server.bearer(&token).get("/auth/me").json()["role"], "admin");
    }
}

#[test]
fn last_use_is_written_once_a_minute_and_not_more_often() {
    let server = Server::start();
    register(&server);
    let (_, token) = login(&server);
    let user = server.owner.find_user("ada").unwrap();
    let last_use = || server.owner.tokens(user.id, Some(TokenKind::Jwt)).unwrap()[0].last_used_at;
    assert_eq!(last_use(), None);
    let first = countersign_tests::server::noon();
    for (seconds, expected) in [(0, 0), (30, 0), (29, 0), (1, 60), (59, 60)] {
        server.wait(TimeDelta::seconds(seconds));
        assert_eq!(status(&server, &token), 200);
        assert_eq!(last_use(), Some(first + TimeDelta::seconds(expected)));
    }
}

#[test]
fn revoking_all_leaves_other_users_alone() {
    for server in Server::each() {
        register(&server);
        assert_eq!(server.anon().post("/register", json!({"login": "bob", "password": "y"})).status, 200);
        let bob = server.anon().post("/auth", json!({"login": "bob", "password": "y"})).text("token");
        let (_, ada) = login(&server);
        let user = server.owner.find_user("ada").unwrap();
        assert_eq!(server.owner.revoke_many(user.id, Revoke::Everything).unwrap(), 1);
        assert_eq!(status(&server, &ada), 401);
        assert!(server.owner.verify(&bob).is_ok());
    }
}
