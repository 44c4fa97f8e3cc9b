//! X11: the clock of the process jumps, by years and by a minute, forward and backward, while it serves. Nothing panics or hangs, what
//! was revoked stays so, limits neither open nor lock for the jump's length, and nothing is left when the clock is right again.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::harness::{
    Base, Client, Door, Entered, Figures, Installation, PASSWORD, Proof, Run, SURFACES, leaving, register,
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const YEAR: i64 = 365 * 24 * HOUR;
/// The last second of a signed 32-bit number, and 1 January 2100, in seconds since 1970.
const IN_2038: i64 = 2_147_483_647;
const IN_2100: i64 = 4_102_444_800;
/// Until the process has noticed: it looks at the file at every question, some threads look seldom.
const NOTICED: Duration = Duration::from_millis(400);
/// The slowest that anything may be answered.
const ANSWERED: Duration = Duration::from_secs(3);
/// Limits that can be met, and waited for, in an experiment: wrong passwords for one account, registrations of one client.
const LIMITS: &str = r#"
[throttle]
login = "3/hour"
login_client = "10000/min"
register = "8/sec"
[jwt]
rotate_refresh = true
"#;

/// A clock of the process's own, and what is wrong on it.
struct Clock {
    file: PathBuf,
}

/// What must be true on every clock.
struct People {
    /// Without an end, so good at any time.
    kept: Vec<Proof>,
    /// Revoked, on whatever clock.
    dead: Vec<Proof>,
    spent: Vec<String>,
}

pub fn run(run: &Run, figures: &mut Figures) {
    let Some(library) = library() else {
        return figures.not_run("all", "the experiment", "libfaketime is not installed (Debian: faketime)");
    };
    for base in run.bases(figures) {
        jump(run, figures, &base, &library);
    }
}

fn jump(run: &Run, figures: &mut Figures, base: &Base, library: &Path) {
    let on = base.name;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock { file: folder.path().join("clock") };
    clock.set(0);
    let mut installation = Installation::with(&base.url, &format!("{LIMITS}{SURFACES}"));
    let file = clock.file.display().to_string();
    for (name, value) in [
        ("LD_PRELOAD", library.to_str().expect("a path")),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ] {
        installation.environment.push((name.to_owned(), value.to_owned()));
    }
    let mut server = installation.serve();
    let now = now();
    let jumps = [
        ("- 10 years", -10 * YEAR),
        ("- 1 hour", -HOUR),
        ("- 61 s", -61),
        ("+ 61 s", 61),
        ("+ 1 hour", HOUR + 1),
        ("+ 10 years", 10 * YEAR),
        ("to January 2038", IN_2038 - 2 - now),
        ("to 2100", IN_2100 - 2 - now),
    ];
    let mut people = People { kept: Vec::new(), dead: Vec::new(), spent: Vec::new() };
    let mut client = server.client();
    for door in Door::ALL {
        let entered = come(&mut client, &format!("kept{door:?}"), door);
        // An access token of the hotel API's ends by itself.
        people.kept.extend((door != Door::Hotel).then_some(entered.proof));
    }
    people.leave(&mut client, "before");

    let (stop, rounds) = (AtomicBool::new(false), run.rounds(1, 20));
    let (mut wrong, mut seen) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let over = Over(&stop);
        let load = [0, 1].map(|at| {
            let (mut client, stop, proof) = (server.client(), &stop, people.kept[at].clone());
            scope.spawn(move || under_load(&mut client, &proof, stop))
        });
        for round in 0..rounds {
            for (title, offset) in jumps {
                let name = format!("r{round}x{offset}").replace('-', "m");
                wrong.extend(
                    people.across(&mut client, &clock, offset, &name).into_iter().map(|why| format!("{title}: {why}")),
                );
            }
        }
        drop(over);
        for client in load {
            seen.extend(client.join().expect("a client that ends"));
        }
    });
    figures.told(on, "jumps there and back", jumps.len() * rounds);
    let about = |what: &str| wrong.iter().filter(|why| why.contains(what)).cloned().collect::<Vec<_>>();
    figures.never(on, "revoked and back, on any clock", &about("is back"));
    figures.never(on, "good and refused, or a login that fails", &about("is refused"));
    figures.never(on, "limits that opened", &about("opened"));
    figures.never(on, "limits that lock for the length of the jump", &about("locked"));
    figures.never(on, "answers under load that were slow, 5xx or a refusal", &seen);
    figures.must(on, "the process in the end", "alive", server.is_alive(), server.is_alive());
    figures.never(on, "complaints in the log", &server.complaints());
}

