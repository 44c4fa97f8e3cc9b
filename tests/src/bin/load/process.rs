//! The server under test: this program again, with the command line of Countersign.

use std::{
    env, fmt,
    fs::{self, OpenOptions},
    io::Write as _,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::ContentType,
    rt::System,
    web::{self, Bytes},
};
use countersign::heap;
use countersign_tests::databases::Database;
use tempfile::TempDir;

use crate::{
    Dialect,
    http::{Connection, post},
};

/// Tells the server under test to serve a bare handler beside itself: the address, a blank, the body.
const BARE: &str = "LOAD_BARE";
/// A library that is put before the server's own, such as another allocator.
const PRELOAD: &str = "LOAD_PRELOAD";
/// Another program that is asked in place of this one, such as the default build: not with a bare handler beside it.
const PROGRAM: &str = "LOAD_PROGRAM";
/// The user that logs in.
const USER: &str = "ada";
const PASSWORD: &str = "correct horse battery staple";
/// The file that the server under test logs to.
const LOG: &str = "log";
/// How often a starting server is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// Ticks a second of the times in `/proc`: the same on every Linux.
const TICKS: f64 = 100.0;

/// Runs Countersign's command line, beside the bare handler if it is wanted.
pub fn serve() -> ExitCode {
    if let Ok(bare) = env::var(BARE) {
        thread::spawn(move || serve_bare(&bare));
    }
    countersign::cli::main()
}

/// The ceiling: the same web framework with as many workers and a constant answer, without Countersign.
fn serve_bare(bare: &str) {
    let (address, body) = bare.split_once(' ').expect("an address and a body");
    let body = Bytes::copy_from_slice(body.as_bytes());
    let server = HttpServer::new(move || {
        let body = body.clone();
        let constant = move || {
            let answer = HttpResponse::Ok().content_type(ContentType::json()).body(body.clone());
            async { answer }
        };
        App::new().route("/", web::get().to(constant))
    });
    let server = server.workers(cores() + 1).disable_signals().bind(address).expect("the address is free");
    System::new().block_on(server.run()).expect("it is served until the process ends");
}

/// As many as the server takes hashing threads; it takes one worker more.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// A folder with a configuration and, once it was started, keys, and the database if that is a file.
pub struct Installation {
    folder: TempDir,
    address: SocketAddr,
    /// None for the default, SQLite in a file.
    database: Option<Database>,
}

/// A running server; dropping it ends it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start until it was ready.
    pub ready_after: Duration,
}

/// Resident memory in MiB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// All of it.
    pub resident: f64,
    /// What belongs to the process alone. The rest are pages of files, of the program and its libraries mostly, which the
    /// system has once for all who use them and can drop at any time, unless the file is in memory itself.
    pub own: f64,
    /// The most that was resident so far.
    pub most: f64,
}

impl Memory {
    /// Bytes of a MiB.
    pub const UNIT: f64 = 1024.0 * 1024.0;
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resident, own, most } = self;
        let files = resident - own;
        write!(f, "**{resident:.1} MiB**: {own:.1} its own, {files:.1} pages of files; {most:.1} at most so far")
    }
}

impl Installation {
    /// Production's settings with SQLite in a file, without the throttle, which would stop the storms of one client; and
    /// these lines of configuration.
    pub fn new(configuration: &str) -> Self {
        Self::on(None, configuration)
    }

    /// The same on this database.
    pub fn on(database: Option<Database>, configuration: &str) -> Self {
        Self::of(tempfile::tempdir().expect("a temporary folder"), database, configuration)
    }

    /// Production's settings with everything in a folder of this one.
    pub fn within(folder: &Path) -> Self {
        Self::of(tempfile::tempdir_in(folder).expect("a temporary folder"), None, "")
    }

    fn of(folder: TempDir, database: Option<Database>, configuration: &str) -> Self {
        let installation = Self { folder, address: free_address(), database };
        installation.configure(configuration);
        installation
    }

    /// Exchanges the lines of configuration for the next start.
    pub fn configure(&self, configuration: &str) {
        let address = self.address;
        let database = self.database().map_or_else(String::new, |url| format!("[database]\nurl = \"{url}\"\n"));
        let text = format!(
            "{configuration}\n[server]\nbind = \"{address}\"\n[log]\nlevel = \"info\"\naccess = \"file:access.log\"\n\
             [throttle]\nenabled = false\n{database}"
        );
        fs::write(self.folder.path().join("countersign.toml"), text).expect("a file in it");
    }

