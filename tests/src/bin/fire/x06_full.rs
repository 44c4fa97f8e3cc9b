//! X6: no room on the disk: that of the database, that of the log, and the largest file that a process may write.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::harness::{
    Base, Client, Disk, Door, Figures, Installation, Kind, Load, PASSWORD, Process, Run, Sample, count, execute,
    register, wrong,
};

/// After there is room again.
const FIRST: Duration = Duration::from_secs(2);
/// What the database may have.
const SIZE_MIB: usize = 48;
/// What is given back.
const FREED_MIB: u64 = 10;

pub fn run(run: &Run, figures: &mut Figures) {
    match Disk::mount(SIZE_MIB) {
        Ok(disk) => {
            let url = format!("sqlite://{}", disk.path().join("countersign.db").display());
            full(run, figures, "SQLite", &url, &disk);
            let broken = count(&url, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
            figures.must("SQLite", "integrity_check", "ok", if broken == 0 { "ok" } else { "broken" }, broken == 0);
        }
        Err(why) => figures.not_run("SQLite", "a full disk", why),
    }
    on_postgres(run, figures);
    log(figures);
    largest(figures, &run.sqlite());
}

/// PostgreSQL whose tables have no room. Its own log has: without that it stops itself, which is X4.
fn on_postgres(run: &Run, figures: &mut Figures) {
    let on = "PostgreSQL";
    let Some(server) = run.postgres() else {
        return figures.not_run(on, "a full disk", "no PostgreSQL on this machine");
    };
    let disk = match Disk::mount(SIZE_MIB) {
        Ok(disk) => disk,
        Err(why) => return figures.not_run(on, "a full disk", why),
    };
    let given = Command::new("chown").arg("nobody").arg(disk.path()).status();
    assert!(given.is_ok_and(|status| status.success()), "the folder is PostgreSQL's");
    let admin = server.url("postgres");
    execute(&admin, &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    execute(&admin, "CREATE DATABASE full_up TABLESPACE small");
    full(run, figures, on, &server.url("full_up"), &disk);
    execute(&admin, "DROP DATABASE full_up WITH (FORCE)");
    execute(&admin, "DROP TABLESPACE small");
}

/// Fills the disk under load and gives some of it back.
fn full(run: &Run, figures: &mut Figures, on: &str, url: &str, disk: &Disk) {
    let mut server = Installation::new(url).set("JWT__REFRESH_GRACE", "60s").serve();
    let load = Load::mixed(server.address, "ada");
    let span = Duration::from_secs(run.of(4, 30));
    thread::sleep(Duration::from_secs(2));
    let (began, mut windows) = (Instant::now(), Vec::new());
    for _ in 0..run.rounds(1, 10) {
        disk.fill();
        let filled = Instant::now();
        // What the database gives back of its own is taken, too.
        while filled.elapsed() < span {
            disk.fill();
            thread::sleep(Duration::from_millis(100));
        }
        let freed = Instant::now();
        disk.free(FREED_MIB).expect("room");
        windows.push((filled, freed));
        thread::sleep(Duration::from_secs(4));
    }
    let (samples, noted) = load.finish();
    let during = |sample: &&Sample| windows.iter().any(|(from, to)| sample.began > *from && sample.ended() < *to);
    figures.never(on, "no answer, or another than 2xx or 503 with Retry-After", &wrong(&samples));
    let refused = samples.iter().filter(during).filter(|sample| sample.kind == Kind::Write && sample.is_later).count();
    figures.must(on, "writes refused with 503 meanwhile", "≥ 1", refused, refused > 0);
    let failed = samples.iter().filter(|sample| sample.kind == Kind::Known && !sample.is_success()).count();
    figures.must(on, "known tokens refused", "0", failed, failed == 0);
    let per_second = |samples: usize, span: Duration| {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let samples = samples as f64;
        samples / span.as_secs_f64()
    };
    let known = || samples.iter().filter(|sample| sample.kind == Kind::Known);
    let calm = per_second(
        known().filter(|sample| sample.ended() < windows[0].0).count(),
        windows[0].0 - began + Duration::from_secs(2),
    );
    let spans = windows.iter().map(|(from, to)| *to - *from).sum();
    let meanwhile = per_second(known().filter(during).count(), spans);
    let share = meanwhile / calm;
    figures.must_if(
        !run.short,
        on,
        "known tokens a second, of before",
        "≥ 0.90",
        format!("{share:.2} of {calm:.0}/s"),
        share >= 0.9,
    );
    let first = windows.iter().map(|(_, freed)| {
        let mut after = samples.iter().filter(|sample| sample.kind == Kind::Write && sample.began > *freed);
        after.find(|sample| sample.is_success()).map_or(Duration::MAX, |sample| sample.ended() - *freed)
    });
    let first = first.max().unwrap_or_default();
    figures.within(on, "first write when there is room, slowest", FIRST, first, "");
    noted.judge(&mut server.client(), figures, on);
    alive(figures, on, &mut server);
}

fn alive(figures: &mut Figures, on: &str, server: &mut Process) {
    let alive = server.is_alive();
    figures.must(on, "the same process all the time", "yes", if alive { "yes" } else { "no" }, alive);
    figures.never(on, "complaints in the log", &server.complaints());
}

/// The log has no room, and says everything.
fn log(figures: &mut Figures) {
    let on = "a full log";
    let disk = match Disk::mount(1) {
        Ok(disk) => disk,
        Err(why) => return figures.not_run(on, "the experiment", why),
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("countersign.db").display());
    let installation = Installation::new(&url).set("LOG__LEVEL", "debug");
    let [address] = countersign_tests::program::free_addresses();
    let mut server = installation.spawn_logging(address, &disk.path().join("log"));
    server.ready();
    disk.fill();
    let mut client = server.client();
    let (mut asked, mut wrong) = (0, Vec::new());
    for number in 0..20 {
        let name = format!("ada{number}");
        let registered = register(&mut client, &name);
        let entered = Door::Hotel.enter(&mut client, &name, PASSWORD);
        let refused = Door::Hotel.enter(&mut client, &name, "wrong");
        let fits = registered.as_ref().is_ok_and(|reply| reply.status == 201)
            && entered.as_ref().is_ok_and(|(reply, _)| reply.status == 200)
            && refused.as_ref().is_ok_and(|(reply, _)| (400..500).contains(&reply.status));
        asked += 3;
        if !fits {
            wrong.push(format!("{registered:?}, {entered:?}, {refused:?}"));
        }
    }
    figures.never(on, &format!("of {asked} requests not answered as ever"), &wrong);
    let alive = server.is_alive();
    figures.must(on, "the same process all the time", "yes", if alive { "yes" } else { "no" }, alive);
}

/// `RLIMIT_FSIZE`: the write fails, and the signal that comes with it must not end the process.
fn largest(figures: &mut Figures, base: &Base) {
    let on = "SQLite, largest file 1 MiB";
    let installation = Installation::new(&base.url);
    let mut server = installation.serve();
    let mut client = server.client();
    let limit = |current: Option<u64>| {
        let limit = Rlimit { current, maximum: None };
        prlimit(Some(server.pid()), Resource::Fsize, limit)
    };
    let proof = known(&mut client);
    if let Err(why) = limit(Some(1 << 20)) {
        return figures.not_run(on, "the experiment", why);
    }
    let (mut refused, mut strange, mut made) = (0, Vec::new(), Vec::new());
    for number in 0..2_000 {
        let name = format!("eve{number}");
        match register(&mut client, &name) {
            Ok(reply) if reply.status == 201 => made.push(name),
            Ok(reply) if reply.is_later() => refused += 1,
            other => strange.push(format!("{other:?}")),
        }
        if refused == 5 || strange.len() == 5 {
            break;
        }
    }
    figures.must(on, "writes refused with 503", "5", refused, refused == 5);
    figures.never(on, "other answers", &strange);
    let status = client.get("/auth/me", &proof).map_or(0, |reply| reply.status);
    figures.must(on, "a known token", "200", status, status == 200);
    limit(None).expect("what was set can be taken back");
    let began = Instant::now();
    let again = |client: &mut Client| register(client, "later").is_ok_and(|reply| reply.status == 201);
    while !again(&mut client) && began.elapsed() < FIRST * 3 {
        thread::sleep(Duration::from_millis(20));
    }
    let took = began.elapsed();
    figures.within(on, "first write without the limit", FIRST, took, "");
    let lost = made.iter().filter(|name| !matches!(Door::Minimal.enter(&mut client, name, PASSWORD), Ok((_, Some(_)))));
    figures.never(on, "acknowledged and lost", &lost.cloned().collect::<Vec<_>>());
    alive(figures, on, &mut server);
}

fn known(client: &mut Client) -> String {
    register(client, "ada").expect("an answer");
    let entered = Door::Hotel.enter(client, "ada", PASSWORD).expect("an answer").1.expect("it lets in");
    let authorization = entered.proof.authorization;
    let reply = client.get("/auth/me", &authorization).map_or(Value::Null, |reply| reply.json());
    assert!(reply.is_object(), "{reply}");
    authorization
}
