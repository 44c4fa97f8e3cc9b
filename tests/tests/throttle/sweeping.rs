//! What becomes of shared counters that are over or too many, while others count.

use std::{
    sync::{Barrier, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use countersign::store::Store;
use countersign_core::throttle::{CounterKind, CounterRow, CounterStore as _};
use countersign_tests::{
    databases::{databases, number, run},
    server::noon,
};

/// Of each kind so many rows, heavier and heavier, that end in an hour.
fn fill(store: &Store, kind: CounterKind, rows: usize) {
    let ends_at = noon() + TimeDelta::hours(1);
    let keys: Vec<String> = (0..rows).map(|row| key(kind, row)).collect();
    for (page, keys) in keys.chunks(250).enumerate() {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let fill = &mut |counters: &mut countersign_core::throttle::Counters| {
            for (place, key) in keys.iter().enumerate() {
                let weight = i32::try_from(1 + page * 250 + place).unwrap();
                counters.set(key, CounterRow { kind, state: "x".to_owned(), weight, ends_at });
            }
        };
        store.edit(&keys, fill).unwrap();
    }
}

fn key(kind: CounterKind, row: usize) -> String {
    format!("{:02x}{row:030x}", kind.number())
}

fn held(url: &str, kind: CounterKind) -> i64 {
    number(url, &format!("SELECT COUNT(*) FROM counters WHERE kind = {}", kind.number()))
}

#[test]
fn each_kind_has_a_bound_of_its_own_and_no_other_pushes_it_out() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = database.store();
        // Whoever is known weighs more than a lock, and there are more of them than are kept of everything together.
        fill(&store, CounterKind::Locks, 20);
        fill(&store, CounterKind::Guesses, 40);
        fill(&store, CounterKind::Known, 1_500);
        store.sweep(noon(), &CounterKind::ALL.map(|kind| (kind, 30))).unwrap();
        let left = [CounterKind::Locks, CounterKind::Guesses, CounterKind::Known].map(|kind| held(&database.url, kind));
        assert_eq!(left, [20, 30, 30]);
        let least = number(&database.url, "SELECT MIN(weight) FROM counters WHERE kind = 2");
        assert_eq!(least, 1_471);
    }
}

#[test]
fn many_that_sweep_at_once_delete_no_more_than_is_too_much() {
    const SWEEPERS: usize = 4;
    for database in databases() {
        eprintln!("on {}", database.name);
        let stores: Vec<Store> = (0..SWEEPERS).map(|_| database.store()).collect();
        for round in 0..3 {
            fill(&stores[0], CounterKind::Guesses, 3_000);
            let (barrier, now) = (Barrier::new(SWEEPERS), noon() + TimeDelta::minutes(round));
            thread::scope(|scope| {
                for store in &stores {
                    scope.spawn(|| {
                        barrier.wait();
                        store.sweep(now, &[(CounterKind::Guesses, 700)]).unwrap();
                    });
                }
            });
            assert_eq!(held(&database.url, CounterKind::Guesses), 700);
        }
    }
}

#[test]
fn a_turn_lasts_for_seconds_and_no_clock_that_is_wrong_keeps_it() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = database.store();
        let sweep = |seconds| {
            fill(&store, CounterKind::Guesses, 9);
            store.sweep(noon() + TimeDelta::seconds(seconds), &[(CounterKind::Guesses, 3)]).unwrap();
            held(&database.url, CounterKind::Guesses)
        };
        assert_eq!([sweep(0), sweep(29), sweep(30)], [3, 9, 3]);
        run(&database.url, "UPDATE counter_sweeps SET held_until = '2040-01-01 00:00:00'");
        assert_eq!(sweep(31), 3);
    }
}

