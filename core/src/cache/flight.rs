//! One asker a credential: whoever misses while somebody already asks the store waits for that answer.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::CacheKey;
use crate::{error::AuthError, model::Verified, store::StoreError};

/// What a verification comes to.
pub(crate) type Outcome = Result<Arc<Verified>, AuthError>;

/// A question on its way.
struct Flight {
    revision: u64,
    outcome: Mutex<Option<Outcome>>,
    landed: Condvar,
}

/// The questions on their way, by credential.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<CacheKey, Arc<Flight>>>);

/// Tells those who wait when the asker is done, also if it panics.
struct Landing<'a> {
    flights: &'a Flights,
    key: CacheKey,
    flight: Arc<Flight>,
}

impl Flights {
    /// Asks, or waits for the answer to the same question. A question that was asked before a revocation which the caller
    /// may know of (at an older `revision`) is not waited for: its answer may be older than the revocation.
    pub(super) fn share(&self, key: CacheKey, revision: u64, ask: impl FnOnce() -> Outcome) -> Outcome {
        let mut flying = self.flying();
        if let Some(flight) = flying.get(&key).filter(|flight| flight.revision >= revision) {
            let flight = Arc::clone(flight);
            drop(flying);
            return flight.wait();
        }
        let flight = Arc::new(Flight { revision, outcome: Mutex::new(None), landed: Condvar::new() });
        flying.insert(key, Arc::clone(&flight));
        drop(flying);
        let landing = Landing { flights: self, key, flight };
        let outcome = ask();
        landing.flight.land(outcome.clone());
        outcome
    }

    fn flying(&self) -> MutexGuard<'_, HashMap<CacheKey, Arc<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    fn outcome(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) -> Outcome {
        let mut outcome = self.outcome();
        loop {
            if let Some(outcome) = outcome.as_ref() {
                return outcome.clone();
            }
            outcome = self.landed.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn land(&self, outcome: Outcome) {
        self.outcome().get_or_insert(outcome);
        self.landed.notify_all();
    }
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut flying = self.flights.flying();
        if flying.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            flying.remove(&self.key);
        }
        drop(flying);
        self.flight.land(Err(StoreError::new("the verification ended without an answer").into()));
    }
}
