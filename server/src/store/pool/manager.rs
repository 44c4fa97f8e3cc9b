//! How connections are opened, and when they are thrown away.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use diesel::r2d2::{Error as ConnectError, R2D2Connection as _};

use super::super::{
    Backend,
    connection::{Address, AnyConnection},
};

/// A connection and what is known of its health.
pub struct Pooled {
    pub(super) conn: AnyConnection,
    /// The era that it was opened in: one that is older than the pool's is likely dead.
    pub(super) era: u64,
    pub(super) is_dead: bool,
}

/// Opens them.
pub(super) struct Manager {
    pub(super) address: Address,
    pub(super) era: Arc<AtomicU64>,
    pub(super) refusals: Arc<AtomicU64>,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectError;

    fn connect(&self) -> Result<Pooled, ConnectError> {
        let era = self.era.load(Ordering::Acquire);
        let connected = self.address.connect().inspect_err(|_| {
            self.refusals.fetch_add(1, Ordering::Release);
        });
        Ok(Pooled { conn: connected?, era, is_dead: false })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), ConnectError> {
        pooled.conn.ping().map_err(ConnectError::QueryError)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.is_dead || std::thread::panicking() || pooled.conn.is_broken()
    }
}

/// Tells the log why a connection could not be opened; whoever waits for it learns only that there was none.
#[derive(Debug)]
pub(super) struct LogErrors(pub(super) Backend);

impl r2d2::HandleError<ConnectError> for LogErrors {
    fn handle_error(&self, error: ConnectError) {
        tracing::warn!(backend = %self.0, %error, "cannot open a database connection");
    }
}
