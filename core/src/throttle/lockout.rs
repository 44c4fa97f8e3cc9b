//! A lock in front of a form: so many wrong guesses in a fixed window, and it says no to right ones too.

use super::{Rate, Throttle};
use crate::{error::AuthError, model::Timestamp};

/// A guess that the lock lets pass. Dropped without being settled it counts as wrong, so that hanging up early is no way
/// around.
#[derive(Debug)]
#[must_use = "what becomes of the guess is told to `settle`"]
pub struct Lockout {
    throttle: Throttle,
    rate: Rate,
    key: u64,
    at: Timestamp,
    is_wrong: bool,
}

impl Lockout {
    pub(super) fn new(throttle: &Throttle, rate: Rate, key: u64, at: Timestamp) -> Self {
        Self { throttle: throttle.clone(), rate, key, at, is_wrong: true }
    }

    /// Tells what became of the guess: a right one opens the lock, a wrong one is counted, and one that was not judged is
    /// as if it had not been.
    pub fn settle<T>(mut self, outcome: &Result<T, AuthError>) {
        self.is_wrong = match outcome {
            Ok(_) => {
                self.throttle.0.locks.clear(self.key, self.at);
                false
            }
            Err(error) => !matches!(error, AuthError::Busy { .. } | AuthError::Store(_) | AuthError::Throttled { .. }),
        };
    }
}

impl Drop for Lockout {
    fn drop(&mut self) {
        self.throttle.0.locks.leave(self.rate, self.key, self.at, self.is_wrong);
    }
}
