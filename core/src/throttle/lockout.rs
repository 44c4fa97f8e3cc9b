//! A lock in front of a form: so many wrong guesses in a fixed window, and it says no to right ones too.

use std::sync::Arc;

use super::{
    Asked, Memory, Rate, Verdict,
    ledger::{Ledger, Outcome, Taken},
    owed::{Owing, Settlement},
};
use crate::{error::AuthError, model::Timestamp};

/// A guess that the lock lets pass. Dropped without being settled it counts as wrong, so that hanging up early is no way
/// around.
#[must_use = "what becomes of the guess is told to `settle`"]
pub struct Lockout(Kind);

enum Kind {
    Own(Own),
    Shared(Ledger, Taken),
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

    pub(super) fn shared(ledger: Ledger, taken: Taken) -> Self {
        Self(Kind::Shared(ledger, taken))
    }

    /// Tells what became of the guess: a right one opens the lock, a wrong one is counted, and one that was not judged is
    /// as if it had not been.
    pub fn settle<T>(self, outcome: &Result<T, AuthError>) -> Asked<()> {
        let is_refused = matches!(outcome, Err(AuthError::Throttled { .. }));
        self.settle_as(if is_refused { Verdict::Unjudged } else { Verdict::of(outcome) })
    }

    /// [`Lockout::settle`] by what is known of the outcome.
    pub fn settle_as(self, verdict: Verdict) -> Asked<()> {
        let (is_right, is_wrong) = (verdict == Verdict::Right, verdict == Verdict::Wrong);
        match self.0 {
            Kind::Own(mut own) => {
                own.is_wrong = is_wrong;
                if is_right {
                    own.memory.locks.clear(own.key, own.at);
                }
                Asked::Known(Ok(()))
            }
            Kind::Shared(ledger, taken) => {
                let key = taken.places.first().map(|(_, key)| key.clone());
                let outcome = Outcome { cleared: key.filter(|_| is_right), taken, is_wrong, renewed: None };
                let settlement = Settlement::new(ledger, Owing::Window(outcome));
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

impl Drop for Own {
    fn drop(&mut self) {
        self.memory.locks.leave(self.rate, self.key, self.at, self.is_wrong);
    }
}
