//! What a user base is known to hold: which schemes, so that the time of a failed login can cover the slowest of them, and
//! which hashes that nobody can check, so that each is told once.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::PasswordScheme;
use crate::model::UserId;

/// So many users are told of; who wants to know the others asks the import.
const MOST_TOLD: usize = 1_000;

#[derive(Debug, Default)]
struct Known {
    /// Of each name the costliest.
    schemes: Vec<PasswordScheme>,
    told: HashSet<UserId>,
}

/// Shared by its clones.
#[derive(Debug, Clone, Default)]
pub(super) struct Present(Arc<Mutex<Known>>);

impl Present {
    /// Remembers that there is such a hash.
    pub(super) fn saw(&self, scheme: PasswordScheme) {
        let schemes = &mut self.known().schemes;
        match schemes.iter_mut().find(|known| known.name() == scheme.name()) {
            Some(known) if known.work() >= scheme.work() => {}
            Some(known) => *known = scheme,
            None => schemes.push(scheme),
        }
    }

    /// The costliest hash of each scheme.
    pub(super) fn schemes(&self) -> Vec<PasswordScheme> {
        self.known().schemes.clone()
    }

    /// Is this the first time that something is said of this user?
    pub(super) fn is_news(&self, user: UserId) -> bool {
        let told = &mut self.known().told;
        told.len() < MOST_TOLD && told.insert(user)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
