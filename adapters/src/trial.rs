//! A guess while it is judged: what counts is what became of it, whoever still waits for the answer.
//!
//! The work that judges a guess goes on when its client hangs up or was told that the store is silent. So the work has a
//! [`Judge`] with it that remembers the outcome, and whoever ends last, the work or the handler, tells the throttle. Work
//! that ends without having begun has judged nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::{
    AuthError,
    throttle::{Asked, Attempt, Lockout, Verdict},
};

/// What a guess has taken, and the form's lock if it has one.
struct Taken {
    attempt: Attempt,
    lock: Option<Lockout>,
}

struct State {
    /// `None` as soon as the throttle is told.
    taken: Option<Taken>,
    verdict: Option<Verdict>,
    /// Is there work that may still judge it?
    is_at_work: bool,
    /// Is the handler gone, or its client given up?
    is_left: bool,
}

/// The handler's end of it.
pub struct Trial(Arc<Mutex<State>>);

/// The work's end of it.
pub struct Judge(Arc<Mutex<State>>);

impl Trial {
    /// Nothing has judged it yet.
    pub fn begin(attempt: Attempt, lock: Option<Lockout>) -> Self {
        let taken = Some(Taken { attempt, lock });
        Self(Arc::new(Mutex::new(State { taken, verdict: None, is_at_work: false, is_left: false })))
    }

    /// To be taken along by the work that judges it.
    pub fn judge(&self) -> Judge {
        lock(&self.0).is_at_work = true;
        Judge(Arc::clone(&self.0))
    }

    /// The handler has its outcome: what is to be told to the throttle now. Nothing if the work has not come to an end yet, which
    /// tells it then.
    pub fn end(self) -> Vec<Asked<()>> {
        let mut state = lock(&self.0);
        if state.is_at_work && state.verdict.is_none() {
            state.is_left = true;
            return Vec::new();
        }
        let verdict = state.verdict.unwrap_or(Verdict::Unjudged);
        let Some(Taken { attempt, lock }) = state.taken.take() else { return Vec::new() };
        let locked = lock.map(|lock| lock.settle_as(verdict));
        locked.into_iter().chain([attempt.settle_as(verdict)]).collect()
    }
}

/// Its client has gone.
impl Drop for Trial {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_left = true;
        state.tell();
    }
}

impl Judge {
    /// What the work came to.
    pub fn hears<T>(&self, outcome: Result<T, AuthError>) -> Result<T, AuthError> {
        lock(&self.0).verdict = Some(Verdict::of(&outcome));
        outcome
    }
}

/// The work is over, or was never begun.
impl Drop for Judge {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_at_work = false;
        state.tell();
    }
}

impl State {
    /// Tells the throttle, if nobody else will: without waiting for a store.
    fn tell(&mut self) {
        if !self.is_left || self.is_at_work {
            return;
        }
        let verdict = self.verdict.unwrap_or(Verdict::Unjudged);
        if let Some(Taken { attempt, lock }) = self.taken.take() {
            attempt.settle_later(verdict);
            if let Some(lock) = lock {
                lock.settle_later(verdict);
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use chrono::DateTime;
    use countersign_core::{Guess, Rate, Throttle, model::Timestamp, store::StoreError, throttle::ThrottleOptions};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const TWO: Rate = Rate::per_minute(2);

    fn noon() -> Timestamp {
        DateTime::from_timestamp(1_767_355_200, 0).unwrap()
    }

    /// Two guesses a minute, and of a form that locks as many.
    fn throttle() -> Throttle {
        Throttle::new(Some(ThrottleOptions {
            login: TWO,
            login_client: TWO,
            login_account: TWO,
            registration: TWO,
            mail: TWO,
            mail_client: TWO,
            link: TWO,
        }))
    }

    fn begin(throttle: &Throttle) -> Trial {
        let lock = throttle.lock_out(TWO, ("", "login"), ("ada", HERE), noon()).answer().unwrap();
        Trial::begin(throttle.attempt(Guess::Login("ada"), HERE, noon()).answer().unwrap(), Some(lock))
    }

    /// How many more guesses there are, by the throttle and by the lock.
    fn left(throttle: &Throttle) -> [usize; 2] {
        let guesses: Vec<_> =
            std::iter::from_fn(|| throttle.attempt(Guess::Login("ada"), HERE, noon()).answer().ok()).collect();
        let lock = || throttle.lock_out(TWO, ("", "login"), ("ada", HERE), noon()).answer().ok();
        let locks: Vec<_> = std::iter::from_fn(lock).collect();
        let left = [guesses.len(), locks.len()];
        for guess in guesses {
            guess.settle_later(Verdict::Unjudged);
        }
        for lock in locks {
            lock.settle_later(Verdict::Unjudged);
        }
        left
    }

    fn wrong() -> Result<(), AuthError> {
        Err(AuthError::WrongCredentials)
    }

    fn failed() -> Result<(), AuthError> {
        Err(AuthError::Store(StoreError::new("gone")))
    }

    #[test]
    fn a_wrong_guess_counts_whoever_ends_first() {
        // The handler has its answer.
        let one = throttle();
        let trial = begin(&one);
        assert!(trial.judge().hears(wrong()).is_err());
        assert_eq!(trial.end().len(), 2);
        assert_eq!(left(&one), [1, 1]);
        // It was told that the store is silent while the work went on, or its client hung up.
        for hangs_up in [false, true] {
            let one = throttle();
            let trial = begin(&one);
            let judge = trial.judge();
            if hangs_up {
                drop(trial);
            } else {
                assert_eq!(trial.end().len(), 0);
            }
            assert_eq!(left(&one), [1, 1], "its places are taken while it is judged");
            assert!(judge.hears(wrong()).is_err());
            drop(judge);
            assert_eq!(left(&one), [1, 1]);
        }
    }

    #[test]
    fn what_was_not_judged_is_given_back_whoever_ends_first() {
        for outcome in [Some(failed()), Some(Ok(())), None] {
            for hangs_up in [false, true] {
                for handler_first in [false, true] {
                    let one = throttle();
                    let trial = begin(&one);
                    let judge = trial.judge();
                    let work = |judge: Judge| {
                        if let Some(outcome) = &outcome {
                            let _ = judge.hears(outcome.as_ref().map(drop).map_err(|_| failed().unwrap_err()));
                        }
                    };
                    let handler = |trial: Trial| if hangs_up { drop(trial) } else { drop(trial.end()) };
                    if handler_first {
                        handler(trial);
                        work(judge);
                    } else {
                        work(judge);
                        handler(trial);
                    }
                    assert_eq!(left(&one), [2, 2], "{outcome:?}, {hangs_up}, {handler_first}");
                }
            }
        }
    }
}
