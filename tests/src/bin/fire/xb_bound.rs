//! Two processes on one database under load: what is revoked through one, the other refuses within `cache.bound`; and where it cannot read
//! the log of revocations, it trusts nothing that it remembers.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::{
    Base, Client, Door, Entered, Figures, Installation, Lost, PASSWORD, Process, Reply, Run, execute, leaving,
    percentile, register,
};

/// `cache.bound` as shipped.
const BOUND: Duration = Duration::from_secs(1);
/// Clients that ask the other process all the time, as fast as they are due and not as fast as they can: a machine whose cores are
/// all taken may keep its own kernel threads waiting for seconds, and with them every `fsync`.
const READERS: usize = 4;
/// How often each of them asks.
const PACE: Duration = Duration::from_millis(4);
/// For how long "later" is taken for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn run(run: &Run, figures: &mut Figures) {
    for base in run.bases(figures) {
        let installation = Installation::new(&base.url);
        let servers = [installation.serve(), installation.serve()];
        refused(run, figures, &base, &servers);
        unread(figures, &base, &servers);
    }
}

/// Tokens that are in use at the other process are revoked one after the other.
fn refused(run: &Run, figures: &mut Figures, base: &Base, [one, other]: &[Process; 2]) {
    let on = base.name;
    let rounds = run.rounds(24, 400);
    let stop = AtomicBool::new(false);
    let (mut took, mut back, mut asked) = (Vec::new(), Vec::new(), 0);
    thread::scope(|scope| {
        let (mut client, mut there) = (one.client(), other.client());
        // Whatever goes wrong here, the readers end.
        let _over = Over(&stop);
        let entered = |client: &mut Client, name: &str, door: Door| -> Entered {
            done(|| register(client, name));
            let (path, document) = door.login(name, PASSWORD);
            let reply = done(|| client.post(path, "", document.clone()));
            door.entered(&reply).unwrap_or_else(|| panic!("it lets in: {reply:?}"))
        };
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let proof = entered(&mut client, &format!("reader{reader}"), Door::ALL[reader]).proof;
                let (mut client, stop) = (other.client(), &stop);
                scope.spawn(move || {
                    let (mut good, mut bad) = (0_usize, 0_usize);
                    let mut due = Instant::now();
                    while !stop.load(Ordering::SeqCst) {
                        if proof.show(&mut client).is_ok_and(|reply| reply.status == 200) {
                            good += 1;
                        } else {
                            bad += 1;
                        }
                        // Who was kept waiting does not make up for it.
                        let now = Instant::now();
                        due = (due + PACE).max(now);
                        thread::sleep(due - now);
                    }
                    (good, bad)
                })
            })
            .collect();
        for round in 0..rounds {
            let door = Door::ALL[round % Door::ALL.len()];
            let proof = entered(&mut client, &format!("ada{round}"), door).proof;
            // It is in the other's cache, and used.
            assert_eq!(done(|| proof.show(&mut there)).status, 200, "a good token is good everywhere");
            let (path, _) = leaving(door);
            let reply = done(|| client.post(path, &proof.authorization, Value::Null));
            assert!(reply.is_success(), "{reply:?}");
            let acknowledged = Instant::now();
            while proof.show(&mut there).is_ok_and(|reply| reply.status == 200) && acknowledged.elapsed() < BOUND * 5 {}
            took.push(acknowledged.elapsed());
            // And it stays so, there and here.
            for client in [&mut there, &mut client] {
                let status = proof.show(client).map_or(0, |reply| reply.status);
                if status != 401 {
                    back.push(format!("{} is {status}", proof.path));
                }
            }
        }
        stop.store(true, Ordering::SeqCst);
        let readers = readers.into_iter().map(|reader| reader.join().expect("a client that ends"));
        asked = readers.fold(0, |sum, (good, bad)| {
            if bad > 0 {
                back.push(format!("{bad} refusals of a good token"));
            }
            sum + good
        });
    });
    let (median, most) = (percentile(&mut took, 0.5), percentile(&mut took, 1.0));
    figures.told(
        on,
        "revocations through one process, verifications at the other meanwhile",
        format!("{rounds}, {asked}"),
    );
    figures.within(on, "refused by the other, slowest (cache.bound)", BOUND, most, &format!("median {median:.2?}"));
    figures.never(on, "accepted again, or a good one refused", &back);
}

/// Asks again while the answer is "later": a busy machine may say so.
fn done(mut ask: impl FnMut() -> Result<Reply, Lost>) -> Reply {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let reply = ask().expect("an answer");
        if !reply.is_later() {
            return reply;
        }
        thread::sleep(Duration::from_millis(200));
    }
    panic!("later for {PATIENCE:?}")
}

/// Ends the readers when it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The log cannot be read any more: after the bound nothing is trusted, though the row is all that says so.
fn unread(figures: &mut Figures, base: &Base, servers: &[Process; 2]) {
    let on = base.name;
    let mut clients: Vec<_> = servers.iter().map(Process::client).collect();
    register(&mut clients[0], "eve").expect("an answer");
    let proof = Door::Hotel.enter(&mut clients[0], "eve", PASSWORD).expect("an answer").1.expect("it lets in").proof;
    for client in &mut clients {
        assert!(proof.show(client).is_ok_and(|reply| reply.status == 200), "a good token is good everywhere");
    }
    // Behind the back of both: no log, and no row.
    execute(&base.url, "ALTER TABLE revocations RENAME TO revocations_away; DELETE FROM tokens");
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for client in &mut clients {
        while proof.show(client).is_ok_and(|reply| reply.status == 200) && began.elapsed() < BOUND * 5 {}
        slowest = slowest.max(began.elapsed());
    }
    figures.within(on, "not trusted any more without the log (cache.bound)", BOUND, slowest, "");
    // A good token is verified by asking each time, and told as good.
    let mut fresh = None;
    for client in &mut clients {
        let entered = Door::Hotel.enter(client, "eve", PASSWORD).expect("an answer").1.expect("it lets in").proof;
        fresh = Some(entered);
    }
    let fresh = fresh.expect("two logins");
    let mut good = true;
    for client in &mut clients {
        good &= fresh.show(client).is_ok_and(|reply| reply.status == 200);
    }
    figures.must(on, "a good token meanwhile", "200", if good { "200" } else { "refused" }, good);
    execute(&base.url, "ALTER TABLE revocations_away RENAME TO revocations");
}
