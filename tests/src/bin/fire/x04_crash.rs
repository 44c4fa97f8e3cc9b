//! X4: PostgreSQL crashes under load and comes back. The server says "later", never "who are you?", and goes on by itself.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Figures, Installation, Kind, Load, Postgres, Run, Sample, count};

/// Every request is answered within this.
const ANSWERED: Duration = Duration::from_secs(2);
/// Two clocks and a busy machine may be apart by so much.
const SLACK: Duration = Duration::from_millis(150);
/// How long what was verified is trusted without the log of revocations (`cache.bound`).
const BOUND: Duration = Duration::from_secs(1);
/// The first success after the database is back.
const FIRST: Duration = Duration::from_secs(2);
/// From when on nothing may fail any more.
const CALM: Duration = Duration::from_secs(5);

/// A crash: when it began, since when nobody answered, until when, and when the database answered again.
struct Outage {
    begins: Instant,
    down: Instant,
    starts: Instant,
    up: Instant,
}

pub fn run(run: &Run, figures: &mut Figures) {
    let (Some(base), Some(postgres)) = (run.on_postgres(figures), run.postgres()) else { return };
    let on = base.name;
    let installation = Installation::new(&base.url).set("JWT__REFRESH_GRACE", "60s");
    let mut server = installation.serve();
    let mut dice = run.dice("x4");
    let load = Load::mixed(server.address, "ada");
    thread::sleep(Duration::from_secs(1));
    let mut outages = Vec::new();
    for _ in 0..run.of(2, 30) {
        outages.push(crash(postgres, dice.span(1_000, run.of(2_500, 5_000))));
        thread::sleep(CALM + Duration::from_secs(1));
    }
    let end = Instant::now();
    let (samples, noted) = load.finish();

    figures.told(on, "crashes, requests", format!("{}, {}", outages.len(), samples.len()));
    figures.never(on, "no answer, or another than 2xx or 503 with Retry-After", &wrong(&samples));
    let during: Vec<_> = samples.iter().filter(|sample| outages.iter().any(|outage| outage.covers(sample))).collect();
    let done =
        during.iter().filter(|sample| sample.is_success() && outages.iter().all(|outage| !outage.excuses(sample)));
    let done: Vec<_> = done.map(|sample| format!("{} {}", sample.what, sample.status)).collect();
    figures.never(on, "done without the database (what is cached: after the bound)", &done);
    let later = during.iter().filter(|sample| sample.is_later).count();
    figures.must(on, "503 with Retry-After while it is down", "≥ 1", later, later > 0);
    let slowest = samples.iter().map(|sample| sample.took).max().unwrap_or_default();
    figures.within(on, "slowest answer", ANSWERED, slowest, "");
    for (kind, name) in [(Kind::Write, "write"), (Kind::Known, "known token")] {
        let first = outages.iter().map(|outage| outage.first(&samples, kind)).max().unwrap_or_default();
        figures.within(on, &format!("first {name} after it is back, slowest"), FIRST, first, "");
    }
    let calm = |sample: &&Sample| {
        let next = |outage: &Outage| outages.iter().map(|other| other.begins).find(|at| *at > outage.up).unwrap_or(end);
        outages.iter().any(|outage| sample.began > outage.up + CALM && sample.ended() < next(outage))
    };
    let late = samples.iter().filter(calm).filter(|sample| !sample.is_success());
    let late: Vec<_> = late.map(|sample| format!("{} {}", sample.what, sample.status)).collect();
    figures.never(on, "failed from 5 s on", &late);

    let (lost, back) = noted.audit(&mut server.client(), crate::harness::PASSWORD);
    figures.told(
        on,
        "users, tokens, revocations acknowledged",
        format!("{}, {}, {}", noted.users.len(), noted.alive.len(), noted.dead.len()),
    );
    figures.never(on, "acknowledged and lost", &lost);
    figures.never(on, "revoked and back", &back);
    let sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'countersign'";
    let sessions = count(&base.url, sessions);
    figures.must(on, "sessions of the server in the end", "≤ 11", sessions, sessions <= 11);
    figures.must(
        on,
        "the same process all the time",
        "yes",
        if server.is_alive() { "yes" } else { "no" },
        server.is_alive(),
    );
    figures.never(on, "complaints in the log", &server.complaints());
}

/// Crashes it, waits, starts it again.
fn crash(postgres: &Postgres, pause: Duration) -> Outage {
    let begins = Instant::now();
    postgres.crash();
    let down = Instant::now();
    thread::sleep(pause);
    let starts = Instant::now();
    postgres.start().expect("PostgreSQL starts again");
    Outage { begins, down, starts, up: Instant::now() }
}

/// What must never be an answer.
pub fn wrong(samples: &[Sample]) -> Vec<String> {
    let wrong = samples.iter().filter(|sample| !sample.is_success() && !sample.is_later);
    wrong.map(|sample| format!("{} {} after {:?}", sample.what, sample.status, sample.took)).collect()
}

impl Outage {
    /// Is all of the sample within the time without a database?
    fn covers(&self, sample: &Sample) -> bool {
        sample.began > self.down && sample.ended() < self.starts
    }

    /// May the sample be a success nevertheless?
    fn excuses(&self, sample: &Sample) -> bool {
        let trusted = self.covers(sample) && sample.ended() < self.down + BOUND + SLACK;
        sample.kind == Kind::Live || (sample.kind == Kind::Known && trusted)
    }

    /// How long after the database was back something succeeded.
    fn first(&self, samples: &[Sample], kind: Kind) -> Duration {
        let mut after = samples.iter().filter(|sample| sample.kind == kind && sample.ended() > self.up);
        let first = after.find(|sample| sample.is_success());
        first.map_or(Duration::MAX, |sample| sample.ended().saturating_duration_since(self.up))
    }
}
