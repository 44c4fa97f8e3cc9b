//! X3: nothing is answered before it is on the disk, as far as the system's calls tell: between a registration and its 201 there is a
//! sync that succeeded.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Figures, Installation, Run, execute, register};

/// The calls that receive, that answer, and that sync.
const CALLS: &str = "trace=fsync,fdatasync,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg";

pub fn run(run: &Run, figures: &mut Figures) {
    for base in run.bases(figures) {
        let on = base.name;
        if on == "MariaDB" {
            figures.told(on, "the experiment", "left out: it syncs as its owner configured it");
            continue;
        }
        let server = Installation::new(&base.url).serve();
        let mut client = server.client();
        assert!(register(&mut client, "warm").is_ok_and(|reply| reply.status == 201), "it works");
        let mut processes = vec![server.id()];
        if let Some(postgres) = run.postgres().filter(|_| on == "PostgreSQL") {
            processes.extend(postgres.processes().iter().map(|pid| pid.as_raw_nonzero().get().cast_unsigned()));
        }
        let output = tempfile::NamedTempFile::new().expect("a temporary file");
        let traced = match trace(&processes, output.path()) {
            Ok(traced) => traced,
            Err(why) => {
                figures.not_run(on, "the experiment", why);
                continue;
            }
        };
        let asked = run.rounds(50, 500);
        let made = (0..asked)
            .filter(|number| register(&mut client, &format!("ada{number}")).is_ok_and(|reply| reply.status == 201));
        let made = made.count();
        end(traced);
        let trace = fs::read_to_string(output.path()).unwrap_or_default();
        let (answered, synced) = read(&trace);
        let came = format!("{synced} of {answered} ({made} made)");
        let held = synced == answered && answered == made && made == asked;
        figures.must(on, "201s with a sync between request and answer", &format!("{asked} of {asked}"), came, held);
        if on == "PostgreSQL" {
            // Whatever else its sessions set, this they leave alone: the syncs above are those of their commits.
            execute(&base.url, "DO $$ BEGIN ASSERT current_setting('synchronous_commit') = 'on'; END $$");
        }
    }
}

/// Lets strace follow these processes into a file; returns when it does.
fn trace(processes: &[u32], output: &Path) -> Result<Child, String> {
    let mut command = Command::new("strace");
    command.args(["-f", "-q", "-s", "64", "-e", CALLS, "-o"]).arg(output);
    for process in processes {
        command.args(["-p", &process.to_string()]);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("strace: {error} (Debian: strace)"))?;
    for process in processes {
        let mut tries = 0;
        let follows = || {
            let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            !status.contains("TracerPid:\t0\n")
        };
        while !follows() {
            tries += 1;
            if tries > 200 || child.try_wait().is_ok_and(|ended| ended.is_some()) {
                let _ = child.kill();
                let _ = child.wait();
                return Err("strace may not follow processes here".to_owned());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    // The other threads of each are followed a moment later.
    thread::sleep(Duration::from_millis(300));
    Ok(child)
}

/// Lets go of the processes.
fn end(mut strace: Child) {
    // Not by SIGINT, which may be ignored where this was started in the background.
    let _ = kill_process(Pid::from_child(&strace), Signal::TERM);
    let _ = strace.wait();
}

/// How many were answered with 201, and before how many of these a sync had ended since the request came.
fn read(trace: &str) -> (usize, usize) {
    let (mut answered, mut before, mut is_synced) = (0, 0, false);
    for line in trace.lines() {
        if line.contains("\"POST /auth/users/") {
            is_synced = false;
        } else if line.contains("\"HTTP/1.1 201") {
            answered += 1;
            before += usize::from(is_synced);
            is_synced = false;
        } else if line.contains("sync") && line.ends_with("= 0") {
            is_synced = true;
        }
    }
    (answered, before)
}
