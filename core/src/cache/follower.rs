//! Reads the log of revocations that other processes wrote.

use std::time::Instant;

use crate::{auth::Realm, store::StoreResult};

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
    pub fn begin(realm: &Realm) -> StoreResult<Self> {
        Ok(Self { last: realm.tokens().last_revocation()? })
    }

    /// Takes one look: forgets the users that were revoked since, and renews the cache's trust.
    ///
    /// # Errors
    /// The store's; then the trust runs out.
    pub fn look(&mut self, realm: &Realm) -> StoreResult<()> {
        let looked = Instant::now();
        // Page by page: who could not look for long may find a million of them.
        loop {
            let page = realm.tokens().revocations(self.last)?;
            if page.is_empty() {
                break;
            }
            for (number, user) in page {
                // Entries that this process has not read were pruned: whoever they were about is not known any more.
                if number > self.last + 1 {
                    realm.cache().forget_everybody();
                }
                realm.cache().forget(user);
                self.last = number;
            }
        }
        realm.cache().refreshed(looked);
        Ok(())
    }
}
