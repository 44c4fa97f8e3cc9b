//! Shared counters whose store fails, and processes and stores whose clocks are wrong.

use std::sync::atomic::{AtomicU8, Ordering};

use super::*;

/// A store in memory that does as it is told, with a clock of its own.
struct Faulty {
    rows: Arc<Rows>,
    fault: AtomicU8,
    clock: FixedClock,
}

const NO_FAULT: u8 = 0;
/// It does nothing and says so.
const FAILS: u8 = 1;
/// It does what is asked, and cannot say so.
const LIES: u8 = 2;
/// It does nothing, and cannot say so either.
const BREAKS: u8 = 3;

impl Faulty {
    fn there() -> Arc<Self> {
        Arc::new(Self { rows: Rows::there(), fault: AtomicU8::new(NO_FAULT), clock: FixedClock::at(noon()) })
    }

    fn has(&self, fault: u8) {
        self.fault.store(fault, Ordering::SeqCst);
    }

    /// A process that counts here, by this clock.
    fn process(self: &Arc<Self>, clock: &Arc<FixedClock>) -> Throttle {
        throttle().shared(Arc::clone(self) as Arc<dyn CounterStore>, &ring(), Arc::clone(clock) as Arc<dyn Clock>)
    }
}

impl CounterStore for Faulty {
    fn edit(&self, keys: &[&str], edit: &mut dyn FnMut(&mut Counters)) -> StoreResult<()> {
        let fault = self.fault.load(Ordering::SeqCst);
        if fault != FAILS && fault != BREAKS {
            self.rows.edit(keys, edit)?;
        }
        match fault {
            NO_FAULT => Ok(()),
            FAILS => Err(StoreError::undone("it failed")),
            _ => Err(StoreError::new("it did not answer")),
        }
    }

    fn sweep(&self, now: Timestamp, most: &[(CounterKind, usize)]) -> StoreResult<()> {
        self.rows.sweep(now, most)
    }

    fn moment(&self) -> StoreResult<Timestamp> {
        Ok(self.clock.now())
    }
}

fn failed() -> Result<(), AuthError> {
    Err(AuthError::Store(StoreError::new("gone")))
}

#[test]
fn what_became_of_a_guess_while_the_store_failed_is_told_when_it_answers_again() {
    let store = Faulty::there();
    let one = store.process(&Arc::new(FixedClock::at(noon())));
    let lock = |at| one.lock_out(Rate::per_minute(5), ("", "login"), ("ada", client(1)), at).answer();
    for (outcome, left) in [(failed(), 5), (Err(AuthError::WrongCredentials), 0), (Ok(()), 5)] {
        let name = format!("{outcome:?}");
        let attempts: Vec<_> =
            (0..5).map(|_| one.attempt(Guess::Login(&name), client(left), noon()).answer().unwrap()).collect();
        store.has(FAILS);
        for attempt in attempts {
            assert!(attempt.settle(&outcome).answer().is_err());
        }
        assert!(one.settle_owed().is_err());
        store.has(NO_FAULT);
        assert_eq!(right(&one, &name, client(left), noon() + TimeDelta::milliseconds(300)), 1, "not told yet: {name}");
        one.settle_owed().unwrap();
        let guesses: Vec<_> = (0..6)
            .map(|_| wrong(&one, &name, client(left), noon() + TimeDelta::milliseconds(700)))
            .take_while(|wait| *wait == 0)
            .collect();
        assert_eq!(guesses.len(), usize::from(left), "{name}");
    }
    // The same of a lock, and of a settlement that is never put as a question: its client hung up.
    let locks: Vec<_> = (0..5).map(|_| lock(noon()).unwrap()).collect();
    assert!(lock(noon()).is_err());
    for lock in locks {
        lock.settle_later(Verdict::Unjudged);
    }
    one.settle_owed().unwrap();
    let locks: Vec<_> = std::iter::from_fn(|| lock(noon() + TimeDelta::seconds(1)).ok()).collect();
    assert_eq!(locks.len(), 5);
}

#[test]
fn a_place_of_which_the_store_could_not_say_whether_it_was_taken_is_given_back_and_nobody_elses() {
    for fault in [LIES, BREAKS, FAILS] {
        let store = Faulty::there();
        let one = store.process(&Arc::new(FixedClock::at(noon())));
        let other = store.process(&Arc::new(FixedClock::at(noon())));
        let enter = |throttle: &Throttle| throttle.attempt(Guess::Login("ada"), client(1), noon()).answer();
        let lock = |throttle: &Throttle| {
            throttle.lock_out(Rate::per_minute(5), ("", "login"), ("ada", client(1)), noon()).answer()
        };
        // Somebody else's, of the same moment, which are being judged.
        let judged = [enter(&other).unwrap(), enter(&other).unwrap()];
        let locked = [lock(&other).unwrap(), lock(&other).unwrap()];
        store.has(fault);
        for _ in 0..3 {
            assert!(matches!(enter(&one), Err(AuthError::Store(_))));
            assert!(matches!(lock(&one), Err(AuthError::Store(_))));
        }
        store.has(NO_FAULT);
        one.settle_owed().unwrap();
        let more: Vec<_> = std::iter::from_fn(|| enter(&one).ok()).collect();
        let locks: Vec<_> = std::iter::from_fn(|| lock(&one).ok()).collect();
        assert_eq!((more.len(), locks.len()), (3, 3), "fault {fault}");
        drop((judged, locked));
    }
}

