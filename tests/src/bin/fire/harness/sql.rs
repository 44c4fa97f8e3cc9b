//! What the auditor asks the database itself, by a connection of its own.

use diesel::{
    Connection as _, MysqlConnection, PgConnection, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _, dsl::sql, sql_types::BigInt,
};

/// The result of a query of one number.
///
/// # Panics
/// If the database refuses.
pub fn count(url: &str, query: &str) -> i64 {
    let asked = diesel::select(sql::<BigInt>(&format!("({query})")));
    match url.split_once("://") {
        Some(("sqlite", file)) => asked.get_result(&mut sqlite(file)),
        Some(("postgres", _)) => asked.get_result(&mut PgConnection::establish(url).expect(url)),
        Some(("mysql", _)) => asked.get_result(&mut MysqlConnection::establish(url).expect(url)),
        _ => panic!("{url} is no URL of a database"),
    }
    .unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Runs statements.
///
/// # Panics
/// If the database refuses.
pub fn execute(url: &str, statements: &str) {
    match url.split_once("://") {
        Some(("sqlite", file)) => sqlite(file).batch_execute(statements),
        Some(("postgres", _)) => PgConnection::establish(url).expect(url).batch_execute(statements),
        Some(("mysql", _)) => MysqlConnection::establish(url).expect(url).batch_execute(statements),
        _ => panic!("{url} is no URL of a database"),
    }
    .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// A connection that waits for the server's own writes.
pub fn sqlite(file: &str) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(file).expect(file);
    conn.batch_execute("PRAGMA busy_timeout = 10000").expect("a pragma");
    conn
}
