//! Who ends `fire` ends the servers and databases that it started, and nothing of them stays behind.

#![cfg(all(feature = "mysql", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use countersign_tests::databases::kinds;
use rustix::process::{Pid, Signal, kill_process};

/// How long a busy machine may take to make a database and start a server on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What this process started, and those that it started, with their command lines.
fn descendants(of: u32) -> Vec<(u32, String)> {
    let children = fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let lines = children.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = lines.flat_map(|line| pids(&line)).collect();
    let of_child = |child: u32| {
        let line = fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
        [vec![(child, line.replace('\0', " "))], descendants(child)].concat()
    };
    children.into_iter().flat_map(of_child).collect()
}

fn pids(line: &str) -> Vec<u32> {
    line.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn what_fire_started_ends_with_it() {
    // One that begins with a database of its own, where there is one.
    let experiment = if kinds().contains(&"postgres") { "x4" } else { "x8" };
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let place = tempfile::tempdir().unwrap();
        // PostgreSQL refuses to be root, and has to come by here.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        fs::set_permissions(place.path(), open).unwrap();
        let mut fire = Command::new(env!("CARGO_BIN_EXE_fire"));
        fire.args(["--short", experiment]).env("TMPDIR", place.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut fire = fire.spawn().unwrap();
        let began = Instant::now();
        let started = loop {
            let all = descendants(fire.id());
            if all.iter().any(|(_, line)| line.contains(" serve")) {
                break all;
            }
            assert!(began.elapsed() < PATIENCE && fire.try_wait().unwrap().is_none(), "{all:?}");
            thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(started.iter().any(|(_, line)| line.contains("postgres")), experiment == "x4", "{started:?}");
        let (server, _) = started.iter().find(|(_, line)| line.contains(" serve")).unwrap();
        let status = fs::read_to_string(format!("/proc/{server}/status")).unwrap();
        assert!(status.contains("SigBlk:\t0000000000000000\n"), "a server hears every signal: {status}");
        kill_process(Pid::from_child(&fire), signal).unwrap();
        let ended = fire.wait().unwrap();
        assert_eq!((ended.code(), ended.signal()), (Some(code), None));
        for (pid, line) in started {
            assert!(fs::metadata(format!("/proc/{pid}")).is_err(), "{pid} is still there: {line}");
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
