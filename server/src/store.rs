//! Users and tokens in SQLite, PostgreSQL or MySQL/MariaDB: core's two ports over one set of queries.
//!
//! [`Store::open`] chooses the database by the scheme of its URL. What differs between them is in `connection.rs`,
//! how connections are kept, replaced and retried in `pool.rs`; the rest does not know where it runs.

mod administrators;
pub(crate) mod bulk;
pub(crate) mod connection;
mod counters;
mod direct;
#[cfg(feature = "sqlite")]
mod file;
mod handle;
mod holders;
pub(crate) mod imports;
mod key_rings;
mod moment;
pub(crate) mod old_resets;
pub(crate) mod outstanding;
pub(crate) mod pool;
pub(crate) mod revocations;
pub(crate) mod rows;
pub(crate) mod schema;
pub(crate) mod subjects;
mod tokens;
mod turn;
pub(crate) mod users;

use std::{fmt, sync::Arc, time::Duration};

use countersign_core::model::Timestamp;

pub(crate) use self::bulk::Bulk;
use self::{handle::Handle, pool::Connections};
use crate::config::{DatabaseSettings, DatabaseUrl};

/// Where the database is, and how long a request may wait for it.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite://path`, `sqlite://:memory:`, `postgres://…` or `mysql://…`.
    pub url: DatabaseUrl,
    /// The most connections that are open at a time for requests; at least one. One more reads the log of revocations.
    pub pool_size: u32,
    /// How long a request waits for a free connection before it fails.
    pub wait: Duration,
    /// How many threads that serve may look up by themselves at the same moment, where the database is a file: fewer than
    /// there are, because each is stuck while the disk says nothing. 0 for whoever serves nobody.
    pub at_once: usize,
}

impl From<&DatabaseSettings> for StoreOptions {
    fn from(settings: &DatabaseSettings) -> Self {
        Self { url: settings.url.clone(), pool_size: settings.pool_size, wait: settings.wait.duration(), at_once: 0 }
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

    /// Its name as people write it.
    pub const fn product(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
        }
    }

    /// Does this build have its driver?
    pub const fn is_compiled_in(self) -> bool {
        match self {
            Self::Sqlite => cfg!(feature = "sqlite"),
            Self::Postgres => cfg!(feature = "postgres"),
            Self::Mysql => cfg!(feature = "mysql"),
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
    /// Tokens and cookies of this database were sealed and signed under other keys.
    #[error(
        "this database belongs to another key ({0}): set keys.file or keys.secret to the ring that it was made with"
    )]
    ForeignKeys(String),
    /// The database is there and refuses.
    #[error("cannot use the {backend} database: {reason}")]
    Unusable {
        /// Which database.
        backend: Backend,
        /// What the driver said.
        reason: String,
    },
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
pub struct Store(Handle);

impl Store {
    /// Connects once, so that a wrong URL is told at start, and makes the pool.
    ///
    /// # Errors
    ///
    /// An unknown scheme, a database that is not compiled in, or no connection.
    pub fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        Ok(Self(Handle::new(Arc::new(Connections::open(options)?))))
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

    /// Which migrations the database has not had yet; `None` if it has had none, so that nobody uses it.
    ///
    /// # Errors
    ///
    /// As [`Store::migrate`].
    pub fn missing(&self) -> Result<Option<Vec<String>>, OpenError> {
        self.0.missing()
    }

    /// Looks whether the database belongs to other keys than these, and records nothing.
    ///
    /// # Errors
    ///
    /// As [`Store::adopt_keys`].
    pub fn compare_keys(&self, ids: &[String]) -> Result<(), OpenError> {
        self.known_keys(self.0.read(|conn| Ok(key_rings::compare(&key_rings::recorded(conn)?, ids))))
    }

    fn known_keys(&self, found: Result<Result<(), Vec<String>>, pool::Failure>) -> Result<(), OpenError> {
        let backend = self.backend();
        match found.map_err(|failure| OpenError::Unusable { backend, reason: pool::one_line(&failure.to_string()) })? {
            Ok(()) => Ok(()),
            Err(others) => Err(OpenError::ForeignKeys(others.join(", "))),
        }
    }

    /// Ties the database to the keys with these ids ([`KeyRing::ids`](countersign_core::seal::KeyRing::ids)).
    ///
    /// The first ring is recorded. Later ones must share a key with it, and what they add is recorded too: so a ring
    /// that was given a new first key is welcome, and one that can open nothing of this database is refused before it
    /// seals anything.
    ///
    /// # Errors
    ///
    /// [`OpenError::ForeignKeys`], and nothing is written; [`OpenError::Unusable`].
    pub fn adopt_keys(&self, ids: &[String], now: Timestamp) -> Result<(), OpenError> {
        self.known_keys(self.0.write(|conn| key_rings::adopt(conn, ids, now)))
    }

    /// A connection for somebody who writes much: see [`Bulk`].
    ///
    /// # Errors
    /// What the driver said.
    pub(crate) fn bulk(&self, mode: bulk::Mode) -> Result<Bulk, OpenError> {
        Bulk::open(self.0.connections(), mode)
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
