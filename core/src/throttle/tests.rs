//! The rules of guessing, by a clock that is moved by hand.

mod faults;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::{env::FixedClock, store::StoreError};

const OPTIONS: ThrottleOptions = ThrottleOptions {
    login: Rate::per_minute(5),
    login_client: Rate::per_minute(10),
    login_account: Rate::per_hour(100),
    registration: Rate::per_minute(2),
    mail: Rate::per_hour(2),
    mail_client: Rate::per_hour(3),
    link: Rate::per_minute(2),
};
const WRONG: Result<(), AuthError> = Err(AuthError::WrongCredentials);

fn noon() -> Timestamp {
    DateTime::from_timestamp(1_767_355_200, 0).unwrap()
}

fn throttle() -> Throttle {
    Throttle::new(Some(OPTIONS))
}

/// A store in memory; `None` if it has failed.
#[derive(Default)]
struct Rows(Mutex<Option<BTreeMap<String, CounterRow>>>);

impl Rows {
    fn there() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(BTreeMap::new()))))
    }
}

impl CounterStore for Rows {
    fn edit(&self, keys: &[&str], edit: &mut dyn FnMut(&mut Counters)) -> StoreResult<()> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = rows.as_mut().ok_or_else(|| StoreError::new("gone"))?;
        // As a transaction that has to be run again.
        for is_last in [false, true] {
            let found = keys.iter().filter_map(|key| Some(((*key).to_owned(), rows.get(*key)?.state.clone())));
            let mut counters = Counters::new(found);
            edit(&mut counters);
            if is_last {
                rows.extend(counters.changes().map(|(key, row, _)| (key.to_owned(), row.clone())));
            }
        }
        Ok(())
    }

    fn sweep(&self, now: Timestamp, _: &[(CounterKind, usize)]) -> StoreResult<()> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.as_mut().ok_or_else(|| StoreError::new("gone"))?.retain(|_, row| row.ends_at > now);
        Ok(())
    }

    fn moment(&self) -> StoreResult<Timestamp> {
        Ok(noon())
    }
}

fn ring() -> KeyRing {
    KeyRing::new(["a key ring for the tests of counters"]).unwrap()
}

/// One that is right whenever the store is asked.
fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at(noon()))
}

/// Two processes that count in one store.
fn two() -> [Throttle; 2] {
    let rows = Rows::there();
    [throttle().shared(rows.clone(), &ring(), clock()), throttle().shared(rows, &ring(), clock())]
}

/// One process for itself, and one of those that count in a store: they say the same.
fn both() -> [Throttle; 2] {
    let [shared, _] = two();
    [throttle(), shared]
}

fn client(number: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, number])
}

/// Guesses once, and says how many seconds it was told to wait.
fn guess(throttle: &Throttle, guess: Guess<'_>, from: IpAddr, at: Timestamp, outcome: &Result<(), AuthError>) -> u64 {
    match throttle.attempt(guess, from, at).answer() {
        Ok(attempt) => {
            attempt.settle(outcome).answer().unwrap();
            0
        }
        Err(AuthError::Throttled { retry_after }) => retry_after.as_secs(),
        Err(other) => panic!("{other}"),
    }
}

fn wrong(throttle: &Throttle, name: &str, from: IpAddr, at: Timestamp) -> u64 {
    guess(throttle, Guess::Login(name), from, at, &WRONG)
}

fn right(throttle: &Throttle, name: &str, from: IpAddr, at: Timestamp) -> u64 {
    guess(throttle, Guess::Login(name), from, at, &Ok(()))
}

#[test]
fn a_client_has_five_guesses_a_minute_at_one_account_in_all_its_spellings() {
    for throttle in both() {
        for (second, name) in (0..).zip(["ada@example.org", "ADA@example.org", "ada@EXAMPLE.org", "ada@example.org"]) {
            assert_eq!(wrong(&throttle, name, client(1), noon() + TimeDelta::seconds(second)), 0);
        }
        assert_eq!(wrong(&throttle, "ａda@example.org", client(1), noon() + TimeDelta::seconds(4)), 0);
        let at = noon() + TimeDelta::seconds(10);
        assert_eq!(right(&throttle, "ada@example.org", client(1), at), 50);
        assert_eq!(right(&throttle, "ada@example.org", client(2), at), 0);
        assert_eq!(right(&throttle, "bob@example.org", client(1), at), 0);
        assert_eq!(right(&throttle, "ada@example.org", client(1), noon() + TimeDelta::minutes(1)), 0);
    }
}

