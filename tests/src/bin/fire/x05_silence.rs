//! X5: the database is there and says nothing: it is stopped, the network swallows everything, or somebody else has the lock.

use std::{
    thread,
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};

use crate::harness::{Figures, Installation, Kind, Load, Postgres, Process, Proxy, Run, Sample, sqlite, wrong};

/// A place within the pool's wait (2 s), and an answer a second later.
const ANSWERED: Duration = Duration::from_secs(3);
/// `/health/live` asks nothing.
const LIVE: Duration = Duration::from_millis(100);
/// After the database answers again.
const FIRST: Duration = Duration::from_secs(2);
/// How long it is looked at then.
const CALM: Duration = Duration::from_secs(5);
/// What the silence may add.
const MEMORY_MIB: f64 = 64.0;
/// Places in the store: `database.pool_size` and four. Each worker (two here) makes blocking threads of its own for them, which stay
/// some seconds.
const THREADS: f64 = 14.0 * 2.0;
/// Requests at the same moment.
const CROWD: usize = 500;

pub fn run(run: &Run, figures: &mut Figures) {
    let (Some(base), Some(postgres)) = (run.on_postgres(figures), run.postgres()) else { return };
    let silence = Duration::from_secs(run.of(4, 30));
    let rounds = run.rounds(1, 10);

    // A client that comes back after the silence is within the grace, also if its exchange was just being committed.
    let installation = Installation::new(&base.url).set("JWT__REFRESH_GRACE", "60s");
    let server = installation.serve();
    let on = "PostgreSQL stopped";
    silent(figures, on, &server, (rounds, silence), |stop| postgres.freeze(stop));
    let on = "PostgreSQL with all rows locked";
    locked(figures, on, &server, &base.url);
    drop(server);

    let name = base.url.rsplit('/').next().unwrap_or_default();
    let proxy = Proxy::to(postgres.address).expect("a proxy");
    let server = installation.set("DATABASE__URL", &Postgres::url_at(proxy.address, name)).serve();
    silent(figures, "PostgreSQL behind a black hole", &server, (rounds, silence), |hold| proxy.hold(hold));
    drop(server);

    held(figures, run, silence);
}

/// The database says nothing for a while; everything is told "later" in time, and it goes on by itself.
fn silent(
    figures: &mut Figures,
    on: &str,
    server: &Process,
    (rounds, silence): (usize, Duration),
    hold: impl Fn(bool),
) {
    let load = Load::mixed(server.address, &format!("eve{}", figures.len()));
    thread::sleep(Duration::from_secs(1));
    let (threads, memory) = (server.threads(), server.resident());
    let (mut windows, mut unready, mut most) = (Vec::new(), Vec::new(), (threads, memory));
    for _ in 0..rounds {
        hold(true);
        let began = Instant::now();
        let mut client = server.client();
        while began.elapsed() < silence {
            let reply = client.get("/health/ready", "");
            let soon = began.elapsed() < Duration::from_secs(3);
            if !soon && reply.as_ref().map_or(0, |reply| reply.status) != 503 {
                unready.push(format!("{reply:?}"));
            }
            most = (most.0.max(server.threads()), most.1.max(server.resident()));
            thread::sleep(Duration::from_millis(100));
        }
        let ended = Instant::now();
        hold(false);
        windows.push((began, ended));
        thread::sleep(CALM);
    }
    let (samples, noted) = load.finish();
    figures.told(on, "silences, requests", format!("{} × {silence:?}, {}", windows.len(), samples.len()));
    figures.never(on, "no answer, or another than 2xx or 503 with Retry-After", &wrong(&samples));
    judge_times(figures, on, &samples);
    figures.never(on, "readiness other than 503 meanwhile", &unready);
    for (kind, name) in [(Kind::Write, "write"), (Kind::Known, "known token")] {
        let slowest = windows.iter().map(|(_, ended)| first(&samples, kind, *ended)).max().unwrap_or_default();
        figures.within(on, &format!("first {name} afterwards, slowest"), FIRST, slowest, "");
    }
    let late = samples.iter().filter(|sample| {
        !sample.is_success()
            && windows.iter().any(|(_, ended)| {
                let since = sample.began.saturating_duration_since(*ended);
                since > FIRST && since < CALM
            })
    });
    let late: Vec<_> = late.map(|sample| format!("{} {}", sample.what, sample.status)).collect();
    figures.never(on, "failed from 2 s on", &late);
    let allowed = threads + THREADS;
    figures.must(on, "threads", &format!("≤ {allowed}"), most.0, most.0 <= allowed);
    let more = most.1 - memory;
    figures.must(on, "more memory", "≤ 64 MiB", format!("{more:.1} MiB"), more <= MEMORY_MIB);
    noted.judge(&mut server.client(), figures, on);
    figures.never(on, "complaints in the log", &server.complaints());
}

fn judge_times(figures: &mut Figures, on: &str, samples: &[Sample]) {
    let slowest = |live: bool| {
        let of = samples.iter().filter(|sample| (sample.kind == Kind::Live) == live);
        of.max_by_key(|sample| sample.took).map(|sample| (sample.took, sample.what.as_str())).unwrap_or_default()
    };
    let (took, what) = slowest(false);
    figures.within(on, "slowest answer", ANSWERED, took, what);
    let (took, _) = slowest(true);
    figures.within(on, "slowest /health/live", LIVE, took, "");
    let dead = samples.iter().filter(|sample| sample.kind == Kind::Live && sample.status != 200).count();
    figures.must(on, "/health/live other than 200", "0", dead, dead == 0);
}

