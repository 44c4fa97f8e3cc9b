//! A server in a process of its own, and the commands that act while it runs.

use std::{
    io::Write as _,
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    thread,
    time::{Duration, Instant},
};

use countersign_tests::{
    program::{Running, Sandbox},
    sandbox, wire,
};
use serde_json::json;

fn log_in(server: &Running, password: &str) -> (u16, String, String) {
    let answer = server.anon().post("/auth/login", json!({"identifier": "ada", "password": password}));
    if answer.status != 200 {
        return (answer.status, String::new(), String::new());
    }
    (200, answer.text("access_token"), answer.text("refresh_token"))
}

fn status(server: &Running, token: &str) -> u16 {
    server.bearer(token).get("/auth/me").status
}

fn refreshed(server: &Running, token: &str) -> u16 {
    server.anon().post("/auth/refresh", json!({"refresh_token": token})).status
}

#[test]
fn disabling_a_user_is_true_for_the_running_server_when_the_command_returns() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    let server = sandbox.serve();
    let (_, access, refresh) = log_in(&server, "password");
    assert_eq!(status(&server, &access), 200);
    sandbox.done(&["user", "disable", "ada"]);
    assert_eq!((status(&server, &access), refreshed(&server, &refresh)), (401, 401));
    assert_eq!(log_in(&server, "password").0, 422);
    sandbox.done(&["user", "enable", "ada"]);
    assert_eq!((status(&server, &access), refreshed(&server, &refresh)), (401, 401));
    assert_eq!(log_in(&server, "password").0, 200);
}

#[test]
fn the_owners_recovery_ends_every_login_of_the_user_and_no_other() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    sandbox.add("bob");
    let server = sandbox.serve();
    let logins: Vec<_> = (0..3).map(|_| log_in(&server, "password")).collect();
    let bob = server.anon().post("/auth/login", json!({"identifier": "bob", "password": "password"}));
    assert!(logins.iter().all(|(_, access, _)| status(&server, access) == 200));
    sandbox.done_with("another", &["user", "set-password", "ada", "--password-stdin"]);
    for (_, access, refresh) in &logins {
        assert_eq!((status(&server, access), refreshed(&server, refresh)), (401, 401));
    }
    assert_eq!((log_in(&server, "password").0, log_in(&server, "another").0), (422, 200));
    assert_eq!(status(&server, &bob.text("access_token")), 200);
}

#[test]
fn an_issued_token_works_until_it_is_revoked() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    let server = sandbox.serve();
    let token = sandbox.done(&["token", "issue", "ada", "--name", "ci"]);
    let ask = || server.bearer(token.trim_end()).wants_json().get("/api/user").status;
    assert_eq!((ask(), ask()), (200, 200));
    sandbox.done(&["token", "revoke", "1"]);
    assert_eq!(ask(), 401);
}

#[test]
fn without_personal_access_tokens_the_owner_issues_what_the_first_mount_accepts() {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", "[[mount]]\nadapter = \"hotel\"\n");
    sandbox.add("ada");
    let server = sandbox.serve();
    let token = sandbox.done(&["token", "issue", "ada", "--name", "ci"]);
    assert_eq!(status(&server, token.trim_end()), 200);
    sandbox.done(&["token", "revoke-all", "ada"]);
    assert_eq!(status(&server, token.trim_end()), 401);
}

#[test]
fn deleting_a_user_and_changing_the_role_are_honoured_at_once() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    let server = sandbox.serve();
    let (_, access, refresh) = log_in(&server, "password");
    assert_eq!(server.bearer(&access).get("/auth/me").json()["role"], "tourist");
    sandbox.done(&["user", "set-role", "ada", "admin"]);
    assert_eq!(server.bearer(&access).get("/auth/me").json()["role"], "admin");
    // With a warning: there is no other administrator.
    assert_eq!(sandbox.run(&["user", "delete", "ada"]).code, 0);
    assert_eq!((status(&server, &access), refreshed(&server, &refresh)), (401, 401));
}

