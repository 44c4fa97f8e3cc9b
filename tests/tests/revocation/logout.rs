//! A logout against what happens at the same moment, in its own process and in another.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use countersign_tests::{Actor, Answer, Server, databases::databases};
use serde_json::json;

use super::{register, status, until_refused};

const ROTATING: &str = "[jwt]\nrotate_refresh = true";
const UNCACHED: &str = "[cache]\nverified = \"off\"";
const FRONT_END: &str = "http://localhost:3000";

/// All of them where a round is cheap, and fewer where a database on a server answers.
fn rounds(server: &Server) -> usize {
    if server.backend == "sqlite" { 500 } else { 100 }
}

/// Access and refresh token of a new login.
fn pair(server: &Server) -> (String, String) {
    let answer = server.anon().post("/auth/login", json!({"identifier": "ada", "password": "x"}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.text("access_token"), answer.text("refresh_token"))
}

fn log_out(server: &Server, access: &str) -> u16 {
    server.bearer(access).post_empty("/auth/logout").status
}

fn refresh(server: &Server, token: &str) -> Answer {
    server.anon().post("/auth/refresh", json!({"refresh_token": token}))
}

/// Both at the same moment.
fn together<A: Send, B: Send>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            barrier.wait();
            one()
        });
        barrier.wait();
        let other = other();
        (one.join().unwrap(), other)
    })
}

#[test]
fn nothing_of_a_login_survives_a_logout_that_met_a_refresh() {
    for database in databases() {
        let database = Arc::new(database);
        // One of them exchanges refresh tokens, the other leaves them.
        let servers = [Server::on(Arc::clone(&database), ROTATING), Server::on(database, "")];
        register(&servers[0]);
        let mut met = 0;
        for round in 0..rounds(&servers[0]) {
            let (leaving, refreshing) = (&servers[round % 2], &servers[round / 2 % 2]);
            let (access, token) = pair(&servers[0]);
            let (left, refreshed) = together(|| log_out(leaving, &access), || refresh(refreshing, &token));
            let at = format!("{} round {round}", servers[0].backend);
            assert_eq!(left, 204, "{at}");
            assert!([200, 401].contains(&refreshed.status), "{at}: {}", refreshed.body);
            let mut dead = vec![(access, token)];
            if refreshed.status == 200 {
                met += 1;
                let next = refreshed.json()["refresh_token"].as_str().map_or(dead[0].1.clone(), str::to_owned);
                dead.push((refreshed.text("access_token"), next));
            }
            for (access, token) in dead {
                for server in &servers {
                    assert_eq!((status(server, &access), refresh(server, &token).status), (401, 401), "{at}");
                }
            }
        }
        eprintln!("{}: {met} refreshes were in time", servers[0].backend);
        let ada = servers[0].owner.find_user("ada").unwrap();
        assert_eq!(servers[0].owner.tokens(ada.id, None).unwrap().len(), 0, "{}", servers[0].backend);
    }
}

/// Asks who it is again and again until `stop`; for each answer whether it was asked after `left`, and the status.
fn ask(server: &Server, access: &str, stop: &AtomicBool) -> Vec<(Instant, u16)> {
    let actor = server.bearer(access);
    let mut answers = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        answers.push((asked, actor.get("/auth/me").status));
    }
    answers
}

#[test]
fn nobody_who_asks_after_a_logout_was_answered_is_let_in() {
    for database in databases() {
        let database = Arc::new(database);
        // The other process has no cache, so that nothing has to reach it.
        let servers = [Server::on(Arc::clone(&database), ""), Server::on(database, UNCACHED)];
        register(&servers[0]);
        let (mut early, mut late) = (0, 0);
        for _ in 0..rounds(&servers[0]) {
            let (access, _) = pair(&servers[0]);
            assert_eq!((status(&servers[0], &access), status(&servers[1], &access)), (200, 200));
            let stop = AtomicBool::new(false);
            let (left, answers) = thread::scope(|scope| {
                let (access, stop) = (&access, &stop);
                let askers: Vec<_> =
                    servers.iter().map(|server| scope.spawn(move || ask(server, access, stop))).collect();
                let gone = log_out(&servers[0], access);
                let left = Instant::now();
                let after = [status(&servers[0], access), status(&servers[1], access)];
                // Before anything can fail: the askers wait for it.
                stop.store(true, Ordering::Relaxed);
                let answers: Vec<_> = askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect();
                assert_eq!((gone, after), (204, [401, 401]), "{}", servers[0].backend);
                (left, answers)
            });
            for (asked, status) in answers {
                assert!([200, 401].contains(&status), "{status}");
                early += usize::from(asked < left);
                late += usize::from(asked > left && status == 200);
            }
        }
        eprintln!("{}: {early} asked before the answer", servers[0].backend);
        assert_eq!(late, 0, "{}", servers[0].backend);
    }
}

