//! A database that cannot be used: 503 with a time, never "wrong password" or "unknown token", and back by itself.

use std::time::{Duration, Instant};

#[cfg(feature = "postgres")]
use countersign_tests::databases::databases;
use countersign_tests::{Server, sandbox};
use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use serde_json::{Value, json};

/// A request waits no longer than this for its turn.
const WAIT: &str = "[database]\nwait = \"300ms\"";

/// Every operation that asks the store: method, path, body.
fn operations() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("POST", "/auth", json!({"login": "ada", "password": "Zx9-quokka-77"})),
        ("POST", "/register", json!({"login": "eve", "password": "Zx9-quokka-77"})),
        ("POST", "/auth/login", json!({"identifier": "ada", "password": "Zx9-quokka-77"})),
        ("POST", "/auth/refresh", json!({"refresh_token": "x".repeat(40)})),
        ("POST", "/auth/token/login/", json!({"username": "ada", "password": "Zx9-quokka-77"})),
        ("POST", "/auth/users/", json!({"username": "eve", "password": "Zx9-quokka-77"})),
        ("POST", "/api/auth/token", json!({"email": "ada@example.org", "password": "Zx9-quokka-77"})),
        ("GET", "/api/user", Value::Null),
        ("GET", "/auth/users/me/", Value::Null),
        ("POST", "/auth/token/logout/", Value::Null),
        ("GET", "/api/tokens", Value::Null),
        ("DELETE", "/api/tokens", Value::Null),
        ("POST", "/api/auth/logout", Value::Null),
    ]
}

fn send(server: &Server, (method, path, body): &(&str, &str, Value)) -> countersign_tests::Answer {
    let scheme = if path.starts_with("/auth/") { "Token" } else { "Bearer" };
    let token = if scheme == "Token" { "a".repeat(40) } else { format!("1|{}", "a".repeat(48)) };
    let mut actor = server.anon().wants_json();
    if body.is_null() {
        actor = actor.with("Authorization", &format!("{scheme} {token}"));
    }
    if body.is_null() { actor.send(method, path, None, "") } else { actor.post(path, body.clone()) }
}

fn register(server: &Server) {
    let ada = json!({"username": "ada", "email": "ada@example.org", "password": "Zx9-quokka-77"});
    assert_eq!(server.anon().post("/auth/users/", ada).status, 201);
}

#[test]
fn without_its_tables_every_operation_is_503_with_a_time_and_never_401() {
    let server = Server::with(WAIT);
    register(&server);
    server.tamper("ALTER TABLE users RENAME TO users_away; ALTER TABLE tokens RENAME TO tokens_away; ALTER TABLE identifiers RENAME TO identifiers_away");
    for operation in operations() {
        let answer = send(&server, &operation);
        assert_eq!(answer.status, 503, "{operation:?}: {}", answer.body);
        assert!(answer.header("Retry-After").parse::<u64>().unwrap() >= 1, "{operation:?}");
        assert!(answer.header("content-type").starts_with("application/json"), "{operation:?}");
        for told in ["users", "tokens", "table", "sqlite", "SELECT"] {
            assert!(!answer.body.contains(told), "{operation:?} tells {told}: {}", answer.body);
        }
    }
    server.tamper("ALTER TABLE users_away RENAME TO users; ALTER TABLE tokens_away RENAME TO tokens; ALTER TABLE identifiers_away RENAME TO identifiers");
    let login = json!({"identifier": "ada", "password": "Zx9-quokka-77"});
    assert_eq!(server.anon().post("/auth/login", login).status, 200);
}

#[test]
fn while_another_holds_the_lock_writers_are_told_to_come_back_and_readers_are_served() {
    let server = Server::with(WAIT);
    register(&server);
    let login = json!({"identifier": "ada", "password": "Zx9-quokka-77"});
    let token = server.anon().post("/auth/login", login.clone()).text("access_token");
    let file = server.database.url.strip_prefix("sqlite://").unwrap();
    let mut other = SqliteConnection::establish(file).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    for _ in 0..3 {
        let began = Instant::now();
        let answer = server.anon().post("/auth/login", login.clone());
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.header("Retry-After").parse::<u64>().unwrap() >= 1);
        assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
    }
    assert_eq!(server.bearer(&token).get("/auth/me").status, 200);
    assert_eq!(server.anon().get("/health/live").status, 200);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(server.anon().post("/auth/login", login).status, 200);
}

