//! Counters by key, with a bound on their memory that somebody who makes up keys cannot use.
//!
//! Keys are hashed with a secret of the process, so nobody can choose where theirs falls. There are many shards, each
//! with a lock of its own. A shard that is full lets go what is over, and then the counter that says least: the one with
//! the fewest moments, of these the one that ends first. Whoever makes up a million keys with one moment each pushes out
//! one another's; a counter of five wrong guesses goes only when the whole shard has five or more for every key, each of
//! which cost its client that many guesses.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{History, Rate, places::Places};
use crate::model::Timestamp;

/// How many shards there are; a power of two.
const SHARDS: usize = 64;

/// What a table holds under a key.
pub trait Counter: Default {
    /// What it takes beside [`Counter::words`], in words of eight bytes: its key and itself with the map's slack.
    const OVERHEAD: usize;

    /// What it has on the heap, in words of eight bytes.
    fn words(&self) -> usize;

    /// How much it says: how many places are taken.
    fn weight(&self) -> usize;

    /// When it will have passed, in a unit of its own.
    fn end(&self) -> i64;

    /// Has everything passed by `now`?
    fn is_over(&self, now: Timestamp) -> bool;
}

/// Counters by key, within a bound of memory: see this file's head.
pub struct Table<C = History> {
    secret: RandomState,
    shards: Vec<Mutex<Shard<C>>>,
    /// What a shard may hold, in words.
    share: usize,
}

struct Shard<C> {
    counters: HashMap<u64, C, BuildHasherDefault<Hashed>>,
    /// What they hold, in words.
    words: usize,
}

impl<C> Default for Shard<C> {
    fn default() -> Self {
        Self { counters: HashMap::default(), words: 0 }
    }
}

impl<C: Counter> Table<C> {
    /// 16 MiB: a hundred thousand keys with a handful of moments each.
    pub const WORDS: usize = 2 * 1_024 * 1_024;

    /// An empty table that will hold at most `words` of eight bytes, and one full history a shard in any case.
    pub fn new(words: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { secret: RandomState::new(), shards, share: words / SHARDS }
    }

    /// The key of `counted`, in this table alone.
    pub fn key(&self, counted: &impl Hash) -> u64 {
        self.secret.hash_one(counted)
    }

    /// Changes what is held under `key`.
    pub(super) fn edit<T>(&self, key: u64, now: Timestamp, edit: impl FnOnce(&mut C) -> T) -> T {
        self.shard(key).edit(key, edit, self.share, now)
    }

    /// Looks at what is held under `key`.
    pub(super) fn look<T>(&self, key: u64, look: impl FnOnce(&C) -> T) -> Option<T> {
        self.shard(key).counters.get(&key).map(look)
    }

    /// Is there anything under `key` that is not over?
    pub fn holds(&self, key: u64, now: Timestamp) -> bool {
        self.look(key, |counter| !counter.is_over(now)).unwrap_or_default()
    }

    /// Forgets what is over and gives memory back.
    pub fn sweep(&self, now: Timestamp) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.sweep(now);
            shard.counters.shrink_to_fit();
        }
    }

    /// How many words are held.
    #[cfg(test)]
    pub(super) fn words(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).words).sum()
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard<C>> {
        // The map takes the low bits.
        let number = usize::try_from(key >> 48).unwrap_or_default() % SHARDS;
        lock(&self.shards[number])
    }
}

impl<C: Places> Table<C> {
    /// Takes a place under `key` for good, and tells how many are left.
    ///
    /// # Errors
    /// How long there will be no place.
    pub(super) fn note(&self, rate: Rate, key: u64, now: Timestamp) -> Result<usize, Duration> {
        self.edit(key, now, |counter| counter.note(rate, now))
    }

    /// Gives a guess a place under `key` while it is judged, unless `rate` is used up; see [`Table::leave`].
    ///
    /// # Errors
    /// How long there will be no place.
    pub(super) fn enter(&self, rate: Rate, key: u64, now: Timestamp) -> Result<(), Duration> {
        self.edit(key, now, |counter| counter.enter(rate, now))
    }

    /// Takes the place of a guess back that entered at `entered`; a wrong one stays noted.
    pub(super) fn leave(&self, rate: Rate, key: u64, entered: Timestamp, is_wrong: bool) {
        self.edit(key, entered, |counter| counter.leave(rate, entered, is_wrong));
    }

    /// Forgets what is noted under `key`.
    pub(super) fn clear(&self, key: u64, now: Timestamp) {
        self.edit(key, now, C::clear);
    }
}

impl Table {
    /// Notes `now` under `key` in any case; of more than `rate` has, the oldest go.
    pub(super) fn renew(&self, rate: Rate, key: u64, now: Timestamp) {
        self.edit(key, now, |history| history.renew(rate, now));
    }
}