#[test]
fn a_client_has_ten_guesses_a_minute_at_all_accounts_and_a_success_of_its_own_does_not_help() {
    for throttle in both() {
        for number in 0..10 {
            assert_eq!(wrong(&throttle, &format!("user{number}"), client(1), noon()), 0);
            if number < 9 {
                assert_eq!(right(&throttle, "mallory", client(1), noon()), 0);
            }
        }
        assert_eq!(wrong(&throttle, "user10", client(1), noon()), 60);
        assert_eq!(wrong(&throttle, "user10", client(2), noon()), 0);
    }
}

#[test]
fn guesses_at_the_same_moment_count_before_they_are_judged() {
    let throttle = throttle();
    let all: Vec<_> = (0..20).map(|_| throttle.attempt(Guess::Login("ada"), client(1), noon()).answer()).collect();
    assert_eq!(all.iter().filter(|attempt| attempt.is_ok()).count(), 5);
    // They may all be right: it is worth another try when that is known.
    assert_eq!(right(&throttle, "ada", client(1), noon()), 1);
    // Their clients hung up: they count as wrong.
    drop(all);
    assert_eq!(wrong(&throttle, "ada", client(1), noon()), 60);
}

#[test]
fn what_was_not_judged_does_not_count() {
    for throttle in both() {
        for _ in 0..20 {
            let busy = Err(AuthError::Busy { retry_after: Duration::from_secs(1) });
            assert_eq!(guess(&throttle, Guess::Login("ada"), client(1), noon(), &busy), 0);
            let failed = Err(AuthError::Store(StoreError::new("gone")));
            assert_eq!(guess(&throttle, Guess::Login("ada"), client(1), noon(), &failed), 0);
        }
    }
}

#[test]
fn a_right_guess_forgets_the_wrong_ones_before_it() {
    for throttle in both() {
        for _ in 0..2 {
            for _ in 0..4 {
                assert_eq!(wrong(&throttle, "ada", client(1), noon()), 0);
            }
            assert_eq!(right(&throttle, "ada", client(1), noon()), 0);
        }
    }
}

#[test]
fn an_account_is_closed_to_strangers_and_open_to_where_its_owner_has_been() {
    for throttle in both() {
        let home = IpAddr::from([198, 51, 100, 1]);
        assert_eq!(right(&throttle, "ada", home, noon()), 0);
        for number in 0..100 {
            assert_eq!(wrong(&throttle, "ada", client(number), noon()), 0);
        }
        let at = noon() + TimeDelta::minutes(1);
        assert_eq!(right(&throttle, "ada", client(200), at), 59 * 60);
        assert_eq!(right(&throttle, "ada", home, at), 0);
        assert_eq!(guess(&throttle, Guess::Password(UserId(1)), client(200), at, &Ok(())), 0);
        // Where the owner has been there is still no more than five a minute.
        for _ in 0..5 {
            assert_eq!(wrong(&throttle, "ada", home, at), 0);
        }
        assert_eq!(right(&throttle, "ada", home, at), 60);
        assert_eq!(right(&throttle, "ada", client(200), noon() + TimeDelta::hours(1)), 0);
    }
}

#[test]
fn whoever_holds_a_token_guesses_no_faster_at_the_password() {
    for throttle in both() {
        let ada = Guess::Password(UserId(1));
        for _ in 0..5 {
            assert_eq!(guess(&throttle, ada, client(1), noon(), &WRONG), 0);
        }
        assert_eq!(guess(&throttle, ada, client(1), noon(), &Ok(())), 60);
        assert_eq!(guess(&throttle, Guess::Password(UserId(2)), client(1), noon(), &Ok(())), 0);
        for number in 2..97 {
            assert_eq!(guess(&throttle, ada, client(number), noon(), &WRONG), 0);
        }
        assert_eq!(guess(&throttle, ada, client(200), noon(), &WRONG), 3600);
    }
}

