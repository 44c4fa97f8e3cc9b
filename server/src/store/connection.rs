//! Every difference between the databases: how to connect, what a session needs, how a write begins, how migrations
//! are applied by one process at a time.

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("a store needs a database: enable at least one of the features `sqlite`, `postgres`, `mysql`");

#[cfg(feature = "sqlite")]
use std::sync::Arc;
use std::{collections::HashSet, io};

use chrono::NaiveDateTime;
use diesel::{
    Connection, ConnectionResult, QueryResult,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    migration::{Migration, MigrationSource, MigrationVersion},
    r2d2::Error as ConnectError,
    result::{DatabaseErrorKind, Error},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

#[cfg(feature = "sqlite")]
use super::file;
use super::{Backend, OpenError};
use crate::config::DatabaseUrl;

/// A connection to whichever database the URL names.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
    /// MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(diesel::MysqlConnection),
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(diesel::SqliteConnection),
}

/// Does the same on whichever connection it is, as the database's own. A query that is asked with every verification is
/// written out once a database when this is compiled; through [`AnyConnection`] its text is put together at each use.
macro_rules! natively {
    ($conn:expr, |$own:ident| $work:expr) => {
        match $conn {
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres($own) => $work,
            #[cfg(feature = "mysql")]
            AnyConnection::Mysql($own) => $work,
            #[cfg(feature = "sqlite")]
            AnyConnection::Sqlite($own) => $work,
        }
    };
}
pub(super) use natively;

#[cfg(feature = "postgres")]
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
#[cfg(feature = "mysql")]
const MYSQL_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/mysql");
#[cfg(feature = "sqlite")]
const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

/// What every SQLite connection sets.
///
/// - `busy_timeout`: a request has waited for its connection already, at most `wait`. One second more for another
///   process's write keeps the whole near `wait` + 1 s; writers of this process do not meet here (`turn.rs`).
/// - `synchronous=FULL`: an acknowledged write survives a power cut.
/// - `cache_size` (KiB, negative): 8 MiB a connection.
#[cfg(feature = "sqlite")]
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 1000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
     PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY";

/// Every connection reads from a map of the file: as much of it as this (bytes), or as SQLite was built for if that is less.
/// Among millions of tokens every look-up needs other pages, and a page outside of the map is a system call and a copy. A map
/// takes no memory but the file's in the system's cache.
#[cfg(feature = "sqlite")]
const SQLITE_MAP: &str = "PRAGMA mmap_size = 1099511627776";

/// Readers do not wait for the writer. The mode is kept in the file: only the first connection ever changes it.
#[cfg(feature = "sqlite")]
const SQLITE_JOURNAL: &str = "PRAGMA journal_mode = WAL";
/// That change needs the file alone and does not wait for it as other statements do: where many start at once, it is
/// tried for two seconds.
#[cfg(feature = "sqlite")]
const SQLITE_JOURNAL_TRIES: u32 = 100;
#[cfg(feature = "sqlite")]
const SQLITE_JOURNAL_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// No statement of ours takes long. One that waits long for a lock makes way for a 503, as with SQLite; but not before
/// the database has looked for a deadlock (after 1 s, `deadlock_timeout`), whose victim can try again.
#[cfg(feature = "postgres")]
const POSTGRES_SESSION: &str = "SET statement_timeout = '3s'; SET lock_timeout = '1500ms'; \
     SET idle_in_transaction_session_timeout = '30s'";

/// An update sees what was committed while it waited, whatever isolation the database has as its default.
#[cfg(feature = "postgres")]
const POSTGRES_BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// The connection string's own settings win. `tcp_user_timeout` (milliseconds) ends the wait for a peer that vanished before it
/// took what was sent. One that vanished afterwards, and whose answer is waited for, is asked by the keepalives (seconds): the
/// system's own begin after two hours. A replica takes no writes and may know less than its primary, what was revoked for instance:
/// of several servers that the URL names, only the one that writes is used (`target_session_attrs`).
#[cfg(feature = "postgres")]
const POSTGRES_PARAMETERS: [(&str, &str); 7] = [
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "5000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
    ("application_name", "countersign"),
    ("target_session_attrs", "read-write"),
];

/// `READ COMMITTED`: an update sees what was committed while it waited, and there are no gap locks to meet in.
/// `PIPES_AS_CONCAT` is diesel's own need. The comment is a statement to MariaDB alone; MySQL has no such limit.
#[cfg(feature = "mysql")]
const MYSQL_SESSION: &str = "SET SESSION time_zone = '+00:00', \
     SESSION sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION', \
     SESSION innodb_lock_wait_timeout = 1, SESSION lock_wait_timeout = 1, \
     SESSION net_read_timeout = 5, SESSION net_write_timeout = 5 \
     /*M!100100 , SESSION max_statement_time = 3 */; \
     SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// How long a start waits for another process that migrates, in seconds.
