//! A database that takes its time: what was not written when its client was given up is not written later, and who has no client
//! has all the time.

use std::{
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use actix_web::rt::System;
use countersign::store::{Store, StoreOptions};
use countersign_adapters::executor::{Executor, ExecutorOptions, LaneOptions};
use countersign_core::{
    AuthError, TokenKind,
    password::{Argon2Params, Passwords},
    store::{TokenStore as _, UserStore as _},
};
use countersign_tests::databases::{Database, databases, number, run};

use crate::common::{create, new_token};

/// How long a connection is waited for.
const WAIT: Duration = Duration::from_millis(50);
/// What work may take beside: the executor's own figure.
const WORKING: Duration = Duration::from_secs(1);

fn impatient(database: &Database) -> Store {
    let store = Store::open(&StoreOptions { wait: WAIT, ..database.options() }).unwrap();
    store.migrate().unwrap();
    store
}

fn executor() -> Executor {
    Executor::start(ExecutorOptions {
        lane: LaneOptions { threads: 1, max_wait: WAIT },
        passwords: Passwords::new(Argon2Params { memory_kib: 8, iterations: 1, parallelism: 1 }),
        failure_floor: Duration::ZERO,
        connections: 8,
        store_wait: WAIT,
    })
    .unwrap()
}

#[test]
fn after_a_first_call_that_took_all_the_time_the_second_writes_nothing_and_the_answer_is_a_failure_of_the_store() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = impatient(&database);
        let ada = create(&store, "ada");
        let (token, of) = (new_token(&ada, TokenKind::Sanctum, "late"), ada.id);
        let (ended, second) = channel();
        let asked = store.clone();
        let answer = System::new().block_on(executor().blocking(move || {
            asked.user(of)?;
            thread::sleep(WAIT + WORKING);
            let stored = asked.insert_token(&token);
            ended.send(stored.as_ref().map(drop).map_err(ToString::to_string)).unwrap();
            Ok(stored?)
        }));
        assert!(matches!(answer, Err(AuthError::Store(_))), "{answer:?}");
        let late = "store unavailable: the database answered too late".to_owned();
        assert_eq!(second.recv().unwrap(), Err(late));
        assert_eq!(store.tokens_of(of, None).unwrap(), []);
        // The next request has its own time.
        let (asked, token) = (store.clone(), new_token(&ada, TokenKind::Sanctum, "in time"));
        let answer = System::new().block_on(executor().blocking(move || Ok(asked.insert_token(&token)?)));
        assert_eq!(answer.unwrap().map(|token| token.user_id), Some(of));
    }
}

#[test]
fn what_takes_longer_than_any_client_waits_is_committed_where_there_is_none() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = impatient(&database);
        let ada = create(&store, "ada");
        slow_down(&database);
        let stored = |secret: &str| store.insert_token(&new_token(&ada, TokenKind::Sanctum, secret)).unwrap();
        let began = Instant::now();
        assert!(stored("by a background job").is_some());
        assert!(began.elapsed() > WAIT + WORKING, "it was not slow: {:?}", began.elapsed());
        assert_eq!(store.tokens_of(ada.id, None).unwrap().len(), 1);
        // The same for a client: begun in time, and taken back.
        let (asked, token) = (store.clone(), new_token(&ada, TokenKind::Sanctum, "by a request"));
        let (ended, done) = channel();
        let answer = System::new().block_on(executor().blocking(move || {
            let stored = asked.insert_token(&token);
            ended.send(()).unwrap();
            Ok(stored?)
        }));
        assert!(matches!(answer, Err(AuthError::Store(_))), "{answer:?}");
        done.recv().unwrap();
        assert_eq!(store.tokens_of(ada.id, None).unwrap().len(), 1);
    }
}

/// From now on a token takes its time to be stored.
fn slow_down(database: &Database) {
    let statement = match database.name {
        "postgres" => "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.3); RETURN NEW; END'; \
             CREATE TRIGGER slow BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION doze()"
            .to_owned(),
        "mysql" => "CREATE TRIGGER slow BEFORE INSERT ON tokens FOR EACH ROW DO SLEEP(1.3)".to_owned(),
        // It knows no sleep, so it counts.
        _ => format!("CREATE TRIGGER slow BEFORE INSERT ON tokens BEGIN SELECT ({}); END", counting(database)),
    };
    run(&database.url, &statement);
}

/// A query that takes SQLite more than twice the time of any client, however it was compiled.
fn counting(database: &Database) -> String {
    const SAMPLE: u128 = 200_000;

    let to = |last: u128| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT count(*) FROM n"
        )
    };
    // The least of several is what it takes; the rest is what ran beside it.
    let took = (0..5).map(|_| {
        let began = Instant::now();
        number(&database.url, &to(SAMPLE));
        began.elapsed()
    });
    let took = took.min().unwrap_or_default().max(Duration::from_micros(1));
    to(SAMPLE * ((WAIT + WORKING) * 5 / 2).as_micros() / took.as_micros())
}