/// A server that has just begun a failed login, which it holds back for this long, and the client that waits for it.
fn begun(failure_floor: &str) -> (Sandbox, Running, TcpStream) {
    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__PASSWORDS__FAILURE_FLOOR", failure_floor);
    let server = sandbox.serve();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&login_request(r#"{"identifier":"ada","password":"wrong"}"#)).unwrap();
    thread::sleep(Duration::from_millis(200));
    (sandbox, server, stream)
}

fn login_request(body: &str) -> Vec<u8> {
    let head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length";
    format!("{head}: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn a_stopping_server_finishes_what_it_has_begun() {
    for stop in [Running::terminate, Running::interrupt] {
        let (_sandbox, mut server, mut stream) = begun("1s");
        stop(&server);
        thread::sleep(Duration::from_millis(200));
        // Nobody new is let in.
        let late = wire::exchange_if_open(server.address, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(!late.contains("200 OK"), "{late}");
        let answer = wire::rest_of(&mut stream, Duration::from_secs(10));
        assert!(answer.starts_with("HTTP/1.1 422 "), "{answer:?}");
        assert_eq!(server.wait(), 0);
    }
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let (_sandbox, mut server, _stream) = begun("8s");
    server.interrupt();
    thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    server.interrupt();
    assert_eq!(server.wait(), 0);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn nobody_waits_for_the_hashes_of_clients_that_have_gone() {
    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__PASSWORDS__MEMORY_KIB", "65536");
    sandbox.set("COUNTERSIGN__PASSWORDS__ITERATIONS", "4");
    sandbox.set("COUNTERSIGN__PASSWORDS__THREADS", "1");
    sandbox.set("COUNTERSIGN__PASSWORDS__MAX_WAIT", "10m");
    let server = sandbox.serve();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(&login_request(r#"{"identifier":"ada","password":"wrong"}"#)).unwrap();
    }
    // Somebody who finds the connection closed has gone; that takes a moment to notice.
    thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    assert_eq!(log_in(&server, "wrong").0, 422);
    // A hundred hashes of this cost take ten seconds and more.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[test]
fn a_stopped_server_leaves_one_whole_database_file_for_its_owner_only() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    let mut server = sandbox.serve();
    let (_, access, _) = log_in(&server, "password");
    let mode = |name: &str| std::fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    for name in ["countersign.keys", "countersign.db", "countersign.db-wal", "countersign.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert_eq!(server.stop(), 0);
    let log = std::fs::metadata(sandbox.path("countersign.db-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0, "everything is in the database itself");
    // And the tokens of before are good after a restart: the key ring is kept.
    let server = sandbox.serve();
    assert_eq!(status(&server, &access), 200);
}

#[test]
fn a_killed_server_loses_nothing_that_was_answered() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    let server = sandbox.serve();
    let (_, access, _) = log_in(&server, "password");
    drop(server);
    let server = sandbox.serve();
    assert_eq!((status(&server, &access), log_in(&server, "password").0), (200, 200));
}

#[test]
fn a_second_server_on_the_same_address_is_refused_and_the_first_goes_on() {
    let sandbox = sandbox!();
    let server = sandbox.serve();
    let other = sandbox!();
    let mut second = other.spawn_on(server.address);
    assert_eq!(second.wait(), 1);
    let refusal = format!("countersign: cannot listen on {}: ", server.address);
    assert!(second.log().lines().any(|line| line.starts_with(&refusal)), "{}", second.log());
    assert_eq!(server.anon().get("/health/ready").status, 200);
}

#[test]
fn eight_servers_that_start_at_once_on_nothing_are_all_ready() {
    let sandbox = sandbox!();
    let mut servers: Vec<Running> = (0..8).map(|_| sandbox.spawn()).collect();
    servers.iter().for_each(Running::wait_ready);
    assert_eq!(servers[0].anon().post("/register", json!({"login": "ada", "password": "password"})).status, 200);
    // All have the same keys: what one signs every other accepts.
    let (_, access, _) = log_in(&servers[0], "password");
    assert!(servers.iter().all(|server| status(server, &access) == 200));
    for server in &mut servers {
        let code = server.stop();
        assert_eq!(code, 0, "{}", server.log());
    }
    let drafts =
        std::fs::read_dir(sandbox.folder()).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    assert_eq!(drafts.filter(|name| name.starts_with("countersign.new") || name.contains("keys.new")).count(), 0);
}

#[test]
fn a_server_says_where_it_listens_and_that_can_be_tried() {
    let sandbox = sandbox!();
    let server = sandbox.serve();
    let began = Instant::now();
    while !server.log().contains("Countersign listens on") && began.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(20));
    }
    let log = server.log();
    assert!(log.contains(&format!("Countersign listens on http://{}", server.address)), "{log}");
    assert!(log.contains("Swagger UI"), "{log}");
}

#[test]
fn a_database_is_served_only_with_the_ring_that_it_was_made_with() {
    let mut sandbox = sandbox!();
    sandbox.add("ada");
    sandbox.set("COUNTERSIGN__KEYS__FILE", "other.keys");
    for arguments in [&["serve"][..], &["user", "list"]] {
        let ran = sandbox.run(arguments);
        assert_eq!((ran.code, ran.stderr.lines().count()), (1, 1), "{}", ran.stderr);
        assert!(ran.stderr.contains("this database belongs to another key"), "{}", ran.stderr);
        assert!(ran.stderr.contains("set keys.file or keys.secret"), "{}", ran.stderr);
    }

    // A new key in front of the old one is how keys are changed; the old one may go afterwards.
    let ring = |file: &str| std::fs::read_to_string(sandbox.path(file)).unwrap();
    let (old, new) = (ring("countersign.keys"), ring("other.keys"));
    sandbox.write("other.keys", &format!("{new}{old}"));
    assert_eq!(sandbox.done(&["user", "list"]).lines().count(), 2);
    sandbox.write("other.keys", &new);
    assert_eq!(sandbox.done(&["user", "list"]).lines().count(), 2);
}

#[test]
fn a_database_that_others_may_open_is_told_of() {
    let sandbox = sandbox!();
    let file = sandbox.path("countersign.db");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let server = sandbox.serve();
    assert!(server.log().contains("others than its owner may open the database"), "{}", server.log());
}

#[test]
fn mails_that_go_into_the_log_are_told_of() {
    let told = |sandbox: &Sandbox| {
        sandbox.serve().log().contains("mails go into the log, with links that let their reader in: set mail.transport")
    };
    let mut sandbox = sandbox!();
    assert!(told(&sandbox));
    sandbox.set("COUNTERSIGN__MAIL__TRANSPORT", "file:mails");
    assert!(!told(&sandbox));
}
