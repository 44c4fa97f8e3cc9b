//! X7: five times as many logins as can be hashed, in 512 MiB, beside people who only show their tokens.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use countersign_core::{
    Secret,
    password::{Argon2Params, Passwords},
};

use crate::harness::{
    Cage, Client, Door, Figures, Installation, PASSWORD, Process, Proof, Run, execute, percentile, register,
};

/// What the server may have.
const LIMIT_MIB: u64 = 512;
/// Connections that log in.
const CROWD: usize = 200;
/// What a native hash needs.
const HASH_MIB: f64 = 19.0;
/// What everything else may need beyond idle.
const MEMORY_MIB: f64 = 64.0;
/// How long a refusal may take.
const REFUSED: Duration = Duration::from_secs(1);

/// From how many addresses they come.
const ADDRESSES: usize = 4;

/// As shipped, but for the throttle, which would stop a storm of few clients, behind a proxy that tells addresses.
const SHIPPED: &str = "[throttle]\nenabled = false\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";
/// The same with hashes that stay as they came.
const IMPORTED: &str =
    "[throttle]\nenabled = false\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[passwords]\nupgrade = \"off\"\n";
/// bcrypt of [`PASSWORD`] at 12, Laravel's cost.
const BCRYPT: &str = "$2b$12$abcdefghijklmnopqrstuucqeSE0VsgiYSxwcskgUgk0f5UrR8jDi";

pub fn run(run: &Run, figures: &mut Figures) {
    // What a storm costs does not depend on the database; the long form shows it.
    let bases = if run.short { vec![run.sqlite()] } else { run.bases(figures) };
    for base in bases {
        let server = Installation::with(&base.url, SHIPPED).serve();
        people(&server);
        storm(run, figures, base.name, &server, hash_rate());
    }
    if run.short {
        return figures.told("SQLite, bcrypt 12", "the storm of imported hashes", "in the long form");
    }
    let base = run.sqlite();
    let server = Installation::with(&base.url, IMPORTED).serve();
    people(&server);
    execute(&base.url, &format!("UPDATE users SET password = '{BCRYPT}'"));
    let capacity = capacity(&server);
    storm(run, figures, "SQLite, bcrypt 12", &server, capacity);
}

/// Who is there.
fn people(server: &Process) {
    for name in ["ada", "eve", "polite"] {
        assert!(register(&mut server.client(), name).is_ok_and(|reply| reply.status == 201), "{name} registers");
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Native hashes a second with all cores.
fn hash_rate() -> f64 {
    let hash = || {
        let (passwords, password) = (Passwords::new(Argon2Params::default()), Secret::from("correct horse"));
        // The first one makes the thread's memory block.
        passwords.check(&password, None);
        let (began, mut done) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(1) {
            passwords.check(&password, None);
            done += 1;
        }
        f64::from(done)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(hash)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    })
}

/// Logins a second of as many clients as cores, one after the other: where another hash is stored.
fn capacity(server: &Process) -> f64 {
    let span = Duration::from_secs(5);
    let log_in = |address| {
        let (mut client, began, mut done) = (Client::new(address), Instant::now(), 0);
        while began.elapsed() < span {
            done += i32::from(matches!(Door::Minimal.enter(&mut client, "eve", PASSWORD), Ok((_, Some(_)))));
        }
        f64::from(done) / span.as_secs_f64()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(|| log_in(server.address))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    })
}

/// What the storm came to.
#[derive(Default)]
struct Logins {
    accepted: usize,
    refused: Vec<Duration>,
    strange: Vec<String>,
}

