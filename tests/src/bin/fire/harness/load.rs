//! Mixed load that goes on whatever happens to the server, and notes every answer and what was acknowledged.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Client, Door, Figures, Lost, Proof, Reply,
    door::{PASSWORD, is_taken, register},
};

/// Between two requests of one client: enough of them come without taking the machine from the server.
const PAUSE: Duration = Duration::from_millis(8);

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A token that was shown before.
    Known,
    /// A token that was just made.
    Fresh,
    /// Registrations, logins, logouts and refreshes.
    Write,
    /// `/health/live`.
    Live,
}

/// A request and what became of it.
#[derive(Debug, Clone)]
pub struct Sample {
    pub kind: Kind,
    pub what: String,
    pub began: Instant,
    pub took: Duration,
    /// 0 if there was no answer.
    pub status: u16,
    /// 503 with a time.
    pub is_later: bool,
}

/// What the server has acknowledged.
#[derive(Debug, Default, Clone)]
pub struct Noted {
    pub users: Vec<String>,
    pub alive: Vec<Proof>,
    pub dead: Vec<Proof>,
}

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<(Vec<Sample>, Noted)>>,
}

/// One client: its connection, its samples, its notes.
struct Worker {
    client: Client,
    stop: Arc<AtomicBool>,
    samples: Vec<Sample>,
    noted: Noted,
}

impl Sample {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn ended(&self) -> Instant {
        self.began + self.took
    }
}

impl Load {
    /// Registers somebody called `name` with a token of every wire, and starts: a reader a token, three who register, log in and
    /// out, one who refreshes, one who asks whether the process lives.
    ///
    /// # Panics
    /// If the server does not let them in.
    pub fn mixed(address: SocketAddr, name: &str) -> Self {
        let mut client = Client::new(address);
        let registered = register(&mut client, name).expect("an answer");
        assert!(registered.is_success() || is_taken(&registered), "{registered:?}");
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let mut spawn = |work: Box<dyn FnOnce(&mut Worker) + Send>| {
            let stop = Arc::clone(&stop);
            threads.push(thread::spawn(move || {
                let mut worker =
                    Worker { client: Client::new(address), stop, samples: Vec::new(), noted: Noted::default() };
                work(&mut worker);
                (worker.samples, worker.noted)
            }));
        };
        for door in Door::ALL {
            let (reply, entered) = door.enter(&mut client, name, PASSWORD).expect("an answer");
            let entered = entered.unwrap_or_else(|| panic!("{door:?} lets in: {reply:?}"));
            if let Some(refresh) = entered.refresh {
                let other =
                    door.enter(&mut client, name, PASSWORD).expect("an answer").1.and_then(|other| other.refresh);
                let other = other.unwrap_or(refresh);
                spawn(Box::new(move |worker| worker.refresh(other)));
            }
            spawn(Box::new(move |worker| worker.show(&entered.proof)));
        }
        for number in 0..3 {
            let name = format!("{name}-w{number}");
            spawn(Box::new(move |worker| worker.come_and_go(&name)));
        }
        spawn(Box::new(Worker::live));
        Self { stop, threads }
    }

    /// Ends it.
    pub fn finish(self) -> (Vec<Sample>, Noted) {
        self.stop.store(true, Ordering::SeqCst);
        let (mut samples, mut noted) = (Vec::new(), Noted::default());
        for thread in self.threads {
            let (more, others) = thread.join().expect("a client that ends");
            samples.extend(more);
            noted.users.extend(others.users);
            noted.alive.extend(others.alive);
            noted.dead.extend(others.dead);
        }
        samples.sort_by_key(|sample| sample.began);
        (samples, noted)
    }
}

impl Worker {
    fn goes_on(&self) -> bool {
        thread::sleep(PAUSE);
        !self.stop.load(Ordering::SeqCst)
    }

    /// Asks, and notes what became of it.
    fn note(&mut self, kind: Kind, what: &str, ask: impl FnOnce(&mut Client) -> Result<Reply, Lost>) -> Option<Reply> {
        let began = Instant::now();
        let outcome = ask(&mut self.client);
        let took = began.elapsed();
        let (status, is_later, what) = match &outcome {
            Ok(reply) => (reply.status, reply.is_later(), what.to_owned()),
            Err(lost) => (0, false, format!("{what}: {lost:?}")),
        };
        self.samples.push(Sample { kind, what, began, took, status, is_later });
        outcome.ok()
    }

