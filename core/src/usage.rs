//! When a token was last used, written at most once a minute a token, in batches, never on the request path.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    model::{Timestamp, Token, TokenId},
    store::{StoreResult, TokenStore},
};

/// Uses closer together than this count as one.
pub const GRAIN_SECONDS: i64 = 60;

/// Uses that no longer fit are dropped: the next one of the same token is noted again a minute later.
const MAX_PENDING: usize = 100_000;

/// Rows written in one transaction.
const BATCH: usize = 512;

/// The uses that are not written yet.
#[derive(Debug, Default)]
pub struct Usage {
    pending: Mutex<HashMap<TokenId, Timestamp>>,
}

impl Usage {
    /// Remembers a use.
    pub fn note(&self, token: TokenId, at: Timestamp) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() < MAX_PENDING || pending.contains_key(&token) {
            let last = pending.entry(token).or_insert(at);
            *last = at.max(*last);
        }
    }

    /// Shows the pending uses on rows that were just read.
    pub(crate) fn overlay(&self, tokens: &mut [Token]) {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for token in tokens {
            token.last_used_at = token.last_used_at.max(pending.get(&token.id).copied());
        }
    }

    /// Remembers a use at `now`, unless the row has one of the same minute; returns the moment that counts.
    pub(crate) fn note_unless_recent(&self, token: &Token, now: Timestamp) -> Timestamp {
        if let Some(last) = token.last_used_at.filter(|last| (now - *last).num_seconds() < GRAIN_SECONDS) {
            return last;
        }
        self.note(token.id, now);
        now
    }

    /// Writes what is pending. What could not be written is pending again.
    ///
    /// # Errors
    /// The store's.
    pub fn flush(&self, tokens: &dyn TokenStore) -> StoreResult<()> {
        let taken = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        // In the order of the rows, so that two processes that flush at once cannot lock each other out.
        let mut uses: Vec<_> = taken.into_iter().collect();
        uses.sort_unstable();
        for (done, batch) in uses.chunks(BATCH).enumerate() {
            if let Err(error) = tokens.touch_tokens(batch) {
                for (token, at) in &uses[done * BATCH..] {
                    self.note(*token, *at);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}
