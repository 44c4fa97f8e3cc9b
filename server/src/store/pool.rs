//! The pool: bounded waiting, replacement of dead connections, and the frame of every read and write.

mod failure;
mod manager;
#[cfg(all(test, feature = "sqlite"))]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_core::deadline;
use diesel::{QueryResult, r2d2::Error as ConnectError, result::Error};
pub use failure::Failure;
pub use manager::Pooled;
use manager::{LogErrors, Manager};

#[cfg(feature = "sqlite")]
use super::file;
use super::{
    Backend, OpenError, StoreOptions,
    connection::{self, Address, AnyConnection},
    direct::Direct,
    turn::{Taken, Turn},
};

/// How often a transaction is run that meets others in a deadlock.
const TRIES: u32 = 6;
/// The pause before the second run; it doubles with each.
const PAUSE: Duration = Duration::from_millis(3);

/// How often a transaction may lose a race for a unique value; each loss means that somebody else won, and none needs
/// more of them than the four counters of a guess.
const RACES: u32 = 4;

/// How often one that waits for a connection looks whether there can be none.
const LOOK: Duration = Duration::from_millis(50);

/// All connections to one database.
pub struct Connections {
    pool: r2d2::Pool<Manager>,
    /// One connection for what must be known even when all others are busy; not where there can be only one.
    aside: Option<r2d2::Pool<Manager>>,
    /// Only where a look-up asks neither a server nor a lock.
    direct: Option<Direct>,
    address: Address,
    wait: Duration,
    era: Arc<AtomicU64>,
    /// How often no connection could be opened.
    refusals: Arc<AtomicU64>,
    /// Only where the database has one writer at a time.
    turn: Option<Turn>,
}

/// The time that one call has.
#[derive(Clone, Copy)]
struct Span {
    /// Until when it may wait for a connection and for its turn, however often it tries.
    wait: Instant,
    /// After that it commits nothing, because its client was told that it did not happen. Nothing is too late where nobody
    /// waits.
    end: Option<Instant>,
}

impl Span {
    fn is_over(self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}

impl Connections {
    /// Connects once, then makes the pool.
    pub fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        let address = Address::parse(&options.url)?;
        let backend = address.backend;
        let failed =
            |error: &dyn std::fmt::Display| OpenError::Connect { backend, reason: one_line(&error.to_string()) };
        let first = address.connect().map_err(|error| failed(&error))?;
        let address = address.settled().map_err(|error| failed(&error))?;
        drop(first);

        #[cfg(feature = "sqlite")]
        if let Some(file) = address.file().filter(|file| file::is_open_to_others(file)) {
            tracing::warn!(file, "others than its owner may open the database: chmod 600 it");
        }

        let (era, refusals) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let pool_of = |size: u32, idle: u32| {
            r2d2::Pool::builder()
                .max_size(size)
                .min_idle(Some(idle))
                .connection_timeout(options.wait)
                // One more round trip a use; `read` and `write` find a dead connection by using it.
                .test_on_check_out(false)
                .idle_timeout(None)
                .max_lifetime(None)
                .error_handler(Box::new(LogErrors(backend)))
                .build_unchecked(Manager {
                    address: address.clone(),
                    era: Arc::clone(&era),
                    refusals: Arc::clone(&refusals),
                })
        };
        let (pool, aside) = if address.is_in_memory() {
            (pool_of(1, 1), None)
        } else {
            // Opened when it is first needed: the command line never does.
            (pool_of(options.pool_size.max(1), 1), Some(pool_of(1, 0)))
        };
        let turn = (backend == Backend::Sqlite).then(Turn::default);
        let is_file = backend == Backend::Sqlite && !address.is_in_memory();
        let direct = (is_file && options.at_once > 0).then(|| Direct::new(address.clone(), options.at_once));
        Ok(Self { pool, aside, direct, address, wait: options.wait, era, refusals, turn })
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.address.backend
    }