/// How long after `ended` something succeeded.
fn first(samples: &[Sample], kind: Kind, ended: Instant) -> Duration {
    let mut after = samples.iter().filter(|sample| sample.kind == kind && sample.ended() > ended);
    let first = after.find(|sample| sample.is_success());
    first.map_or(Duration::MAX, |sample| sample.ended().saturating_duration_since(ended))
}

/// G6: somebody holds what every request needs, and 500 come at once.
fn locked(figures: &mut Figures, on: &str, server: &Process, url: &str) {
    let mut other = PgConnection::establish(url).expect("a connection");
    other.batch_execute("BEGIN; LOCK TABLE users, identifiers, tokens IN ACCESS EXCLUSIVE MODE").expect("a lock");
    let (before, began) = (server.threads(), Instant::now());
    let address = server.address;
    let crowd: Vec<_> = (0..CROWD)
        .map(|number| {
            thread::spawn(move || {
                let mut client = crate::harness::Client::new(address);
                client.get("/api/user", &format!("Bearer {}|{}", number + 1, "a".repeat(48)))
            })
        })
        .collect();
    let mut live = Duration::ZERO;
    let mut client = server.client();
    let mut most = before;
    while began.elapsed() < Duration::from_secs(2) {
        live = live.max(client.get("/health/live", "").map_or(Duration::MAX, |reply| reply.took));
        most = most.max(server.threads());
        thread::sleep(Duration::from_millis(20));
    }
    let replies: Vec<_> = crowd.into_iter().map(|client| client.join().expect("a client that ends")).collect();
    let wrong: Vec<_> = replies
        .iter()
        .filter(|reply| !reply.as_ref().is_ok_and(crate::harness::Reply::is_later))
        .map(|reply| format!("{reply:?}"))
        .collect();
    figures.never(on, "of 500 requests another answer than 503 with Retry-After", &wrong);
    let slowest = replies.iter().flatten().map(|reply| reply.took).max().unwrap_or_default();
    figures.within(on, "slowest of 500", ANSWERED, slowest, "");
    figures.within(on, "slowest /health/live", LIVE, live, "");
    let allowed = before + THREADS;
    figures.must(on, "threads", &format!("≤ {allowed}"), most, most <= allowed);
    other.batch_execute("ROLLBACK").expect("the lock is given back");
    let released = Instant::now();
    let mut reply = client.get("/api/user", "Bearer 1|x");
    while !reply.as_ref().is_ok_and(|reply| reply.status == 401) && released.elapsed() < Duration::from_secs(9) {
        reply = client.get("/api/user", "Bearer 1|x");
    }
    let took = released.elapsed();
    figures.within(on, "answers again", FIRST, took, "");
}

/// SQLite: another process holds the lock. Readers are served, writers are told to come back.
fn held(figures: &mut Figures, run: &Run, silence: Duration) {
    let on = "SQLite locked by another process";
    let base = run.sqlite();
    let server = Installation::new(&base.url).serve();
    let load = Load::mixed(server.address, "ada");
    thread::sleep(Duration::from_secs(1));
    let mut other = sqlite(base.url.trim_start_matches("sqlite://"));
    let (mut windows, memory) = (Vec::new(), server.resident());
    for _ in 0..run.rounds(1, 10) {
        other.batch_execute("BEGIN EXCLUSIVE").expect("a lock");
        let began = Instant::now();
        thread::sleep(silence);
        let ended = Instant::now();
        other.batch_execute("ROLLBACK").expect("it is given back");
        windows.push((began, ended));
        thread::sleep(Duration::from_secs(4));
    }
    let more = server.resident() - memory;
    let (samples, noted) = load.finish();
    let during =
        |sample: &&Sample| windows.iter().any(|(began, ended)| sample.began > *began && sample.ended() < *ended);
    figures.never(on, "no answer, or another than 2xx or 503 with Retry-After", &wrong(&samples));
    let written =
        samples.iter().filter(during).filter(|sample| sample.kind == Kind::Write && sample.is_success()).count();
    figures.must(on, "writes done meanwhile", "0", written, written == 0);
    let (read, refused) = samples.iter().filter(during).filter(|sample| sample.kind == Kind::Known).fold(
        (0, 0),
        |(read, refused), sample| {
            if sample.is_success() { (read + 1, refused) } else { (read, refused + 1) }
        },
    );
    figures.must(
        on,
        "known tokens shown meanwhile, refused",
        "≥ 1, 0",
        format!("{read}, {refused}"),
        read > 0 && refused == 0,
    );
    judge_times(figures, on, &samples);
    let slowest = windows.iter().map(|(_, ended)| first(&samples, Kind::Write, *ended)).max().unwrap_or_default();
    figures.within(on, "first write afterwards, slowest", FIRST, slowest, "");
    figures.must(on, "more memory", "≤ 64 MiB", format!("{more:.1} MiB"), more <= MEMORY_MIB);
    noted.judge(&mut server.client(), figures, on);
    figures.never(on, "complaints in the log", &server.complaints());
}