const MIGRATION_WAIT_S: u32 = 60;

/// A URL whose database this build knows.
#[derive(Clone)]
pub struct Address {
    /// Which database.
    pub backend: Backend,
    url: DatabaseUrl,
    /// The file, once it was opened.
    #[cfg(feature = "sqlite")]
    watch: Option<Arc<file::Watch>>,
}

impl Address {
    /// Reads the scheme.
    pub fn parse(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let backend = url.backend().ok_or_else(|| OpenError::UnknownScheme(url.scheme().to_owned()))?;
        if !backend.is_compiled_in() {
            return Err(OpenError::NotCompiledIn(backend));
        }
        Ok(Self {
            backend,
            url: url.clone(),
            #[cfg(feature = "sqlite")]
            watch: None,
        })
    }

    /// A database that is gone with its connection: there can be only one, for ever.
    pub fn is_in_memory(&self) -> bool {
        self.url.expose() == "sqlite://:memory:"
    }

    /// The file of an SQLite database.
    #[cfg(feature = "sqlite")]
    pub fn file(&self) -> Option<&str> {
        self.url.expose().strip_prefix("sqlite://").filter(|path| *path != ":memory:")
    }

    /// The same address for all further connections: if it is a file's, they open the file that it leads to now, or
    /// none.
    ///
    /// # Errors
    /// What the system says of the file.
    pub fn settled(self) -> io::Result<Self> {
        #[cfg(feature = "sqlite")]
        if let Some(path) = self.file() {
            let watch = Some(Arc::new(file::Watch::begin(path)?));
            return Ok(Self { watch, ..self });
        }
        Ok(self)
    }

    /// Looks whether the file is still the one that was opened first.
    pub fn look(&self) {
        #[cfg(feature = "sqlite")]
        if let Some(watch) = &self.watch {
            watch.look();
        }
    }

    /// Was it another one, when it was last looked? Always `false` where there is no file.
    pub fn is_exchanged(&self) -> bool {
        #[cfg(feature = "sqlite")]
        if let Some(watch) = &self.watch {
            return watch.is_exchanged();
        }
        false
    }

    /// Opens a connection and sets up its session.
    ///
    /// Never by the derived `establish`: that tries each database in turn, loses the error, and SQLite opens any text
    /// as a file.
    pub fn connect(&self) -> Result<AnyConnection, ConnectError> {
        let mut conn = self.establish().map_err(ConnectError::ConnectionError)?;
        set_up(&mut conn).map_err(ConnectError::QueryError)?;
        Ok(conn)
    }

    /// Opens a connection with this session alone, which decides whether anything is waited for: what the file needs was set
    /// up when the first connection was opened.
    ///
    /// # Errors
    /// As [`Address::connect`].
    pub fn connect_bare(&self, session: &str) -> Result<AnyConnection, ConnectError> {
        let mut conn = self.establish().map_err(ConnectError::ConnectionError)?;
        conn.batch_execute(session).map_err(ConnectError::QueryError)?;
        Ok(conn)
    }

    fn establish(&self) -> ConnectionResult<AnyConnection> {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite => {
                match (&self.watch, self.file()) {
                    (Some(watch), _) => watch.check()?,
                    (None, Some(path)) => file::create_private(path)?,
                    (None, None) => {}
                }
                let mut conn = diesel::SqliteConnection::establish(self.file().unwrap_or(":memory:"))?;
                conn.batch_execute(SQLITE_MAP).map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                // It may have been exchanged between the look and the opening.
                self.watch.as_ref().map_or(Ok(()), |watch| watch.check())?;
                Ok(AnyConnection::Sqlite(conn))
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres => {
                diesel::PgConnection::establish(&with_parameters(self.url.expose())).map(AnyConnection::Postgres)
            }
            #[cfg(feature = "mysql")]
            Backend::Mysql => diesel::MysqlConnection::establish(self.url.expose()).map(AnyConnection::Mysql),
            #[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
            other => Err(diesel::ConnectionError::BadConnection(format!("{other} is not compiled in"))),
        }
    }
}

#[cfg(feature = "postgres")]
fn with_parameters(url: &str) -> String {
    POSTGRES_PARAMETERS.iter().fold(url.to_owned(), |url, (name, value)| {
        if url.contains(&format!("{name}=")) {
            return url;
        }
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}{name}={value}")
    })
}

