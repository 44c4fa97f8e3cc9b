//! Reads the log of revocations that other processes wrote.

use std::time::Instant;

use super::Cache;
use crate::store::{StoreResult, TokenStore};

/// The place in the log up to which this process has read.
///
/// The store promises that an entry which is committed later has a higher number, so nothing can appear behind it.
#[derive(Debug)]
pub struct Follower {
    last: i64,
}

impl Follower {
    /// Begins at the end of the log: what was revoked before is in nobody's cache yet.
    ///
    /// # Errors
    /// The store's.
    pub fn begin(tokens: &dyn TokenStore) -> StoreResult<Self> {
        Ok(Self { last: tokens.last_revocation()? })
    }

    /// Takes one look: forgets the users that were revoked since, and renews the cache's trust.
    ///
    /// # Errors
    /// The store's; then the trust runs out.
    pub fn look(&mut self, tokens: &dyn TokenStore, cache: &Cache) -> StoreResult<()> {
        let looked = Instant::now();
        for (number, user) in tokens.revocations(self.last)? {
            cache.forget(user);
            self.last = number;
        }
        cache.refreshed(looked);
        Ok(())
    }
}
