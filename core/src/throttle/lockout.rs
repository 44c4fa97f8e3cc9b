//! A lock in front of a form: so many wrong guesses in a fixed window, and it says no to right ones too.

use std::sync::Arc;

use super::{
    Asked, Memory, Rate,
    ledger::{CounterKey, Ledger, Outcome},
    window::Window,
};
use crate::{error::AuthError, model::Timestamp};

/// A guess that the lock lets pass. Dropped without being settled it counts as wrong, so that hanging up early is no way
/// around.
#[must_use = "what becomes of the guess is told to `settle`"]
pub struct Lockout(Kind);

enum Kind {
    Own(Own),
    Shared { ledger: Ledger, rate: Rate, key: CounterKey, at: Timestamp },
}

impl std::fmt::Debug for Lockout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self.0, Kind::Own(_)) { "Lockout(own)" } else { "Lockout(shared)" })
    }
}

struct Own {
    memory: Arc<Memory>,
    rate: Rate,
    key: u64,
    at: Timestamp,
    is_wrong: bool,
}

impl Lockout {
    pub(super) fn own(memory: &Arc<Memory>, rate: Rate, key: u64, at: Timestamp) -> Self {
        Self(Kind::Own(Own { memory: Arc::clone(memory), rate, key, at, is_wrong: true }))
    }

    pub(super) fn shared(ledger: Ledger, rate: Rate, key: CounterKey, at: Timestamp) -> Self {
        Self(Kind::Shared { ledger, rate, key, at })
    }

    /// Tells what became of the guess: a right one opens the lock, a wrong one is counted, and one that was not judged is
    /// as if it had not been.
    pub fn settle<T>(self, outcome: &Result<T, AuthError>) -> Asked<()> {
        let is_right = outcome.is_ok();
        let is_wrong =
            !matches!(outcome, Ok(_) | Err(AuthError::Busy { .. } | AuthError::Store(_) | AuthError::Throttled { .. }));
        match self.0 {
            Kind::Own(mut own) => {
                own.is_wrong = is_wrong;
                if is_right {
                    own.memory.locks.clear(own.key, own.at);
                }
                Asked::Known(Ok(()))
            }
            Kind::Shared { ledger, rate, key, at } => {
                let cleared = is_right.then(|| key.clone());
                let left = Outcome { taken: vec![(rate, key)], at, is_wrong, cleared, renewed: None };
                Asked::question(move || ledger.leave::<Window>(&left))
            }
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.memory.locks.leave(self.rate, self.key, self.at, self.is_wrong);
    }
}
