//! Users and tokens in SQLite, PostgreSQL or MySQL/MariaDB: core's two ports over one set of queries.
//!
//! [`Store::open`] chooses the database by the scheme of its URL. What differs between them is in `connection.rs`,
//! how connections are kept, replaced and retried in `pool.rs`; the rest does not know where it runs.

mod connection;
mod pool;
mod revocations;
mod rows;
mod schema;
mod subjects;
mod tokens;
mod turn;
mod users;

use std::{fmt, sync::Arc, time::Duration};

use self::pool::Connections;
use crate::config::DatabaseSettings;

/// Where the database is, and how long a request may wait for it.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite://path`, `sqlite://:memory:`, `postgres://…` or `mysql://…`.
    pub url: String,
    /// The most connections that are open at a time; at least one.
    pub pool_size: u32,
    /// How long a request waits for a free connection before it fails.
    pub wait: Duration,
}

impl From<&DatabaseSettings> for StoreOptions {
    fn from(settings: &DatabaseSettings) -> Self {
        Self { url: settings.url.expose().to_owned(), pool_size: settings.pool_size, wait: settings.wait.duration() }
    }
}

/// The databases that a build may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file (or the memory) of this process.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

impl Backend {
    /// The scheme of its URLs, which is also the name of the cargo feature that compiles it in.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a store cannot be used at all; the messages are for the owner, one line each, and hold no password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database that any build knows.
    #[error("database.url has the unknown scheme {0:?}: use sqlite://PATH, postgres://… or mysql://…")]
    UnknownScheme(String),
    /// The URL is right, this build is not.
    #[error("this build does not know {0}: build it with the cargo feature `{0}`")]
    NotCompiledIn(Backend),
    /// No connection: wrong address, wrong password, server down, no such directory.
    #[error("cannot connect to the {backend} database: {reason}")]
    Connect {
        /// Which database.
        backend: Backend,
        /// What the driver said.
        reason: String,
    },
    /// A newer program has been here.
    #[error("the database has migrations that this program does not know ({0}): it was used by a newer version")]
    UnknownMigrations(String),
    /// A migration failed.
    #[error("cannot migrate the {backend} database: {reason}")]
    Migrate {
        /// Which database.
        backend: Backend,
        /// What the driver said.
        reason: String,
    },
}

/// The database. A clone is another handle of the same pool.
#[derive(Clone)]
pub struct Store(Arc<Connections>);

impl Store {
    /// Connects once, so that a wrong URL is told at start, and makes the pool.
    ///
    /// # Errors
    ///
    /// An unknown scheme, a database that is not compiled in, or no connection.
    pub fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        Ok(Self(Arc::new(Connections::open(options)?)))
    }

    /// Brings the tables up to date and returns the versions that were applied.
    ///
    /// Any number of processes may start at once on an empty database: one migrates, the others wait and find it done.
    ///
    /// # Errors
    ///
    /// A migration that fails, or one in the database that this program does not know; then nothing is written.
    pub fn migrate(&self) -> Result<Vec<String>, OpenError> {
        self.0.migrate()
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.0.backend()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.backend())
    }
}
