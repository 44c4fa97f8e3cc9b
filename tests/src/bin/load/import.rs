//! How fast a large application moves in, and how much memory that takes. Chosen by name alone: with a million users it takes
//! minutes. `LOAD_USERS` says how many there are; `COUNTERSIGN_TEST_POSTGRES` names a server to import into as well.

use std::{
    env, fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use countersign_tests::{
    databases::{Database, databases},
    generator,
};

use crate::figures::Row;

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
    let mut rows = Vec::new();
    for (framework, source, count) in &sources {
        for target in databases().into_iter().filter(|target| target.name != "mysql") {
            for run in ["first run", "second run, nothing new"] {
                let (seconds, memory) = measure(framework, source, &target);
                let what = format!("import {framework} into {}, {count} rows, {run}", target.name);
                let rate = f64::from(*count) / seconds;
                let figure = format!("{rate:.0} rows/s, {memory:.0} MiB at most, {seconds:.0} s");
                rows.push(Row::new(what, figure, TARGET));
            }
        }
    }
    rows
}

/// Seconds, and MiB.
fn measure(framework: &str, source: &str, target: &Database) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["import", framework, "--from", source]).current_dir(folder.path()).stdout(Stdio::null());
    command.env("COUNTERSIGN__DATABASE__URL", &target.url);
    // The key is the database's: another one would be refused at the second run.
    command.env("COUNTERSIGN__KEYS__SECRET", "the key ring of every measured import");
    let began = Instant::now();
    let mut child = command.spawn().expect("this program starts");
    let mut memory = 0.0;
    let status = loop {
        memory = peak(&child).unwrap_or(memory);
        if let Some(status) = child.try_wait().expect("it is a child") {
            break status;
        }
        thread::sleep(LOOK);
    };
    assert!(status.success(), "the import failed");
    (began.elapsed().as_secs_f64(), memory)
}

/// The most memory that a process has had, in MiB.
fn peak(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
