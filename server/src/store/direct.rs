//! Look-ups on the thread that asks: an SQLite reader needs microseconds, a hop to another thread and back several times
//! as many.
//!
//! The thread that asks serves requests, so it may not wait. Whatever would have to be waited for fails here, and is asked
//! again from the pool by a thread that may.
//!
//! A disk that says nothing cannot be told from one that is about to answer, and a thread that reads from it is stuck until it does.
//! So each look-up says that it has begun: while one takes too long nobody else begins any, and never are all threads that serve
//! inside at once.

use std::{
    sync::{
        Mutex, TryLockError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::{QueryResult, result::Error};

use super::{
    connection::{Address, AnyConnection},
    pool::Failure,
};

/// More than there are threads that serve, mostly: so each has a connection of its own. An unused one costs nothing.
const SEATS: usize = 64;
/// A look-up that took so long has met a disk, not memory. Others wait for this thread meanwhile.
const SLOW: Duration = Duration::from_millis(5);
/// For so long nothing is looked up here after that: the threads beside wait for the disk, and several at a time. A thread
/// that serves waits a twentieth of its time at most.
const PAUSE: Duration = Duration::from_millis(100);

/// Never written through, and never waiting for whoever writes: in WAL mode a reader meets nobody but a start, a recovery
/// or a migration. The pages that are read again and again are in the map of the file.
const SESSION: &str =
    "PRAGMA busy_timeout = 0; PRAGMA query_only = ON; PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY";

/// Connections that nobody waits for.
pub struct Direct {
    address: Address,
    seats: Box<[Mutex<Option<AnyConnection>>]>,
    inside: Inside,
    started: Instant,
    /// In nanoseconds since the start.
    paused_until: AtomicU64,
}

impl Direct {
    /// For `most` look-ups at once. No connection is opened before it is needed.
    pub fn new(address: Address, most: usize) -> Self {
        let seats = std::iter::repeat_with(Mutex::default).take(SEATS).collect();
        Self { address, seats, inside: Inside::new(most), started: Instant::now(), paused_until: AtomicU64::new(0) }
    }

    /// Runs queries that only read.
    ///
    /// # Errors
    /// Whatever it is, it says nothing about the database: it may answer others. The connection is given up.
    pub fn read<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        let began = self.started.elapsed();
        if nanos(began) < self.paused_until.load(Ordering::Relaxed) {
            return Err(Failure::NotAtOnce);
        }
        let number = seat();
        let mut seat = match self.seats[number].try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Failure::NotAtOnce),
        };
        let taken = NEXT_SEAT.load(Ordering::Relaxed).min(SEATS);
        let _inside = self.inside.enter(number, nanos(began), taken).ok_or(Failure::NotAtOnce)?;
        let mut conn = match seat.take() {
            Some(conn) => conn,
            None => self.connect()?,
        };
        let waits = Waits::now();
        let outcome = work(&mut conn);
        if outcome.as_ref().err().is_none_or(|error| *error == Error::NotFound) {
            *seat = Some(conn);
        }
        let ended = self.started.elapsed();
        // A thread that merely had no core for so long would be slower still with another one's help.
        if ended.saturating_sub(began) > SLOW && waits.are_more_now() {
            self.paused_until.store(nanos(ended + PAUSE), Ordering::Relaxed);
        }
        Ok(outcome?)
    }

    fn connect(&self) -> Result<AnyConnection, Failure> {
        self.address.connect_bare(SESSION).map_err(|_| Failure::NotAtOnce)
    }
}

/// Who looks up at this moment, and since when.
struct Inside {
    /// In nanoseconds since the start, by seat; 0 for nobody. Side by side, because each look-up looks through them.
    since: Box<[AtomicU64]>,
    most: usize,
}

impl Inside {
    fn new(most: usize) -> Self {
        Self { since: std::iter::repeat_with(AtomicU64::default).take(SEATS).collect(), most }
    }

    /// Goes inside, unless somebody has been there for too long or there are as many as may be. Of several who come at the same
    /// moment all may be turned away, but never are too many let in: each tells of itself first and looks then, in one order
    /// that all of them see. `taken` seats have somebody who may come.
    fn enter(&self, number: usize, now: u64, taken: usize) -> Option<Entered<'_>> {
        let mine = &self.since[number];
        mine.store(now.max(1), Ordering::SeqCst);
        let entered = Entered(mine);
        let mut there = 0;
        for since in &self.since[..taken] {
            let since = since.load(Ordering::SeqCst);
            if since != 0 {
                there += 1;
                if there > self.most || now.saturating_sub(since) > SLOW_NANOS {
                    return None;
                }
            }
        }
        Some(entered)
    }
}

/// Somebody who looks up, until this is dropped.
struct Entered<'a>(&'a AtomicU64);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// [`SLOW`], as [`Inside`] counts.
#[expect(clippy::cast_possible_truncation, reason = "five million")]
const SLOW_NANOS: u64 = SLOW.as_nanos() as u64;

/// How many threads have a seat.
static NEXT_SEAT: AtomicUsize = AtomicUsize::new(0);

/// How often this thread gave its core away because it had to wait, for a disk or for anybody else; `None` if nobody knows.
#[derive(Clone, Copy)]
struct Waits(Option<i64>);

impl Waits {
    fn now() -> Self {
        #[cfg(target_os = "linux")]
        let count = {
            use nix::sys::resource::{UsageWho, getrusage};
            getrusage(UsageWho::RUSAGE_THREAD).ok().map(|usage| usage.voluntary_context_switches())
        };
        #[cfg(not(target_os = "linux"))]
        let count = None;
        Self(count)
    }

    /// Has it waited since?
    fn are_more_now(self) -> bool {
        self.0.is_none() || Self::now().0 != self.0
    }
}