fn set_up(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => {
            conn.batch_execute(SQLITE_SESSION)?;
            let mut outcome = conn.batch_execute(SQLITE_JOURNAL);
            for _ in 0..SQLITE_JOURNAL_TRIES {
                if outcome.is_ok() {
                    break;
                }
                std::thread::sleep(SQLITE_JOURNAL_PAUSE);
                outcome = conn.batch_execute(SQLITE_JOURNAL);
            }
            outcome
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => conn.batch_execute(POSTGRES_SESSION),
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => conn.batch_execute(MYSQL_SESSION),
    }
}

/// The last moment that the driver's values of type `TIMESTAMP` hold, in seconds since 1970.
#[cfg(feature = "mysql")]
const LAST_TIMESTAMP: i64 = 2_147_483_647;

/// The end of a token as this database takes it: MySQL and MariaDB make NULL, which is no end at all, of what is later than
/// they hold. There a token ends in 2038.
pub fn token_end(conn: &AnyConnection, at: NaiveDateTime) -> NaiveDateTime {
    match conn {
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(_) => {
            at.min(chrono::DateTime::from_timestamp(LAST_TIMESTAMP, 0).unwrap_or_default().naive_utc())
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => at,
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(_) => at,
    }
}

/// Begins a transaction that writes.
pub fn begin_write(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        // A transaction that reads first and then writes fails with "database is locked", whatever the timeout.
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, POSTGRES_BEGIN),
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
}

/// Commits what [`begin_write`] began.
pub fn commit(conn: &mut AnyConnection) -> QueryResult<()> {
    AnyConnection::commit_transaction(conn)
}

/// Takes back what was written since [`begin_write`].
pub fn rollback(conn: &mut AnyConnection) -> QueryResult<()> {
    AnyConnection::rollback_transaction(conn)
}

/// Did the database end this transaction because of another one? Then the same again may succeed.
///
/// Diesel names MySQL's deadlock and everybody's serialisation failure, but hides the SQLSTATE of PostgreSQL's deadlock,
/// whose message is in the server's language. Its details are not: one line for each of the processes that met.
pub fn is_collision(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            information.message().contains("deadlock")
                || information.details().is_some_and(|details| details.lines().count() > 1)
        }
        _ => false,
    }
}

/// Is the connection gone? Only some drivers name that error; whether the server still answers settles it.
pub fn is_lost(conn: &mut AnyConnection, error: &Error) -> bool {
    use diesel::r2d2::R2D2Connection as _;

    match error {
        // One that writes nothing has become a replica: another that the URL names may have taken over.
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction, _) => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown | DatabaseErrorKind::UnableToSendCommand, _)
        | Error::BrokenTransactionManager
        | Error::RollbackErrorOnCommit { .. } => conn.ping().is_err(),
        _ => false,
    }
}

/// Applies what is missing, one process at a time; returns the versions. Refuses unknown versions and writes nothing.
pub fn migrate(conn: &mut AnyConnection, backend: Backend) -> Result<Vec<String>, OpenError> {
    let failed = |reason: &dyn std::fmt::Display| OpenError::Migrate { backend, reason: reason.to_string() };
    lock_migrations(conn).map_err(|error| failed(&error))?;
    let outcome = run_migrations(conn, backend);
    let unlocked = unlock_migrations(conn, outcome.is_ok()).map_err(|error| failed(&error));
    let applied = outcome?;
    unlocked?;
    Ok(applied)
}

/// Which migrations there are.
pub struct Versions {
    embedded: EmbeddedMigrations,
    /// Those that are missing.
    pub missing: Vec<String>,
    /// Has there been none yet?
    pub is_empty: bool,
}

/// Looks which migrations are missing.
///
/// # Errors
/// [`OpenError::UnknownMigrations`], [`OpenError::Migrate`].
pub fn versions(conn: &mut AnyConnection, backend: Backend) -> Result<Versions, OpenError> {
    type Known = Vec<Box<dyn Migration<MultiBackend>>>;
    let failed =
        |reason: Box<dyn std::error::Error + Send + Sync>| OpenError::Migrate { backend, reason: reason.to_string() };

    let embedded = match conn {
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(_) => SQLITE_MIGRATIONS,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => POSTGRES_MIGRATIONS,
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(_) => MYSQL_MIGRATIONS,
    };
    let known: Known = embedded.migrations().map_err(failed)?;
    let known: Vec<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    let applied: HashSet<String> =
        conn.applied_migrations().map_err(failed)?.iter().map(MigrationVersion::to_string).collect();
    let mut unknown: Vec<String> = applied.iter().filter(|version| !known.contains(version)).cloned().collect();
    if !unknown.is_empty() {
        unknown.sort();
        return Err(OpenError::UnknownMigrations(unknown.join(", ")));
    }
    let missing = known.into_iter().filter(|version| !applied.contains(version)).collect();
    Ok(Versions { embedded, missing, is_empty: applied.is_empty() })
}

