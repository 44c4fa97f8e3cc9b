//! Turns of writing: a database with one writer at a time is waited for here, without a connection.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// One writer at a time.
///
/// SQLite's own waiting is sleeping (up to 100 ms a nap) until the lock happens to be free, with a connection in hand
/// that readers want. Writers of this process wait here instead, in no order but without naps; SQLite's timeout is left for other processes.
#[derive(Default)]
pub struct Turn {
    is_taken: Mutex<bool>,
    given_back: Condvar,
}

impl Turn {
    /// Waits for the turn until `deadline`; `None` if it has not come.
    pub fn take(&self, deadline: Instant) -> Option<Taken<'_>> {
        let wait: Duration = deadline.saturating_duration_since(Instant::now());
        let is_taken = self.is_taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut is_taken, _) = self
            .given_back
            .wait_timeout_while(is_taken, wait, |is_taken| *is_taken)
            .unwrap_or_else(PoisonError::into_inner);
        if *is_taken {
            return None;
        }
        *is_taken = true;
        Some(Taken(self))
    }
}

/// The turn, until it is dropped.
pub struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.is_taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.given_back.notify_one();
    }
}
