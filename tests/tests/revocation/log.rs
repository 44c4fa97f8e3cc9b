//! One look at the log of revocations: what it reads, and from when on what is remembered is trusted again.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use countersign_core::{
    Auth, Credentials, Grant, Registration, Secret, Strategy,
    auth::{OldLinks, Realm, RealmParts},
    cache::{Cache, CacheOptions, Follower},
    env::{CountedRandom, FixedClock},
    password::{Argon2Params, PasswordRules, Passwords},
    seal::KeyRing,
    store::Stores,
    strategy::SanctumPat,
};
use countersign_tests::{
    databases::{Database, databases, run},
    server::noon,
};

/// More than several pages.
const MANY: i64 = 25_000;
const LONG: Duration = Duration::from_secs(3_600);

/// A process on the database that looks when it is told to, and a user of it with a token.
struct Process {
    auth: Auth,
    follower: Follower,
    token: Secret,
    user: i64,
}

impl Process {
    fn on(database: &Database, bound: Duration) -> Self {
        let realm = Realm::new(RealmParts {
            stores: Stores::together(Arc::new(database.store())),
            passwords: Passwords::new(Argon2Params { memory_kib: 64, iterations: 1, ..Argon2Params::default() }),
            keys: KeyRing::new(["the key ring of every test server!"]).unwrap(),
            clock: Arc::new(FixedClock::at(noon())),
            random: Arc::new(CountedRandom::default()),
            cache: Cache::new(CacheOptions { capacity: 100, bound: Some(bound) }),
            old_links: OldLinks::default(),
        });
        let follower = Follower::begin(&realm).unwrap();
        let auth = Auth::new(realm, Strategy::SanctumPat(SanctumPat::default()), PasswordRules::None);
        let ada = Registration { username: Some("ada".to_owned()), ..Registration::new(Secret::from("x")) };
        let user = auth.register(&ada).unwrap().id.0;
        let credentials = Credentials::new("ada".to_owned(), Secret::from("x"));
        let token = auth.login(&credentials, &Grant::named("test")).unwrap().access;
        Self { auth, follower, token, user }
    }

    fn look(&mut self) {
        self.follower.look(self.auth.realm()).unwrap();
    }

    fn lets_in(&self) -> bool {
        self.auth.verify(self.token.expose()).is_ok()
    }

    /// Takes the token away behind the process's back: it is let in by what is remembered alone.
    fn remembers(&mut self, database: &Database) {
        let remembered = |process: &mut Self| {
            process.look();
            process.lets_in()
        };
        assert!(remembered(self));
        run(&database.url, "DELETE FROM tokens");
        // A busy machine may take longer than a bound of some hundred milliseconds.
        assert!((0..10).any(|_| remembered(self)), "{} remembers it", database.name);
    }
}

/// Writes entries about a user from the number `first` on.
fn write(database: &Database, first: i64, count: i64, user: i64) {
    for from in (first..first + count).step_by(5_000) {
        let to = (from + 5_000).min(first + count);
        let rows: Vec<String> = (from..to).map(|id| format!("({id}, {user}, '2026-01-02 12:00:00')")).collect();
        run(&database.url, &format!("INSERT INTO revocations (id, user_id, created_at) VALUES {}", rows.join(", ")));
    }
    run(&database.url, &format!("UPDATE revocation_counter SET last = {}", first + count - 1));
}

#[test]
fn one_look_reads_the_log_to_its_end_however_much_came() {
    for database in databases() {
        let mut process = Process::on(&database, LONG);
        process.remembers(&database);
        write(&database, 1, MANY, 4_000_000);
        process.look();
        assert!(process.lets_in(), "{}: it was about others", database.name);
        write(&database, MANY + 1, MANY, 4_000_000);
        write(&database, 2 * MANY + 1, 1, process.user);
        process.look();
        assert!(!process.lets_in(), "{}: the last one was about them", database.name);
    }
}

/// Who did not look for longer than entries are kept does not know about whom they were.
#[test]
fn a_gap_in_the_log_may_be_about_anybody() {
    for database in databases() {
        let mut process = Process::on(&database, LONG);
        process.remembers(&database);
        // The first of them were about the user, and are pruned.
        write(&database, 3, 1, 4_000_000);
        process.look();
        assert!(!process.lets_in(), "{}", database.name);
    }
}

#[test]
fn of_another_log_nobody_is_forgotten_twice() {
    for database in databases() {
        let mut process = Process::on(&database, LONG);
        write(&database, 1, 9, 4_000_000);
        process.look();
        run(&database.url, "DELETE FROM revocations WHERE id > 2; UPDATE revocation_counter SET last = 2");
        process.look();
        process.remembers(&database);
        process.look();
        assert!(process.lets_in(), "{}: that log is the one that is read now", database.name);
        write(&database, 3, 1, process.user);
        process.look();
        assert!(!process.lets_in(), "{}: and what comes next in it counts", database.name);
    }
}

/// What was revoked while the look was under way may not be in it. The databases differ in how readers can be kept waiting; what is
/// asked here has nothing to do with them.
#[test]
fn trust_begins_where_the_look_began() {
    const BOUND: Duration = Duration::from_millis(400);
    for database in databases().into_iter().filter(|database| database.name == "postgres") {
        let mut process = Process::on(&database, BOUND);
        process.remembers(&database);
        let took = thread::scope(|scope| {
            let hold = "BEGIN; LOCK TABLE revocations IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT";
            let holding = scope.spawn(|| run(&database.url, hold));
            thread::sleep(Duration::from_millis(200));
            let began = Instant::now();
            process.look();
            let took = began.elapsed();
            holding.join().unwrap();
            took
        });
        assert!(took > BOUND, "the look took {took:?}");
        assert!(!process.lets_in(), "the look is older than the bound");
    }
}
