//! The rules of guessing, by a clock that is moved by hand.

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::store::StoreError;

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

fn client(number: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, number])
}

/// Guesses once, and says how many seconds it was told to wait.
fn guess(throttle: &Throttle, guess: Guess<'_>, from: IpAddr, at: Timestamp, outcome: &Result<(), AuthError>) -> u64 {
    match throttle.attempt(guess, from, at) {
        Ok(attempt) => {
            attempt.settle(outcome);
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
    let throttle = throttle();
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

#[test]
fn a_client_has_ten_guesses_a_minute_at_all_accounts_and_a_success_of_its_own_does_not_help() {
    let throttle = throttle();
    for number in 0..10 {
        assert_eq!(wrong(&throttle, &format!("user{number}"), client(1), noon()), 0);
        if number < 9 {
            assert_eq!(right(&throttle, "mallory", client(1), noon()), 0);
        }
    }
    assert_eq!(wrong(&throttle, "user10", client(1), noon()), 60);
    assert_eq!(wrong(&throttle, "user10", client(2), noon()), 0);
}

#[test]
fn guesses_at_the_same_moment_count_before_they_are_judged() {
    let throttle = throttle();
    let all: Vec<_> = (0..20).map(|_| throttle.attempt(Guess::Login("ada"), client(1), noon())).collect();
    assert_eq!(all.iter().filter(|attempt| attempt.is_ok()).count(), 5);
    // They may all be right: it is worth another try when that is known.
    assert_eq!(right(&throttle, "ada", client(1), noon()), 1);
    // Their clients hung up: they count as wrong.
    drop(all);
    assert_eq!(wrong(&throttle, "ada", client(1), noon()), 60);
}

#[test]
fn what_was_not_judged_does_not_count() {
    let throttle = throttle();
    for _ in 0..20 {
        let busy = Err(AuthError::Busy { retry_after: Duration::from_secs(1) });
        assert_eq!(guess(&throttle, Guess::Login("ada"), client(1), noon(), &busy), 0);
        let failed = Err(AuthError::Store(StoreError::new("gone")));
        assert_eq!(guess(&throttle, Guess::Login("ada"), client(1), noon(), &failed), 0);
    }
}

#[test]
fn a_right_guess_forgets_the_wrong_ones_before_it() {
    let throttle = throttle();
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(wrong(&throttle, "ada", client(1), noon()), 0);
        }
        assert_eq!(right(&throttle, "ada", client(1), noon()), 0);
    }
}

#[test]
fn an_account_is_closed_to_strangers_and_open_to_where_its_owner_has_been() {
    let throttle = throttle();
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

#[test]
fn whoever_holds_a_token_guesses_no_faster_at_the_password() {
    let throttle = throttle();
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

#[test]
fn registrations_mails_and_links_are_counted_apart() {
    let throttle = throttle();
    let count = |request, number| match throttle.count(request, client(number), noon()) {
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

#[test]
fn without_options_nothing_is_limited() {
    let throttle = Throttle::new(None);
    for _ in 0..1_000 {
        assert_eq!(wrong(&throttle, "ada", client(1), noon()), 0);
        throttle.count(Request::Registration, client(1), noon()).unwrap();
    }
}

#[test]
fn a_lock_closes_after_its_wrong_guesses_and_opens_at_once_when_its_time_is_over() {
    let throttle = throttle();
    let enter = |identifier, at| throttle.lock_out(Rate::per_minute(2), ("", "login"), (identifier, client(1)), at);
    let wait = |identifier, at| match enter(identifier, at) {
        Err(AuthError::Throttled { retry_after }) => retry_after.as_secs(),
        other => panic!("{other:?}"),
    };
    // In any case, and hanging up is no way around.
    enter("Ada@example.org", noon()).unwrap().settle(&WRONG);
    drop(enter("ada@EXAMPLE.org", noon()).unwrap());
    assert_eq!(wait("ada@example.org", noon() + TimeDelta::seconds(59)), 1);
    // What was not judged is not counted.
    let over = noon() + TimeDelta::minutes(1);
    for _ in 0..3 {
        let busy = Err::<(), _>(AuthError::Store(StoreError::new("away")));
        enter("ada@example.org", over).unwrap().settle(&busy);
        let throttled = Err::<(), _>(AuthError::Throttled { retry_after: Duration::from_secs(1) });
        enter("ada@example.org", over).unwrap().settle(&throttled);
    }
    // A right guess forgets the wrong one before it; two that are being judged take both places.
    enter("ada@example.org", over).unwrap().settle(&WRONG);
    enter("ada@example.org", over).unwrap().settle(&Ok::<_, AuthError>(()));
    let judged = [enter("ada@example.org", over).unwrap(), enter("ada@example.org", over).unwrap()];
    assert_eq!(wait("ada@example.org", over), 1);
    drop(judged);
    assert_eq!(wait("ada@example.org", over), 60);
}
