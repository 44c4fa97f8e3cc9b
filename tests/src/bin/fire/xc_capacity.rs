//! What one PostgreSQL and one or two processes can do: the figures of docs/scaling.md. Nothing is asked of them; they are the machine's.
//!
//! The processor time of a request hardly depends on what else the machine does, and clients, servers and PostgreSQL share it: so it is
//! told beside the rate, and a capacity is made of it.

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{
    Client, Door, Entered, Figures, Installation, Lost, PASSWORD, Postgres, Process, Reply, Run, execute, register,
};

const ON: &str = "PostgreSQL";
const DATABASE: &str = "capacity";
/// Connections at a time: more than the pool has, so that commits are shared.
const CLIENTS: usize = 16;
/// How long each kind of verification is asked.
const SPAN: Duration = Duration::from_secs(2);
/// How long a replica may take.
const IN_STEP: Duration = Duration::from_secs(30);

/// What the person with this number does.
type Step<'a> = dyn Fn(&mut Client, usize) -> Result<Reply, Lost> + Sync + 'a;

/// What was used, by whom, since when.
struct Meter<'a> {
    servers: &'a [Process],
    databases: &'a [&'a Postgres],
    began: Instant,
    before: [Duration; 2],
}

pub fn run(run: &Run, figures: &mut Figures) {
    let primary = match Postgres::make() {
        Ok(primary) => primary,
        Err(why) => return figures.not_run(ON, "the experiment", why),
    };
    execute(&primary.url("postgres"), &format!("CREATE DATABASE {DATABASE}"));
    let url = primary.url(DATABASE);
    let installation = Installation::new(&url);
    let people = run.of(80, 1_600);
    {
        let server = [installation.serve()];
        writes(figures, "one PostgreSQL", &server, &[&primary], people);
    }
    verifications(figures, &installation, &primary, "from memory");
    let asking = Installation::new(&url).set("CACHE__VERIFIED", "off");
    // Its keys are the other's, as on two machines.
    asking.share_keys(&installation);
    verifications(figures, &asking, &primary, "asked each time");
    let replica = Postgres::replica_of(&primary).unwrap_or_else(|why| panic!("a replica: {why}"));
    synchronous(&primary);
    let server = [installation.serve()];
    writes(figures, "with a synchronous replica", &server, &[&primary, &replica], people);
}

fn synchronous(primary: &Postgres) {
    let admin = primary.url("postgres");
    execute(&admin, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    execute(&admin, "SELECT pg_reload_conf()");
    let began = Instant::now();
    while crate::harness::count(&admin, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != 1 {
        assert!(began.elapsed() < IN_STEP, "the replica is in step");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Everybody registers, logs in twice, refreshes and logs out, and all do each at the same time.
fn writes(figures: &mut Figures, how: &str, servers: &[Process], databases: &[&Postgres], people: usize) {
    let name = |number: usize| format!("{}{number}", how.replace(' ', "-"));
    let entered: Vec<Mutex<Option<Entered>>> = (0..people).map(|_| Mutex::default()).collect();
    let entry = |number: usize| entered[number].lock().expect("nobody panics with it");
    let steps: [(&str, &Step); 5] = [
        ("registrations", &|client, number| register(client, &name(number))),
        ("tokens issued", &|client, number| {
            Door::Sanctum.enter(client, &name(number), PASSWORD).map(|(reply, _)| reply)
        }),
        ("logins of a JWT pair", &|client, number| {
            let (reply, new) = Door::Hotel.enter(client, &name(number), PASSWORD)?;
            *entry(number) = new;
            Ok(reply)
        }),
        ("refreshes", &|client, number| {
            let refresh = entry(number).as_ref().and_then(|entered| entered.refresh.clone());
            client.post("/auth/refresh", "", json!({"refresh_token": refresh}))
        }),
        ("revocations (logouts)", &|client, number| {
            let authorization = entry(number).as_ref().map(|entered| entered.proof.authorization.clone());
            client.post("/auth/logout", &authorization.unwrap_or_default(), Value::Null)
        }),
    ];
    for (what, step) in steps {
        let meter = Meter::start(servers, databases);
        let address = servers[0].address;
        thread::scope(|scope| {
            for first in 0..CLIENTS {
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    for number in (first..people).step_by(CLIENTS) {
                        let reply = step(&mut client, number).expect("an answer");
                        assert!(reply.is_success(), "{what}: {reply:?}");
                    }
                });
            }
        });
        figures.told(ON, &format!("{what}, {how}"), meter.told(people));
        // As autovacuum does within minutes: plans that were made while the tables were empty read them from end to end.
        execute(&databases[0].url(DATABASE), "ANALYZE");
    }
}

/// A token that is shown all the time, to one process and to two at the same time.
fn verifications(figures: &mut Figures, installation: &Installation, primary: &Postgres, how: &str) {
    let (servers, databases) = ([installation.serve(), installation.serve()], [primary]);
    let name = format!("shown-{}", how.replace(' ', "-"));
    let mut client = servers[0].client();
    register(&mut client, &name).expect("an answer");
    let proof = Door::Sanctum.enter(&mut client, &name, PASSWORD).expect("an answer").1.expect("it lets in").proof;
    for (count, title) in [(1, "one process"), (2, "two processes")] {
        let meter = Meter::start(&servers[..count], &databases);
        let answered: usize = thread::scope(|scope| {
            let asking = |number: usize| {
                let (mut client, proof) = (servers[number % count].client(), &proof);
                scope.spawn(move || {
                    let (began, mut answered) = (Instant::now(), 0);
                    while began.elapsed() < SPAN {
                        assert!(proof.show(&mut client).is_ok_and(|reply| reply.status == 200), "a good token");
                        answered += 1;
                    }
                    answered
                })
            };
            let clients: Vec<_> = (0..CLIENTS).map(asking).collect();
            clients.into_iter().map(|client| client.join().expect("a client that ends")).sum()
        });
        figures.told(ON, &format!("verifications {how}, {title}"), meter.told(answered));
    }
}

impl<'a> Meter<'a> {
    fn start(servers: &'a [Process], databases: &'a [&'a Postgres]) -> Self {
        let mut meter = Self { servers, databases, began: Instant::now(), before: [Duration::ZERO; 2] };
        meter.before = meter.used();
        meter
    }

    fn used(&self) -> [Duration; 2] {
        let servers = self.servers.iter().map(Process::cpu).sum();
        let databases = self.databases.iter().map(|database| database.cpu()).sum();
        [servers, databases]
    }

    /// So many were done.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    fn told(&self, done: usize) -> String {
        let rate = done as f64 / self.began.elapsed().as_secs_f64();
        let used = self.used();
        let [server, database] =
            [0, 1].map(|at| used[at].saturating_sub(self.before[at]).as_secs_f64() * 1e6 / done.max(1) as f64);
        format!("{rate:.0}/s; {server:.0} µs of the processes, {database:.0} µs of PostgreSQL each")
    }
}
