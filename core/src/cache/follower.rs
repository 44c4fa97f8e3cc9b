//! Reads the log of revocations that other processes wrote.

use std::time::Instant;

use crate::{
    auth::Realm,
    model::Timestamp,
    store::{Revocation, StoreResult},
};

/// The place in the log up to which this process has read.
///
/// The store promises that an entry which is committed later has a higher number, so nothing can appear behind it. What it cannot
/// promise is that it stays the same store: a replica that takes over may lack the last entries (asynchronous replication), and so
/// does a backup that is put back under running processes. Their numbers are dealt out again, for other users. So each look reads
/// the last known entry once more.
#[derive(Debug)]
pub struct Follower {
    last: i64,
    /// The moment of that entry, if the log had one.
    at: Option<Timestamp>,
}

impl Follower {
    /// Begins at the end of the log: what was revoked before is in nobody's cache yet.
    ///
    /// # Errors
    /// The store's.
    pub fn begin(realm: &Realm) -> StoreResult<Self> {
        let last = realm.tokens().last_revocation()?;
        let entries = realm.tokens().revocations_from(last)?;
        Ok(Self { last, at: entries.first().filter(|entry| entry.number == last).map(|entry| entry.at) })
    }

    /// Takes one look: forgets the users that were revoked since, and renews the cache's trust.
    ///
    /// # Errors
    /// The store's; then the trust runs out.
    pub fn look(&mut self, realm: &Realm) -> StoreResult<()> {
        let looked = Instant::now();
        // Page by page: who could not look for long may find a million of them.
        loop {
            let entries = realm.tokens().revocations_from(self.last)?;
            let (known, new) = match entries.split_first() {
                Some((first, rest)) if first.number == self.last => (Some(first.at), rest),
                _ => (None, entries.as_slice()),
            };
            if known != self.at {
                // The place first: what is revoked from here on is found by the next look.
                *self = Self::begin(realm)?;
                realm.cache().forget_everybody();
                tracing::warn!(
                    last = self.last,
                    "the log of revocations is not the one that was read before: the database is an older copy, or a replica \
                     that lacked the last writes; nothing remembered is trusted, and what was answered last may be lost"
                );
                break;
            }
            if new.is_empty() {
                break;
            }
            self.follow(realm, new);
        }
        realm.cache().refreshed(looked);
        Ok(())
    }

    fn follow(&mut self, realm: &Realm, new: &[Revocation]) {
        for entry in new {
            // Entries that this process has not read were pruned: whoever they were about is not known any more.
            if entry.number > self.last + 1 {
                realm.cache().forget_everybody();
            }
            realm.cache().forget(entry.user);
            (self.last, self.at) = (entry.number, Some(entry.at));
        }
    }
}