fn lock<C>(shard: &Mutex<Shard<C>>) -> MutexGuard<'_, Shard<C>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Counter> Shard<C> {
    fn edit<T>(&mut self, key: u64, edit: impl FnOnce(&mut C) -> T, share: usize, now: Timestamp) -> T {
        let is_new = !self.counters.contains_key(&key);
        if is_new && self.words + C::OVERHEAD >= share {
            self.make_room(share, now);
        }
        let counter = self.counters.entry(key).or_default();
        let before = counter.words();
        let edited = edit(counter);
        let (after, is_empty) = (counter.words(), counter.weight() == 0);
        self.words = self.words + after - before + if is_new { C::OVERHEAD } else { 0 };
        if is_empty {
            self.remove(key);
        }
        edited
    }

    fn remove(&mut self, key: u64) {
        if let Some(counter) = self.counters.remove(&key) {
            self.words -= C::OVERHEAD + counter.words();
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        self.counters.retain(|_, counter| !counter.is_over(now));
        self.words = self.counters.values().map(|counter| C::OVERHEAD + counter.words()).sum();
    }

    /// Lets go of what is over, or else of an eighth of what says least, so that this is not done for every key.
    fn make_room(&mut self, share: usize, now: Timestamp) {
        self.sweep(now);
        let aim = share - share / 8;
        if self.words <= aim {
            return;
        }
        let mut least: Vec<_> =
            self.counters.iter().map(|(key, counter)| (counter.weight(), counter.end(), *key)).collect();
        least.sort_unstable();
        for (_, _, key) in least {
            if self.words <= aim {
                break;
            }
            self.remove(key);
        }
    }
}

/// The keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::throttle::Window;

    const OVERHEAD: usize = History::OVERHEAD;
    const FIVE: Rate = Rate::per_minute(5);

    fn noon() -> Timestamp {
        DateTime::from_timestamp(1_767_355_200, 0).unwrap()
    }

    #[test]
    fn a_million_keys_stay_within_the_bound_and_push_out_no_counter_that_says_more() {
        let table = Table::<History>::new(256 * 1_024);
        let victim = table.key(&"victim");
        for _ in 0..5 {
            table.note(FIVE, victim, noon()).unwrap();
        }
        for number in 0..1_000_000_u32 {
            table.note(FIVE, table.key(&number), noon() + TimeDelta::milliseconds(1)).unwrap();
        }
        assert!(table.words() <= 256 * 1_024, "{}", table.words());
        assert!(table.note(FIVE, victim, noon() + TimeDelta::seconds(1)).is_err());
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let table = Table::<History>::new(Table::<History>::WORDS);
        for number in 0..1_000_u32 {
            table.note(FIVE, table.key(&number), noon()).unwrap();
        }
        assert_eq!(table.words(), 1_000 * (OVERHEAD + 1));
        table.sweep(noon() + TimeDelta::seconds(59));
        assert_eq!(table.words(), 1_000 * (OVERHEAD + 1));
        table.sweep(noon() + TimeDelta::seconds(60));
        assert_eq!(table.words(), 0);
    }

    #[test]
    fn every_word_that_was_taken_is_given_back() {
        let table = Table::<History>::new(Table::<History>::WORDS);
        let (one, other) = (table.key(&1), table.key(&2));
        for key in [one, one, other] {
            table.enter(FIVE, key, noon()).unwrap();
        }
        assert!(table.note(Rate::per_minute(0), table.key(&3), noon()).is_err());
        assert_eq!(table.words(), 2 * OVERHEAD + 3);
        table.sweep(noon() + TimeDelta::hours(1));
        assert_eq!(table.words(), 2 * OVERHEAD + 3);
        table.leave(FIVE, one, noon(), true);
        table.leave(FIVE, one, noon(), false);
        table.leave(FIVE, other, noon(), false);
        table.leave(FIVE, other, noon(), false);
        assert_eq!(table.words(), OVERHEAD + 1);
        assert!(table.holds(one, noon()) && !table.holds(other, noon()));
        table.clear(one, noon());
        assert_eq!(table.words(), 0);
    }

    #[test]
    fn windows_are_bounded_as_well_and_the_fullest_stay() {
        let table = Table::<Window>::new(64 * 1_024);
        let victim = table.key(&"victim");
        for left in (0..5).rev() {
            assert_eq!(table.note(FIVE, victim, noon()), Ok(left));
        }
        for number in 0..100_000_u32 {
            table.note(FIVE, table.key(&number), noon()).unwrap();
        }
        assert!(table.words() <= 64 * 1_024, "{}", table.words());
        assert_eq!(table.note(FIVE, victim, noon() + TimeDelta::seconds(1)), Err(Duration::from_secs(59)));
        table.sweep(noon() + TimeDelta::minutes(1));
        assert_eq!(table.words(), 0);
    }
}
