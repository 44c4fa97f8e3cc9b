//! What became of guesses and could not be told to the store: it is told as soon as that answers again.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    history::History,
    ledger::{CounterKey, Ledger, Outcome},
    places::Entered,
    rate::Rate,
    window::Window,
};
use crate::{error::AuthError, store::StoreResult};

/// How many are kept; whose outcome is lost was wrong after a minute. Each has some hundred bytes.
const MOST: usize = 10_000;

/// What has to be told to the store.
pub(super) struct Debt {
    owed: Owing,
    /// Was it told to a store that may have taken it and could not say so?
    may_be_paid: bool,
}

/// What it is about.
pub(super) enum Owing {
    /// A guess whose places are logs.
    Log(Outcome),
    /// A guess whose place is in a window.
    Window(Outcome),
    /// Places of a guess of which nobody knows whether it entered: the store failed when it was to say so.
    Unsure(Vec<(Rate, CounterKey)>, Entered),
}

impl From<Owing> for Debt {
    /// One that was not told yet.
    fn from(owed: Owing) -> Self {
        Self { owed, may_be_paid: false }
    }
}

impl Debt {
    fn pay(&mut self, ledger: &Ledger) -> StoreResult<()> {
        let paid = match &self.owed {
            Owing::Log(outcome) => ledger.leave::<History>(outcome, self.may_be_paid),
            Owing::Window(outcome) => ledger.leave::<Window>(outcome, self.may_be_paid),
            // A place that was given back is not given back again.
            Owing::Unsure(places, entered) => ledger.withdraw(places, *entered),
        };
        self.may_be_paid |= paid.as_ref().is_err_and(|error| !error.is_undone());
        paid
    }
}

/// Whatever has to be told.
#[derive(Default)]
pub(super) struct Owed(Mutex<VecDeque<Debt>>);

impl Owed {
    pub(super) fn add(&self, debt: Debt) {
        let mut owed = self.lock();
        if owed.len() < MOST {
            owed.push_back(debt);
        }
    }

    /// Tells all of it, or as much as the store takes.
    pub(super) fn pay(&self, ledger: &Ledger) -> StoreResult<()> {
        loop {
            let Some(mut debt) = self.lock().pop_front() else { return Ok(()) };
            if let Err(error) = debt.pay(ledger) {
                self.lock().push_front(debt);
                return Err(error);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Debt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be told by a question: it is owed until the store was told, also if the question is never put.
pub(super) struct Settlement {
    ledger: Ledger,
    debt: Option<Debt>,
}

impl Settlement {
    pub(super) fn new(ledger: Ledger, owed: Owing) -> Self {
        Self { ledger, debt: Some(owed.into()) }
    }

    /// Tells the store.
    pub(super) fn tell(mut self) -> Result<(), AuthError> {
        let Some(debt) = &mut self.debt else { return Ok(()) };
        debt.pay(&self.ledger)?;
        self.debt = None;
        Ok(())
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if let Some(debt) = self.debt.take() {
            self.ledger.owe(debt);
        }
    }
}
