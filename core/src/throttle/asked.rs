//! What a throttle says: at once, or from a thread that may wait for the store.

use std::time::{Duration, Instant};

use crate::error::AuthError;

/// Who has waited for longer is told that the store failed: what they came for may have to wait for it again.
const QUICK: Duration = Duration::from_millis(500);

/// An answer, or the question that has to be put to the store for it.
#[must_use = "nothing is counted before it is answered"]
pub enum Asked<T> {
    /// Known without waiting.
    Known(Result<T, AuthError>),
    /// To be put on a thread that may wait.
    Question(Question<T>),
}

/// What has to be asked of the store.
pub struct Question<T> {
    ask: Ask<T>,
    otherwise: Option<Ask<T>>,
}

type Ask<T> = Box<dyn FnOnce() -> Result<T, AuthError> + Send>;

/// What answers without the store, if it fails or does not answer in time.
pub struct Otherwise<T> {
    otherwise: Option<Ask<T>>,
    asked: Instant,
}

impl<T: 'static> Asked<T> {
    pub(super) fn question(ask: impl FnOnce() -> Result<T, AuthError> + Send + 'static) -> Self {
        Self::Question(Question { ask: Box::new(ask), otherwise: None })
    }

    /// What is to be answered if the store fails; it does not wait.
    pub(super) fn or(mut self, otherwise: impl FnOnce() -> Result<T, AuthError> + Send + 'static) -> Self {
        if let Self::Question(question) = &mut self {
            question.otherwise = Some(Box::new(otherwise));
        }
        self
    }

    /// The answer, on this thread, which may wait for the store.
    ///
    /// # Errors
    /// What the answer is; [`AuthError::Store`].
    pub fn answer(self) -> Result<T, AuthError> {
        match self {
            Self::Known(answer) => answer,
            Self::Question(question) => {
                let (ask, otherwise) = question.into_parts();
                otherwise.instead_of(ask())
            }
        }
    }
}

impl<T> Question<T> {
    /// What is to be run on a thread that may wait, and what its answer is given to.
    pub fn into_parts(self) -> (impl FnOnce() -> Result<T, AuthError> + Send + use<T>, Otherwise<T>) {
        (self.ask, Otherwise { otherwise: self.otherwise, asked: Instant::now() })
    }
}

impl<T> Otherwise<T> {
    /// The answer of the store, or the other one if it failed at once.
    ///
    /// # Errors
    /// What the answer is; [`AuthError::Store`] where there is no other, or if the store was silent for long.
    pub fn instead_of(self, answer: Result<T, AuthError>) -> Result<T, AuthError> {
        match (answer, self.otherwise) {
            (Err(AuthError::Store(error)), Some(otherwise)) => {
                tracing::warn!(%error, "cannot count in the store: this process counts for itself");
                let other = otherwise();
                if self.asked.elapsed() < QUICK { other } else { Err(AuthError::Store(error)) }
            }
            (answer, _) => answer,
        }
    }
}
