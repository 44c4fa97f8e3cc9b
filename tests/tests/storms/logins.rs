//! More logins than can be hashed: the surplus is told so at once, the rest succeed, and nobody else waits.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use countersign_core::{Registration, Secret};
use countersign_tests::{Answer, Server, databases::sqlite, server::settings};
use serde_json::{Value, json};

/// The least patience that a lane has here: some hashes of a machine with nothing else to do.
const LITTLE: Duration = Duration::from_millis(100);
/// How many hashes, as long as they take here and now, a lane has patience for: few of those that come at once.
const FEW: u32 = 3;
const CLIENTS: usize = 40;
/// What a lane waits in any case.
const LEAST: Duration = Duration::from_millis(250);

/// Hashes as expensive as they are shipped, one at a time, and so much patience; as many clients as come.
fn shipped(max_wait: Duration) -> Server {
    let wait = max_wait.as_millis();
    let passwords = format!("[passwords]\nthreads = 1\nmax_wait = \"{wait}ms\"\nfailure_floor = \"0s\"\n");
    let server = Server::run(Arc::new(sqlite()), settings(&format!("{passwords}[throttle]\nenabled = false\n")));
    let ada = Registration {
        username: Some("ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        ..Registration::new(Secret::from("password"))
    };
    server.owner.register(&ada).unwrap();
    server
}

/// How long a login takes that nobody competes with: tens of milliseconds, but where other programs have the cores a second. The
/// lane's threads stand back for them, and all who came at once have waited for too long when the first hash is done.
fn pace() -> Duration {
    let server = shipped(Duration::from_secs(60));
    let log_in = |_| {
        let began = Instant::now();
        let answer = server.anon().post("/auth", json!({"login": "ada", "password": "password"}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        began.elapsed()
    };
    // The first waits for what the lane measures when it begins.
    (0..4).map(log_in).skip(1).max().unwrap()
}

fn storm(server: &Server, path: &'static str, body: &Value) -> Vec<(Duration, Answer)> {
    let barrier = Arc::new(Barrier::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (anon, barrier, body) = (server.anon().wants_json(), Arc::clone(&barrier), body.clone());
            thread::spawn(move || {
                barrier.wait();
                let began = Instant::now();
                let answer = anon.post(path, body);
                (began.elapsed(), answer)
            })
        })
        .collect();
    clients.into_iter().map(|client| client.join().unwrap()).collect()
}

#[test]
fn surplus_logins_are_told_when_to_come_back_and_the_others_succeed() {
    let pace = pace();
    let max_wait = LITTLE.max(pace * FEW);
    // Who is told that it is too late is told between two hashes.
    let at_once = Duration::from_secs(1).max(max_wait.max(LEAST) + pace * FEW);
    let server = shipped(max_wait);
    let surfaces = [
        ("/auth", json!({"login": "ada", "password": "password"}), r#"{"error":"Service Unavailable"}"#),
        (
            "/auth/login",
            json!({"identifier": "ada", "password": "password"}),
            r#"{"error":"service_unavailable","message":"Please try again in a moment."}"#,
        ),
        (
            "/api/auth/token",
            json!({"email": "ada@example.org", "password": "password"}),
            r#"{"message":"Service Unavailable"}"#,
        ),
        (
            "/auth/token/login/",
            json!({"username": "ada", "password": "password"}),
            r#"{"detail":"Service temporarily unavailable, try again later."}"#,
        ),
    ];
    for (path, body, refusal) in surfaces {
        let answers = storm(&server, path, &body);
        let (accepted, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, answer)| answer.status == 200);
        assert!(
            !accepted.is_empty() && !refused.is_empty(),
            "{path}: {} accepted of {CLIENTS}, a login alone {pace:?}",
            accepted.len()
        );
        for (took, answer) in refused {
            let body: Value = answer.json();
            assert_eq!((answer.status, body), (503, serde_json::from_str(refusal).unwrap()), "{path}");
            let after: u64 = answer.header("Retry-After").parse().unwrap();
            assert!((1..=60).contains(&after), "{path}: Retry-After: {after}");
            assert!(*took < at_once, "{path}: a refusal took {took:?}, a login alone {pace:?}");
        }
        // The storm is over: a polite client gets in.
        thread::sleep(Duration::from_millis(500).max(pace * 2));
        assert_eq!(server.anon().wants_json().post(path, body).status, 200, "{path} after the storm");
    }
}

#[test]
fn who_is_logged_in_does_not_notice_a_storm_of_logins() {
    let server = shipped(LITTLE);
    let body = json!({"identifier": "ada", "password": "password"});
    let token = server.anon().post("/auth/login", body.clone()).text("access_token");
    let me = server.bearer(&token);
    let asking = thread::spawn(move || {
        (0..50)
            .map(|_| {
                let began = Instant::now();
                let status = me.get("/auth/me").status;
                thread::sleep(Duration::from_millis(2));
                (status, began.elapsed())
            })
            .collect::<Vec<_>>()
    });
    storm(&server, "/auth/login", &body);
    let answers = asking.join().unwrap();
    assert!(answers.iter().all(|(status, _)| *status == 200));
    let slowest = answers.iter().map(|(_, took)| *took).max().unwrap();
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
}
