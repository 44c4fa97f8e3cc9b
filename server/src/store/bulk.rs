//! A connection for somebody who writes much: an import. It is the import's alone, its transactions are short, and between
//! two of them everybody else may write.

use std::{sync::Arc, thread, time::Duration};

use diesel::{
    Connection as _, QueryResult,
    connection::SimpleConnection as _,
    result::{DatabaseErrorKind, Error},
};

#[cfg(feature = "sqlite")]
use diesel::{RunQueryDsl as _, dsl::sql, sql_types::BigInt};

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
/// that many transactions write goes there once. That is for those who are alone: see [`Bulk::tidy`]. Whoever holds the lock is waited for longer than by a request.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536; PRAGMA mmap_size = 0; \
     PRAGMA wal_autocheckpoint = 16384";
/// A statement has a thousand rows. Its plan is made anew each time: one that was made when the tables were empty would go on to
/// read the whole of them, page after page, until the database has counted them.
const POSTGRES_SESSION: &str = "SET statement_timeout = '60s'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '10min'; SET plan_cache_mode = force_custom_plan";
const MYSQL_SESSION: &str = "SET SESSION innodb_lock_wait_timeout = 10, SESSION net_read_timeout = 60, \
     SESSION net_write_timeout = 60 /*M!100100 , SESSION max_statement_time = 60 */";

/// For so many pages after somebody else has written, each page is copied into the file as soon as it is committed.
#[cfg(feature = "sqlite")]
const BESIDE: u32 = 64;

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
    #[cfg(feature = "sqlite")]
    beside: Beside,
}

/// Who else writes into an SQLite file.
#[cfg(feature = "sqlite")]
#[derive(Default)]
struct Beside {
    /// SQLite's count of what others have committed.
    version: Option<i64>,
    /// For how many more pages they are reckoned with.
    pages: u32,
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
        let mut bulk = Self {
            connections,
            conn,
            mode,
            #[cfg(feature = "sqlite")]
            beside: Beside::default(),
        };
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
        let connections = Arc::clone(&self.connections);
        let turn = connections.turn();
        if !self.connections.is_in_place() {
            return Err(Error::QueryBuilderError(Failure::Exchanged.into()));
        }
        connection::begin_write(&mut self.conn)?;
        match work(&mut self.conn).and_then(|value| connection::commit(&mut self.conn).map(|()| value)) {
            Ok(value) => {
                drop(turn);
                #[cfg(feature = "sqlite")]
                self.tidy();
                Ok(value)
            }
            Err(error) => {
                let _ = connection::rollback(&mut self.conn);
                Err(error)
            }
        }
    }

    /// Copies SQLite's log into the file where somebody else writes as well: whoever commits next would have to copy all that
    /// the import has left there, with a client waiting. `PASSIVE` waits for nobody and keeps nobody from writing.
    #[cfg(feature = "sqlite")]
    fn tidy(&mut self) {
        #[cfg_attr(
            not(any(feature = "postgres", feature = "mysql")),
            expect(irrefutable_let_patterns, reason = "such a build knows no other database")
        )]
        let AnyConnection::Sqlite(conn) = &mut self.conn else { return };
        let Ok(version) = sql::<BigInt>("PRAGMA data_version").get_result(conn) else { return };
        match self.beside.version.replace(version) {
            Some(before) if before != version => self.beside.pages = BESIDE,
            _ => self.beside.pages = self.beside.pages.saturating_sub(1),
        }
        if self.beside.pages > 0 {
            copy_log(conn);
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
        match (self.mode, &mut self.conn) {
            // The connection's end would do the same.
            (Mode::Rehearse, conn) => drop(connection::rollback(conn)),
            #[cfg(feature = "sqlite")]
            (Mode::Commit, AnyConnection::Sqlite(conn)) => copy_log(conn),
            _ => {}
        }
    }
}

/// If it fails, whoever writes next does it.
#[cfg(feature = "sqlite")]
fn copy_log(conn: &mut diesel::SqliteConnection) {
    if let Err(error) = conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)") {
        tracing::debug!(%error, "the log of writes stays where it is");
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

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::{fs, time::Duration};

    use super::*;
    use crate::{config::DatabaseUrl, store::StoreOptions};

    #[test]
    fn what_an_import_writes_is_in_the_file_before_others_have_to_copy_it() {
        const PAGE: u64 = 1_000_000;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bulk.db");
        let url = DatabaseUrl::new(format!("sqlite://{}", path.display()));
        let options = StoreOptions { url, pool_size: 2, wait: Duration::from_secs(5), at_once: 0 };
        let server = Arc::new(Connections::open(&options).unwrap());
        server.write(|conn| conn.batch_execute("CREATE TABLE words (word BLOB)")).unwrap();
        let copied = || fs::metadata(&path).unwrap().len();
        let page = |import: &mut Bulk| {
            let work = |conn: &mut AnyConnection| {
                conn.batch_execute(&format!("INSERT INTO words VALUES (randomblob({PAGE}))"))
            };
            import.page(work).unwrap();
        };

        let mut import = Bulk::open(Arc::clone(&server), Mode::Commit).unwrap();
        page(&mut import);
        page(&mut import);
        assert!(copied() < PAGE, "who is alone lets much come together");
        server.write(|conn| conn.batch_execute("INSERT INTO words VALUES ('a login')")).unwrap();
        page(&mut import);
        assert!(copied() > 3 * PAGE, "{}", copied());
        page(&mut import);
        assert!(copied() > 4 * PAGE, "and the next, too: {}", copied());
        drop(import);

        let mut import = Bulk::open(Arc::clone(&server), Mode::Commit).unwrap();
        page(&mut import);
        assert!(copied() < 5 * PAGE, "{}", copied());
        drop(import);
        assert!(copied() > 5 * PAGE, "its end leaves nothing: {}", copied());
    }
}
