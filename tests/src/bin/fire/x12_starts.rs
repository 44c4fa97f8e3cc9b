//! X12: eight processes start at once on an empty database, and processes are killed while they make its tables.

#[path = "x12_migration.rs"]
mod migration;

use std::{thread, time::Duration};

use crate::harness::{Base, Door, Figures, Installation, PASSWORD, Process, Run, count, percentile, register};

/// Processes that start at the same moment.
const STARTS: usize = 8;
/// How long all of them may take.
const HEALTHY: Duration = Duration::from_secs(10);
/// How long the start after a kill may take.
const FINISHED: Duration = Duration::from_secs(60);

pub fn run(run: &Run, figures: &mut Figures) {
    let names: Vec<_> = run.bases(figures).iter().map(|base| base.name).collect();
    for name in names {
        at_once(run, figures, name);
        killed(run, figures, name);
        migration::run(run, figures, name);
    }
    figures.told("all", "old and new version side by side", "left out: no version was ever released to be the old one");
}

fn at_once(run: &Run, figures: &mut Figures, on: &'static str) {
    let rounds = run.rounds(2, 50);
    let (mut took, mut failed, mut different) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = None;
    for round in 0..rounds {
        let base = run.base(on).expect("it was there before");
        let installation = Installation::new(&base.url);
        let mut servers: Vec<Process> = (0..STARTS).map(|_| installation.spawn()).collect();
        for server in &mut servers {
            match server.ready_within(HEALTHY * 3) {
                Some(after) => took.push(after),
                None => failed.push(format!("round {round}: {}", server.log())),
            }
        }
        failed.extend(servers.iter().flat_map(Process::complaints));
        failed.extend(works(&servers));
        drop(servers);
        let now = schema(&base);
        let known = first.get_or_insert(now);
        if *known != now {
            different.push(format!("round {round}: {now:?} instead of {known:?}"));
        }
    }
    figures.told(on, "rounds of eight starts", rounds);
    figures.never(on, "failed starts", &failed);
    let slowest = percentile(&mut took, 1.0);
    figures.within(on, "slowest until ready", HEALTHY, slowest, "");
    figures.never(on, "another schema, or a migration twice", &different);
}

fn killed(run: &Run, figures: &mut Figures, on: &'static str) {
    let mut dice = run.dice(on);
    let rounds = run.rounds(5, 50);
    let (mut took, mut failed, mut different, mut midway) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut first = None;
    // The moments are drawn from the time that a whole start takes here.
    let whole = run.base(on).map(|base| Installation::new(&base.url).serve().ready()).expect("it was there before");
    let whole = u64::try_from(whole.as_millis()).unwrap_or(1_000);
    for round in 0..rounds {
        let base = run.base(on).expect("it was there before");
        let installation = Installation::new(&base.url);
        let mut server = installation.spawn();
        thread::sleep(dice.span(1, whole));
        server.kill();
        midway += usize::from(is_midway(&base));
        let server = installation.spawn();
        match server.ready_within(FINISHED) {
            Some(after) => took.push(after),
            None => failed.push(format!("round {round}: {}", server.log())),
        }
        failed.extend(works(std::slice::from_ref(&server)));
        drop(server);
        let now = schema(&base);
        let known = first.get_or_insert(now);
        if *known != now {
            different.push(format!("round {round}: {now:?} instead of {known:?}"));
        }
    }
    figures.told(on, "kills of a first start, of these before the tables were there", format!("{rounds}, {midway}"));
    figures.never(on, "starts that do not finish what was killed", &failed);
    let slowest = percentile(&mut took, 1.0);
    figures.within(on, "slowest start after a kill", FINISHED, slowest, "");
    figures.never(on, "another schema after a kill", &different);
}

/// Each of them registers somebody whom each of the others lets in.
fn works(servers: &[Process]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, server) in servers.iter().enumerate() {
        let name = format!("user{number}");
        let registered = register(&mut server.client(), &name);
        if !registered.as_ref().is_ok_and(|reply| reply.status == 201) {
            wrong.push(format!("{registered:?}"));
            continue;
        }
        let other = &servers[(number + 1) % servers.len()];
        let entered = Door::Djoser.enter(&mut other.client(), &name, PASSWORD);
        if !matches!(entered, Ok((_, Some(_)))) {
            wrong.push(format!("{entered:?}"));
        }
    }
    wrong
}

/// How many migrations, tables, columns and indices there are: what a second run of one would change.
fn schema(base: &Base) -> [i64; 3] {
    let queries = match base.name {
        "SQLite" => [
            "SELECT count(*) FROM __diesel_schema_migrations",
            "SELECT count(*) FROM sqlite_schema",
            "SELECT count(*) FROM sqlite_schema AS s, pragma_table_info(s.name)",
        ],
        "PostgreSQL" => [
            "SELECT count(*) FROM __diesel_schema_migrations",
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'",
        ],
        _ => [
            "SELECT count(*) FROM __diesel_schema_migrations",
            "SELECT count(*) FROM information_schema.statistics WHERE table_schema = DATABASE()",
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE()",
        ],
    };
    queries.map(|query| count(&base.url, query))
}

/// Was the last migration not done yet?
fn is_midway(base: &Base) -> bool {
    let table = match base.name {
        "SQLite" => "SELECT count(*) FROM sqlite_schema WHERE name = 'imports'",
        "PostgreSQL" => "SELECT count(*) FROM pg_class WHERE relname = 'imports'",
        _ => {
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'imports'"
        }
    };
    count(&base.url, table) == 0
}
