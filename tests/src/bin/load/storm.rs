//! Logins and verifications at once: does anybody who is logged in notice that many log in?

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
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
    process::{Installation, cores, login, own_cpu},
};

/// Where files are memory on Linux.
const MEMORY: &str = "/dev/shm";
/// How long each part is measured.
const CALM: Duration = Duration::from_secs(2);
const STORM: Duration = Duration::from_secs(6);
const HASHING: Duration = Duration::from_secs(1);
/// How long logins are offered before anything counts: the start of some hundred threads is a burst of its own.
const SETTLING: Duration = Duration::from_millis(500);
/// Verifications a second, at fixed times whatever became of those before.
const ASKED: u32 = 500;
/// The connections that send them in turn, so that a slow answer holds up few others.
const ASKERS: u32 = 4;
/// How many times as many logins as the cores can hash are offered, at fixed times.
const OFFERED: f64 = 5.0;
/// The connections that send them in turn: one that waits for its answer, a second at most, is back when it is due again.
const OFFERERS: u32 = 512;
/// Connections that log in again at once: their hashes fit in the queue.
const STORM_OF: u32 = 32;
/// More than fit in the queue of a second: the rest is refused, and comes back soon. So many ask that answering them takes cores
/// that would hash.
const FLOOD_OF: u32 = 512;
/// How long a refused client waits; it was asked to wait ten times as long.
const IMPATIENCE: Duration = Duration::from_millis(100);

/// What became of logins.
#[derive(Default)]
struct Logins {
    accepted: usize,
    refused: Latencies,
}

/// What became of everything in a storm.
struct Storm {
    verifications: Latencies,
    logins: Logins,
    /// How long it lasted.
    lasted: Duration,
    /// How much of all cores the generator took for itself meanwhile.
    taken: f64,
}

/// Does what happens count, and is it over?
#[derive(Default)]
struct Phase {
    counts: AtomicBool,
    is_over: AtomicBool,
}

/// Logins as one of several connections sends them.
type Client<'a> = dyn Fn(u32, Connection, &Phase) -> Logins + Sync + 'a;

/// The rows of the table, and the distributions: with the database in a file on disk, and in one that is in memory, where a commit
/// waits for nothing.
pub fn findings() -> Findings {
    let mut findings = on(&Installation::new(""), "on disk");
    if Path::new(MEMORY).is_dir() {
        let in_memory = on(&Installation::within(Path::new(MEMORY)), "in memory");
        // The plot has the lines of the disk.
        findings.extend(Findings { latencies: Vec::new(), ..in_memory });
    }
    findings
}