#[test]
fn five_hundred_logouts_are_known_to_another_process_within_a_second() {
    for database in databases() {
        let database = Arc::new(database);
        let (one, other) = (Server::on(Arc::clone(&database), ""), Server::on(database, ""));
        register(&one);
        let all: Vec<String> = (0..rounds(&one)).map(|_| pair(&one).0).collect();
        for access in &all {
            assert_eq!((status(&one, access), status(&other, access)), (200, 200));
        }
        for access in &all {
            assert_eq!(log_out(&one, access), 204);
        }
        let left = Instant::now();
        until_refused(&other, all.last().unwrap());
        assert!(left.elapsed() < Duration::from_secs(1), "{}: {:?}", one.backend, left.elapsed());
        for access in &all {
            assert_eq!((status(&one, access), status(&other, access)), (401, 401), "{}", one.backend);
        }
    }
}

/// A page of the front end where Ada is logged in.
fn page(anon: &Actor) -> Actor {
    let page = anon.wants_json().with("Origin", FRONT_END);
    let inside = |cookies: Vec<String>| {
        let csrf = cookies.iter().find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN=")).unwrap().to_owned();
        page.with("Cookie", &cookies.join("; ")).with("X-XSRF-TOKEN", &csrf)
    };
    let visitor = inside(page.get("/sanctum/csrf-cookie").cookies());
    let entered = visitor.post("/login", json!({"email": "ada@example.org", "password": "Zx9-quokka-77"}));
    assert_eq!(entered.whole(), (204, ""));
    inside(entered.cookies())
}

#[test]
fn a_second_logout_is_told_in_the_words_of_its_dialect_on_every_database() {
    for server in Server::each() {
        let anon = server.anon().wants_json();
        let ada = json!({"username": "ada", "email": "ada@example.org", "password": "Zx9-quokka-77"});
        assert_eq!(anon.post("/auth/users/", ada).status, 201);
        let login = |path: &str, field: &str, token: &str| {
            anon.post(path, json!({field: "ada@example.org", "password": "Zx9-quokka-77"})).text(token)
        };
        let bearer = |token: String| anon.with("Authorization", &format!("Bearer {token}"));
        let djoser = anon.post("/auth/token/login/", json!({"username": "ada", "password": "Zx9-quokka-77"}));
        let token = anon.with("Authorization", &format!("Token {}", djoser.text("auth_token")));
        let hotel = || bearer(login("/auth/login", "identifier", "access_token"));
        let sanctum = || bearer(login("/api/auth/token", "email", "token"));
        let invalid = r#"{"error":"invalid_token","message":"The token is not valid."}"#;
        let unauthenticated = r#"{"message":"Unauthenticated."}"#;
        let (one, all, listed) = (hotel(), hotel(), sanctum());
        for (what, actor, method, path, first, second) in [
            ("hotel", &one, "POST", "/auth/logout", 204, (401, invalid)),
            ("hotel, all", &all, "POST", "/auth/logout-all", 204, (401, invalid)),
            ("djoser", &token, "POST", "/auth/token/logout/", 204, (401, r#"{"detail":"Invalid token."}"#)),
            ("sanctum", &sanctum(), "POST", "/api/auth/logout", 204, (401, unauthenticated)),
            ("sanctum, all", &listed, "DELETE", "/api/tokens", 204, (401, unauthenticated)),
            ("spa", &page(&anon), "POST", "/logout", 204, (401, unauthenticated)),
        ] {
            let told = format!("{} {what}", server.backend);
            assert_eq!(actor.send(method, path, None, "").status, first, "{told}");
            for _ in 0..2 {
                assert_eq!(actor.send(method, path, None, "").whole(), second, "{told}");
            }
        }
    }
}