fn storm(run: &Run, figures: &mut Figures, on: &str, server: &Process, capacity: f64) {
    let cage = Cage::of(server.id(), LIMIT_MIB);
    let span = Duration::from_secs(run.of(4, 120));
    let mut client = server.client();
    let entered = Door::Sanctum.enter(&mut client, "ada", PASSWORD).expect("an answer").1.expect("it lets in");
    let proof = entered.proof;
    let calm = log_in_times(server, 5);
    let rate = u32::try_from(run.of(200, 1_000)).unwrap_or(1_000);
    let alone = shows(server, &proof, rate, Duration::from_secs(2));
    let idle = server.resident();
    let over = AtomicBool::new(false);
    let pause = Duration::from_secs_f64(CROWD_F / (capacity * 5.0));
    let (mut shown, logins, polite) = thread::scope(|scope| {
        let crowd: Vec<_> = (0..CROWD)
            .map(|number| {
                let over = &over;
                // Not all of them in the same moment.
                let offset = pause.mul_f64(f64::from(u32::try_from(number).unwrap_or(0)) / CROWD_F);
                let address = format!("192.0.2.{}", 1 + number % ADDRESSES);
                scope.spawn(move || come(server, &address, pause, offset, over))
            })
            .collect();
        let polite = scope.spawn(|| polite(server, span));
        let shown = shows(server, &proof, rate, span);
        let polite = polite.join().expect("it ends");
        over.store(true, Ordering::SeqCst);
        let mut all = Logins::default();
        for client in crowd {
            let logins = client.join().expect("it ends");
            all.accepted += logins.accepted;
            all.refused.extend(logins.refused);
            all.strange.extend(logins.strange);
        }
        (shown, all, polite)
    });
    let peak = server.peak();
    thread::sleep(Duration::from_secs(2));
    let after = log_in_times(server, 5);

    let Logins { accepted, mut refused, strange } = logins;
    let timed = run.is_timed();
    figures.never(on, "answers other than 200 and 503 with Retry-After", &strange);
    let (p99, lone) = (percentile(&mut shown.0, 0.99), percentile(&mut alone.0.clone(), 0.99));
    let lost = format!("{} of {}", shown.1, shown.0.len() + shown.1);
    figures.must(on, "verifications that failed meanwhile", "0", lost, shown.1 == 0);
    let told = format!("{p99:.2?} at {rate}/s (alone {lone:.2?})");
    figures.must_if(timed, on, "p99 of verifications meanwhile", "≤ 25 ms", told, p99 <= Duration::from_millis(25));
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let share = accepted as f64 / span.as_secs_f64() / capacity;
    let told = format!("{share:.2} of {capacity:.0}/s; {accepted} accepted, {} refused", refused.len());
    figures.must_if(timed, on, "accepted logins, of the hashes that the machine can do", "≥ 0.85", told, share >= 0.85);
    figures.must(on, "refused", "≥ 1", refused.len(), !refused.is_empty());
    let slowest = percentile(&mut refused, 1.0);
    figures.must_if(
        timed,
        on,
        "slowest refusal",
        "≤ 1 s",
        format!("{slowest:.2?}"),
        slowest <= REFUSED + Duration::from_millis(300),
    );
    let told = format!("{} of {}", polite.0, polite.1);
    let comes_in = polite.0 * 100 >= polite.1 * 95;
    figures.must(on, "the polite client's logins, from an address of its own", "≥ 95 %", told, comes_in);
    #[expect(clippy::cast_precision_loss, reason = "few cores")]
    let allowed = idle + cores() as f64 * HASH_MIB + MEMORY_MIB;
    figures.must(
        on,
        "most memory",
        &format!("≤ {allowed:.0} MiB"),
        format!("{peak:.0} MiB (idle {idle:.0})"),
        peak <= allowed,
    );
    let told = format!("{after:.2?} (before {calm:.2?})");
    let back = after.as_secs_f64() <= calm.as_secs_f64() * 1.2 + 0.005;
    figures.must_if(timed, on, "median login two seconds later", "within a fifth of before", told, back);
    match cage {
        Ok(cage) => {
            let (kills, used) = (cage.kills().unwrap_or(u64::MAX), cage.peak().unwrap_or(0));
            figures.must(
                on,
                "killed for want of memory (a group of 512 MiB)",
                "0",
                format!("{kills}, most {used} MiB"),
                kills == 0,
            );
        }
        Err(why) => figures.told(
            on,
            "a group of 512 MiB",
            format!("may not be made here ({why}); the memory above is judged all the same"),
        ),
    }
    figures.never(on, "complaints in the log", &server.complaints());
}

const CROWD_F: f64 = 200.0;

/// One of the crowd: logs in again and again, whatever comes back.
fn come(server: &Process, address: &str, pause: Duration, offset: Duration, over: &AtomicBool) -> Logins {
    let (mut client, mut logins) = (server.client().from(address), Logins::default());
    thread::sleep(offset);
    while !over.load(Ordering::SeqCst) {
        let began = Instant::now();
        match Door::Minimal.enter(&mut client, "eve", PASSWORD) {
            Ok((_, Some(_))) => logins.accepted += 1,
            Ok((reply, None)) if reply.is_later() => logins.refused.push(reply.took),
            other => logins.strange.push(format!("{other:?}")),
        }
        thread::sleep(pause.saturating_sub(began.elapsed()));
    }
    logins
}

/// Logs in once a second, and comes back when it is told to: how often it was let in, and how often it wanted to be.
fn polite(server: &Process, span: Duration) -> (usize, usize) {
    let mut client = server.client().from("198.51.100.1");
    let (began, mut wanted, mut let_in) = (Instant::now(), 0, 0);
    while began.elapsed() < span {
        let this = Instant::now();
        wanted += 1;
        for _ in 0..5 {
            match Door::Minimal.enter(&mut client, "polite", PASSWORD) {
                Ok((_, Some(_))) => {
                    let_in += 1;
                    break;
                }
                Ok((reply, None)) => {
                    let seconds = reply.header("retry-after").and_then(|seconds| seconds.parse().ok()).unwrap_or(1);
                    thread::sleep(Duration::from_secs(seconds));
                }
                Err(_) => {}
            }
        }
        thread::sleep(Duration::from_secs(1).saturating_sub(this.elapsed()));
    }
    (let_in, wanted)
}

/// Shows a token at fixed times: how long after these each answer came, and how many failed.
fn shows(server: &Process, proof: &Proof, rate: u32, span: Duration) -> (Vec<Duration>, usize) {
    const CONNECTIONS: u32 = 4;
    let began = Instant::now();
    let ask = |first: u32| {
        let (mut client, mut took, mut failed) = (server.client(), Vec::new(), 0);
        for number in (first..).step_by(4) {
            let due = Duration::from_secs(1) / rate * number;
            if due >= span {
                break;
            }
            thread::sleep(due.saturating_sub(began.elapsed()));
            if proof.show(&mut client).is_ok_and(|reply| reply.status == 200) {
                took.push(began.elapsed().saturating_sub(due));
            } else {
                failed += 1;
            }
        }
        (took, failed)
    };
    thread::scope(|scope| {
        let ask = &ask;
        let clients: Vec<_> = (0..CONNECTIONS).map(|first| scope.spawn(move || ask(first))).collect();
        clients.into_iter().fold((Vec::new(), 0), |(mut all, lost), client| {
            let (took, failed) = client.join().expect("it ends");
            all.extend(took);
            (all, lost + failed)
        })
    })
}

/// The median of some logins.
fn log_in_times(server: &Process, times: usize) -> Duration {
    let mut client = server.client();
    let log_in =
        |_| Door::Minimal.enter(&mut client, "polite", PASSWORD).map_or(Duration::MAX, |(reply, _)| reply.took);
    let mut took: Vec<_> = (0..times).map(log_in).collect();
    percentile(&mut took, 0.5)
}