#[test]
fn a_database_server_that_ended_all_sessions_is_used_again_without_a_restart() {
    for server in Server::each() {
        register(&server);
        let login = json!({"identifier": "ada", "password": "Zx9-quokka-77"});
        let token = server.anon().post("/auth/login", login.clone()).text("access_token");
        for _ in 0..3 {
            if !end_sessions(&server) {
                break;
            }
            let answer = server.anon().post("/auth/login", login.clone());
            assert!([200, 503].contains(&answer.status), "{}: {}", server.backend, answer.body);
            assert!([200, 503].contains(&server.bearer(&token).get("/auth/me").status), "{}", server.backend);
        }
        assert_eq!(server.anon().post("/auth/login", login).status, 200, "{}", server.backend);
        assert_eq!(server.bearer(&token).get("/auth/me").status, 200, "{}", server.backend);
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn end_sessions(server: &Server) -> bool {
    server.database.end_sessions()
}

#[cfg(not(any(feature = "postgres", feature = "mysql")))]
fn end_sessions(_: &Server) -> bool {
    false
}

#[test]
fn two_servers_on_one_file_wait_for_each_other_and_lose_nothing() {
    let sandbox = sandbox!();
    let servers = [sandbox.serve(), sandbox.serve()];
    let registered = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let anon = servers[client % 2].anon();
                scope.spawn(move || {
                    let login = |n| json!({"login": format!("u{client}-{n}"), "password": "x"});
                    (0..5).map(|n| anon.post("/register", login(n)).status).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(registered, [200; 40]);
    assert_eq!(sandbox.done(&["user", "list"]).lines().count(), 41);
}

/// What needs several answers of the store, such as a token that two mounts may know, waits for one of them only.
#[cfg(feature = "postgres")]
#[test]
fn while_a_database_server_is_silent_every_operation_is_503_in_time() {
    for database in databases().into_iter().filter(|database| database.name == "postgres") {
        let server = Server::on(std::sync::Arc::new(database), WAIT);
        register(&server);
        let mut other = diesel::PgConnection::establish(&server.database.url).unwrap();
        other.batch_execute("BEGIN; LOCK TABLE users, identifiers, tokens IN ACCESS EXCLUSIVE MODE").unwrap();
        let verify = ("GET", "/verify", Value::Null);
        for operation in operations().into_iter().chain([verify]) {
            let began = Instant::now();
            let answer = send(&server, &operation);
            assert_eq!(answer.status, 503, "{operation:?}: {}", answer.body);
            assert!(began.elapsed() < Duration::from_millis(1_800), "{operation:?}: {:?}", began.elapsed());
        }
        other.batch_execute("ROLLBACK").unwrap();
        let login = json!({"identifier": "ada", "password": "Zx9-quokka-77"});
        assert_eq!(server.anon().post("/auth/login", login).status, 200);
    }
}

/// The write fails, and the signal that comes with it (SIGXFSZ) does not end the process.
#[test]
fn a_process_whose_file_may_not_grow_says_later_and_goes_on() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__DATABASE__WAIT", "300ms");
    let server = sandbox.serve();
    let limit = |current: Option<u64>| {
        let pid = Pid::from_raw(server.id().try_into().unwrap()).unwrap();
        prlimit(Some(pid), Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
    };
    let token = |name: &str| server.anon().post("/register", json!({"login": name, "password": "Zx9-quokka-77"}));
    let ada = token("ada");
    assert_eq!(ada.status, 200);
    // Files that are there have this size already.
    limit(Some(4096));
    let answer = token("eve");
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.header("Retry-After").parse::<u64>().unwrap() >= 1);
    let login = json!({"login": "ada", "password": "Zx9-quokka-77"});
    assert_eq!(server.anon().post("/auth", login.clone()).status, 503);
    assert_eq!(server.anon().get("/health/ready").status, 200);
    limit(None);
    assert_eq!(token("eve").status, 200);
    assert_eq!(server.anon().post("/auth", login).status, 200);
}
