//! Who ends this program ends what it started.
//!
//! The program that was called does no experiment: it looks after a second one of itself, which does. Every process of the
//! experiments that loses its parent becomes this one's (`PR_SET_CHILD_SUBREAPER`), so when it is told to end (SIGTERM, SIGINT, SIGHUP), or
//! the second one ends in whatever way, it finds them all, and ends them. What they keep is in one folder, which goes last.

use std::{
    env, fs,
    io::{self, Error},
    os::unix::{fs::PermissionsExt as _, process::parent_id},
    path::Path,
    process::{Command, ExitCode},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::{SigSet, Signal as Told};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, set_parent_process_death_signal, wait,
};

use crate::harness::sweep_cages;

/// Names the process that looks after this one.
const KEPT: &str = "FIRE_KEPT_BY";
/// How long databases may take to end in order, and then how long the system may take for the rest.
const ENDINGS: [(Signal, Duration); 2] =
    [(Signal::QUIT, Duration::from_secs(3)), (Signal::KILL, Duration::from_secs(10))];
const LOOK: Duration = Duration::from_millis(20);
/// What shells say of a process that a signal ended: more than this by the signal's number.
const BY_SIGNAL: i32 = 128;

/// Does another one of this program look after this one? Then this one ends with it.
pub fn is_kept() -> bool {
    let Some(keeper) = env::var(KEPT).ok().and_then(|pid| pid.parse::<u32>().ok()) else { return false };
    let bound = set_parent_process_death_signal(Some(Signal::KILL));
    assert!(bound.is_ok() && parent_id() == keeper, "whoever looks after this process is there");
    // What its keeper waits for was blocked when it was started, and would be for everything that it starts.
    heard().thread_unblock().expect("signals can be unblocked");
    true
}

/// Starts the one that does the experiments, and ends all that is left when it has ended or this one is told to.
pub fn keep() -> io::Result<ExitCode> {
    let signals = heard();
    signals.thread_block()?;
    set_child_subreaper(Some(getpid()))?;
    let folder = tempfile::Builder::new().prefix("fire").tempdir()?;
    // PostgreSQL, which refuses to be root, has its folder in this one.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
    let mut second = Command::new(env::current_exe()?);
    second.args(env::args_os().skip(1)).env(KEPT, std::process::id().to_string()).env("TMPDIR", folder.path());
    let second = Pid::from_child(&second.spawn()?);
    let code = loop {
        match signals.wait()? {
            Told::SIGCHLD => {
                if let Some(code) = reap(second) {
                    break code;
                }
            }
            told => {
                eprintln!("fire: {told}; all that it started ends with it");
                let _ = kill_process(second, Signal::KILL);
                break BY_SIGNAL + told as i32;
            }
        }
    };
    end_all(second);
    unmount(folder.path());
    sweep_cages();
    folder.close()?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// What the keeper waits for.
fn heard() -> SigSet {
    [Told::SIGTERM, Told::SIGINT, Told::SIGHUP, Told::SIGCHLD].into_iter().collect()
}

/// Takes note of who has ended; the exit code of `second`, if it is among them.
fn reap(second: Pid) -> Option<i32> {
    let mut code = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == second {
            code = status.exit_status().or_else(|| Some(BY_SIGNAL + status.terminating_signal()?));
        }
    }
    code
}

fn end_all(second: Pid) {
    for (signal, patience) in ENDINGS {
        let began = Instant::now();
        while began.elapsed() < patience {
            reap(second);
            let left = descendants(getpid());
            if left.is_empty() {
                return;
            }
            for process in left {
                let _ = kill_process(process, signal);
                // Who was stopped by an experiment hears of it.
                let _ = kill_process(process, Signal::CONT);
            }
            thread::sleep(LOOK);
        }
    }
    eprintln!("fire: these do not end: {:?}", descendants(getpid()));
}

/// All processes that this one started, and those that they started.
fn descendants(of: Pid) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{}/task", of.as_raw_nonzero())).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<Pid> = children
        .flat_map(|line| line.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect::<Vec<_>>())
        .collect();
    children.into_iter().flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// Takes the disks away that were mounted in the folder.
fn unmount(folder: &Path) {
    // proc_pid_mountinfo(5): the fifth field.
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for place in mounts.lines().filter_map(|line| line.split(' ').nth(4)).filter(|at| Path::new(at).starts_with(folder))
    {
        let done = Command::new("umount").arg("--lazy").arg(place).status();
        if !done.as_ref().is_ok_and(std::process::ExitStatus::success) {
            eprintln!("fire: {place} stays mounted: {done:?} {}", Error::last_os_error());
        }
    }
}
