//! Histories by key, with a bound on their memory that somebody who makes up keys cannot use.
//!
//! Keys are hashed with a secret of the process, so nobody can choose where theirs falls. There are many shards, each
//! with a lock of its own. A shard that is full lets go what is over, and then the history that says least: the one with
//! the fewest moments, of these the one that ends first. Whoever makes up a million keys with one moment each pushes out
//! one another's; a history of five wrong guesses goes only when the whole shard has five or more for every key, each of
//! which cost its client that many guesses.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{History, Rate};
use crate::model::Timestamp;

/// How many shards there are; a power of two.
const SHARDS: usize = 64;
/// What a history takes beside its moments, in words of eight bytes: key, ring buffer and the map's slack.
const OVERHEAD: usize = 18;

/// Histories by key, within a bound of memory: see this file's head.
pub struct Table {
    secret: RandomState,
    shards: Vec<Mutex<Shard>>,
    /// What a shard may hold, in words.
    share: usize,
}

#[derive(Default)]
struct Shard {
    histories: HashMap<u64, History, BuildHasherDefault<Hashed>>,
    /// What they hold, in words.
    words: usize,
}

impl Table {
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

    /// Notes `now` under `key`, unless `rate` is used up.
    ///
    /// # Errors
    /// How long there will be no place.
    pub fn take(&self, rate: Rate, key: u64, now: Timestamp) -> Result<(), Duration> {
        self.shard(key).edit(key, |history| history.note(rate, now), self.share, now)
    }

    /// Notes `now` under `key` in any case; of more than `rate` has, the oldest go.
    pub fn renew(&self, rate: Rate, key: u64, now: Timestamp) {
        self.shard(key).edit(key, |history| history.renew(rate, now), self.share, now);
    }

    /// Gives a guess a place under `key` while it is judged, unless `rate` is used up; see [`Table::leave`].
    ///
    /// # Errors
    /// How long there will be no place.
    pub fn enter(&self, rate: Rate, key: u64, now: Timestamp) -> Result<(), Duration> {
        self.shard(key).edit(key, |history| history.enter(rate, now), self.share, now)
    }

    /// Takes the place of a guess back, that entered at `entered`; a wrong one stays noted.
    pub fn leave(&self, rate: Rate, key: u64, entered: Timestamp, is_wrong: bool) {
        let wrong = is_wrong.then_some((rate, entered));
        self.shard(key).edit(key, |history| history.leave(wrong), self.share, entered);
    }

    /// Forgets what is noted under `key`.
    pub fn clear(&self, key: u64, now: Timestamp) {
        self.shard(key).edit(key, History::clear, self.share, now);
    }

    /// Is there anything under `key` that is not over?
    pub fn holds(&self, key: u64, now: Timestamp) -> bool {
        self.shard(key).histories.get(&key).is_some_and(|history| !history.is_over(now))
    }

    /// Forgets what is over and gives memory back.
    pub fn sweep(&self, now: Timestamp) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.sweep(now);
            shard.histories.shrink_to_fit();
        }
    }

    /// How many words are held.
    #[cfg(test)]
    pub(super) fn words(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).words).sum()
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        // The map takes the low bits.
        let number = usize::try_from(key >> 48).unwrap_or_default() % SHARDS;
        lock(&self.shards[number])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    fn edit<T>(&mut self, key: u64, edit: impl FnOnce(&mut History) -> T, share: usize, now: Timestamp) -> T {
        let is_new = !self.histories.contains_key(&key);
        if is_new && self.words + OVERHEAD >= share {
            self.make_room(share, now);
        }
        let history = self.histories.entry(key).or_default();
        let before = history.len();
        let edited = edit(history);
        let (after, is_empty) = (history.len(), history.is_empty());
        self.words = self.words + after - before + if is_new { OVERHEAD } else { 0 };
        if is_empty {
            self.remove(key);
        }
        edited
    }

    fn remove(&mut self, key: u64) {
        if let Some(history) = self.histories.remove(&key) {
            self.words -= OVERHEAD + history.len();
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        self.histories.retain(|_, history| !history.is_over(now));
        self.words = self.histories.values().map(|history| OVERHEAD + history.len()).sum();
    }

    /// Lets go of what is over, or else of an eighth of what says least, so that this is not done for every key.
    fn make_room(&mut self, share: usize, now: Timestamp) {
        self.sweep(now);
        let aim = share - share / 8;
        if self.words <= aim {
            return;
        }
        let mut least: Vec<_> =
            self.histories.iter().map(|(key, history)| (history.len(), history.end(), *key)).collect();
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

    const FIVE: Rate = Rate::per_minute(5);

    fn noon() -> Timestamp {
        DateTime::from_timestamp(1_767_355_200, 0).unwrap()
    }

    #[test]
    fn a_million_keys_stay_within_the_bound_and_push_out_no_counter_that_says_more() {
        let table = Table::new(256 * 1_024);
        let victim = table.key(&"victim");
        for _ in 0..5 {
            table.take(FIVE, victim, noon()).unwrap();
        }
        for number in 0..1_000_000_u32 {
            table.take(FIVE, table.key(&number), noon() + TimeDelta::milliseconds(1)).unwrap();
        }
        assert!(table.words() <= 256 * 1_024, "{}", table.words());
        assert!(table.take(FIVE, victim, noon() + TimeDelta::seconds(1)).is_err());
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let table = Table::new(Table::WORDS);
        for number in 0..1_000_u32 {
            table.take(FIVE, table.key(&number), noon()).unwrap();
        }
        assert_eq!(table.words(), 1_000 * (OVERHEAD + 1));
        table.sweep(noon() + TimeDelta::seconds(59));
        assert_eq!(table.words(), 1_000 * (OVERHEAD + 1));
        table.sweep(noon() + TimeDelta::seconds(60));
        assert_eq!(table.words(), 0);
    }

    #[test]
    fn every_word_that_was_taken_is_given_back() {
        let table = Table::new(Table::WORDS);
        let (one, other) = (table.key(&1), table.key(&2));
        for key in [one, one, other] {
            table.enter(FIVE, key, noon()).unwrap();
        }
        assert!(table.take(Rate::per_minute(0), table.key(&3), noon()).is_err());
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
}