fn on(installation: &Installation, medium: &str) -> Findings {
    let dialect = &DIALECTS[0];
    let server = installation.start();
    installation.add_user();
    let verification = get(dialect.path, &server.log_in(dialect));
    let login = login(dialect);
    let mut findings = Findings::default();
    let calm = open_loop(server.address, &verification, CALM);
    let alone = format!("{ASKED} verifications/s alone, {medium}");
    findings.rows.push(Row::new(format!("{alone}, each counted from when it was due"), calm.to_string(), ""));
    findings.latencies.push((alone, calm));

    let before = hash_rate();
    let every = Duration::from_secs_f64(1.0 / (before * OFFERED));
    let offer = |number: u32, connection: Connection, phase: &Phase| offer(connection, &login, every, number, phase);
    let insist = |_: u32, connection: Connection, phase: &Phase| insist(connection, &login, phase);
    let offered = format!("{:.0} logins/s offered, {OFFERED:.0} times the hashes just before", before * OFFERED);
    let parts: [(String, u32, &Client<'_>, bool); 3] = [
        (offered, OFFERERS, &offer, true),
        (format!("a storm of {STORM_OF} connections that log in"), STORM_OF, &insist, true),
        (format!("a flood of {FLOOD_OF} connections that log in"), FLOOD_OF, &insist, false),
    ];
    let measured: Vec<_> = parts
        .into_iter()
        .map(|(name, count, client, is_held)| {
            (name, storm(server.address, &verification, count, client), is_held, hash_rate())
        })
        .collect();
    // Whatever else the machine did, this is what it can do.
    let hashes = measured.iter().fold(before, |most, (.., rate)| most.max(*rate));
    let hashed = format!("{hashes:.0} hashes/s");
    findings.rows.push(Row::new(format!("nothing but argon2id on {} threads", cores()), hashed, ""));
    for (name, Storm { verifications, logins, lasted, taken }, is_held, _) in measured {
        let name = format!("{name}, {medium}");
        let (accepted, refused) = (rate(logins.accepted, lasted), rate(logins.refused.count(), lasted));
        let ratio = accepted / hashes;
        let accepted = format!(
            "{accepted:.0} logins/s, **{ratio:.2}** of the hashes; the generator took {taken:.2} of the cores, of the rest it is {:.2}",
            ratio / (1.0 - taken)
        );
        let refused = format!("{refused:.0}/s: {}", logins.refused);
        let target = |target| if is_held { target } else { "" };
        findings.rows.extend([
            Row::new(format!("the verifications with {name}"), verifications.to_string(), target("p99 ≤ 2 ms")),
            Row::new(format!("accepted with {name}"), accepted, target("≥ 0.90")),
            Row::new(format!("refused (503) with {name}"), refused, target("max < 1 s")),
        ]);
        findings.latencies.push((format!("with {name}"), verifications));
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
    let all_are_there = Barrier::new(usize::try_from(ASKERS).unwrap_or(1));
    let ask = |first: u32| {
        let mut connection = Connection::open(address).expect("the server listens");
        all_are_there.wait();
        let began = Instant::now();
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

/// Verifications, and beside them so many connections that log in until they end.
fn storm(address: SocketAddr, verification: &[u8], count: u32, client: &Client<'_>) -> Storm {
    let phase = Phase::default();
    let all_are_there = Barrier::new(usize::try_from(count).unwrap_or(0) + 1);
    let connected = |number: u32| {
        let connection = Connection::open(address).expect("the server listens");
        all_are_there.wait();
        client(number, connection, &phase)
    };
    thread::scope(|scope| {
        let connected = &connected;
        let clients: Vec<_> = (0..count).map(|number| scope.spawn(move || connected(number))).collect();
        all_are_there.wait();
        thread::sleep(SETTLING);
        phase.counts.store(true, Ordering::Relaxed);
        let (began, worked) = (Instant::now(), own_cpu());
        let verifications = open_loop(address, verification, STORM);
        phase.counts.store(false, Ordering::Relaxed);
        let (lasted, cores) = (began.elapsed(), u32::try_from(cores()).map_or(1.0, f64::from));
        let taken = (own_cpu() - worked) / lasted.as_secs_f64() / cores;
        phase.is_over.store(true, Ordering::Relaxed);
        let mut all = Logins::default();
        for client in clients {
            let logins = client.join().expect("it ends");
            all.accepted += logins.accepted;
            all.refused.add(&logins.refused);
        }
        Storm { verifications, logins: all, lasted, taken }
    })
}

/// A login `every` so often, of which this connection of [`OFFERERS`] sends its share at fixed times. One that is due while
/// another is waited for is not sent.
fn offer(mut connection: Connection, login: &[u8], every: Duration, number: u32, phase: &Phase) -> Logins {
    let mut logins = Logins::default();
    let began = Instant::now();
    let mut turns = (number..).step_by(usize::try_from(OFFERERS).unwrap_or(1)).map(|turn| every * turn);
    while !phase.is_over.load(Ordering::Relaxed) {
        let Some(due) = turns.find(|due| *due >= began.elapsed()) else { break };
        thread::sleep(due.saturating_sub(began.elapsed()));
        logins.add(&mut connection, login, phase);
    }
    logins
}

/// A login after the other, and one that was refused again soon.
fn insist(mut connection: Connection, login: &[u8], phase: &Phase) -> Logins {
    let mut logins = Logins::default();
    while !phase.is_over.load(Ordering::Relaxed) {
        if !logins.add(&mut connection, login, phase) {
            thread::sleep(IMPATIENCE);
        }
    }
    logins
}

impl Logins {
    /// Logs in; `false` if that was refused. It counts by when it is answered.
    fn add(&mut self, connection: &mut Connection, login: &[u8], phase: &Phase) -> bool {
        let began = Instant::now();
        let status = connection.ask(login).status;
        let counts = phase.counts.load(Ordering::Relaxed);
        match status {
            200 => {
                self.accepted += usize::from(counts);
                true
            }
            503 => {
                self.refused.extend(counts.then(|| began.elapsed()));
                false
            }
            other => panic!("a login was answered with {other}"),
        }
    }
}
