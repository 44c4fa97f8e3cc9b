//! A connection for somebody who writes much: an import. It is the import's alone, its transactions are short, and between
//! two of them everybody else may write.

use std::{sync::Arc, thread, time::Duration};

use diesel::{
    Connection as _, QueryResult,
    connection::SimpleConnection as _,
    result::{DatabaseErrorKind, Error},
};

use super::{
    Backend, OpenError,
    connection::{self, AnyConnection},
    pool::{self, Connections, Failure},
};

/// How often a transaction is run that others stand in the way of: a lock, a deadlock, a value that somebody else took after
/// the look, a database that starts again.
const TRIES: u32 = 8;
/// The pause before the second run; it doubles with each.
const PAUSE: Duration = Duration::from_millis(25);

/// Many rows go to many places of the indexes: 64 MiB of cache keep them together, and no map of the file, whose pages would
/// count as memory as well. For the same reason the log of writes may grow to 64 MiB before it goes into the file: a page of the file
/// that many transactions write goes there once. Whoever holds the lock is waited for longer than by a request.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536; PRAGMA mmap_size = 0; \
     PRAGMA wal_autocheckpoint = 16384";
/// A statement has a thousand rows. Its plan is made anew each time: one that was made when the tables were empty would go on to
/// read the whole of them, page after page, until the database has counted them.
const POSTGRES_SESSION: &str = "SET statement_timeout = '60s'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '10min'; SET plan_cache_mode = force_custom_plan";
const MYSQL_SESSION: &str = "SET SESSION innodb_lock_wait_timeout = 10, SESSION net_read_timeout = 60, \
     SESSION net_write_timeout = 60 /*M!100100 , SESSION max_statement_time = 60 */";

/// Inserts many rows by one statement. Diesel's connection of several databases has no such thing, each of them does: to
/// PostgreSQL they are copied, which costs it half of an `INSERT` with thousands of parameters. Therefore no row may embed another.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            #[cfg(feature = "sqlite")]
            $crate::store::connection::AnyConnection::Sqlite(conn) => {
                ::diesel::RunQueryDsl::execute(::diesel::insert_into($table).values($rows), conn)
            }
            #[cfg(feature = "postgres")]
            $crate::store::connection::AnyConnection::Postgres(conn) => {
                ::diesel::ExecuteCopyFromDsl::execute(::diesel::copy_from($table).from_insertable($rows), conn)
            }
            #[cfg(feature = "mysql")]
            $crate::store::connection::AnyConnection::Mysql(conn) => {
                ::diesel::RunQueryDsl::execute(::diesel::insert_into($table).values($rows), conn)
            }
        }
    };
}
pub(crate) use insert_rows;

/// What becomes of what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each piece of work is a transaction that is committed.
    Commit,
    /// All of them are one transaction, which is never committed.
    Rehearse,
    /// Nothing is written.
    Look,
}

/// The connection, and what becomes of what is written.
pub struct Bulk {
    connections: Arc<Connections>,
    conn: AnyConnection,
    mode: Mode,
}

impl Bulk {
    /// Connects; a rehearsal begins its transaction.
    pub(super) fn open(connections: Arc<Connections>, mode: Mode) -> Result<Self, OpenError> {
        let backend = connections.backend();
        let failed = |reason: &dyn std::fmt::Display| OpenError::Connect {
            backend,
            reason: pool::one_line(&reason.to_string()),
        };
        let conn = connect(&connections).map_err(|error| failed(&error))?;
        let mut bulk = Self { connections, conn, mode };
        if mode == Mode::Rehearse {
            connection::begin_write(&mut bulk.conn).map_err(|error| failed(&error))?;
        }
        Ok(bulk)
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.connections.backend()
    }

    /// Is anything written, for good or not?
    pub fn writes(&self) -> bool {
        self.mode != Mode::Look
    }

    /// Will it stay?
    pub fn commits(&self) -> bool {
        self.mode == Mode::Commit
    }

    /// Runs `work` as one transaction, and again if something that passes stood in its way.
    ///
    /// # Errors
    /// What the database said the last time.
    pub fn page<T>(&mut self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> QueryResult<T> {
        let mut tries = 1;
        loop {
            let outcome = match self.mode {
                Mode::Commit => self.transaction(&work),
                // What fails takes back its own writes, not those before it.
                Mode::Rehearse => self.conn.transaction(&work),
                Mode::Look => work(&mut self.conn),
            };
            match outcome {
                Err(error) if tries < TRIES && may_pass(&error) => {
                    thread::sleep(PAUSE * (1 << (tries - 1)));
                    tries += 1;
                    // A rehearsal whose connection is gone is over: what it had written is gone as well.
                    if self.mode != Mode::Rehearse && connection::is_lost(&mut self.conn, &error) {
                        self.reconnect();
                    }
                }
                outcome => return outcome,
            }
        }
    }

    fn transaction<T>(&mut self, work: &impl Fn(&mut AnyConnection) -> QueryResult<T>) -> QueryResult<T> {
        let _turn = self.connections.turn();
        if !self.connections.is_in_place() {
            return Err(Error::QueryBuilderError(Failure::Exchanged.into()));
        }
        connection::begin_write(&mut self.conn)?;
        match work(&mut self.conn).and_then(|value| connection::commit(&mut self.conn).map(|()| value)) {
            Ok(value) => Ok(value),
            Err(error) => {
                let _ = connection::rollback(&mut self.conn);
                Err(error)
            }
        }
    }

    /// If the database is still away, the next try finds the old connection broken and comes back here.
    fn reconnect(&mut self) {
        if let Ok(conn) = connect(&self.connections) {
            self.conn = conn;
        }
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        if self.mode == Mode::Rehearse {
            // The connection's end would do the same.
            let _ = connection::rollback(&mut self.conn);
        }
    }
}

/// Everything but what the rows themselves are wrong with. A commit that was lost may have happened: the look that every
/// page begins with finds it done.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::DatabaseError(kind, _) => !matches!(
            kind,
            DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::ReadOnlyTransaction
        ),
        Error::BrokenTransactionManager | Error::RollbackErrorOnCommit { .. } => true,
        _ => false,
    }
}

fn connect(connections: &Connections) -> Result<AnyConnection, diesel::r2d2::Error> {
    let mut conn = connections.connect()?;
    let session = match connections.backend() {
        Backend::Sqlite => SQLITE_SESSION,
        Backend::Postgres => POSTGRES_SESSION,
        Backend::Mysql => MYSQL_SESSION,
    };
    conn.batch_execute(session).map_err(diesel::r2d2::Error::QueryError)?;
    Ok(conn)
}
