//! Why nothing was read or written.

use countersign_core::store::StoreError;
use diesel::result::{DatabaseErrorKind, Error};

/// Why a transaction did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection within the wait.
    #[error("no connection: {0}")]
    Pool(#[from] r2d2::Error),
    /// All the time is over for which somebody waits for this: the client has its answer.
    #[error("the database answered too late")]
    Late,
    /// Other writers of this process took all of the wait.
    #[error("no turn to write")]
    Turn,
    /// Another file is where the database was, or none.
    #[error("the database file is not the one that was opened at start")]
    Exchanged,
    /// Whoever asked may not wait.
    #[error("not without waiting")]
    NotAtOnce,
    /// The database refused.
    #[error(transparent)]
    Query(#[from] Error),
    /// The end of a transaction failed, or nobody heard of it: all of it may be done.
    #[error("the commit failed: {0}")]
    Commit(#[source] Error),
}

impl Failure {
    /// Is there a row with this unique value already?
    pub(super) fn is_unique_violation(&self) -> bool {
        let (Self::Query(error) | Self::Commit(error)) = self else { return false };
        matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Commit(_) => Self::new(failure),
            _ => Self::undone(failure),
        }
    }
}