#[test]
fn what_the_store_could_not_answer_for_is_taken_once_whether_it_was_or_not() {
    for fault in [LIES, BREAKS] {
        eprintln!("fault {fault}");
        told_twice(fault);
    }
}

fn told_twice(fault: u8) {
    let at = noon() + TimeDelta::milliseconds(10);
    let (store, clock) = (Faulty::there(), Arc::new(FixedClock::at(noon())));
    let one = store.process(&clock);
    let enter = |name, from, at| one.attempt(Guess::Login(name), client(from), at).answer().unwrap();
    let lock = |at| one.lock_out(Rate::per_minute(5), ("", "login"), ("ada", client(1)), at).answer();
    let more = |name, from| (0..9).take_while(|_| wrong(&one, name, client(from), at) == 0).count();

    let (first, second) = (enter("ada", 1, noon()), enter("ada", 1, at));
    second.settle(&WRONG).answer().unwrap();
    store.has(fault);
    first.settle(&WRONG).answer().unwrap_err();
    store.has(NO_FAULT);
    one.settle_owed().unwrap();
    assert_eq!(more("ada", 1), 3, "two were wrong");

    let first = enter("bob", 2, noon());
    store.has(fault);
    first.settle(&Ok(())).answer().unwrap_err();
    store.has(NO_FAULT);
    let wrong_ones = [wrong(&one, "bob", client(2), at), wrong(&one, "bob", client(2), at)];
    assert_eq!(wrong_ones, [0, 0]);
    one.settle_owed().unwrap();
    // Where the right one was not taken before, it clears them now.
    let left = if fault == LIES { 3 } else { 5 };
    assert_eq!(more("bob", 2), left, "two were wrong after the right one");

    let (first, second) = (lock(noon()).unwrap(), lock(at).unwrap());
    second.settle(&WRONG).answer().unwrap();
    store.has(fault);
    first.settle(&failed()).answer().unwrap_err();
    store.has(NO_FAULT);
    one.settle_owed().unwrap();
    assert_eq!(std::iter::from_fn(|| lock(at).ok()).take(9).collect::<Vec<_>>().len(), 4, "one was wrong");
}

#[test]
fn no_clock_of_a_process_opens_or_locks_a_limit_for_the_others() {
    let store = Faulty::there();
    let clocks = [TimeDelta::zero(), TimeDelta::hours(1), TimeDelta::days(-3_650)]
        .map(|wrong| Arc::new(FixedClock::at(noon() + wrong)));
    let processes = clocks.each_ref().map(|clock| store.process(clock));
    let ask = |number: usize| wrong(&processes[number], "ada", client(1), clocks[number].now());
    assert_eq!([0, 1, 2, 1, 0].map(ask), [0; 5]);
    assert_eq!([1, 2, 0].map(ask), [60; 3]);
    for clock in &clocks {
        clock.advance(TimeDelta::seconds(59));
    }
    assert_eq!([2, 1, 0].map(ask), [1; 3]);
    for clock in &clocks {
        clock.advance(TimeDelta::seconds(1));
    }
    store.clock.advance(TimeDelta::minutes(1));
    assert_eq!([2, 1, 0].map(ask), [0; 3]);
}

#[test]
fn a_store_whose_clock_is_put_back_locks_nobody_for_longer_than_a_limit_lasts() {
    let store = Faulty::there();
    let clock = Arc::new(FixedClock::at(noon()));
    store.clock.advance(TimeDelta::hours(10));
    let one = store.process(&clock);
    let two = Rate::per_minute(2);
    let hit = |throttle: &Throttle, at| throttle.hit(two, ("", "api"), Who::User(UserId(1)), at).answer().is_ok();
    for _ in 0..5 {
        assert_eq!(wrong(&one, "ada", client(1), noon()), 0);
    }
    assert_eq!([hit(&one, noon()), hit(&one, noon()), hit(&one, noon())], [true, true, false]);
    // A replica took over whose clock is right.
    store.clock.advance(TimeDelta::hours(-10));
    let other = store.process(&clock);
    assert_eq!(wrong(&other, "ada", client(1), noon()), 60);
    assert!(!hit(&other, noon()));
    let later = noon() + TimeDelta::seconds(59);
    assert_eq!((wrong(&other, "ada", client(1), later), hit(&other, later)), (1, false));
    let later = noon() + TimeDelta::seconds(60);
    assert_eq!((wrong(&other, "ada", client(1), later), hit(&other, later)), (0, true));
}

#[test]
fn who_was_refused_just_before_the_store_s_clock_was_put_back_waits_no_longer_for_it() {
    let (store, clock) = (Faulty::there(), Arc::new(FixedClock::at(noon())));
    store.clock.advance(TimeDelta::hours(10));
    let one = store.process(&clock);
    let two = Rate::per_minute(2);
    let hit = |user, milliseconds| {
        let at = noon() + TimeDelta::milliseconds(milliseconds);
        let passed = at - clock.now();
        clock.advance(passed);
        store.clock.advance(passed);
        one.hit(two, ("", "api"), Who::User(UserId(user)), at).answer().is_ok()
    };
    assert!(hit(1, 0), "now the clock is known");
    store.clock.advance(TimeDelta::hours(-10));
    assert_eq!([hit(2, 59_500), hit(2, 59_500), hit(2, 59_500)], [true, true, false]);
    assert!(hit(3, 60_000), "now it is asked again");
    assert!(!hit(2, 61_000), "what stands ahead is of now");
    assert!(hit(2, 122_000));
}
