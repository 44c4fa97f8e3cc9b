//! The program itself, as its owner runs it: in a folder of its own, with what it says.

use std::{
    fs::{self, File},
    io::{Seek as _, Write as _},
    net::{SocketAddr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{actor::Actor, wire};

/// How long a busy machine may take to start or stop a server.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment of every run: cheap hashes, no held-back failures, no throttle, and revocations that spread fast, because each
/// command that revokes waits for that.
const QUICK: [(&str, &str); 6] = [
    ("COUNTERSIGN__PASSWORDS__MEMORY_KIB", "64"),
    ("COUNTERSIGN__PASSWORDS__ITERATIONS", "1"),
    ("COUNTERSIGN__PASSWORDS__FAILURE_FLOOR", "0s"),
    ("COUNTERSIGN__THROTTLE__ENABLED", "false"),
    ("COUNTERSIGN__CACHE__POLL", "50ms"),
    ("COUNTERSIGN__CACHE__BOUND", "300ms"),
];

/// The folder of an installation with the program that [`sandbox!`](crate::sandbox) found.
pub struct Sandbox {
    program: PathBuf,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub struct Ran {
    /// 0 done, 1 refused, 2 wrong usage; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A [`Sandbox`] with the program of this build: only tests know where cargo put it.
#[macro_export]
macro_rules! sandbox {
    () => {
        $crate::program::Sandbox::of(env!("CARGO_BIN_EXE_countersign-under-test"))
    };
}

impl Sandbox {
    /// An empty folder, and this program.
    pub fn of(program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let environment = QUICK.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { program: PathBuf::from(program), folder, environment }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file can be written");
    }

    /// Sets a variable for every run from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a variable away from every run from now on.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Runs a command with nothing on standard input.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with("", arguments)
    }

    /// Runs a command with this on standard input.
    pub fn run_with(&self, stdin: &str, arguments: &[&str]) -> Ran {
        let mut input = tempfile::tempfile().expect("a temporary file");
        input.write_all(stdin.as_bytes()).and_then(|()| input.rewind()).expect("a file can be written");
        let output = self.command(arguments).stdin(input).output().expect("the program runs");
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        self.done_with("", arguments)
    }

    /// The same with this on standard input.
    pub fn done_with(&self, stdin: &str, arguments: &[&str]) -> String {
        let ran = self.run_with(stdin, arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        ran.stdout
    }

    /// Creates a user called `name` with the password `password`.
    pub fn add(&self, name: &str) {
        self.done_with("password", &["user", "add", "--username", name, "--password-stdin"]);
    }

    /// Starts `serve` on a free port and waits until it is ready.
    pub fn serve(&self) -> Running {
        let running = self.spawn();
        running.wait_ready();
        running
    }

    /// Starts `serve` on a free port and does not wait.
    pub fn spawn(&self) -> Running {
        let [address] = free_addresses();
        self.spawn_on(address)
    }

    /// Starts `serve` on this address and does not wait.
    pub fn spawn_on(&self, address: SocketAddr) -> Running {
        let log = self.path(&format!("serve-{}.log", address.port()));
        let file = File::create(&log).expect("a file can be made");
        let both = file.try_clone().expect("a handle can be doubled");
        let mut command = self.command(&["serve"]);
        command.env("COUNTERSIGN__SERVER__BIND", address.to_string());
        let child = command.stdin(Stdio::null()).stdout(both).stderr(file).spawn().expect("the program runs");
        Running { child, address, log }
    }

    /// Makes a client of another language the owner, too: it runs in the folder, and `COUNTERSIGN` is the program.
    pub fn entrust(&self, client: &mut Command) {
        client.current_dir(self.folder.path()).env("COUNTERSIGN", &self.program);
        client.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The ports that are handed out: below those that the system gives to whoever only connects, so that none is taken away
/// between here and the server's own start.
const PORTS: Range<u16> = 20_000..32_000;

/// Addresses of loopback on which nobody listens at the moment. No address is given twice until all were given.
pub fn free_addresses<const COUNT: usize>() -> [SocketAddr; COUNT] {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    [(); COUNT].map(|()| {
        (0..PORTS.len())
            .map(|_| {
                // Another process of the tests begins somewhere else.
                let turn = std::process::id().wrapping_mul(97).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
                let offset = turn % u32::from(PORTS.end - PORTS.start);
                SocketAddr::from(([127, 0, 0, 1], PORTS.start + u16::try_from(offset).expect("a port")))
            })
            .find(|address| TcpListener::bind(address).is_ok())
            .expect("a loopback port")
    })
}

/// A server in a process of its own; dropping it kills it.
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: PathBuf,
}

impl Running {
    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Somebody without any credential.
    pub fn anon(&self) -> Actor {
        Actor::at(&format!("http://{}", self.address))
    }

    /// Somebody with `Authorization: Bearer token`.
    pub fn bearer(&self, token: &str) -> Actor {
        self.anon().with("Authorization", &format!("Bearer {token}"))
    }

    /// Everything that it printed and logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is there")
    }

    /// Waits until it says that it can serve.
    pub fn wait_ready(&self) {
        let began = Instant::now();
        let ask = b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let ready = || {
            std::net::TcpStream::connect(self.address).is_ok() && wire::exchange(self.address, ask).contains(" 200 OK")
        };
        while !ready() {
            assert!(began.elapsed() < PATIENCE, "not ready: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to stop as a service manager does, and does not wait.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Asks it to stop as a person at a terminal does, and does not wait.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits until it has ended by itself; the exit code.
    pub fn wait(&mut self) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                return status.code().unwrap_or(-1);
            }
            assert!(began.elapsed() < PATIENCE, "still runs: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to stop and waits; the exit code.
    pub fn stop(&mut self) -> i32 {
        self.terminate();
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