/// The number of this thread's connection.
fn seat() -> usize {
    thread_local! {
        static MINE: usize = NEXT_SEAT.fetch_add(1, Ordering::Relaxed) % SEATS;
    }
    MINE.try_with(|mine| *mine).unwrap_or(0)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::channel,
        thread::{self, sleep},
    };

    use diesel::{RunQueryDsl as _, connection::SimpleConnection as _, dsl::sql, sql_types::BigInt};

    use super::*;
    use crate::config::DatabaseUrl;

    fn direct(folder: &tempfile::TempDir, most: usize) -> Direct {
        let url = DatabaseUrl::new(format!("sqlite://{}", folder.path().join("db").display()));
        Direct::new(Address::parse(&url).unwrap(), most)
    }

    fn one(conn: &mut AnyConnection) -> QueryResult<i64> {
        diesel::select(sql::<BigInt>("1")).get_result(conn)
    }

    /// Asks again after a pause: on a busy machine anything may be slow.
    fn patiently<T>(direct: &Direct, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        for _ in 0..100 {
            match direct.read(&work) {
                Err(Failure::NotAtOnce) => sleep(PAUSE / 4),
                found => return found,
            }
        }
        Err(Failure::NotAtOnce)
    }

    #[test]
    fn a_connection_is_opened_once_and_again_after_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let direct = direct(&folder, 1);
        assert_eq!(patiently(&direct, one).unwrap(), 1);
        let open = || direct.seats.iter().filter(|seat| seat.lock().unwrap().is_some()).count();
        assert_eq!(open(), 1);
        assert!(patiently(&direct, |conn| conn.batch_execute("CREATE TABLE x (y)")).is_err(), "it only reads");
        assert_eq!(open(), 0);
        assert_eq!(patiently(&direct, one).unwrap(), 1);
        assert!(matches!(patiently::<i64>(&direct, |_| Err(Error::NotFound)), Err(Failure::Query(Error::NotFound))));
        assert_eq!(open(), 1, "nothing was found, and nothing is wrong");
    }

    #[test]
    fn nobody_waits_for_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let direct = direct(&folder, 1);
        let mut other = direct.address.connect().unwrap();
        other.batch_execute("PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE x (y)").unwrap();
        let began = Instant::now();
        let count =
            |conn: &mut AnyConnection| diesel::select(sql::<BigInt>("(SELECT count(*) FROM x)")).get_result(conn);
        let read = direct.read::<i64>(count);
        assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
        drop(other);
        assert!(read.is_err(), "the file is somebody else's alone");
        assert_eq!(patiently::<i64>(&direct, count).unwrap(), 0, "until it is given back");
    }

    #[test]
    fn who_only_had_no_core_makes_nobody_pause() {
        let folder = tempfile::tempdir().unwrap();
        let direct = direct(&folder, 1);
        let busy = |conn: &mut AnyConnection| {
            let began = Instant::now();
            while began.elapsed() < SLOW * 2 {}
            one(conn)
        };
        // Beside others even that may wait for a lock of the system's now and then.
        let goes_on = || direct.read(busy).is_ok() && direct.read(one).is_ok();
        assert!((0..10).any(|_| goes_on() || {
            sleep(PAUSE);
            false
        }));
    }

    #[test]
    fn after_a_slow_look_up_others_are_asked_for_a_moment() {
        let folder = tempfile::tempdir().unwrap();
        let direct = direct(&folder, 1);
        let slow = |conn: &mut AnyConnection| {
            sleep(SLOW * 2);
            one(conn)
        };
        assert_eq!(direct.read(slow).unwrap(), 1);
        assert!(matches!(direct.read(one), Err(Failure::NotAtOnce)));
        sleep(PAUSE);
        assert_eq!(direct.read(one).unwrap(), 1);
    }

    /// Runs `meanwhile` while a look-up of another thread waits for a disk that says nothing.
    fn stalled<T>(direct: &Direct, meanwhile: impl FnOnce() -> T) -> T {
        let (begun, has_begun) = channel();
        let (release, disk) = channel::<()>();
        let disk = Mutex::new(disk);
        thread::scope(|scope| {
            let stuck = scope.spawn(|| {
                direct.read(|conn| {
                    let _ = (begun.send(()), disk.lock().unwrap().recv());
                    one(conn)
                })
            });
            has_begun.recv().unwrap();
            let outcome = meanwhile();
            drop(release);
            assert_eq!(stuck.join().unwrap().unwrap(), 1, "it has waited to its end");
            outcome
        })
    }

    #[test]
    fn while_a_look_up_does_not_end_nobody_else_begins_one() {
        let folder = tempfile::tempdir().unwrap();
        let direct = direct(&folder, 8);
        stalled(&direct, || {
            sleep(SLOW * 2);
            for _ in 0..3 {
                thread::scope(|scope| {
                    let other = scope.spawn(|| direct.read(one));
                    assert!(matches!(other.join().unwrap(), Err(Failure::NotAtOnce)));
                });
            }
        });
        sleep(PAUSE);
        assert_eq!(direct.read(one).unwrap(), 1, "the disk is back");
    }

    #[test]
    fn there_are_never_more_inside_than_may_be_however_short_they_have_been_there() {
        let folder = tempfile::tempdir().unwrap();
        let inside = Inside::new(2);
        let held = (inside.enter(0, 7, 3), inside.enter(1, 7, 3));
        assert!(held.0.is_some() && held.1.is_some());
        assert!(inside.enter(2, 7, 3).is_none());
        drop(held.0);
        assert!(inside.enter(2, 7, 3).is_some());

        let one_alone = direct(&folder, 1);
        stalled(&one_alone, || assert!(matches!(one_alone.read(one), Err(Failure::NotAtOnce))));
    }
}
