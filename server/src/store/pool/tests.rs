//! Locks of the file, and what comes too late.

use countersign_core::store::StoreError;
use diesel::{RunQueryDsl as _, connection::SimpleConnection as _, dsl::sql, sql_types::BigInt};

use super::*;
use crate::config::DatabaseUrl;

/// Without it the last of the other programs that have the database open deletes the log of a running server.
#[cfg(target_os = "linux")]
#[test]
fn the_lock_on_the_file_outlives_every_new_connection() {
    use std::{fs, os::unix::fs::MetadataExt as _};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.db");
    let url = DatabaseUrl::new(format!("sqlite://{}", path.display()));
    let options = StoreOptions { url, pool_size: 2, wait: Duration::from_millis(500), at_once: 1 };
    let connections = Connections::open(&options).unwrap();
    connections.write(|conn| conn.batch_execute("CREATE TABLE words (word TEXT)")).unwrap();
    let one = |conn: &mut AnyConnection| diesel::select(sql::<BigInt>("1")).get_result::<i64>(conn);
    let held: Vec<_> = (0..3).map(|_| connections.connect().unwrap()).collect();
    assert_eq!(connections.read(one).unwrap(), 1);
    assert_eq!(connections.read_at_once(one).unwrap(), 1);
    let file = fs::metadata(&path).unwrap().ino();
    // The system writes that list in pieces: a line may be missed while other processes give their locks back.
    let is_held = || {
        fs::read_to_string("/proc/locks")
            .unwrap()
            .lines()
            .any(|line| line.contains(&format!(" {} ", std::process::id())) && line.contains(&format!(":{file} ")))
    };
    let seen = (0..50).any(|_| {
        let seen = is_held();
        std::thread::sleep(Duration::from_millis(if seen { 0 } else { 10 }));
        seen
    });
    assert!(seen, "{}", fs::read_to_string("/proc/locks").unwrap());
    drop(held);
}

#[test]
fn what_would_be_committed_after_its_client_was_given_up_is_taken_back_and_begins_no_more() {
    const ENOUGH: Duration = Duration::from_millis(100);

    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::new(format!("sqlite://{}", folder.path().join("late.db").display()));
    let options = StoreOptions { url, pool_size: 2, wait: Duration::from_millis(50), at_once: 1 };
    let connections = Connections::open(&options).unwrap();
    connections.write(|conn| conn.batch_execute("CREATE TABLE words (word TEXT)")).unwrap();
    let say = |pause: Duration| {
        connections.write(move |conn| {
            conn.batch_execute("INSERT INTO words VALUES ('said')")?;
            std::thread::sleep(pause);
            Ok(())
        })
    };
    let said = || {
        let count = |conn: &mut AnyConnection| sql::<BigInt>("SELECT count(*) FROM words").get_result::<i64>(conn);
        connections.read(count)
    };
    deadline::until(Instant::now() + ENOUGH, || {
        assert!(matches!(say(ENOUGH), Err(Failure::Late)));
        assert!(matches!(say(Duration::ZERO), Err(Failure::Late)), "the second call");
        assert!(matches!(said(), Err(Failure::Late)), "nobody waits for the answer");
    });
    assert_eq!(said().unwrap(), 0);
    deadline::until(Instant::now() + Duration::from_secs(60), || say(Duration::ZERO)).unwrap();
    say(ENOUGH * 2).unwrap();
    assert_eq!(said().unwrap(), 2, "who has no client is never too late");
}

#[test]
fn only_a_commit_leaves_it_open_whether_anything_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::new(format!("sqlite://{}", folder.path().join("doubt.db").display()));
    let options = StoreOptions { url, pool_size: 1, wait: Duration::from_millis(50), at_once: 1 };
    let connections = Connections::open(&options).unwrap();
    let tables = "CREATE TABLE words (id INTEGER PRIMARY KEY); \
        CREATE TABLE uses (word INTEGER REFERENCES words (id) DEFERRABLE INITIALLY DEFERRED)";
    connections.write(|conn| conn.batch_execute(tables)).unwrap();
    let is_undone = |outcome: Result<(), Failure>| StoreError::from(outcome.unwrap_err()).is_undone();
    let use_word = |conn: &mut AnyConnection| conn.batch_execute("INSERT INTO uses VALUES (1)");
    // Only the commit finds out that there is no such word.
    assert!(!is_undone(connections.write(use_word)));
    assert!(is_undone(connections.write(|conn| conn.batch_execute("INSERT INTO nowhere VALUES (1)"))));
    let _taken = connections.turn();
    assert!(is_undone(connections.write(use_word)));
}
