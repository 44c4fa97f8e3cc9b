//! A guess from its admission to its outcome.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    Asked, Memory, Rate,
    history::History,
    ledger::{CounterKey, Ledger, Outcome},
};
use crate::{error::AuthError, model::Timestamp};

/// How long a client stays known for having logged in to an account.
pub(super) const KNOWN: Rate = Rate::new(8, TimeDelta::days(30));

/// Which table a place is taken in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Book {
    Guesses,
    Requests,
}

/// A guess that is being judged. Dropped without being settled it counts as wrong, so that hanging up early is no way
/// around.
#[must_use = "what becomes of the guess is told to `settle`"]
pub struct Attempt(Kind);

enum Kind {
    /// Nothing is limited.
    Free,
    Own(Own),
    Shared(Shared),
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Kind::Free => "Attempt(free)",
            Kind::Own(_) => "Attempt(own)",
            Kind::Shared(_) => "Attempt(shared)",
        })
    }
}

impl Attempt {
    /// One that nothing limits.
    pub(super) fn free() -> Self {
        Self(Kind::Free)
    }

    pub(super) fn own(own: Own) -> Self {
        Self(Kind::Own(own))
    }

    pub(super) fn shared(shared: Shared) -> Self {
        Self(Kind::Shared(shared))
    }

    /// Tells what became of the guess: right, wrong, or not judged at all.
    pub fn settle<T>(self, outcome: &Result<T, AuthError>) -> Asked<()> {
        let is_wrong = !matches!(outcome, Ok(_) | Err(AuthError::Busy { .. } | AuthError::Store(_)));
        match self.0 {
            Kind::Free => Asked::Known(Ok(())),
            Kind::Own(own) => {
                own.settle(is_wrong, outcome.is_ok());
                Asked::Known(Ok(()))
            }
            Kind::Shared(shared) => {
                let is_right = outcome.is_ok();
                Asked::question(move || shared.settle(is_wrong, is_right))
            }
        }
    }
}

/// Places in the memory of this process.
pub(super) struct Own {
    memory: Arc<Memory>,
    book: Book,
    taken: Vec<(Rate, u64)>,
    at: Timestamp,
    is_wrong: bool,
    /// The keys of client and account, among the guesses and among the known.
    pair: Option<(u64, u64)>,
}

impl Own {
    /// One that has no place yet.
    pub(super) fn new(memory: &Arc<Memory>, book: Book, at: Timestamp) -> Self {
        Self { memory: Arc::clone(memory), book, taken: Vec::new(), at, is_wrong: true, pair: None }
    }

    /// Notes a place that was taken.
    pub(super) fn take(&mut self, rate: Rate, key: u64) {
        self.taken.push((rate, key));
    }

    /// It will not be judged: it goes when it is dropped.
    pub(super) fn withdraw(mut self) {
        self.is_wrong = false;
    }

    /// It is at a password: the keys of client and account, among the guesses and among the known.
    pub(super) fn is_at_password(&mut self, pair: u64, acquaintance: u64) {
        self.pair = Some((pair, acquaintance));
    }

    fn settle(mut self, is_wrong: bool, is_right: bool) {
        self.is_wrong = is_wrong;
        if let (true, Some((pair, acquaintance))) = (is_right, self.pair) {
            self.memory.guesses.clear(pair, self.at);
            self.memory.known.renew(KNOWN, acquaintance, self.at);
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let table = self.memory.table(self.book);
        for (rate, key) in &self.taken {
            table.leave(*rate, *key, self.at, self.is_wrong);
        }
    }
}

/// Places in the store. Dropped without being settled they lapse, and are wrong then.
pub(super) struct Shared {
    pub(super) ledger: Ledger,
    pub(super) taken: Vec<(Rate, CounterKey)>,
    pub(super) at: Timestamp,
    /// The keys of client and account, among the guesses and among the known.
    pub(super) pair: Option<(CounterKey, CounterKey)>,
}

impl Shared {
    fn settle(self, is_wrong: bool, is_right: bool) -> Result<(), AuthError> {
        let Self { ledger, taken, at, pair } = self;
        let (cleared, renewed) = if is_right { pair.unzip() } else { (None, None) };
        let renewed = renewed.map(|key| (KNOWN, key));
        ledger.leave::<History>(&Outcome { taken, at, is_wrong, cleared, renewed })
    }
}
