//! The database that is read: one consistent snapshot, in which nothing can be written.

use std::path::Path;

use diesel::{
    Connection as _, ConnectionResult, QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::ImportError;
use crate::{
    config::DatabaseUrl,
    store::{Backend, connection::AnyConnection, pool::one_line},
};

/// The most columns that are read of a table.
pub const WIDTH: usize = 20;

/// What a path may not have inside the URI by which SQLite is told to open it for reading alone.
const IN_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Nothing is written whatever is sent; the first read begins the snapshot.
const SQLITE_SESSION: &str =
    "PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; BEGIN; SELECT COUNT(*) FROM sqlite_master";
/// Moments with a zone are shown in UTC, as Django stores them.
const POSTGRES_SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
     SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";
/// The time zone stays the server's own: Laravel writes its TIMESTAMPs in that and reads them back in it.
const MYSQL_SESSION: &str = "SET SESSION sql_mode = 'PIPES_AS_CONCAT', SESSION net_write_timeout = 600, \
     SESSION wait_timeout = 28800 /*M!100100 , SESSION max_statement_time = 0 */; \
     SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// An open snapshot.
pub struct Source {
    conn: AnyConnection,
    backend: Backend,
}

/// A column of a table, as the database describes it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Column {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its type, in the words of the database.
    #[diesel(sql_type = Text)]
    pub kind: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
}

/// The values of a row as text, in the order in which the columns were asked for.
#[derive(Debug, Clone)]
pub struct Row(Vec<Option<String>>);

impl Row {
    /// A row of these values.
    #[cfg(test)]
    pub fn of(values: Vec<Option<String>>) -> Self {
        Self(values)
    }

    /// Takes a value out of the row.
    pub fn take(&mut self, at: usize) -> Option<String> {
        self.0.get_mut(at).and_then(Option::take)
    }
}

macro_rules! cells {
    ($($cell:ident)*) => {
        #[derive(QueryableByName)]
        struct Cells {
            $(#[diesel(sql_type = Nullable<Text>)] $cell: Option<String>,)*
        }

        /// The names under which the columns are selected.
        const CELLS: [&str; WIDTH] = [$(stringify!($cell)),*];

        impl From<Cells> for Row {
            fn from(cells: Cells) -> Self {
                Self(vec![$(cells.$cell),*])
            }
        }
    };
}
cells! { c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 c11 c12 c13 c14 c15 c16 c17 c18 c19 }

impl Source {
    /// Connects and begins the snapshot.
    ///
    /// # Errors
    /// No connection, or a database that this build does not know.
    pub fn open(url: &DatabaseUrl) -> Result<Self, ImportError> {
        url.check().map_err(|reason| ImportError::Because(format!("--from {reason}")))?;
        let backend = url.backend().ok_or_else(|| ImportError::Because("--from names no database".to_owned()))?;
        let failed = |reason: &dyn std::fmt::Display| {
            ImportError::Because(format!("cannot read {}: {}", name(url), one_line(&reason.to_string())))
        };
        let mut conn = establish(url, backend).map_err(|error| failed(&error))?;
        let session = match backend {
            Backend::Sqlite => SQLITE_SESSION,
            Backend::Postgres => POSTGRES_SESSION,
            Backend::Mysql => MYSQL_SESSION,
        };
        conn.batch_execute(session).map_err(|error| failed(&error))?;
        Ok(Self { conn, backend })
    }

    /// The name of a table or column, quoted.
    pub fn quoted(&self, name: &str) -> String {
        let quote = if self.backend == Backend::Mysql { '`' } else { '"' };
        format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
    }

    /// A value as text.
    pub fn as_text(&self, value: &str) -> String {
        let kind = if self.backend == Backend::Mysql { "CHAR" } else { "TEXT" };
        format!("CAST({value} AS {kind})")
    }

    /// The columns of a table, in their order; none if there is no such table.
    ///
    /// # Errors
    /// The database's.
    pub fn columns(&mut self, table: &str) -> Result<Vec<Column>, ImportError> {
        let question = match self.backend {
            Backend::Sqlite => "SELECT name, type AS kind FROM pragma_table_info(?) ORDER BY cid",
            Backend::Postgres => {
                "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns \
                 WHERE table_name = $1 AND table_schema = ANY(current_schemas(false)) ORDER BY ordinal_position"
            }
            Backend::Mysql => {
                "SELECT CAST(column_name AS CHAR) AS name, CAST(column_type AS CHAR) AS kind \
                 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? \
                 ORDER BY ordinal_position"
            }
        };
        Ok(sql_query(question).bind::<Text, _>(table).load(&mut self.conn)?)
    }

    /// The one number that a query answers; 0 for NULL.
    ///
    /// # Errors
    /// The database's.
    pub fn number(&mut self, of: &str) -> Result<i64, ImportError> {
        let kind = if self.backend == Backend::Mysql { "SIGNED" } else { "BIGINT" };
        let found: Number = sql_query(format!("SELECT CAST(({of}) AS {kind}) AS number")).get_result(&mut self.conn)?;
        Ok(found.number.unwrap_or(0))
    }

    /// What stands in a statement for the text that [`Source::rows_with`] gives it.
    pub fn parameter(&self) -> &'static str {
        if self.backend == Backend::Postgres { "$1" } else { "?" }
    }

    /// Rows of these expressions, which are texts; `rest` is what stands behind the list: `FROM …`.
    ///
    /// # Errors
    /// The database's.
    pub fn rows(&mut self, expressions: &[String], rest: &str) -> Result<Vec<Row>, ImportError> {
        let question = self.question(expressions, rest);
        let cells: Vec<Cells> = sql_query(question).load(&mut self.conn)?;
        Ok(cells.into_iter().map(Row::from).collect())
    }

    /// [`Source::rows`], with this text for [`Source::parameter`].
    ///
    /// # Errors
    /// The database's.
    pub fn rows_with(&mut self, expressions: &[String], rest: &str, text: &str) -> Result<Vec<Row>, ImportError> {
        let question = self.question(expressions, rest);
        let cells: Vec<Cells> = sql_query(question).bind::<Text, _>(text).load(&mut self.conn)?;
        Ok(cells.into_iter().map(Row::from).collect())
    }

    fn question(&self, expressions: &[String], rest: &str) -> String {
        let nothing = self.as_text("NULL");
        let columns: Vec<String> = CELLS
            .iter()
            .enumerate()
            .map(|(at, cell)| format!("{} AS {cell}", expressions.get(at).unwrap_or(&nothing)))
            .collect();
        format!("SELECT {} {rest}", columns.join(", "))
    }
}

