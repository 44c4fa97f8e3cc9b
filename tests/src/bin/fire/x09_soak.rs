//! X9: ordinary use for a long time. Nothing grows that should not: memory, files, threads, the log of SQLite, latency.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client::IntoClientRequest as _, http::HeaderValue};

use crate::harness::{
    Base, Client, Door, Entered, Figures, Installation, Lost, PASSWORD, Process, Reply, Run, leaving, percentile,
    register,
};

/// Requests a second: who-am-I on each of two connections, logins, wrong passwords, registrations, refreshes.
const SHOWS: u32 = 150;
const LOGINS: u32 = 5;
const WRONG: u32 = 2;
const REGISTRATIONS: u32 = 2;
const REFRESHES: u32 = 1;
/// Open sockets, and how many a second make room for new ones.
const SOCKETS: usize = 100;
const CHURN: u32 = 10;
/// What the memory may be at the end, of what it was after a sixth of the time, and what the log of SQLite may be, in MiB.
const GROWTH: f64 = 1.05;
const MORE_MIB: f64 = 8.0;
const WAL_MIB: u64 = 64;
/// How many files and threads more or fewer at the end.
const APART: f64 = 5.0;
/// How much the p99 may rise, and what is nothing on any machine.
const RISE: f64 = 1.2;
const NOTHING: Duration = Duration::from_millis(1);
/// Limits are on, and too wide to be met: their tables fill.
const WIDE: &str = "10000/min";

/// How the process is at a moment.
struct Look {
    resident: f64,
    files: f64,
    threads: f64,
    wal_mib: u64,
}

/// What a client saw: when each request was due, how long its answer took from then, and what should not have come.
#[derive(Default)]
struct Seen {
    shows: Vec<(Instant, Duration)>,
    requests: usize,
    bad: Vec<String>,
}

pub fn run(run: &Run, figures: &mut Figures) {
    let length =
        run.minutes.map_or(Duration::from_secs(run.of(30, 3_600)), |minutes| Duration::from_secs(minutes * 60));
    for base in run.bases(figures) {
        soak(run, figures, &base, length);
    }
}

fn soak(run: &Run, figures: &mut Figures, base: &Base, length: Duration) {
    let on = base.name;
    let mut installation = Installation::new(&base.url).set("THROTTLE__ENABLED", "true");
    for limit in ["LOGIN_CLIENT", "REGISTER"] {
        installation = installation.set(&format!("THROTTLE__{limit}"), WIDE);
    }
    let mut server = installation.serve();
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let (mut seen, mut looks) = (Seen::default(), Vec::new());
    thread::scope(|scope| {
        let (stop, server) = (&stop, &server);
        let work: [fn(SocketAddr, &AtomicBool) -> Seen; 6] = [show, show, enter, guess, arrive, refresh];
        let mut clients: Vec<_> =
            work.into_iter().map(|work| scope.spawn(move || work(server.address, stop))).collect();
        clients.push(scope.spawn(move || churn(server.address, stop)));
        while began.elapsed() < length {
            thread::sleep(Duration::from_secs(1));
            looks.push((began.elapsed(), Look::at(server, base)));
        }
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            let other = client.join().expect("a client that ends");
            seen.shows.extend(other.shows);
            seen.requests += other.requests;
            seen.bad.extend(other.bad);
        }
    });
    figures.told(on, "length, requests", format!("{length:?}, {}", seen.requests));
    figures.never(on, "5xx, no answer, a good credential refused", &seen.bad);
    steady(figures, on, &looks, length);
    let in_sixth = |from: u32| {
        let (from, to) = (began + length / 6 * from, began + length / 6 * (from + 1));
        let within = seen.shows.iter().filter(|(due, _)| *due >= from && *due < to);
        percentile(&mut within.map(|(_, took)| *took).collect::<Vec<_>>(), 0.99)
    };
    let (first, last) = (in_sixth(0), in_sixth(5));
    let held = last <= first.mul_f64(RISE).max(NOTHING);
    let came = format!("{last:.2?} after {first:.2?}");
    figures.must_if(run.is_timed(), on, "p99 of who-am-I in the last sixth", "≤ 1.2 × the first", came, held);
    figures.must(on, "the process in the end", "alive", server.is_alive(), server.is_alive());
    figures.never(on, "complaints in the log", &server.complaints());
}

/// The end against the end of the first sixth.
fn steady(figures: &mut Figures, on: &str, looks: &[(Duration, Look)], length: Duration) {
    let early = looks.iter().find(|(at, _)| *at >= length / 6).map(|(_, look)| look);
    let (Some(early), Some((_, late))) = (early, looks.last()) else { return };
    let most = early.resident * GROWTH + MORE_MIB;
    let came = format!("{:.1} MiB after {:.1} MiB", late.resident, early.resident);
    figures.must(on, "memory at the end", "≤ 1.05 × + 8 MiB of that after a sixth", came, late.resident <= most);
    for (what, early, late) in [("files", early.files, late.files), ("threads", early.threads, late.threads)] {
        let held = (early - late).abs() <= APART;
        figures.must(on, &format!("{what} at the end"), "± 5", format!("{late} after {early}"), held);
    }
    if on == "SQLite" {
        let most = looks.iter().map(|(_, look)| look.wal_mib).max().unwrap_or_default();
        figures.must(on, "SQLite's log at most", "≤ 64 MiB", format!("{most} MiB"), most <= WAL_MIB);
    }
}

