//! Reads the log of revocations that other processes wrote.

use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use super::Cache;
use crate::store::{StoreResult, TokenStore};

/// A transaction that took a lower number may commit after one with a higher; none takes longer than this, because
/// the store's statement timeout is shorter.
const LATEST_COMMIT: Duration = Duration::from_secs(30);

/// At the beginning, so many numbers below the highest may still be waiting for their transactions to commit.
const LOOK_BACK: i64 = 1_000;

/// The place in the log up to which this process has read.
///
/// Numbers are given before a transaction commits, so the log can grow *behind* the highest number seen. Every look
/// therefore reads again from the highest number that was seen [`LATEST_COMMIT`] ago, and passes over what is known.
#[derive(Debug)]
pub struct Follower {
    horizon: i64,
    seen: BTreeSet<i64>,
    marks: VecDeque<(Instant, i64)>,
}

impl Follower {
    /// Begins at the end of the log.
    ///
    /// # Errors
    /// The store's.
    pub fn begin(tokens: &dyn TokenStore) -> StoreResult<Self> {
        let horizon = tokens.last_revocation()?;
        let start = (horizon - LOOK_BACK).max(0);
        let seen = tokens.revocations(start)?.into_iter().map(|(number, _)| number).collect();
        Ok(Self { horizon: start, seen, marks: VecDeque::from([(Instant::now(), horizon)]) })
    }

    /// Takes one look: forgets the users that were revoked since, and renews the cache's trust.
    ///
    /// # Errors
    /// The store's; then the trust runs out.
    pub fn look(&mut self, tokens: &dyn TokenStore, cache: &Cache) -> StoreResult<()> {
        let looked = Instant::now();
        for (number, user) in tokens.revocations(self.horizon)? {
            if self.seen.insert(number) {
                cache.forget(user);
            }
        }
        cache.refreshed(looked);
        self.move_horizon(looked);
        Ok(())
    }

    fn move_horizon(&mut self, looked: Instant) {
        let newest = self.seen.last().copied().unwrap_or(self.horizon);
        if self.marks.back().is_none_or(|&(_, number)| number < newest) {
            self.marks.push_back((looked, newest));
        }
        while let Some(&(when, number)) = self.marks.front()
            && looked.duration_since(when) > LATEST_COMMIT
        {
            self.horizon = self.horizon.max(number);
            self.marks.pop_front();
        }
        self.seen = self.seen.split_off(&(self.horizon + 1));
    }
}