#[test]
fn what_somebody_counts_up_meanwhile_stays_and_nobody_waits_for_it() {
    // SQLite has one writer.
    for database in databases().into_iter().filter(|database| database.name != "sqlite") {
        eprintln!("on {}", database.name);
        let (store, other) = (database.store(), database.store());
        let (least, over) = (key(CounterKind::Guesses, 0), key(CounterKind::Locks, 7));
        fill(&store, CounterKind::Guesses, 20);
        fill(&store, CounterKind::Locks, 1);
        run(
            &database.url,
            &format!("UPDATE counters SET id = '{over}', ends_at = '2026-01-02 11:00:00' WHERE kind = 6"),
        );
        let (swept, outcome) = channel();
        let count_up = &mut |counters: &mut countersign_core::throttle::Counters| {
            thread::scope(|scope| {
                scope.spawn(|| {
                    let began = Instant::now();
                    let outcome = other.sweep(noon(), &[(CounterKind::Guesses, 15)]);
                    let outcome = outcome.inspect_err(|error| eprintln!("{error:?}")).is_ok();
                    swept.send((outcome, began.elapsed() < Duration::from_millis(900))).unwrap();
                });
            });
            for (id, kind) in [(&least, CounterKind::Guesses), (&over, CounterKind::Locks)] {
                let (state, ends_at) = ("anew".to_owned(), noon() + TimeDelta::hours(1));
                counters.set(id, CounterRow { kind, state, weight: 99, ends_at });
            }
        };
        store.edit(&[&least, &over], count_up).unwrap();
        assert_eq!(outcome.recv().unwrap(), (true, true));
        assert_eq!(number(&database.url, "SELECT COUNT(*) FROM counters WHERE weight = 99"), 2);
        assert_eq!(number(&database.url, "SELECT MIN(weight) FROM counters WHERE kind = 1"), 6);
    }
}

#[test]
fn nobody_meets_the_sweep_in_a_deadlock() {
    const KEYS: usize = 40;
    // SQLite has one writer.
    for database in databases().into_iter().filter(|database| database.name != "sqlite") {
        eprintln!("on {}", database.name);
        let (store, other) = (database.store(), database.store());
        fill(&store, CounterKind::Guesses, KEYS);
        let stop = Instant::now() + Duration::from_secs(1);
        let (store, other) = (&store, &other);
        let slowest = thread::scope(|scope| {
            let sweeper = scope.spawn(move || {
                let mut turn = 0;
                while Instant::now() < stop {
                    turn += 1;
                    let now = noon() + TimeDelta::minutes(turn);
                    other.sweep(now, &[(CounterKind::Guesses, KEYS / 2)]).unwrap();
                }
            });
            let editors: Vec<_> = (0..3)
                .map(|editor| {
                    scope.spawn(move || {
                        let (mut slowest, mut round) = (Duration::ZERO, 0);
                        while Instant::now() < stop {
                            // Heavier and lighter ones in turns, in the order of their keys.
                            let keys: Vec<String> = (0..8)
                                .map(|place| key(CounterKind::Guesses, (place * 5 + round + editor) % KEYS))
                                .collect();
                            let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                            keys.sort_unstable();
                            let began = Instant::now();
                            let edit = &mut |counters: &mut countersign_core::throttle::Counters| {
                                for (place, key) in keys.iter().enumerate() {
                                    let weight = i32::try_from((place * 7 + round) % 50).unwrap();
                                    let ends_at = noon() + TimeDelta::days(30);
                                    let (kind, state) = (CounterKind::Guesses, round.to_string());
                                    counters.set(key, CounterRow { kind, state, weight, ends_at });
                                }
                            };
                            store.edit(&keys, edit).unwrap();
                            (slowest, round) = (slowest.max(began.elapsed()), round + 1);
                        }
                        slowest
                    })
                })
                .collect();
            sweeper.join().unwrap();
            editors.into_iter().map(|editor| editor.join().unwrap()).max().unwrap()
        });
        assert!(slowest < Duration::from_millis(900), "{slowest:?}");
    }
}