    /// The database if it is none in a file.
    pub fn database(&self) -> Option<&str> {
        self.database.as_ref().map(|database| database.url.as_str())
    }

    /// The file of the database, which is there after the first start.
    pub fn file(&self) -> String {
        self.folder.path().join("countersign.db").display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = env::var_os(PROGRAM).map(PathBuf::from);
        let mut command = Command::new(program.or_else(|| env::current_exe().ok()).expect("this program has a file"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        // As under a service manager: the log is a file and nobody's terminal.
        let log = OpenOptions::new().create(true).append(true).open(self.folder.path().join(LOG)).expect("a log file");
        command.stdout(Stdio::null()).stderr(log);
        command.envs(env::var_os(PRELOAD).map(|library| ("LD_PRELOAD", library)));
        command
    }

    /// The user whose logins are measured, made by the command line.
    pub fn add_user(&self) {
        let arguments =
            ["user", "add", "--username", USER, "--email", "ada@example.org", "--verified", "--password-stdin"];
        let mut child = self.command(&arguments).stdin(Stdio::piped()).spawn().expect("this program runs");
        child.stdin.take().expect("a pipe").write_all(PASSWORD.as_bytes()).expect("it reads");
        assert!(child.wait().expect("it ends").success(), "the user is made");
    }

    /// Starts the server and waits until it is ready.
    pub fn start(&self) -> Server {
        self.run(self.command(&["serve"]))
    }

    /// Starts it with a bare handler beside it that answers `body`; gives its address too.
    pub fn start_beside_bare(&self, body: &str) -> (Server, SocketAddr) {
        let address = free_address();
        let mut command = self.command(&["serve"]);
        command.env(BARE, format!("{address} {body}"));
        // The bare handler has a thread before the server can say this itself.
        command.env(heap::VARIABLE, heap::arenas().to_string());
        (self.run(command), address)
    }

    fn run(&self, mut command: Command) -> Server {
        let began = Instant::now();
        let child = command.spawn().expect("this program runs");
        let ready = || {
            let mut connection = Connection::open(self.address).ok()?;
            let answer = connection.ask(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
            (answer.status == 200).then_some(())
        };
        while ready().is_none() {
            assert!(began.elapsed() < Duration::from_secs(20), "the server becomes ready");
            thread::sleep(ASK_EVERY);
        }
        Server { child, address: self.address, ready_after: began.elapsed() }
    }
}

impl Server {
    /// The memory that it holds now.
    pub fn memory(&self) -> Memory {
        let status = self.proc("status");
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a Linux");
            line.trim().trim_end_matches("kB").trim().parse::<f64>().expect("KiB") / 1024.0
        };
        Memory { resident: of("VmRSS:"), own: of("RssAnon:"), most: of("VmHWM:") }
    }

    /// The processor time that it used so far, in seconds.
    pub fn cpu(&self) -> f64 {
        cpu_in(&self.proc("stat"))
    }

    fn proc(&self, file: &str) -> String {
        let path: PathBuf = ["/proc", &self.child.id().to_string(), file].iter().collect();
        fs::read_to_string(path).expect("the server runs")
    }

    /// Logs in and gives the value of `Authorization`.
    pub fn log_in(&self, dialect: &Dialect) -> String {
        let mut connection = Connection::open(self.address).expect("the server listens");
        let answer = connection.ask(&login(dialect));
        let body: serde_json::Value = serde_json::from_slice(answer.body).expect("a JSON answer");
        let token = body[dialect.token].as_str().unwrap_or_else(|| panic!("a token in {body}"));
        format!("{} {token}", dialect.scheme)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time that this process used so far, in seconds.
pub fn own_cpu() -> f64 {
    cpu_in(&fs::read_to_string("/proc/self/stat").expect("a Linux"))
}

fn cpu_in(stat: &str) -> f64 {
    let after_name = stat.rsplit_once(')').expect("a name in parentheses").1;
    // proc_pid_stat(5): utime and stime are the 14th and 15th field, the name is the second.
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() / TICKS
}

/// The request of a login with the right password.
pub fn login(dialect: &Dialect) -> Vec<u8> {
    let [who, password] = dialect.fields;
    post(dialect.login, &serde_json::json!({ who: USER, password: PASSWORD }).to_string())
}

/// An address that nobody listens on.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("its address")
}
