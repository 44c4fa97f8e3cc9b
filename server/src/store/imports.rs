//! The record of what was imported: a row for each of the source's, with the marks of its values.

mod marks;
mod record;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;

pub use self::{
    marks::Marks,
    record::{PASSWORD, Record, rehashed},
};
use super::{
    bulk::insert_rows,
    connection::AnyConnection,
    schema::{import_sources, imports},
};

/// The tables of a source that rows come from, by the numbers that stand in the record for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// `users` and `auth_user`.
    Users = 1,
    /// `personal_access_tokens`.
    PersonalAccessTokens = 2,
    /// `authtoken_token`.
    AuthTokens = 3,
    /// `knox_authtoken`.
    KnoxTokens = 4,
    /// `token_blacklist_outstandingtoken`.
    OutstandingTokens = 5,
}

/// The pages of one table of one source.
#[derive(Debug, Clone, Copy)]
pub struct Ledger {
    /// The source's number; 0 for one that is not recorded yet.
    pub source: i64,
    /// The table.
    pub subject: Subject,
}

#[derive(Insertable)]
#[diesel(table_name = imports, treat_none_as_default_value = false)]
struct Entry {
    source: i64,
    subject: i32,
    origin: i64,
    marks: String,
}

/// The number of a source; `None` if nothing was imported from it.
pub fn find_source(conn: &mut AnyConnection, name: &str) -> QueryResult<Option<i64>> {
    import_sources::table.filter(import_sources::name.eq(name)).select(import_sources::id).get_result(conn).optional()
}

/// The number of a source, which is recorded if it is new. Of a Django's users the numbers are noted to be those of its tokens.
pub fn record_source(conn: &mut AnyConnection, name: &str, is_django: bool, now: NaiveDateTime) -> QueryResult<i64> {
    if let Some(known) = find_source(conn, name)? {
        let row =
            import_sources::table.filter(import_sources::id.eq(known)).filter(import_sources::is_django.ne(is_django));
        diesel::update(row).set(import_sources::is_django.eq(is_django)).execute(conn)?;
        return Ok(known);
    }
    diesel::insert_into(import_sources::table)
        .values((
            import_sources::name.eq(name),
            import_sources::created_at.eq(now),
            import_sources::is_django.eq(is_django),
        ))
        .execute(conn)?;
    import_sources::table.filter(import_sources::name.eq(name)).select(import_sources::id).get_result(conn)
}

/// The names of the Djangos among the sources.
pub fn djangos(conn: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let djangos = import_sources::table.filter(import_sources::is_django.eq(true));
    djangos.order(import_sources::id).select(import_sources::name).load(conn)
}

/// The names of all sources.
pub fn sources(conn: &mut AnyConnection) -> QueryResult<Vec<String>> {
    import_sources::table.order(import_sources::id).select(import_sources::name).load(conn)
}

impl Ledger {
    fn subject(self) -> i32 {
        self.subject as i32
    }

    /// The entries above `after`, up to `last`: of rows that are on the page, and of those that are not there any more.
    pub fn range(self, conn: &mut AnyConnection, after: i64, last: i64) -> QueryResult<HashMap<i64, String>> {
        let rows: Vec<(i64, String)> = imports::table
            .filter(imports::source.eq(self.source))
            .filter(imports::subject.eq(self.subject()))
            .filter(imports::origin.gt(after))
            .filter(imports::origin.le(last))
            .select((imports::origin, imports::marks))
            .load(conn)?;
        Ok(rows.into_iter().collect())
    }

    /// The entry of a row.
    pub fn entry(self, conn: &mut AnyConnection, origin: i64) -> QueryResult<Option<String>> {
        imports::table.find((self.source, self.subject(), origin)).select(imports::marks).get_result(conn).optional()
    }

    /// The number of the entry above `after`, up to `last`, that has `most` entries before it there; `None` if there are fewer.
    pub fn behind(self, conn: &mut AnyConnection, (after, last): (i64, i64), most: usize) -> QueryResult<Option<i64>> {
        imports::table
            .filter(imports::source.eq(self.source))
            .filter(imports::subject.eq(self.subject()))
            .filter(imports::origin.gt(after))
            .filter(imports::origin.le(last))
            .order(imports::origin)
            .offset(i64::try_from(most).unwrap_or(i64::MAX))
            .limit(1)
            .select(imports::origin)
            .get_result(conn)
            .optional()
    }

    /// Which of these rows were imported.
    pub fn known(self, conn: &mut AnyConnection, origins: &[i64]) -> QueryResult<HashSet<i64>> {
        if origins.is_empty() {
            return Ok(HashSet::new());
        }
        let rows: Vec<i64> = imports::table
            .filter(imports::source.eq(self.source))
            .filter(imports::subject.eq(self.subject()))
            .filter(imports::origin.eq_any(origins))
            .select(imports::origin)
            .load(conn)?;
        Ok(rows.into_iter().collect())
    }

    /// Which of these numbers have rows of other sources, whatever became of them here. The sources are named one by one: by "any
    /// but this one" every database would read the whole record.
    pub fn of_others(self, conn: &mut AnyConnection, origins: &[i64]) -> QueryResult<HashSet<i64>> {
        let others: Vec<i64> =
            import_sources::table.filter(import_sources::id.ne(self.source)).select(import_sources::id).load(conn)?;
        let mut found = HashSet::new();
        for source in others {
            found.extend(Self { source, subject: self.subject }.known(conn, origins)?);
        }
        Ok(found)
    }

    /// How many rows were imported and are not known to be gone.
    pub fn count(self, conn: &mut AnyConnection) -> QueryResult<i64> {
        imports::table
            .filter(imports::source.eq(self.source))
            .filter(imports::subject.eq(self.subject()))
            .filter(imports::marks.not_like("gone:%"))
            .count()
            .get_result(conn)
    }

    /// Records rows.
    pub fn add(self, conn: &mut AnyConnection, rows: impl Iterator<Item = (i64, String)>) -> QueryResult<()> {
        let entries: Vec<Entry> =
            rows.map(|(origin, marks)| Entry { source: self.source, subject: self.subject(), origin, marks }).collect();
        if !entries.is_empty() {
            insert_rows!(conn, imports::table, &entries)?;
        }
        Ok(())
    }

    /// Records what a row is like now.
    pub fn set(self, conn: &mut AnyConnection, origin: i64, marks: &str) -> QueryResult<()> {
        let entry = imports::table
            .filter(imports::source.eq(self.source))
            .filter(imports::subject.eq(self.subject()))
            .filter(imports::origin.eq(origin));
        diesel::update(entry).set(imports::marks.eq(marks)).execute(conn)?;
        Ok(())
    }
}