fn run_migrations(conn: &mut AnyConnection, backend: Backend) -> Result<Vec<String>, OpenError> {
    let embedded = versions(conn, backend)?.embedded;
    let applied = conn
        .run_pending_migrations(embedded)
        .map_err(|reason| OpenError::Migrate { backend, reason: reason.to_string() })?;
    Ok(applied.iter().map(MigrationVersion::to_string).collect())
}

/// SQLite and PostgreSQL migrate in one transaction, which is the lock of the one and holds that of the other. MySQL
/// commits after every `CREATE`, so it takes a lock of the session.
fn lock_migrations(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => {
            conn.batch_execute(&format!("PRAGMA busy_timeout = {}", MIGRATION_WAIT_S * 1000))?;
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => {
            /// Any number that no other program uses on this database: "csgn" in ASCII.
            const LOCK: u32 = 0x6373_676e;
            AnsiTransactionManager::begin_transaction_sql(conn, POSTGRES_BEGIN)?;
            conn.batch_execute(&format!(
                "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{MIGRATION_WAIT_S}s'; \
                 SELECT pg_advisory_xact_lock({LOCK})"
            ))
        }
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => {
            use diesel::{RunQueryDsl as _, dsl::sql, sql_types::BigInt, sql_types::Nullable};

            conn.batch_execute(&format!(
                "SET SESSION lock_wait_timeout = {MIGRATION_WAIT_S} /*M!100100 , SESSION max_statement_time = 0 */"
            ))?;
            // Names of locks are the server's, not the database's, and have at most 64 characters.
            let question = format!("GET_LOCK(LEFT(CONCAT('countersign.', DATABASE()), 64), {MIGRATION_WAIT_S})");
            let got: Option<i64> = diesel::select(sql::<Nullable<BigInt>>(&question)).get_result(conn)?;
            if got == Some(1) { Ok(()) } else { Err(Error::QueryBuilderError("another process is migrating".into())) }
        }
    }
}

fn unlock_migrations(conn: &mut AnyConnection, succeeded: bool) -> QueryResult<()> {
    match conn {
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => {
            end(conn, succeeded)?;
            conn.batch_execute(SQLITE_SESSION)
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => end(conn, succeeded),
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => {
            // What MySQL has committed stays, whether the rest succeeded or not.
            let _ = succeeded;
            conn.batch_execute("DO RELEASE_LOCK(LEFT(CONCAT('countersign.', DATABASE()), 64))")?;
            conn.batch_execute(MYSQL_SESSION)
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn end<C: Connection<TransactionManager = AnsiTransactionManager>>(conn: &mut C, succeeded: bool) -> QueryResult<()> {
    if succeeded {
        AnsiTransactionManager::commit_transaction(conn)
    } else {
        AnsiTransactionManager::rollback_transaction(conn)
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::DatabaseErrorInformation;

    use super::*;

    /// A message in a language that we do not read, and its details.
    struct Said(&'static str, Option<&'static str>);

    impl DatabaseErrorInformation for Said {
        fn message(&self) -> &str {
            self.0
        }
        fn details(&self) -> Option<&str> {
            self.1
        }
        fn hint(&self) -> Option<&str> {
            None
        }
        fn table_name(&self) -> Option<&str> {
            None
        }
        fn column_name(&self) -> Option<&str> {
            None
        }
        fn constraint_name(&self) -> Option<&str> {
            None
        }
        fn statement_position(&self) -> Option<i32> {
            None
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_server_that_vanished_is_noticed_within_seconds_unless_the_url_says_otherwise() {
        assert_eq!(
            with_parameters("postgres://db/auth?keepalives_idle=60"),
            "postgres://db/auth?keepalives_idle=60&connect_timeout=3&tcp_user_timeout=5000&keepalives_interval=2\
             &keepalives_count=3&application_name=countersign&target_session_attrs=read-write"
        );
        assert!(with_parameters("postgres://db/auth").contains("&keepalives_idle=5&"));
    }

    #[test]
    fn a_deadlock_is_known_in_every_language() {
        let is_one = |message, details| {
            is_collision(&Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(Said(message, details))))
        };
        assert!(is_one("deadlock detected", None));
        assert!(is_one("обнаружена взаимоблокировка", Some("Процесс 7 ожидает 8.\nПроцесс 8 ожидает 7.")));
        assert!(!is_one("canceling statement due to lock timeout", None));
        assert!(!is_one("нарушено что-то другое", Some("Одна строка.")));
    }
}