#[test]
fn registrations_mails_and_links_are_counted_apart() {
    for throttle in both() {
        let count = |request, number| match throttle.count(request, client(number), noon()).answer() {
            Ok(()) => 0,
            Err(AuthError::Throttled { retry_after }) => retry_after.as_secs(),
            Err(other) => panic!("{other}"),
        };
        let registrations: Vec<_> = (0..3).map(|_| count(Request::Registration, 1)).collect();
        assert_eq!(registrations, [0, 0, 60]);
        let to = |address| count(Request::Mail(address), 1);
        assert_eq!([to("a@example.org"), to("A@example.org"), to("a@example.org")], [0, 0, 3600]);
        // What was refused takes no place: two of three are gone.
        assert_eq!([to("b@example.org"), to("c@example.org")], [0, 3600]);
        assert_eq!(count(Request::Mail("c@example.org"), 2), 0);
        let links: Vec<_> = (0..3).map(|_| guess(&throttle, Guess::Link, client(1), noon(), &WRONG)).collect();
        assert_eq!(links, [0, 0, 60]);
    }
}

#[test]
fn without_options_nothing_is_limited() {
    let throttle = Throttle::new(None);
    for _ in 0..1_000 {
        assert_eq!(wrong(&throttle, "ada", client(1), noon()), 0);
        throttle.count(Request::Registration, client(1), noon()).answer().unwrap();
    }
}

#[test]
fn a_lock_closes_after_its_wrong_guesses_and_opens_at_once_when_its_time_is_over() {
    let throttle = throttle();
    let enter =
        |identifier, at| throttle.lock_out(Rate::per_minute(2), ("", "login"), (identifier, client(1)), at).answer();
    let wait = |identifier, at| match enter(identifier, at) {
        Err(AuthError::Throttled { retry_after }) => retry_after.as_secs(),
        other => panic!("{other:?}"),
    };
    // In any case, and hanging up is no way around.
    enter("Ada@example.org", noon()).unwrap().settle(&WRONG).answer().unwrap();
    drop(enter("ada@EXAMPLE.org", noon()).unwrap());
    assert_eq!(wait("ada@example.org", noon() + TimeDelta::seconds(59)), 1);
    // What was not judged is not counted.
    let over = noon() + TimeDelta::minutes(1);
    for _ in 0..3 {
        let busy = Err::<(), _>(AuthError::Store(StoreError::new("away")));
        enter("ada@example.org", over).unwrap().settle(&busy).answer().unwrap();
        let throttled = Err::<(), _>(AuthError::Throttled { retry_after: Duration::from_secs(1) });
        enter("ada@example.org", over).unwrap().settle(&throttled).answer().unwrap();
    }
    // A right guess forgets the wrong one before it; two that are being judged take both places.
    enter("ada@example.org", over).unwrap().settle(&WRONG).answer().unwrap();
    enter("ada@example.org", over).unwrap().settle(&Ok::<_, AuthError>(())).answer().unwrap();
    let judged = [enter("ada@example.org", over).unwrap(), enter("ada@example.org", over).unwrap()];
    assert_eq!(wait("ada@example.org", over), 1);
    drop(judged);
    assert_eq!(wait("ada@example.org", over), 60);
}

#[test]
fn two_processes_allow_together_what_one_allows() {
    let [one, other] = two();
    for (second, throttle) in (0..).zip([&one, &other, &one, &other, &one]) {
        assert_eq!(wrong(throttle, "ada", client(1), noon() + TimeDelta::seconds(second)), 0);
    }
    let at = noon() + TimeDelta::seconds(10);
    assert_eq!([&one, &other].map(|throttle| right(throttle, "ada", client(1), at)), [50, 50]);
    assert_eq!(right(&other, "ada", client(1), noon() + TimeDelta::minutes(1)), 0);
    // What one lets in and the other judges right is forgotten, and the client is known to both.
    for _ in 0..4 {
        assert_eq!(wrong(&one, "bob", client(2), noon()), 0);
    }
    assert_eq!(right(&other, "bob", client(2), noon()), 0);
    assert_eq!(wrong(&one, "bob", client(2), noon()), 0);
    for number in 10..106 {
        assert_eq!(wrong(&one, "bob", client(number), noon()), 0);
    }
    assert_eq!(wrong(&other, "bob", client(200), noon()), 3_600);
    assert_eq!(right(&other, "bob", client(2), noon()), 0);
    let window = |throttle: &Throttle, at| {
        throttle.hit(Rate::per_minute(3), ("", "api"), Who::User(UserId(7)), at).answer().map_err(|error| match error {
            AuthError::Throttled { retry_after } => retry_after.as_secs(),
            other => panic!("{other}"),
        })
    };
    let left: Vec<_> = [&one, &other, &one, &other, &one].map(|throttle| window(throttle, noon())).into();
    assert_eq!(left, [Ok(2), Ok(1), Ok(0), Err(60), Err(60)]);
    assert_eq!(window(&other, noon() + TimeDelta::minutes(1)), Ok(2));
}

