//! A fresh database for a test, on every database that is there.
//!
//! SQLite is always there. PostgreSQL and MySQL/MariaDB take part if the build has their cargo feature and
//! `COUNTERSIGN_TEST_POSTGRES` or `COUNTERSIGN_TEST_MYSQL` is the URL of a user who may create databases; `.ci/databases`
//! starts both and sets both. [`crate::required`] turns "not there" into a failure.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use countersign::{
    config::DatabaseUrl,
    store::{Store, StoreOptions},
};

use crate::required::is_required;

/// An empty database of the test's own; dropping it drops the database.
pub struct Database {
    /// What a store opens.
    pub url: String,
    /// `sqlite`, `postgres` or `mysql`.
    pub name: &'static str,
    /// Removes what was created.
    _owned: Owned,
}

/// What goes with the database.
enum Owned {
    /// The folder of the SQLite file.
    Folder { _folder: tempfile::TempDir },
    /// A database on a server.
    OnServer { admin: String, database: String },
}

impl Database {
    /// How tests open a store: enough connections for 16 threads, and a wait that a busy machine does not exceed.
    pub fn options(&self) -> StoreOptions {
        StoreOptions { url: DatabaseUrl::new(&self.url), pool_size: 8, wait: Duration::from_secs(20), at_once: 1 }
    }

    /// A store on it, migrated.
    pub fn store(&self) -> Store {
        let store = Store::open(&self.options()).expect("the database is there");
        store.migrate().expect("an empty database can be migrated");
        store
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Database {
    /// Ends every session on this database, as a restart of the server does; `false` if there is no server.
    pub fn end_sessions(&self) -> bool {
        match self.name {
            "postgres" => run(
                &self.url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            ),
            "mysql" => run(
                &self.url,
                "BEGIN NOT ATOMIC FOR session IN (SELECT id FROM information_schema.processlist \
                 WHERE db = DATABASE() AND id <> CONNECTION_ID()) DO KILL session.id; END FOR; END",
            ),
            _ => return false,
        }
        true
    }
}

/// A new database of every kind that is there.
///
/// # Panics
///
/// If `COUNTERSIGN_TEST_REQUIRE` names one that is not there, or a server refuses.
pub fn databases() -> Vec<Database> {
    kinds().into_iter().map(fresh).collect()
}

/// The kinds that are there.
///
/// # Panics
///
/// If `COUNTERSIGN_TEST_REQUIRE` names one that is not there.
pub fn kinds() -> Vec<&'static str> {
    let kinds: Vec<_> = ["sqlite", "postgres", "mysql"].into_iter().filter(|kind| is_there(kind)).collect();
    for name in ["sqlite", "postgres", "mysql"] {
        assert!(
            !is_required(name) || kinds.contains(&name),
            "COUNTERSIGN_TEST_REQUIRE names {name}, which is not there: build the tests with its cargo feature \
             and set COUNTERSIGN_TEST_{} (source .ci/databases does)",
            name.to_uppercase(),
        );
    }
    kinds
}

/// A new database of this kind, which is there.
///
/// # Panics
///
/// If it is not, or its server refuses.
pub fn fresh(kind: &'static str) -> Database {
    if kind == "sqlite" { sqlite() } else { on_server(kind) }
}

fn is_there(kind: &str) -> bool {
    match kind {
        "postgres" => cfg!(feature = "postgres") && server_of(kind).is_some(),
        "mysql" => cfg!(feature = "mysql") && server_of(kind).is_some(),
        _ => true,
    }
}

/// The URL of a user who may create databases of this kind.
fn server_of(kind: &str) -> Option<String> {
    std::env::var(format!("COUNTERSIGN_TEST_{}", kind.to_uppercase())).ok().filter(|url| !url.is_empty())
}

/// A file in a folder of its own.
pub fn sqlite() -> Database {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("countersign.db").display());
    Database { url, name: "sqlite", _owned: Owned::Folder { _folder: folder } }
}

/// A name that no other test of this or another process has.
fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("countersign_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn on_server(name: &'static str) -> Database {
    let admin = server_of(name).expect("its server is there");
    let database = fresh_name();
    run(&admin, &format!("CREATE DATABASE {database}"));
    let (server, _) = admin.rsplit_once('/').expect("an URL that ends with the name of a database");
    let url = format!("{server}/{database}");
    Database { url, name, _owned: Owned::OnServer { admin, database } }
}

/// Runs statements by a connection of their own, on a server as its owner.
///
/// # Panics
///
/// If the database refuses.
pub fn run(url: &str, statement: &str) {
    use diesel::{Connection as _, connection::SimpleConnection as _};

    let outcome = match url.split_once("://") {
        Some(("sqlite", file)) => open_file(file).batch_execute(statement),
        #[cfg(feature = "postgres")]
        Some(("postgres", _)) => diesel::PgConnection::establish(url).expect(url).batch_execute(statement),
        #[cfg(feature = "mysql")]
        Some(("mysql", _)) => diesel::MysqlConnection::establish(url).expect(url).batch_execute(statement),
        _ => panic!("{url} is not the URL of a server that these tests were built for"),
    };
    outcome.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// Whoever opens the file of a program that was killed has it alone for a moment, and others wait.
fn open_file(file: &str) -> diesel::SqliteConnection {
    use diesel::{Connection as _, connection::SimpleConnection as _};

    let mut conn = diesel::SqliteConnection::establish(file).expect(file);
    conn.batch_execute("PRAGMA busy_timeout = 5000").expect(file);
    conn
}

/// The whole number that a query answers, by a connection of its own.
///
/// # Panics
///
/// If the database refuses.
pub fn number(url: &str, question: &str) -> i64 {
    use diesel::{Connection as _, RunQueryDsl as _};

    #[derive(diesel::QueryableByName)]
    struct Answer {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }

    let ask = |kind: &str| diesel::sql_query(format!("SELECT CAST(({question}) AS {kind}) AS number"));
    let answer: diesel::QueryResult<Answer> = match url.split_once("://") {
        Some(("sqlite", file)) => ask("BIGINT").get_result(&mut open_file(file)),
        #[cfg(feature = "postgres")]
        Some(("postgres", _)) => ask("BIGINT").get_result(&mut diesel::PgConnection::establish(url).expect(url)),
        #[cfg(feature = "mysql")]
        Some(("mysql", _)) => ask("SIGNED").get_result(&mut diesel::MysqlConnection::establish(url).expect(url)),
        _ => panic!("{url} is not the URL of a server that these tests were built for"),
    };
    answer.unwrap_or_else(|error| panic!("{question}: {error}")).number
}

impl Drop for Owned {
    fn drop(&mut self) {
        match self {
            Self::Folder { .. } => {}
            Self::OnServer { admin, database } if admin.starts_with("postgres") => {
                run(admin, &format!("DROP DATABASE {database} WITH (FORCE)"));
            }
            Self::OnServer { admin, database } => run(admin, &format!("DROP DATABASE {database}")),
        }
    }
}