    /// See [`super::Store::migrate`].
    pub fn migrate(&self) -> Result<Vec<String>, OpenError> {
        let backend = self.backend();
        let mut pooled = self
            .check_out(&self.pool, self.patience())
            .map_err(|failure| OpenError::Connect { backend, reason: one_line(&failure.to_string()) })?;
        let outcome = connection::migrate(&mut pooled.conn, backend);
        // A migration changes its session's timeouts; after a failure they may not be what they were.
        pooled.is_dead = outcome.is_err();
        outcome
    }

    /// See [`super::Store::missing`].
    pub fn missing(&self) -> Result<Option<Vec<String>>, OpenError> {
        let backend = self.backend();
        let mut pooled = self
            .check_out(&self.pool, self.patience())
            .map_err(|failure| OpenError::Connect { backend, reason: one_line(&failure.to_string()) })?;
        let versions = connection::versions(&mut pooled.conn, backend)?;
        Ok((!versions.is_empty).then_some(versions.missing))
    }

    /// A connection of its own, beside the pool, for a long piece of work.
    pub fn connect(&self) -> Result<AnyConnection, ConnectError> {
        self.address.connect()
    }

    /// Is the file still the one that was opened? `true` where there is none.
    pub fn is_in_place(&self) -> bool {
        self.address.look();
        !self.address.is_exchanged()
    }