fn establish(url: &DatabaseUrl, backend: Backend) -> ConnectionResult<AnyConnection> {
    match backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite => {
            let path = url.expose().strip_prefix("sqlite://").unwrap_or_default();
            let uri = format!("file:{}?mode=ro", utf8_percent_encode(path, IN_URI));
            diesel::SqliteConnection::establish(&uri).map(AnyConnection::Sqlite)
        }
        #[cfg(feature = "postgres")]
        Backend::Postgres => diesel::PgConnection::establish(url.expose()).map(AnyConnection::Postgres),
        #[cfg(feature = "mysql")]
        Backend::Mysql => diesel::MysqlConnection::establish(url.expose()).map(AnyConnection::Mysql),
        #[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
        other => Err(diesel::ConnectionError::BadConnection(format!("{other} is not compiled in"))),
    }
}

/// The parameters of a URL that say which database it is, and which tables in it are meant.
const PLACES: [&str; 7] = ["host", "hostaddr", "port", "dbname", "service", "options", "unix_socket"];

/// A source's name as reports have it and later runs know it by: without user and password, and of the parameters only those
/// that say which database it is, so that a new password makes no other source of it. A file is named by its whole path.
pub fn name(url: &DatabaseUrl) -> String {
    let text = url.expose();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    if scheme == "sqlite" {
        let path = std::fs::canonicalize(rest).unwrap_or_else(|_| Path::new(rest).to_owned());
        return format!("sqlite://{}", path.display());
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let says_where = |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| PLACES.contains(&name));
    let mut places: Vec<&str> = query.split('&').filter(says_where).collect();
    places.sort_unstable();
    let sign = if places.is_empty() { "" } else { "?" };
    format!("{scheme}://{place}{sign}{}", places.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_without_its_secrets() {
        let named = |url: &str| name(&DatabaseUrl::new(url));
        assert_eq!(named("postgres://u:p@db.example:5432/app?sslmode=require"), "postgres://db.example:5432/app");
        assert_eq!(named("mysql://u:p%40x@db/app"), "mysql://db/app");
        assert_eq!(named("sqlite:///no/such.db"), "sqlite:///no/such.db");
    }

    #[test]
    fn a_source_is_named_with_what_says_which_it_is() {
        let named = |url: &str| name(&DatabaseUrl::new(url));
        assert_eq!(
            named("postgres://u:p@db/app?sslmode=require&options=-csearch_path%3Da&password=p&user=u"),
            "postgres://db/app?options=-csearch_path%3Da"
        );
        assert_eq!(named("postgres:///app?port=5433&host=x#y"), "postgres:///app?host=x&port=5433");
        assert_eq!(named("postgres:///app?host=x&port=5433"), "postgres:///app?host=x&port=5433");
        assert_ne!(named("postgres:///app?host=x"), named("postgres:///app?host=y"));
        assert_eq!(
            named("mysql://u@h/app?unix_socket=/run/a.sock&ssl_mode=x"),
            "mysql://h/app?unix_socket=/run/a.sock"
        );
    }
}