#[test]
fn a_guess_that_is_judged_by_one_process_has_its_place_in_the_other_and_lapses_if_that_dies() {
    let [one, other] = two();
    let all: Vec<_> = (0..5).map(|_| one.attempt(Guess::Login("ada"), client(1), noon()).answer().unwrap()).collect();
    assert_eq!(right(&other, "ada", client(1), noon()), 1);
    drop(all);
    let later = noon() + TimeDelta::seconds(59);
    assert_eq!(right(&other, "ada", client(1), later), 1);
    // They were wrong, of a minute ago, and are over: the account's own hour is not.
    assert_eq!(right(&other, "ada", client(1), noon() + TimeDelta::minutes(1)), 0);
}

#[test]
fn a_flood_that_is_refused_does_not_reach_the_store() {
    let rows = Rows::there();
    let throttle = throttle().shared(rows.clone(), &ring(), clock());
    for _ in 0..5 {
        assert_eq!(wrong(&throttle, "ada", client(1), noon()), 0);
    }
    assert_eq!(wrong(&throttle, "ada", client(1), noon()), 60);
    let kept = rows.0.lock().unwrap().take();
    let at = noon() + TimeDelta::milliseconds(900);
    assert_eq!(wrong(&throttle, "ada", client(1), at), 59);
    let asked = throttle.attempt(Guess::Login("ada"), client(1), noon() + TimeDelta::seconds(1));
    assert!(matches!(asked.answer(), Err(AuthError::Store(_))), "after a second it is asked again");
    *rows.0.lock().unwrap() = kept;
    assert_eq!(wrong(&throttle, "ada", client(1), noon() + TimeDelta::seconds(1)), 59);
}

#[test]
fn without_its_store_no_guess_is_admitted_and_limits_of_a_mount_count_for_themselves() {
    let throttle = throttle().shared(Arc::new(Rows::default()), &ring(), clock());
    let failed = |error: Option<AuthError>| matches!(error, Some(AuthError::Store(_)));
    for guess in [Guess::Login("ada"), Guess::Password(UserId(1)), Guess::Link] {
        assert!(failed(throttle.attempt(guess, client(1), noon()).answer().err()));
    }
    for request in [Request::Registration, Request::Mail("a@example.org")] {
        assert!(failed(throttle.count(request, client(1), noon()).answer().err()));
    }
    let two = Rate::per_minute(2);
    assert!(failed(throttle.lock_out(two, ("", "login"), ("ada", client(1)), noon()).answer().err()));
    let hit = || throttle.hit(two, ("", "api"), Who::Client(client(1)), noon()).answer().ok();
    assert_eq!([hit(), hit(), hit()], [Some(1), Some(0), None]);
    let asked = || throttle.request(&[(two, ("", "user"), Who::User(UserId(1)))], noon()).answer().is_ok();
    assert_eq!([asked(), asked(), asked()], [true, true, false]);
}

#[test]
fn the_table_names_nobody_and_forgets_what_is_over() {
    let rows = Rows::there();
    let throttle = throttle().shared(rows.clone(), &ring(), clock());
    assert_eq!(wrong(&throttle, "ada@example.org", client(1), noon()), 0);
    throttle.count(Request::Mail("ada@example.org"), client(1), noon()).answer().unwrap();
    let held = || rows.0.lock().unwrap().clone().unwrap_or_default();
    assert_eq!(held().len(), 5);
    for (key, row) in held() {
        assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
        assert!(row.state.bytes().all(|byte| byte.is_ascii_digit() || b";,-".contains(&byte)), "{}", row.state);
    }
    throttle.sweep(noon() + TimeDelta::minutes(1)).unwrap();
    assert_eq!(held().len(), 3, "an hour's limits are left: account, mail and its client");
    throttle.sweep(noon() + TimeDelta::hours(1)).unwrap();
    assert_eq!(held().len(), 0);
}
