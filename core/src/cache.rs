//! Verified credentials, so that most requests ask neither the store nor the clock of another thread.
//!
//! An entry is keyed by a SHA-256 of the credential and holds the user's *cell*, a counter that every revocation of
//! that user raises: an entry is good only while the cell reads as it did before the row was read. Forgetting a user
//! is therefore one addition, however many entries there are.
//!
//! Revocations by other processes arrive through the log that [`Follower`] reads. A cache that could not be refreshed
//! for longer than its bound answers nothing.

mod flight;
mod follower;
mod key;
mod shard;

pub use follower::Follower;
pub use key::CacheKey;
pub(crate) use key::KeyMaker;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::model::{Timestamp, UserId, Verified};
use flight::Flights;
pub(crate) use flight::Outcome;
use shard::{Entry, Shard};

/// No entry lives longer, whatever happens: the last belt.
const HARD_LIFE: Duration = Duration::from_secs(60);
/// A power of two, so that workers seldom meet on a lock.
const SHARDS: usize = 64;
/// `trusted_until` of a cache that no other process can make stale.
const ALWAYS: u64 = u64::MAX;

/// How much is kept, and for how long it is trusted.
#[derive(Debug, Clone, Copy)]
pub struct CacheOptions {
    /// Entries in all; 0 keeps none, so that every verification asks the store.
    pub capacity: usize,
    /// How long after the last look at the revocation log entries are still trusted; `None` if this is the only
    /// process on its database.
    pub bound: Option<Duration>,
}

/// The counters that revocations raise.
type Cells = HashMap<UserId, Arc<AtomicU64>>;

/// The verified credentials of this process.
pub struct Cache {
    shards: Box<[RwLock<Shard>]>,
    cells: Box<[Mutex<Cells>]>,
    flights: Flights,
    revision: AtomicU64,
    started: Instant,
    trusted_until: AtomicU64,
    bound: Option<Duration>,
    per_shard: usize,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("per_shard", &self.per_shard).field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// A hit: who it is, and whether this use is due to be noted.
pub(crate) struct Hit {
    pub(crate) verified: Arc<Verified>,
    pub(crate) note_use: bool,
}

impl Cache {
    /// An empty cache. With a bound it is trusted from the first successful look at the log on.
    pub fn new(options: CacheOptions) -> Self {
        fn boxed<T: Default>() -> Box<[T]> {
            std::iter::repeat_with(T::default).take(SHARDS).collect()
        }
        Self {
            shards: boxed(),
            cells: boxed(),
            flights: Flights::default(),
            revision: AtomicU64::new(0),
            started: Instant::now(),
            trusted_until: AtomicU64::new(if options.bound.is_some() { 0 } else { ALWAYS }),
            bound: options.bound,
            per_shard: options.capacity.div_ceil(SHARDS),
        }
    }

