//! A guess from its admission to its outcome.

use chrono::TimeDelta;

use super::{Rate, Shared, Throttle};
use crate::{error::AuthError, model::Timestamp};

/// How long a client stays known for having logged in to an account.
const KNOWN: Rate = Rate::new(8, TimeDelta::days(30));

/// Which table a place is taken in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Book {
    Guesses,
    Requests,
}

/// A guess that is being judged. Dropped without being settled it counts as wrong, so that hanging up early is no way
/// around.
#[derive(Debug)]
#[must_use = "what becomes of the guess is told to `settle`"]
pub struct Attempt {
    throttle: Throttle,
    book: Book,
    taken: Vec<(Rate, u64)>,
    at: Timestamp,
    is_wrong: bool,
    /// The keys of client and account, among the guesses and among the known.
    pair: Option<(u64, u64)>,
}

impl Attempt {
    /// One that has no place yet.
    pub(super) fn new(throttle: &Throttle, book: Book, at: Timestamp) -> Self {
        Self { throttle: throttle.clone(), book, taken: Vec::new(), at, is_wrong: true, pair: None }
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

    /// Tells what became of the guess: right, wrong, or not judged at all.
    pub fn settle<T>(mut self, outcome: &Result<T, AuthError>) {
        self.is_wrong = !matches!(outcome, Ok(_) | Err(AuthError::Busy { .. } | AuthError::Store(_)));
        if let (Ok(_), Some((pair, acquaintance))) = (outcome, self.pair) {
            let Shared { guesses, known, .. } = &*self.throttle.0;
            guesses.clear(pair, self.at);
            known.renew(KNOWN, acquaintance, self.at);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let table = self.throttle.0.table(self.book);
        for (rate, key) in &self.taken {
            table.leave(*rate, *key, self.at, self.is_wrong);
        }
    }
}
