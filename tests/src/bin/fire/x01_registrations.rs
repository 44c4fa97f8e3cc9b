//! X1: the process is killed while people register and log in. Whatever it acknowledged is there afterwards, and nobody is half there.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::harness::{
    Base, Dice, Door, Figures, Installation, Noted, PASSWORD, Process, Run, count, is_taken, percentile, register,
};

/// Clients of the process that is killed.
const CLIENTS: usize = 4;
/// How long a start may take: nearly always, and at most.
const READY: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(5)];

/// Rows that miss what belongs to them.
const HALVES: [(&str, &str); 5] = [
    ("users without a password", "SELECT count(*) FROM users WHERE password IS NULL OR password = ''"),
    ("users without a role", "SELECT count(*) FROM users WHERE role = ''"),
    (
        "users without an identifier",
        "SELECT count(*) FROM users WHERE NOT EXISTS (SELECT 1 FROM identifiers WHERE identifiers.user_id = users.id)",
    ),
    (
        "identifiers without a user",
        "SELECT count(*) FROM identifiers WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = identifiers.user_id)",
    ),
    (
        "tokens without a user",
        "SELECT count(*) FROM tokens WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = tokens.user_id)",
    ),
];

/// What one client saw until its server was gone.
#[derive(Default)]
struct Seen {
    noted: Noted,
    /// Names whose registration was cut off.
    cut: Vec<String>,
    strange: Vec<String>,
    asked: usize,
    failed: usize,
}

pub fn run(run: &Run, figures: &mut Figures) {
    for base in run.bases(figures) {
        kill(run, figures, &base, run.dice(base.name));
    }
}

fn kill(run: &Run, figures: &mut Figures, base: &Base, mut dice: Dice) {
    let on = base.name;
    let installation = Installation::new(&base.url);
    // On a database server a second process serves on.
    let other = (on != "SQLite").then(|| installation.serve());
    let (mut starts, mut all, mut others) = (Vec::new(), Seen::default(), Seen::default());
    let (mut lost, mut unfinished, mut corrupt) = (Vec::new(), Vec::new(), Vec::new());
    let rounds: u64 = run.rounds(4, 200);
    for round in 0..rounds {
        let mut server = installation.serve_timed(&mut starts);
        let stop = AtomicBool::new(false);
        let life = dice.span(100, run.of(1_200, 2_000));
        let (seen, beside) = thread::scope(|scope| {
            let work = |process: &Process, name: String| {
                let (address, stop) = (process.client(), &stop);
                scope.spawn(move || come(address, &name, stop))
            };
            let clients: Vec<_> = (0..CLIENTS).map(|client| work(&server, format!("r{round}c{client}"))).collect();
            let beside: Vec<_> =
                other.iter().flat_map(|other| [0, 1].map(|client| work(other, format!("r{round}o{client}")))).collect();
            thread::sleep(life);
            server.kill();
            stop.store(true, Ordering::SeqCst);
            let join = |clients: Vec<thread::ScopedJoinHandle<'_, Seen>>| {
                clients.into_iter().map(|client| client.join().expect("a client that ends")).collect::<Vec<_>>()
            };
            (join(clients), join(beside))
        });
        let server = installation.serve_timed(&mut starts);
        if on == "SQLite" {
            corrupt.extend(check(&base.url));
        }
        let mut client = server.client();
        for seen in seen {
            lost.extend(seen.noted.audit(&mut client, PASSWORD).0);
            for name in &seen.cut {
                unfinished.extend(finish(&mut client, name));
            }
            all.add(seen);
        }
        for seen in beside {
            others.add(seen);
        }
    }
    let server = installation.serve_timed(&mut starts);
    let again: Vec<_> = all.noted.audit(&mut server.client(), PASSWORD).0;
    lost.extend(again);
    lost.extend(others.noted.audit(&mut server.client(), PASSWORD).0);

    let acknowledged = all.noted.users.len() + all.noted.alive.len();
    figures.told(
        on,
        "kills; registrations and tokens acknowledged; registrations cut off",
        format!("{rounds}; {} and {}; {}", all.noted.users.len(), all.noted.alive.len(), all.cut.len()),
    );
    let asked = run.rounds(100, 5_000);
    figures.must(on, "acknowledged in all", &format!("≥ {asked}"), acknowledged, acknowledged >= asked);
    figures.never(on, "acknowledged and lost", &lost);
    figures.never(on, "cut off and neither absent nor complete", &unfinished);
    figures.never(on, "answers other than 2xx", &all.strange);
    let halves = HALVES.iter().filter_map(|(what, query)| {
        let found = count(&base.url, query);
        (found > 0).then(|| format!("{found} {what}"))
    });
    figures.never(on, "halves in the database", &halves.collect::<Vec<_>>());
    if on == "SQLite" {
        figures.never(on, "integrity_check or foreign_key_check not ok", &corrupt);
    }
    let most = starts.iter().max().copied().unwrap_or_default();
    let nearly = percentile(&mut starts, 0.99);
    figures.within(on, "ready after a kill, p99", READY[0], nearly, "");
    figures.within(on, "ready after a kill, slowest", READY[1], most, "");
    if other.is_some() {
        #[expect(clippy::cast_precision_loss, reason = "a share of some thousands")]
        let share = 1.0 - others.failed as f64 / others.asked.max(1) as f64;
        figures.must(
            on,
            "successes at the other process",
            "≥ 95 %",
            format!("{:.1} % of {}", share * 100.0, others.asked),
            share >= 0.95 && others.asked > 0,
        );
    }
}

/// Registers and logs in until the server is gone or it is time to stop.
fn come(mut client: crate::harness::Client, name: &str, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    for number in 0_usize.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let name = format!("{name}-{number}");
        seen.asked += 1;
        let Ok(reply) = register(&mut client, &name) else {
            seen.cut.push(name);
            break;
        };
        if reply.status != 201 {
            seen.strange.push(format!("registration: {} {}", reply.status, reply.body));
            seen.failed += 1;
            continue;
        }
        seen.noted.users.push(name.clone());
        seen.asked += 1;
        let Ok((reply, entered)) = Door::ALL[number % Door::ALL.len()].enter(&mut client, &name, PASSWORD) else {
            break;
        };
        if let Some(entered) = entered {
            seen.noted.alive.push(entered.proof);
        } else {
            seen.strange.push(format!("login: {} {}", reply.status, reply.body));
            seen.failed += 1;
        }
    }
    seen
}

/// Somebody whose registration was cut off tries again: it succeeds or the name is taken, and then it is theirs.
fn finish(client: &mut crate::harness::Client, name: &str) -> Option<String> {
    let reply = register(client, name);
    let ended = reply.as_ref().is_ok_and(|reply| reply.status == 201 || is_taken(reply));
    let entered = Door::Minimal.enter(client, name, PASSWORD);
    let complete = ended && matches!(entered, Ok((_, Some(_))));
    (!complete).then(|| format!("{name}: {reply:?}, then {entered:?}"))
}

/// What SQLite finds wrong with its file.
fn check(url: &str) -> Option<String> {
    let broken = count(url, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
    let foreign = count(url, "SELECT count(*) FROM pragma_foreign_key_check");
    (broken + foreign > 0).then(|| format!("{broken} broken, {foreign} foreign keys"))
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.noted.users.extend(other.noted.users);
        self.noted.alive.extend(other.noted.alive);
        self.cut.extend(other.cut);
        self.strange.extend(other.strange);
        self.asked += other.asked;
        self.failed += other.failed;
    }
}
