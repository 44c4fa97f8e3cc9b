//! A database file that somebody moves another one over while the server runs.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use countersign_tests::{
    databases::{number, run},
    program::{Running, Sandbox},
    sandbox,
};
use serde_json::json;

const USERS: &str = "SELECT count(*) FROM users";

fn log_in(server: &Running) -> (u16, String) {
    let answer = server.anon().post("/auth/login", json!({"identifier": "ada", "password": "password"}));
    let token = if answer.status == 200 { answer.text("access_token") } else { String::new() };
    (answer.status, token)
}

fn me(server: &Running, token: &str) -> u16 {
    server.bearer(token).get("/auth/me").status
}

fn wait_for(status: u16, ask: impl Fn() -> u16) {
    let began = Instant::now();
    while ask() != status {
        assert!(began.elapsed() < Duration::from_secs(10), "never {status}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Several connections, so that every thread that serves is asked.
fn everybody_is_503(server: &Running, token: &str) {
    for round in 0..8 {
        assert_eq!(me(server, token), 503, "a token that was known");
        let unknown = format!("9{round}|{}", "a".repeat(48));
        assert_eq!(server.bearer(&unknown).get("/api/user").status, 503, "one that never was");
        let eve = json!({"login": format!("eve{round}"), "password": "Zx9-quokka-77"});
        assert_eq!(server.anon().post("/register", eve).status, 503);
    }
    assert_eq!(log_in(server).0, 503);
    assert_eq!(server.anon().get("/health/ready").status, 503);
    assert_eq!(server.anon().get("/health/live").status, 200);
}

fn started(sandbox: &mut Sandbox) -> Running {
    sandbox.set("COUNTERSIGN__SERVER__WORKERS", "3");
    // Hardly anything is remembered: almost every answer is the store's.
    sandbox.set("COUNTERSIGN__CACHE__CAPACITY", "1");
    sandbox.add("ada");
    sandbox.serve()
}

#[test]
fn an_exchanged_database_is_neither_read_nor_written_until_the_old_one_is_back() {
    let mut sandbox = sandbox!();
    let server = started(&mut sandbox);
    let [file, aside, backup] = ["countersign.db", "aside.db", "backup.db"].map(|name| sandbox.path(name));
    let url = |path: &std::path::Path| format!("sqlite://{}", path.display());
    run(&url(&file), &format!("VACUUM INTO '{}'", backup.display()));
    let tokens: Vec<_> = (0..6).map(|_| log_in(&server).1).collect();
    assert!(tokens.iter().all(|token| me(&server, token) == 200));

    fs::rename(&file, &aside).unwrap();
    fs::rename(&backup, &file).unwrap();
    wait_for(503, || me(&server, &tokens[0]));
    everybody_is_503(&server, &tokens[0]);
    let told = server.log().matches("the database file was moved, deleted or exchanged").count();
    assert_eq!(told, 1, "{}", server.log());

    fs::rename(&file, &backup).unwrap();
    wait_for(503, || me(&server, &tokens[1]));
    fs::rename(&aside, &file).unwrap();
    wait_for(200, || me(&server, &tokens[0]));
    assert!(tokens.iter().all(|token| me(&server, token) == 200));
    assert_eq!(log_in(&server).0, 200);
    drop(server);
    assert_eq!((number(&url(&file), USERS), number(&url(&backup), USERS)), (1, 1), "nobody was registered meanwhile");
}

#[test]
fn a_database_that_is_deleted_is_not_made_anew() {
    let mut sandbox = sandbox!();
    let server = started(&mut sandbox);
    let token = log_in(&server).1;
    fs::remove_file(sandbox.path("countersign.db")).unwrap();
    wait_for(503, || me(&server, &token));
    everybody_is_503(&server, &token);
    assert!(!sandbox.path("countersign.db").exists());
}
