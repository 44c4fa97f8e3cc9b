//! Shared counters when a database fails, or a machine's clock is wrong: on every database.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::TimeDelta;
use countersign::store::Store;
use countersign_core::{
    AuthError, Guess, Rate, Throttle,
    env::{Clock, FixedClock, SystemClock},
    model::Timestamp,
    seal::KeyRing,
    store::{StoreError, StoreResult},
    throttle::{CounterKind, CounterStore, Counters, ThrottleOptions},
};
use countersign_tests::databases::{databases, number};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const MANY: Rate = Rate::per_hour(1_000);
const OPTIONS: ThrottleOptions = ThrottleOptions {
    login: Rate::per_hour(5),
    login_client: MANY,
    login_account: MANY,
    registration: MANY,
    mail: MANY,
    mail_client: MANY,
    link: MANY,
};

/// A store that does what is asked, and says that it failed while it is told to.
struct Broken {
    store: Store,
    is_broken: AtomicBool,
}

impl CounterStore for Broken {
    fn edit(&self, keys: &[&str], edit: &mut dyn FnMut(&mut Counters)) -> StoreResult<()> {
        self.store.edit(keys, edit)?;
        if self.is_broken.load(Ordering::SeqCst) { Err(StoreError::new("the answer was lost")) } else { Ok(()) }
    }

    fn sweep(&self, now: Timestamp, most: &[(CounterKind, usize)]) -> StoreResult<()> {
        self.store.sweep(now, most)
    }

    fn moment(&self) -> StoreResult<Timestamp> {
        self.store.moment()
    }
}

fn counting(store: Arc<dyn CounterStore>, clock: Arc<dyn Clock>) -> Throttle {
    let ring = KeyRing::new(["a key ring for the tests of counters"]).unwrap();
    Throttle::new(Some(OPTIONS)).shared(store, &ring, clock)
}

/// Guesses wrong; `false` if it is refused.
fn guess(throttle: &Throttle, clock: &dyn Clock) -> bool {
    match throttle.attempt(Guess::Login("ada"), HERE, clock.steady()).answer() {
        Ok(attempt) => attempt.settle(&Err::<(), _>(AuthError::WrongCredentials)).answer().is_ok(),
        Err(AuthError::Throttled { .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_guess_whose_place_was_taken_without_an_answer_is_none() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = Arc::new(Broken { store: database.store(), is_broken: AtomicBool::new(true) });
        let throttle = counting(Arc::clone(&store) as Arc<dyn CounterStore>, Arc::new(SystemClock));
        for _ in 0..5 {
            let unsaid = throttle.attempt(Guess::Login("ada"), HERE, SystemClock.steady()).answer();
            assert!(matches!(unsaid, Err(AuthError::Store(_))));
        }
        assert_eq!(number(&database.url, "SELECT SUM(weight) FROM counters"), 15);
        store.is_broken.store(false, Ordering::SeqCst);
        throttle.settle_owed().unwrap();
        assert_eq!(number(&database.url, "SELECT SUM(weight) FROM counters"), 0);
        let admitted = (0..6).filter(|_| guess(&throttle, &SystemClock)).count();
        assert_eq!(admitted, 5);
    }
}

#[test]
fn all_count_by_the_clock_of_the_database() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = database.store();
        let apart = store.moment().unwrap() - SystemClock.now();
        assert!(apart.abs() < TimeDelta::seconds(5), "{apart}");
        let wrong = [TimeDelta::hours(1), TimeDelta::days(-3_650), TimeDelta::zero()];
        let processes = wrong.map(|wrong| {
            let clock = Arc::new(FixedClock::at(SystemClock.now() + wrong));
            (counting(Arc::new(database.store()), Arc::clone(&clock) as Arc<dyn Clock>), clock)
        });
        let ask = |number: usize| guess(&processes[number].0, processes[number].1.as_ref());
        assert_eq!([1, 2, 0, 1, 0].map(ask), [true; 5]);
        assert_eq!([1, 2, 0].map(ask), [false; 3]);
        for (_, clock) in &processes {
            clock.advance(TimeDelta::hours(-2));
        }
        assert_eq!([1, 2, 0].map(ask), [false; 3]);
    }
}
