//! Logins and verifications at once: does anybody who is logged in notice that many log in?

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use countersign_core::{
    Secret,
    password::{Argon2Params, Passwords},
};

use crate::{
    DIALECTS,
    figures::{Findings, Row, rate},
    http::{Connection, get},
    latency::Latencies,
    process::{Installation, cores, login},
};

/// How long each part is measured.
const CALM: Duration = Duration::from_secs(2);
const STORM: Duration = Duration::from_secs(6);
const HASHING: Duration = Duration::from_secs(1);
/// Verifications a second, at fixed times whatever became of those before.
const ASKED: u32 = 500;
/// The connections that send them in turn, so that a slow answer holds up few others.
const ASKERS: u32 = 4;
/// Connections that log in again at once: their hashes fit in the queue.
const STORM_OF: usize = 32;
/// More than fit in the queue of a second: the rest is refused.
const FLOOD_OF: usize = 512;
/// How long a refused client waits; it was asked to wait ten times as long.
const IMPATIENCE: Duration = Duration::from_millis(100);

/// What became of logins.
#[derive(Default)]
struct Logins {
    accepted: usize,
    refused: Latencies,
}

/// The rows of the table, and the distributions.
pub fn findings() -> Findings {
    let dialect = &DIALECTS[0];
    let installation = Installation::new("");
    let server = installation.start();
    installation.add_user();
    let verification = get(dialect.path, &server.log_in(dialect));
    let login = login(dialect);
    let calm = open_loop(server.address, &verification, CALM);
    let mut hashes = vec![hash_rate()];
    let mut storms = Vec::new();
    for (count, name, target) in [(STORM_OF, "storm", "p99 ≤ 2 ms"), (FLOOD_OF, "flood", "p99 ≤ 2 ms")] {
        storms.push((format!("{name} of {count}"), storm(server.address, &verification, &login, count), target));
        hashes.push(hash_rate());
    }
    // Whatever else the machine did, this is what it can do.
    let hashes = hashes.into_iter().fold(0.0, f64::max);
    let mut findings = Findings::default();
    let alone = format!("{ASKED} verifications/s alone");
    findings.rows.push(Row::new(format!("{alone}, each counted from when it was due"), calm.to_string(), ""));
    findings.latencies.push((alone, calm));
    let hashed = format!("{hashes:.0} hashes/s");
    findings.rows.push(Row::new(format!("nothing but argon2id on {} threads", cores()), hashed, ""));
    for (name, (verifications, logins), target) in storms {
        let (accepted, refused) = (rate(logins.accepted, STORM), rate(logins.refused.count(), STORM));
        let accepted = format!("{accepted:.0} logins/s, **{:.2}** of the hashes", accepted / hashes);
        let refused = format!("{refused:.0}/s: {}", logins.refused);
        findings.rows.extend([
            Row::new(
                format!("the verifications in a {name} connections that log in"),
                verifications.to_string(),
                target,
            ),
            Row::new(format!("accepted in the {name}"), accepted, "≥ 0.90"),
            Row::new(format!("refused (503) in the {name}"), refused, "max < 1 s"),
        ]);
        findings.latencies.push((format!("in a {name}"), verifications));
    }
    findings
}

/// Hashes a second with all cores.
fn hash_rate() -> f64 {
    let hash = || {
        let (passwords, password) = (Passwords::new(Argon2Params::default()), Secret::from("correct horse"));
        // The first hash makes the thread's memory block.
        passwords.check(&password, None);
        let (began, mut done) = (Instant::now(), 0);
        while began.elapsed() < HASHING {
            passwords.check(&password, None);
            done += 1;
        }
        done
    };
    let done = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(hash)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    });
    rate(done, HASHING)
}

/// Sends at fixed times and counts from those: a server that answers late is not spared the requests it delays.
fn open_loop(address: SocketAddr, request: &[u8], during: Duration) -> Latencies {
    let began = Instant::now();
    let ask = |first: u32| {
        let mut connection = Connection::open(address).expect("the server listens");
        let mut latencies = Vec::new();
        for number in (first..).step_by(usize::try_from(ASKERS).unwrap_or(1)) {
            let due = Duration::from_secs(1) / ASKED * number;
            if due >= during {
                break;
            }
            thread::sleep(due.saturating_sub(began.elapsed()));
            assert_eq!(connection.ask(request).status, 200, "a valid token is accepted under load");
            latencies.push(began.elapsed().saturating_sub(due));
        }
        latencies
    };
    thread::scope(|scope| {
        let ask = &ask;
        let askers: Vec<_> = (0..ASKERS).map(|first| scope.spawn(move || ask(first))).collect();
        askers.into_iter().flat_map(|asker| asker.join().expect("it ends")).collect()
    })
}

/// Verifications, and beside them `count` connections that log in until they end.
fn storm(address: SocketAddr, verification: &[u8], login: &[u8], count: usize) -> (Latencies, Logins) {
    let over = AtomicBool::new(false);
    let log_in = || {
        let mut connection = Connection::open(address).expect("the server listens");
        let mut logins = Logins::default();
        while !over.load(Ordering::Relaxed) {
            let began = Instant::now();
            match connection.ask(login).status {
                200 => logins.accepted += 1,
                503 => {
                    logins.refused.extend([began.elapsed()]);
                    thread::sleep(IMPATIENCE);
                }
                other => panic!("a login was answered with {other}"),
            }
        }
        logins
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..count).map(|_| scope.spawn(log_in)).collect();
        let verifications = open_loop(address, verification, STORM);
        over.store(true, Ordering::Relaxed);
        let mut all = Logins::default();
        for client in clients {
            let logins = client.join().expect("it ends");
            all.accepted += logins.accepted;
            all.refused.add(&logins.refused);
        }
        (verifications, all)
    })
}
