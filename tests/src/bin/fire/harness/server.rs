//! The server under test: this program again, with the command line of Countersign.

use std::{
    env,
    fs::{self, File},
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use countersign_tests::program::free_addresses;
use rustix::process::Pid;
use tempfile::TempDir;

use super::Client;

/// Names another build of Countersign as the server under test.
const PROGRAM: &str = "FIRE_PROGRAM";
/// The longest that anybody waits for a server.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nobody is throttled, and a second try with a spent refresh token is soon too late.
const SETTINGS: &str = r#"
[throttle]
enabled = false
[jwt]
rotate_refresh = true
refresh_grace = "2s"
"#;

/// Every surface. Hashes cost next to nothing, unless the experiment is about them. To be put behind other settings.
pub const SURFACES: &str = r#"
[passwords]
memory_kib = 64
iterations = 1
failure_floor = "0s"
[[mount]]
adapter = "sanctum"
[[mount]]
adapter = "hotel"
[[mount]]
adapter = "minimal"
[[mount]]
adapter = "djoser"
logout_on_password_change = true
"#;

/// A folder with a configuration and keys, for any number of servers on one database.
pub struct Installation {
    folder: TempDir,
    /// What stands before the program: `strace …`, `prlimit …`.
    pub under: Vec<String>,
    /// More of the environment.
    pub environment: Vec<(String, String)>,
}

/// A server in a process of its own; dropping it kills it.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: PathBuf,
    began: Instant,
}

impl Installation {
    pub fn new(url: &str) -> Self {
        Self::with(url, &format!("{SETTINGS}{SURFACES}"))
    }

    /// One with a configuration of its own.
    pub fn with(url: &str, configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("countersign.toml"), configuration).expect("a file in it");
        let environment = vec![("COUNTERSIGN__DATABASE__URL".to_owned(), url.to_owned())];
        Self { folder, under: Vec::new(), environment }
    }

    /// Sets a setting by its variable, such as `CACHE__BOUND`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((format!("COUNTERSIGN__{name}"), value.to_owned()));
        self
    }

    /// Takes the keys of another installation, which has been started, as they are copied from machine to machine.
    pub fn share_keys(&self, other: &Self) {
        let name = "countersign.keys";
        fs::copy(other.folder.path().join(name), self.folder.path().join(name)).expect("a file of keys");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = env::var_os(PROGRAM).map(PathBuf::from);
        let program = program.unwrap_or_else(|| env::current_exe().expect("this program has a file"));
        let mut command = if let [first, rest @ ..] = self.under.as_slice() {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts a server on a free address and does not wait.
    pub fn spawn(&self) -> Process {
        let [address] = free_addresses();
        self.spawn_on(address)
    }

    /// Starts one on this address.
    pub fn spawn_on(&self, address: SocketAddr) -> Process {
        let log = self.folder.path().join(format!("serve-{}.log", address.port()));
        self.spawn_logging(address, &log)
    }

    /// Starts one that logs into this file, behind what is there.
    pub fn spawn_logging(&self, address: SocketAddr, log: &Path) -> Process {
        let file = File::options().create(true).append(true).open(log).expect("a log file");
        let mut command = self.command(&["serve"]);
        command.env("COUNTERSIGN__SERVER__BIND", address.to_string());
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let began = Instant::now();
        Process { child: command.spawn().expect("this program runs"), address, log: log.to_owned(), began }
    }

    /// Starts one and waits until it is ready.
    pub fn serve(&self) -> Process {
        let process = self.spawn();
        process.ready();
        process
    }

    /// The same, noting how long it took.
    pub fn serve_timed(&self, starts: &mut Vec<Duration>) -> Process {
        let process = self.spawn();
        starts.push(process.ready());
        process
    }

    /// Runs a command of the owner's, with this on standard input; what went wrong, if it did.
    pub fn own(&self, stdin: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(stdin.as_bytes()).map_err(|error| error.to_string())?;
        }
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }
}

impl Process {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Waits until it is ready; how long it took from its start.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn ready(&self) -> Duration {
        self.ready_within(PATIENCE).unwrap_or_else(|| panic!("the server becomes ready: {}", self.log()))
    }

    /// The same; `None` if it takes longer.
    pub fn ready_within(&self, patience: Duration) -> Option<Duration> {
        let began = Instant::now();
        while !self.client().get("/health/ready", "").is_ok_and(|reply| reply.status == 200) {
            if began.elapsed() > patience {
                return None;
            }
            thread::sleep(Duration::from_millis(3));
        }
        Some(self.began.elapsed())
    }

    /// SIGKILL, and it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Everything that it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The lines of its log that no server should write.
    pub fn complaints(&self) -> Vec<String> {
        let bad = ["panicked", "database is locked", "deadlock", "ended without an answer"];
        let log = self.log();
        log.lines().filter(|line| bad.iter().any(|bad| line.contains(bad))).map(str::to_owned).collect()
    }

    /// Resident memory in MiB.
    pub fn resident(&self) -> f64 {
        self.status("VmRSS:") / 1024.0
    }

    /// The most that it ever was, in MiB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:") / 1024.0
    }

    pub fn threads(&self) -> f64 {
        self.status("Threads:")
    }

    /// The processor time that it used so far.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.pid())
    }

    /// Open files.
    pub fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.id())).map_or(0, Iterator::count)
    }

    fn status(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0.0)
    }
}

/// The processor time that a process used so far, the system's for it included; none of one that has ended.
pub fn cpu_of(process: Pid) -> Duration {
    /// Ticks are hundredths of a second on every Linux.
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    // proc_pid_stat(5): the 14th and 15th field, and the name in parentheses is the second.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
    TICK * fields.filter_map(|ticks| ticks.parse::<u32>().ok()).sum()
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