/// Ends those who ask all the time when it goes, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Somebody who asks all the time.
fn under_load(client: &mut Client, proof: &Proof, stop: &AtomicBool) -> Vec<String> {
    let mut wrong = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let outcome = proof.show(client);
        if !outcome.as_ref().is_ok_and(|reply| reply.status == 200 && reply.took < ANSWERED) {
            wrong.push(format!("{outcome:?}"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    wrong
}

impl Clock {
    /// So many seconds from the right time. The file is replaced as a whole.
    fn set(&self, offset: i64) {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{offset:+}\n")).and_then(|()| fs::rename(&new, &self.file)).expect("a clock");
        thread::sleep(NOTICED);
    }
}

impl People {
    /// Somebody who leaves again by each door: never to come back, whatever the clock says. What fails is told.
    fn leave(&mut self, client: &mut Client, name: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let registered = register(client, name).expect("an answer");
        if !registered.is_success() {
            return vec![format!("a registration is refused: {registered:?}")];
        }
        for door in Door::ALL {
            let (reply, entered) = door.enter(client, name, PASSWORD).expect("an answer");
            let Some(entered) = entered else {
                wrong.push(format!("a login by {door:?} is refused: {reply:?}"));
                continue;
            };
            let shown = entered.proof.show(client).expect("an answer");
            if shown.status != 200 {
                wrong.push(format!("a new token of {door:?} is refused: {shown:?}"));
            }
            let reply = client.post(leaving(door).0, &entered.proof.authorization, Value::Null).expect("an answer");
            if reply.is_success() {
                self.dead.push(entered.proof);
                self.spent.extend(entered.refresh);
            } else {
                wrong.push(format!("a logout by {door:?} is refused: {reply:?}"));
            }
        }
        wrong
    }

    /// Looks at everybody.
    fn look(&self, client: &mut Client) -> Vec<String> {
        let mut wrong = Vec::new();
        for proof in &self.kept {
            let shown = proof.show(client).expect("an answer");
            if shown.status != 200 {
                wrong.push(format!("a good token is refused: {shown:?}"));
            }
        }
        for proof in &self.dead {
            let shown = proof.show(client).expect("an answer");
            if shown.status != 401 {
                wrong.push(format!("a revoked token is back: {shown:?}"));
            }
        }
        for token in &self.spent {
            let reply = client.post("/auth/refresh", "", json!({"refresh_token": token})).expect("an answer");
            if reply.status != 401 {
                wrong.push(format!("a refresh token is back: {reply:?}"));
            }
        }
        wrong
    }

    /// There and back, with all that must be true on both clocks.
    fn across(&mut self, client: &mut Client, clock: &Clock, offset: i64, name: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let guessed = format!("{name}g");
        let registered = register(client, &guessed).expect("an answer");
        if !registered.is_success() {
            return vec![format!("a limit of a second locked: {registered:?}")];
        }
        for _ in 0..3 {
            guess(client, &guessed);
        }
        clock.set(offset);
        if guess(client, &guessed) != 429 {
            wrong.push("a limit of an hour opened".to_owned());
        }
        wrong.extend(self.look(client));
        wrong.extend(self.leave(client, name));
        // All registrations of a second: of a name that somebody has.
        let full = (0..200).any(|_| register(client, &guessed).is_ok_and(|reply| reply.status == 429));
        if !full {
            wrong.push("a limit of a second opened: it was never met".to_owned());
        }
        clock.set(0);
        thread::sleep(Duration::from_secs(1));
        let registered = register(client, &format!("{name}after")).expect("an answer");
        if registered.status == 429 {
            wrong.push(format!("a limit of a second locked: {registered:?}"));
        }
        wrong.extend(self.look(client));
        wrong.extend(self.leave(client, &format!("{name}right")));
        wrong
    }
}

/// Registers and logs in.
fn come(client: &mut Client, name: &str, door: Door) -> Entered {
    let registered = register(client, name).expect("an answer");
    assert!(registered.is_success(), "{registered:?}");
    let (reply, entered) = door.enter(client, name, PASSWORD).expect("an answer");
    entered.unwrap_or_else(|| panic!("it lets in: {reply:?}"))
}

/// A wrong password; the status.
fn guess(client: &mut Client, name: &str) -> u16 {
    let (path, document) = Door::Minimal.login(name, "not it at all");
    client.post(path, "", document).expect("an answer").status
}

#[expect(clippy::disallowed_methods, reason = "the jumps to a date need to know today's")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The library that lies about the time to programs with threads.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path().join("faketime"));
    folders.map(|folder| folder.join("libfaketimeMT.so.1")).find(|file| file.exists())
}