    /// Forgets everything about `user`; call it after the revocation is committed and before it is answered.
    pub fn forget(&self, user: UserId) {
        self.revision.fetch_add(1, Ordering::SeqCst);
        if let Some(cell) = self.cells_of(user).get(&user) {
            cell.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Forgets everybody: something was revoked, and nobody can say who.
    pub fn forget_everybody(&self) {
        self.revision.fetch_add(1, Ordering::SeqCst);
        for cells in &self.cells {
            for cell in cells.lock().unwrap_or_else(PoisonError::into_inner).values() {
                cell.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// A watch on `user`: a socket asks it whether to verify again.
    pub fn watch(&self, user: UserId) -> Watch {
        let cell = self.cell(user);
        let seen = cell.load(Ordering::SeqCst);
        Watch { cell, seen }
    }

    /// The log was read completely at a look that began at `looked`: trust what is here for the bound from then.
    pub fn refreshed(&self, looked: Instant) {
        if let Some(bound) = self.bound {
            let until = nanos(looked.saturating_duration_since(self.started) + bound);
            self.trusted_until.fetch_max(until, Ordering::SeqCst);
        }
    }

    /// Is anything kept at all?
    pub fn keeps_any(&self) -> bool {
        self.per_shard > 0
    }

    /// May entries be used now?
    pub fn is_trusted(&self) -> bool {
        self.keeps_any() && self.hears_others()
    }

    /// Was the log read within the bound, so that what other processes revoked is known here?
    pub fn hears_others(&self) -> bool {
        nanos(self.started.elapsed()) < self.trusted_until.load(Ordering::SeqCst)
    }

    /// How many entries there are, those among them that nobody will find any more.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// How long ago the last look at the log began.
    pub(crate) fn heard_ago(&self) -> Option<Duration> {
        let looked = Duration::from_nanos(self.trusted_until.load(Ordering::SeqCst)).checked_sub(self.bound?)?;
        Some(self.started.elapsed().saturating_sub(looked))
    }

    /// The number of revocations so far; read it before the row that is to be inserted.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::SeqCst)
    }

    pub(crate) fn get(&self, key: CacheKey, now: Timestamp) -> Option<Hit> {
        let age_now = nanos(self.started.elapsed());
        if age_now >= self.trusted_until.load(Ordering::SeqCst) || !self.keeps_any() {
            return None;
        }
        let shard = self.shards[slot(key)].read().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(key)?;
        let fresh = entry.cell.load(Ordering::SeqCst) == entry.seen
            && age_now.saturating_sub(entry.born) < nanos(HARD_LIFE)
            && entry.verified.expires_at.is_none_or(|end| now < end);
        fresh.then(|| Hit { verified: Arc::clone(&entry.verified), note_use: entry.is_use_due(now) })
    }

    /// Keeps `verified`, unless anybody was revoked since `revision` was read. The user's cell is read before that is
    /// asked: a revocation in between raises the cell after this reading. The last use was noted at `noted`.
    pub(crate) fn insert(&self, key: CacheKey, verified: &Arc<Verified>, revision: u64, noted: Timestamp) {
        if !self.keeps_any() {
            return;
        }
        let watch = self.watch(verified.user.id);
        if self.revision() != revision {
            return;
        }
        let born = nanos(self.started.elapsed());
        let entry = Entry::new(Arc::clone(verified), watch.cell, watch.seen, born, noted);
        self.shards[slot(key)].write().unwrap_or_else(PoisonError::into_inner).insert(key, entry, self.per_shard);
    }

    /// Asks the store with `ask`, or waits for somebody who asks the same. Without trust nobody waits for anybody.
    pub(crate) fn share(&self, key: CacheKey, revision: u64, ask: impl FnOnce() -> Outcome) -> Outcome {
        if self.is_trusted() { self.flights.share(key, revision, ask) } else { ask() }
    }

    fn cells_of(&self, user: UserId) -> MutexGuard<'_, Cells> {
        let slot = usize::try_from(user.0.unsigned_abs()).unwrap_or(0) % SHARDS;
        self.cells[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cell(&self, user: UserId) -> Arc<AtomicU64> {
        let mut cells = self.cells_of(user);
        if cells.len() > 4 * self.per_shard + SHARDS {
            // Nobody holds these any more, so nobody compares with them.
            cells.retain(|_, cell| Arc::strong_count(cell) > 1);
        }
        Arc::clone(cells.entry(user).or_default())
    }
}

/// Tells whether anything of a user was revoked since it was taken.
#[derive(Debug, Clone)]
pub struct Watch {
    cell: Arc<AtomicU64>,
    seen: u64,
}

impl Watch {
    /// Was anything of the user revoked? If so, verify the credential again.
    pub fn is_stale(&self) -> bool {
        self.cell.load(Ordering::SeqCst) != self.seen
    }
}

fn slot(key: CacheKey) -> usize {
    usize::from(key.0[31]) % SHARDS
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
