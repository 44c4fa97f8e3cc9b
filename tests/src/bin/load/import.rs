//! How fast a large application moves in, and how much memory that takes. Chosen by name alone: with a million users it takes
//! minutes. `LOAD_USERS` says how many there are; `COUNTERSIGN_TEST_POSTGRES` names a server to import into as well, and
//! `LOAD_TARGETS=sqlite,postgres,mysql` what is measured of all that is there.

use std::{
    env, fs,
    io::Read as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use countersign_tests::{
    databases::{Database, databases},
    generator,
};

use crate::figures::Row;

/// The targets that are measured; `LOAD_TARGETS`, with commas, names others.
const KINDS: &str = "sqlite,postgres";
/// A million, unless `LOAD_USERS` says otherwise.
const USERS: u32 = 1_000_000;
/// What it is to reach.
const TARGET: &str = "20,000 rows/s, 200 MiB";
/// How often the memory of the import is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The rows of the table.
pub fn rows() -> Vec<Row> {
    let users = env::var("LOAD_USERS").ok().and_then(|text| text.parse().ok()).unwrap_or(USERS);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = [
        ("laravel", generator::laravel(&folder.path().join("laravel.db"), users), users * 3),
        ("django", generator::django(&folder.path().join("django.db"), users), users * 2),
    ];
    let kinds = env::var("LOAD_TARGETS").unwrap_or_else(|_| KINDS.to_owned());
    let is_meant = |target: &Database| kinds.split(',').any(|kind| kind == target.name);
    let mut rows = Vec::new();
    for (framework, source, count) in &sources {
        let mut say = |target: &Database, run: &str, measured: &Measured| {
            let what = format!("import {framework} into {}, {count} rows, {run}", target.name);
            let rate = f64::from(*count) / measured.seconds;
            let figure = format!(
                "{rate:.0} rows/s, {:.0} MiB at most, {:.0} s ({:.0} s of processor time; load {} before)",
                measured.memory, measured.seconds, measured.processor, measured.load
            );
            rows.push(Row::new(what, figure, TARGET));
        };
        for target in databases().into_iter().filter(is_meant) {
            let first = measure(framework, source, &target, None);
            assert_eq!(first.counts, (u64::from(*count), 0), "new and unchanged rows of {framework}");
            say(&target, "first run", &first);
            let again = measure(framework, source, &target, None);
            assert_eq!(again.counts, (0, u64::from(*count)), "new and unchanged rows of {framework}");
            say(&target, "second run, nothing new", &again);

            let killed_one = databases().into_iter().find(|other| other.name == target.name).expect("it was there");
            let half = measure(framework, source, &killed_one, Some(Duration::from_secs_f64(first.seconds / 2.0)));
            let mut rest = measure(framework, source, &killed_one, None);
            let (new, unchanged) = rest.counts;
            assert_eq!(new + unchanged, u64::from(*count), "rows of {framework} after a run that was killed");
            assert!(
                new > 0 && unchanged > 0,
                "{framework}: not killed in the middle: {new} new, {unchanged} unchanged"
            );
            let twice = measure(framework, source, &killed_one, None);
            assert_eq!(twice.counts, (0, u64::from(*count)), "new and unchanged rows of {framework}");
            rest.seconds += half.seconds;
            rest.processor += half.processor;
            rest.memory = rest.memory.max(half.memory);
            rest.load = half.load;
            let run =
                format!("killed after {unchanged} rows and {:.0} s, finished by a second run; both", half.seconds);
            say(&target, &run, &rest);
        }
    }
    rows
}

/// What a run cost, and what came of it.
struct Measured {
    seconds: f64,
    /// Of its process alone, in seconds.
    processor: f64,
    /// The most that it had, in MiB.
    memory: f64,
    /// What was in line for the processors in the minute before, this program included.
    load: String,
    /// New and unchanged rows.
    counts: (u64, u64),
}

/// Imports, and kills the import after `killed_after`.
fn measure(framework: &str, source: &str, target: &Database, killed_after: Option<Duration>) -> Measured {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["import", framework, "--from", source, "--json"]).current_dir(folder.path()).stdout(Stdio::piped());
    command.env("COUNTERSIGN__DATABASE__URL", &target.url);
    // The key is the database's: another one would be refused at the second run.
    command.env("COUNTERSIGN__KEYS__SECRET", "the key ring of every measured import");
    let load = fs::read_to_string("/proc/loadavg").expect("Linux tells it");
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let began = Instant::now();
    let mut child = command.spawn().expect("this program starts");
    let (mut memory, mut processor) = (0.0, 0.0);
    let status = loop {
        memory = peak(&child).unwrap_or(memory);
        processor = processor_time(&child).unwrap_or(processor);
        if let Some(status) = child.try_wait().expect("it is a child") {
            break status;
        }
        if killed_after.is_some_and(|after| began.elapsed() >= after) {
            child.kill().expect("it is a child");
        }
        thread::sleep(LOOK);
    };
    let seconds = began.elapsed().as_secs_f64();
    let mut told = String::new();
    child.stdout.take().expect("it is piped").read_to_string(&mut told).expect("text");
    assert!(status.success() || killed_after.is_some(), "the import failed: {told}");
    Measured { seconds, processor, memory, load, counts: counts(&told) }
}

/// New and unchanged rows by the summary, which is the last line; none if there is none.
fn counts(told: &str) -> (u64, u64) {
    let last = told.lines().last().unwrap_or_default();
    let summary: serde_json::Value = serde_json::from_str(last).unwrap_or_default();
    let tables = summary["summary"]["tables"].as_array().cloned().unwrap_or_default();
    let sum = |name: &str| tables.iter().filter_map(|table| table[name].as_u64()).sum();
    (sum("new"), sum("unchanged"))
}

/// The processor time that a process has had, in seconds.
fn processor_time(child: &Child) -> Option<f64> {
    /// Parts of a second in which Linux tells it, on every machine that Rust knows.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// The most memory that a process has had, in MiB.
fn peak(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
