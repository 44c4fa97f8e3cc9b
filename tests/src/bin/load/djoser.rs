//! Beside the real one: Django, Django REST framework and Djoser on gunicorn, as the conformance suite installs them, in turns with ours.

use std::{
    env,
    fmt::Write as _,
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use countersign_tests::program::free_addresses;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    DIALECTS,
    figures::{Row, median},
    http::{Connection, closed_loop, get, post},
    process::{Installation, Server, cores, login},
};

/// The project that the conformance suite asks, and what it is installed from.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/djoser/real");
const REQUIREMENTS: &str = include_str!("../../../conformance/djoser/real/requirements.txt");
/// Names a python that has all of it.
const PYTHON: &str = "COUNTERSIGN_DJOSER_PYTHON";
/// Somebody who is there, and their token.
const CARRIER: (&str, &str, &str) = ("carrier", "C4rrier-rocks-42", "5eed00000000000000000000000000000000cccc");
/// How long each is asked before the other's turn, and how often.
const TURN: Duration = Duration::from_secs(1);
const ROUNDS: usize = 4;
/// How long gunicorn may take until it listens: it hashes the passwords of the suite's people first.
const PATIENCE: Duration = Duration::from_secs(60);

/// The real one; dropping it ends it.
struct Real {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

/// What came of one side's turns.
#[derive(Default)]
struct Side {
    /// Answers a second of each turn.
    rates: Vec<f64>,
    answered: f64,
    cpu: f64,
}

/// Who-am-I with a token, and logins; one line that says why if the real one is not there.
pub fn rows() -> Vec<Row> {
    let what = "beside the real Djoser on gunicorn";
    let Some(python) = python() else {
        let why =
            format!("not measured: {PYTHON} names no python, and tests/conformance/djoser/record has installed none");
        return vec![Row::new(what, why, "")];
    };
    let installation = Installation::new("");
    let ours = installation.start();
    installation.add_user();
    let real = Real::start(&python);
    let dialect = &DIALECTS[1];
    let shown = [get(dialect.path, &ours.log_in(dialect)), get(dialect.path, &format!("Token {}", CARRIER.2))];
    let entered = [
        login(dialect),
        post(dialect.login, &serde_json::json!({"username": CARRIER.0, "password": CARRIER.1}).to_string()),
    ];
    let shown = turns(&ours, &real, |address, side| closed_loop(address, &shown[side], TURN));
    let entered = turns(&ours, &real, |address, side| each_core(address, &entered[side]));
    let workers = format!("gunicorn with {} workers of four threads, SQLite", cores());
    vec![
        Row::new(format!("`GET {}` with a token, to the real Djoser ({workers})", dialect.path), beside(&shown), ""),
        Row::new(
            format!(
                "logins by `{}`, argon2id with 19 MiB, to the real Djoser's PBKDF2 of Django's default",
                dialect.login
            ),
            beside(&entered),
            "",
        ),
    ]
}

/// First ours, then the real one, some times.
fn turns(ours: &Server, real: &Real, ask: impl Fn(SocketAddr, usize) -> usize) -> [Side; 2] {
    let mut sides = [Side::default(), Side::default()];
    for round in 0..=ROUNDS {
        for (at, side) in sides.iter_mut().enumerate() {
            let cpu = || if at == 0 { ours.cpu() } else { real.cpu() };
            let (before, began) = (cpu(), Instant::now());
            let answered = ask(if at == 0 { ours.address } else { real.address }, at);
            // The first turn is for warming up.
            if round > 0 {
                let answered = f64::from(u32::try_from(answered).unwrap_or(u32::MAX));
                side.rates.push(answered / began.elapsed().as_secs_f64());
                side.answered += answered;
                side.cpu += cpu() - before;
            }
        }
    }
    sides
}

/// A connection a core that logs in again and again; how many were let in.
fn each_core(address: SocketAddr, request: &[u8]) -> usize {
    let client = || {
        let (began, mut answered) = (Instant::now(), 0);
        while began.elapsed() < TURN {
            let mut connection = Connection::open(address).expect("the server listens");
            assert_eq!(connection.ask(request).status, 200, "a right password");
            answered += 1;
        }
        answered
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..cores()).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().expect("a client that ends")).sum()
    })
}

fn beside([ours, real]: &[Side; 2]) -> String {
    let ratio = median(ours.rates.iter().zip(&real.rates).map(|(ours, real)| ours / real));
    let cost = |side: &Side| side.cpu * 1e6 / side.answered.max(1.0);
    format!(
        "**{ratio:.1} times** ({:.0} beside {:.0} requests/s); by the servers' processor time **{:.1} times** ({:.0} beside {:.0} µs)",
        median(ours.rates.iter().copied()),
        median(real.rates.iter().copied()),
        cost(real) / cost(ours).max(f64::MIN_POSITIVE),
        cost(ours),
        cost(real),
    )
}

/// A python that has what is pinned: the one that is named, or that of the recordings.
fn python() -> Option<PathBuf> {
    let named = env::var_os(PYTHON).filter(|named| !named.is_empty()).map(PathBuf::from);
    named.or_else(|| {
        let pins = Sha256::digest(REQUIREMENTS).iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
        let environment = cache.join("countersign").join(format!("djoser-{pins}"));
        environment.join("ready").exists().then(|| environment.join("bin").join("python"))
    })
}

impl Real {
    fn start(python: &PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [address] = free_addresses();
        let mut command = Command::new(python);
        command.args(["-m", "gunicorn", "--preload", "--log-level", "error", "--threads", "4", "--keep-alive", "75"]);
        command.args([
            "--worker-class",
            "gthread",
            "--workers",
            &cores().to_string(),
            "--bind",
            &address.to_string(),
            "wsgi",
        ]);
        command.current_dir(PROJECT).env("DJANGO_SETTINGS_MODULE", "settings").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PROFILE", "load").env("FOLDER", folder.path()).env("SMTP_PORT", "9");
        command.env("SECRET_KEY", "a key for measurements, known to everybody: 0123456789abcdef");
        let log = fs::File::create(folder.path().join("log")).expect("a log file");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let real = Self { child: command.spawn().expect("python runs"), address, _folder: folder };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < PATIENCE, "gunicorn listens");
            thread::sleep(Duration::from_millis(50));
        }
        real
    }

    /// The processor time of its workers so far, in seconds.
    fn cpu(&self) -> f64 {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let of = |process: &str| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            // proc_pid_stat(5): utime and stime are the 14th and 15th field, the name is the second; in ticks of 10 ms.
            let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
            fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
        };
        children.split_whitespace().map(of).sum()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // SIGTERM: it ends its workers itself.
        let asked =
            rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM);
        if asked.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
