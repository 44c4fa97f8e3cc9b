//! More logins than can be hashed: the surplus is told so at once, the rest succeed, and nobody else waits.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use countersign_core::{Registration, Secret};
use countersign_tests::{Answer, Server, databases::sqlite, server::settings};
use serde_json::{Value, json};

/// Hashes as expensive as they are shipped, one at a time, and little patience; as many clients as come.
const SHIPPED: &str =
    "[passwords]\nthreads = 1\nmax_wait = \"100ms\"\nfailure_floor = \"0s\"\n[throttle]\nenabled = false\n";
const CLIENTS: usize = 40;

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
    let server = Server::run(Arc::new(sqlite()), settings(SHIPPED));
    let ada = Registration {
        username: Some("ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        ..Registration::new(Secret::from("password"))
    };
    server.owner.register(&ada).unwrap();
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
        assert!(!accepted.is_empty() && !refused.is_empty(), "{path}: {} accepted of {CLIENTS}", accepted.len());
        for (took, answer) in refused {
            let body: Value = answer.json();
            assert_eq!((answer.status, body), (503, serde_json::from_str(refusal).unwrap()), "{path}");
            let after: u64 = answer.header("Retry-After").parse().unwrap();
            assert!((1..=60).contains(&after), "{path}: Retry-After: {after}");
            assert!(*took < Duration::from_secs(1), "{path}: a refusal took {took:?}");
        }
        // The storm is over: a polite client gets in at its first or second try.
        thread::sleep(Duration::from_millis(500));
        assert_eq!(server.anon().wants_json().post(path, body).status, 200, "{path} after the storm");
    }
}

#[test]
fn who_is_logged_in_does_not_notice_a_storm_of_logins() {
    let server = Server::run(Arc::new(sqlite()), settings(SHIPPED));
    let ada = Registration { username: Some("ada".to_owned()), ..Registration::new(Secret::from("password")) };
    server.owner.register(&ada).unwrap();
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