    fn live(&mut self) {
        while self.goes_on() {
            self.note(Kind::Live, "live", |client| client.get("/health/live", ""));
        }
    }

    fn show(&mut self, proof: &Proof) {
        while self.goes_on() {
            self.note(Kind::Known, proof.path, |client| proof.show(client));
        }
    }

    fn refresh(&mut self, mut token: String) {
        while self.goes_on() {
            let document = json!({"refresh_token": token});
            let reply = self.note(Kind::Write, "refresh", |client| client.post("/auth/refresh", "", document));
            if let Some(next) = reply.and_then(|reply| reply.text("refresh_token")) {
                token = next;
            }
        }
    }

    /// New users who log in, and some of whom log out again.
    fn come_and_go(&mut self, name: &str) {
        for number in 0_usize.. {
            let name = format!("{name}-{number}");
            if !self.goes_on() {
                return;
            }
            let registered = self.note(Kind::Write, "register", |client| register(client, &name));
            if registered.is_none_or(|reply| !reply.is_success()) {
                continue;
            }
            self.noted.users.push(name.clone());
            let door = Door::ALL[number % Door::ALL.len()];
            let (path, document) = door.login(&name, PASSWORD);
            let reply = self.note(Kind::Write, path, |client| client.post(path, "", document));
            let Some(entered) = reply.and_then(|reply| door.entered(&reply)) else { continue };
            let proof = entered.proof;
            self.note(Kind::Fresh, proof.path, |client| proof.show(client));
            if number % 8 < 4 {
                self.noted.alive.push(proof);
                continue;
            }
            let (path, method) = leaving(door);
            let authorization = proof.authorization.clone();
            let reply = self.note(Kind::Write, path, |client| match method {
                "DELETE" => client.delete(path, &authorization),
                _ => client.post(path, &authorization, Value::Null),
            });
            if reply.is_some_and(|reply| reply.is_success()) {
                self.noted.dead.push(proof);
            }
        }
    }
}

/// How somebody who entered by this door leaves.
pub fn leaving(door: Door) -> (&'static str, &'static str) {
    match door {
        Door::Minimal | Door::Sanctum => ("/api/auth/logout", "POST"),
        Door::Djoser => ("/auth/token/logout/", "POST"),
        Door::Hotel => ("/auth/logout", "POST"),
    }
}

impl Noted {
    /// Judges what [`Noted::audit`] found.
    pub fn judge(&self, client: &mut Client, figures: &mut Figures, on: &str) {
        let (lost, back) = self.audit(client, PASSWORD);
        let counts = format!("{}, {}, {}", self.users.len(), self.alive.len(), self.dead.len());
        figures.told(on, "users, tokens, revocations acknowledged", counts);
        figures.never(on, "acknowledged and lost", &lost);
        figures.never(on, "revoked and back", &back);
    }

    /// Compares the server with what it acknowledged: what it lost, and what it brought back.
    pub fn audit(&self, client: &mut Client, password: &str) -> (Vec<String>, Vec<String>) {
        let (mut lost, mut back) = (Vec::new(), Vec::new());
        let mut status = |proof: &Proof| proof.show(client).map_or(0, |reply| reply.status);
        for proof in &self.alive {
            let status = status(proof);
            if status != 200 {
                lost.push(format!("{} is {status} for {}", proof.path, proof.authorization));
            }
        }
        for proof in &self.dead {
            let status = status(proof);
            if status != 401 {
                back.push(format!("{} is {status} for {}", proof.path, proof.authorization));
            }
        }
        for name in &self.users {
            let entered = Door::Minimal.enter(client, name, password);
            if !matches!(entered, Ok((_, Some(_)))) {
                lost.push(format!("{name} cannot log in: {entered:?}"));
            }
        }
        (lost, back)
    }
}

/// The latency that this share of all stays below.
pub fn percentile(latencies: &mut [Duration], share: f64) -> Duration {
    latencies.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let at = (latencies.len() as f64 * share) as usize;
    latencies.get(at.min(latencies.len().saturating_sub(1))).copied().unwrap_or_default()
}