    /// The turn to write, where the database has one writer at a time; waits as long as it takes.
    pub fn turn(&self) -> Option<Taken<'_>> {
        let turn = self.turn.as_ref()?;
        loop {
            if let Some(taken) = turn.take(self.patience()) {
                return Some(taken);
            }
        }
    }

    /// Runs queries that only read; once more on a fresh connection, if the first was dead.
    pub fn read<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        self.read_from(&self.pool, work)
    }

    /// How many there are for requests, and how many of them are free.
    pub fn state(&self) -> countersign_core::store::Connections {
        let r2d2::State { connections: open, idle_connections: idle, .. } = self.pool.state();
        countersign_core::store::Connections { open, idle, most: self.pool.max_size() }
    }

    /// Can anything be read without waiting?
    pub fn reads_at_once(&self) -> bool {
        self.direct.is_some()
    }

    /// [`Connections::read`] on a thread that may not wait.
    pub fn read_at_once<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        match &self.direct {
            Some(direct) if !self.address.is_exchanged() => direct.read(work),
            _ => Err(Failure::NotAtOnce),
        }
    }

    /// [`Connections::read`] beside the requests: however many of them wait for a connection, this does not wait for
    /// theirs, nor they for this one. A server asks so several times a second, so here it is looked whether the file is still
    /// the same.
    pub fn read_aside<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        self.address.look();
        self.read_from(self.aside.as_ref().unwrap_or(&self.pool), work)
    }

    fn read_from<T>(
        &self,
        pool: &r2d2::Pool<Manager>,
        work: impl Fn(&mut AnyConnection) -> QueryResult<T>,
    ) -> Result<T, Failure> {
        let span = self.span()?;
        let mut may_reconnect = true;
        loop {
            let mut pooled = self.check_out(pool, span.wait)?;
            match work(&mut pooled.conn) {
                Err(error) if self.gave_up(&mut pooled, &error) && may_reconnect => may_reconnect = false,
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Runs `work` as one transaction: all of it is committed if it says `Ok`, none of it otherwise.
    ///
    /// It is run again if the connection was dead (unless a commit was under way, which may have happened) or if the
    /// database ended it in favour of another transaction. [`Failure::Late`] if the time is over for which somebody waits
    /// ([`mod@deadline`]).
    pub fn write<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        self.write_within(self.span()?, work)
    }

    fn write_within<T>(&self, span: Span, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        let mut may_reconnect = true;
        let mut tries = 1;
        loop {
            let turn = match &self.turn {
                Some(turn) => Some(turn.take(span.wait).ok_or(Failure::Turn)?),
                None => None,
            };
            let mut pooled = self.check_out(&self.pool, span.wait)?;
            let (error, may_be_done) = match attempt(&mut pooled.conn, span, &work) {
                Ok(Some(value)) => return Ok(value),
                Ok(None) => return Err(Failure::Late),
                Err(failed) => failed,
            };
            if self.gave_up(&mut pooled, &error) && may_reconnect && !may_be_done {
                may_reconnect = false;
            } else if connection::is_collision(&error) && tries < TRIES && Instant::now() < span.wait {
                drop((pooled, turn));
                std::thread::sleep(PAUSE * (1 << (tries - 1)));
                tries += 1;
            } else if may_be_done {
                return Err(Failure::Commit(error));
            } else {
                return Err(error.into());
            }
        }
    }

    /// [`Connections::write`] for a `work` that looks before it inserts: it is run again if somebody else took the unique
    /// value in between. Now that the other transaction is committed, the next look sees it.
    pub fn write_contended<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        let span = self.span()?;
        let mut races = 0;
        loop {
            match self.write_within(span, &work) {
                Err(failure) if failure.is_unique_violation() && races < RACES => races += 1,
                outcome => return outcome,
            }
        }
    }

    /// The time for a call that begins now: `wait`, but never longer than somebody waits for all of what it is part of.
    fn span(&self) -> Result<Span, Failure> {
        let (wait, end) = (self.patience(), deadline::end());
        let span = Span { wait: end.map_or(wait, |end| wait.min(end)), end };
        if self.address.is_exchanged() {
            Err(Failure::Exchanged)
        } else if span.is_over() {
            Err(Failure::Late)
        } else {
            Ok(span)
        }
    }

    /// Until when a connection or a turn is waited for from now on.
    fn patience(&self) -> Instant {
        Instant::now() + self.wait
    }

    /// A connection of the present era. Nobody waits on where there is none and the database has just refused another:
    /// the pool asks again by itself, at least once a second, and the next request finds what it got.
    fn check_out(
        &self,
        pool: &r2d2::Pool<Manager>,
        deadline: Instant,
    ) -> Result<r2d2::PooledConnection<Manager>, Failure> {
        let refusals = self.refusals.load(Ordering::Acquire);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match pool.get_timeout(left.min(LOOK)) {
                Ok(pooled) if pooled.era == self.era.load(Ordering::Acquire) => return Ok(pooled),
                Ok(mut pooled) => pooled.is_dead = true,
                Err(error) => {
                    let was_refused = self.refusals.load(Ordering::Acquire) != refusals;
                    if left <= LOOK || (was_refused && pool.state().connections == 0) {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    /// Is the connection dead? Then so is every other of its era: the database was restarted, and one failure a
    /// connection would be one 503 a connection.
    fn gave_up(&self, pooled: &mut Pooled, error: &Error) -> bool {
        if !connection::is_lost(&mut pooled.conn, error) {
            return false;
        }
        pooled.is_dead = true;
        let mine = pooled.era;
        // Whoever finds it first opens the next era; the others belong to the old one already.
        let _ = self.era.compare_exchange(mine, mine + 1, Ordering::AcqRel, Ordering::Acquire);
        true
    }
}

/// One run of a transaction, `None` if it is taken back because its time is over; with the error comes whether a commit may have happened
/// all the same.
fn attempt<T>(
    conn: &mut AnyConnection,
    span: Span,
    work: impl Fn(&mut AnyConnection) -> QueryResult<T>,
) -> Result<Option<T>, (Error, bool)> {
    connection::begin_write(conn).map_err(|error| (error, false))?;
    match work(conn) {
        Ok(_) if span.is_over() => connection::rollback(conn).map(|()| None).map_err(|error| (error, false)),
        Ok(value) => connection::commit(conn).map(|()| Some(value)).map_err(|error| (error, true)),
        Err(error) => {
            // If this fails too, the connection is broken and the pool drops it; the first error is the cause.
            let _ = connection::rollback(conn);
            Err((error, false))
        }
    }
}

/// Drivers write several lines; the owner gets one.
pub fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