impl Look {
    #[expect(clippy::cast_precision_loss, reason = "a number of files")]
    fn at(server: &Process, base: &Base) -> Self {
        let wal = base.url.strip_prefix("sqlite://").and_then(|file| fs::metadata(format!("{file}-wal")).ok());
        Self {
            resident: server.resident(),
            files: server.files() as f64,
            threads: server.threads(),
            wal_mib: wal.map_or(0, |file| file.len() >> 20),
        }
    }
}

/// Does something so many times a second until it is stopped; what is late is made up for.
fn pace(stop: &AtomicBool, rate: u32, mut each: impl FnMut(usize, Instant)) {
    let began = Instant::now();
    for number in 0_u32.. {
        let due = began + Duration::from_secs(1) * number / rate;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if stop.load(Ordering::SeqCst) {
            return;
        }
        each(number as usize, due);
    }
}

impl Seen {
    /// Notes an answer that must be a success.
    fn note(&mut self, what: &str, outcome: Result<Reply, Lost>) -> Option<Reply> {
        self.requests += 1;
        match outcome {
            Ok(reply) if reply.is_success() => return Some(reply),
            other => self.bad.push(format!("{what}: {other:?}")),
        }
        None
    }
}

/// Somebody new, who is let in by this door.
fn somebody(client: &mut Client, name: &str, door: Door) -> Entered {
    let registered = register(client, name).expect("an answer");
    assert!(registered.is_success(), "{registered:?}");
    door.enter(client, name, PASSWORD).expect("an answer").1.expect("it lets in")
}

/// A name that nobody else has.
fn name(of: &str) -> String {
    format!("{of}-{:?}", thread::current().id()).replace(['(', ')'], "-")
}

fn show(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let (mut client, mut seen) = (Client::new(address), Seen::default());
    let proofs = Door::ALL.map(|door| somebody(&mut client, &format!("{}{door:?}", name("show")), door).proof);
    pace(stop, SHOWS, |number, due| {
        let proof = &proofs[number % proofs.len()];
        seen.note(proof.path, proof.show(&mut client));
        seen.shows.push((due, due.elapsed()));
    });
    seen
}

fn enter(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let (mut client, mut seen, name) = (Client::new(address), Seen::default(), name("enter"));
    somebody(&mut client, &name, Door::Minimal);
    pace(stop, LOGINS, |number, _| {
        let door = Door::ALL[number % Door::ALL.len()];
        let (path, document) = door.login(&name, PASSWORD);
        let reply = client.post(path, "", document);
        let Some(entered) = seen.note(path, reply).and_then(|reply| door.entered(&reply)) else { return };
        // Most leave again, or their tokens would be what grows.
        if number % 16 > 0 {
            let path = leaving(door).0;
            let reply = client.post(path, &entered.proof.authorization, Value::Null);
            seen.note(path, reply);
        }
    });
    seen
}

/// Wrong passwords of accounts that there are not: each has a place in the tables of the limits.
fn guess(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let (mut client, mut seen) = (Client::new(address), Seen::default());
    pace(stop, WRONG, |number, _| {
        let (path, document) = Door::Minimal.login(&format!("nobody{number}"), PASSWORD);
        let outcome = client.post(path, "", document);
        seen.requests += 1;
        if !outcome.as_ref().is_ok_and(|reply| reply.status == 401) {
            seen.bad.push(format!("a wrong password: {outcome:?}"));
        }
    });
    seen
}

fn arrive(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let (mut client, mut seen, name) = (Client::new(address), Seen::default(), name("arrive"));
    pace(stop, REGISTRATIONS, |number, _| {
        let reply = register(&mut client, &format!("{name}{number}"));
        seen.note("register", reply);
    });
    seen
}

fn refresh(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let (mut client, mut seen) = (Client::new(address), Seen::default());
    let mut token = somebody(&mut client, &name("refresh"), Door::Hotel).refresh.expect("a refresh token");
    pace(stop, REFRESHES, |_, _| {
        let reply = client.post("/auth/refresh", "", json!({"refresh_token": token}));
        if let Some(next) = seen.note("refresh", reply).and_then(|reply| reply.text("refresh_token")) {
            token = next;
        }
    });
    seen
}

/// Sockets that come and go, a hundred at a time.
fn churn(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    // One user may have fifty.
    let people = [0, 1, 2, 3].map(|number| {
        somebody(&mut Client::new(address), &format!("{}{number}", name("churn")), Door::Minimal).proof.authorization
    });
    let mut sockets = std::collections::VecDeque::new();
    while sockets.len() < SOCKETS {
        sockets.push_back(open(address, &people[sockets.len() % people.len()]));
    }
    pace(stop, CHURN, |number, _| {
        seen.requests += 1;
        let Some(mut socket) = sockets.pop_front() else { return };
        let mut answered = socket.send(Message::text("who am I?")).and_then(|()| socket.read());
        // It was pinged while nobody read.
        while matches!(answered, Ok(Message::Ping(_))) {
            answered = socket.read();
        }
        if !answered.as_ref().is_ok_and(Message::is_text) {
            seen.bad.push(format!("a socket: {answered:?}"));
        }
        let _ = socket.close(None);
        while socket.read().is_ok() {}
        sockets.push_back(open(address, &people[number % people.len()]));
    });
    seen
}

/// A socket that has been greeted.
fn open(address: SocketAddr, bearer: &str) -> WebSocket<TcpStream> {
    let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
    request.headers_mut().insert("Authorization", HeaderValue::from_str(bearer).expect("a header"));
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time");
    let (mut socket, _) = tungstenite::client(request, stream).expect("an open socket");
    socket.read().expect("a greeting");
    socket
}
