//! A PostgreSQL of the suite's own, which may be killed, stopped and started again. It syncs as it is shipped.

use std::{
    env, fs,
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use countersign_tests::program::free_addresses;
use diesel::{Connection as _, PgConnection};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::server::cpu_of;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server; dropping it ends it.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    pub address: SocketAddr,
    child: Mutex<Option<Child>>,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub fn make() -> Result<Self, String> {
        let made = Self::empty()?;
        let mut initdb = made.command("initdb");
        initdb.args(["--username=countersign", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        done(initdb.arg("--pgdata").arg(made.data()))?;
        made.start()?;
        Ok(made)
    }

    /// A place for one.
    fn empty() -> Result<Self, String> {
        let programs = programs().ok_or("initdb is not there (Debian: postgresql)")?;
        let folder = tempfile::Builder::new().prefix("fire-postgres").tempdir().map_err(|error| error.to_string())?;
        let [address] = free_addresses();
        let made = Self { folder, programs, address, child: Mutex::new(None) };
        if rustix::process::geteuid().is_root() {
            done(Command::new("chown").arg("nobody").arg(made.folder.path()))?;
        }
        Ok(made)
    }

    /// Makes a streaming replica of `primary` and starts it.
    pub fn replica_of(primary: &Self) -> Result<Self, String> {
        let made = Self::empty()?;
        made.follow(primary)?;
        Ok(made)
    }

    /// Throws away what is here, which is ended, and becomes a streaming replica of `primary`.
    pub fn follow(&self, primary: &Self) -> Result<(), String> {
        let _ = fs::remove_dir_all(self.data());
        let mut copy = self.command("pg_basebackup");
        copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--pgdata"]);
        copy.arg(self.data()).args(["--host=127.0.0.1", "--username=countersign", "--port"]);
        done(copy.arg(primary.address.port().to_string()))?;
        self.start()
    }

    /// A replica becomes a primary.
    pub fn promote(&self) -> Result<(), String> {
        done(self.command("pg_ctl").args(["promote", "--wait", "--pgdata"]).arg(self.data()))
    }

    /// SIGKILL to all of its processes, as when the machine is switched off.
    pub fn kill(&self) {
        for process in self.processes() {
            let _ = kill_process(process, Signal::KILL);
        }
        if let Some(mut child) = self.child().take() {
            let _ = child.wait();
        }
        // Nobody starts this cluster again, so nobody would return its segment of shared memory: the second number of the line.
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(segment) = lock.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            let _ = Command::new("ipcrm").args(["-m", segment]).stderr(Stdio::null()).status();
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of PostgreSQL, by somebody who is not root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts it and waits until it answers.
    pub fn start(&self) -> Result<(), String> {
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log"));
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.address.port().to_string()]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "shared_buffers=64MB"]);
        // In files of its folder, which go with it however it ends.
        command.args(["-c", "dynamic_shared_memory_type=mmap"]);
        command.arg("-c").arg(format!("unix_socket_directories={}", self.folder.path().display()));
        // A group of its own, for signals that stop all of it.
        command.stderr(log.map_err(|error| error.to_string())?).process_group(0);
        *self.child() = Some(command.spawn().map_err(|error| error.to_string())?);
        let began = Instant::now();
        while PgConnection::establish(&self.url("postgres")).is_err() {
            if began.elapsed() > PATIENCE {
                return Err(format!("it does not start: {}", self.log()));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Ends it as a crash does: without a word to anybody, and with recovery at the next start.
    pub fn crash(&self) {
        // `pg_ctl stop -m immediate` is SIGQUIT to the first process, which ends the others.
        self.signal_first(Signal::QUIT);
        if let Some(mut child) = self.child().take() {
            let _ = child.wait();
        }
    }

    fn signal_first(&self, signal: Signal) {
        if let Some(child) = self.child().as_ref() {
            let _ = kill_process(Pid::from_child(child), signal);
        }
    }

    /// All of its processes stand still, or go on.
    pub fn freeze(&self, freeze: bool) {
        let signal = if freeze { Signal::STOP } else { Signal::CONT };
        let mut all = self.processes();
        // The first process last: it would notice what happens to the others.
        all.reverse();
        for process in all {
            let _ = kill_process(process, signal);
        }
    }

    /// The first process and those that it made.
    pub fn processes(&self) -> Vec<Pid> {
        let Some(first) = self.child().as_ref().map(Pid::from_child) else { return Vec::new() };
        let path = format!("/proc/{0}/task/{0}/children", first.as_raw_nonzero());
        let children = fs::read_to_string(path).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        std::iter::once(first).chain(children).collect()
    }

    /// The processor time that all of its processes used so far.
    pub fn cpu(&self) -> Duration {
        self.processes().into_iter().map(cpu_of).sum()
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().expect("nobody panics with it")
    }

    /// The URL of a database on it.
    pub fn url(&self, database: &str) -> String {
        Self::url_at(self.address, database)
    }

    /// The URL of a database on whichever of both takes writes.
    pub fn url_of(pair: [&Self; 2], database: &str) -> String {
        format!("postgres://countersign@{},{}/{database}", pair[0].address, pair[1].address)
    }

    /// The same by way of another address.
    pub fn url_at(address: SocketAddr, database: &str) -> String {
        format!("postgres://countersign@{address}/{database}")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.freeze(false);
        self.crash();
    }
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The folder of its programs: in the PATH, or where Debian hides them.
fn programs() -> Option<PathBuf> {
    let debian =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).chain(debian).collect();
    folders.retain(|folder| folder.join("initdb").exists());
    // A link in the PATH leads to the folder where the others are.
    folders.first().and_then(|folder| folder.join("initdb").canonicalize().ok()?.parent().map(Path::to_owned))
}
