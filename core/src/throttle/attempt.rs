//! A guess from its admission to its outcome.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    Asked, Memory, Rate,
    ledger::{CounterKey, Ledger, Outcome, Taken},
    owed::{Owing, Settlement},
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
        self.settle_as(Verdict::of(outcome))
    }

    /// [`Attempt::settle`] by what is known of the outcome.
    pub fn settle_as(self, verdict: Verdict) -> Asked<()> {
        match self.0 {
            Kind::Free => Asked::Known(Ok(())),
            Kind::Own(own) => {
                own.settle(verdict);
                Asked::Known(Ok(()))
            }
            Kind::Shared(shared) => {
                let settlement = shared.settlement(verdict);
                Asked::question(move || settlement.tell())
            }
        }
    }

    /// The same without waiting for a store: that is told soon ([`Throttle::settle_owed`](super::Throttle::settle_owed)).
    pub fn settle_later(self, verdict: Verdict) {
        // A question that is not put is owed.
        drop(self.settle_as(verdict));
    }
}

/// What became of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was right.
    Right,
    /// It was wrong.
    Wrong,
    /// Nobody found out: the store failed, or there was too much to do.
    Unjudged,
}

impl Verdict {
    /// What the work came to that was to judge it.
    pub fn of<T>(outcome: &Result<T, AuthError>) -> Self {
        match outcome {
            Ok(_) => Self::Right,
            Err(AuthError::Busy { .. } | AuthError::Store(_)) => Self::Unjudged,
            Err(_) => Self::Wrong,
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

    fn settle(mut self, verdict: Verdict) {
        self.is_wrong = verdict == Verdict::Wrong;
        if let (Verdict::Right, Some((pair, acquaintance))) = (verdict, self.pair) {
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
    pub(super) taken: Taken,
    /// The keys of client and account, among the guesses and among the known.
    pub(super) pair: Option<(CounterKey, CounterKey)>,
}

impl Shared {
    fn settlement(self, verdict: Verdict) -> Settlement {
        let Self { ledger, taken, pair } = self;
        let (cleared, renewed) = if verdict == Verdict::Right { pair.unzip() } else { (None, None) };
        let renewed = renewed.map(|key| (KNOWN, key));
        let outcome = Outcome { taken, is_wrong: verdict == Verdict::Wrong, cleared, renewed };
        Settlement::new(ledger, Owing::Log(outcome))
    }
}
