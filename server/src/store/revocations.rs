//! The log of revocations, written in the revoking transaction and read by every process.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use countersign_core::{UserId, model::Timestamp, store::Revocation};
use diesel::prelude::*;

use super::{
    bulk::insert_rows,
    connection::AnyConnection,
    rows::stored,
    schema::{revocation_counter, revocations},
};

/// Entries that are inserted by one statement: as many as every database takes.
const MANY: usize = 1000;
/// Entries that are read by one look, so that its memory and time are bounded.
pub const PAGE: i64 = 10_000;

#[derive(Insertable)]
#[diesel(table_name = revocations, treat_none_as_default_value = false)]
struct Entry {
    id: i64,
    user_id: i64,
    created_at: NaiveDateTime,
}

/// Appends an entry; the last step of a revoking transaction.
///
/// Numbers that the database deals out appear in the order of the commits, not of the numbers: a reader that has seen 8
/// would never learn of a 7 that is committed after it. The counter's row stays locked until the commit, so here the
/// two orders are one.
pub fn log(conn: &mut AnyConnection, user: UserId, now: Timestamp) -> QueryResult<()> {
    diesel::update(revocation_counter::table)
        .set(revocation_counter::last.eq(revocation_counter::last + 1))
        .execute(conn)?;
    let number: i64 = revocation_counter::table.select(revocation_counter::last).get_result(conn)?;
    diesel::insert_into(revocations::table)
        .values((revocations::id.eq(number), revocations::user_id.eq(user.0), revocations::created_at.eq(stored(now))))
        .execute(conn)?;
    Ok(())
}

/// [`log`] of several users, by as many statements as of one.
pub fn log_all(conn: &mut AnyConnection, users: &BTreeSet<i64>, now: Timestamp) -> QueryResult<()> {
    if users.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(users.len()).unwrap_or(i64::MAX);
    diesel::update(revocation_counter::table)
        .set(revocation_counter::last.eq(revocation_counter::last + count))
        .execute(conn)?;
    let last: i64 = revocation_counter::table.select(revocation_counter::last).get_result(conn)?;
    let created_at = stored(now);
    let entries: Vec<Entry> =
        users.iter().zip(last - count + 1..).map(|(user_id, id)| Entry { id, user_id: *user_id, created_at }).collect();
    for entries in entries.chunks(MANY) {
        insert_rows!(conn, revocations::table, entries)?;
    }
    Ok(())
}

/// Locks the counter, the one row that every revocation passes by, until the end of the transaction.
pub fn lock(conn: &mut AnyConnection) -> QueryResult<()> {
    diesel::update(revocation_counter::table)
        .set(revocation_counter::last.eq(revocation_counter::last))
        .execute(conn)?;
    Ok(())
}

/// The first entries from the number `from` on, in the order of their numbers.
pub fn from(conn: &mut AnyConnection, from: i64) -> QueryResult<Vec<Revocation>> {
    let rows: Vec<(i64, i64, NaiveDateTime)> = revocations::table
        .filter(revocations::id.ge(from))
        .order(revocations::id)
        .limit(PAGE)
        .select((revocations::id, revocations::user_id, revocations::created_at))
        .load(conn)?;
    let entry =
        |(number, user, at): (i64, i64, NaiveDateTime)| Revocation { number, user: UserId(user), at: at.and_utc() };
    Ok(rows.into_iter().map(entry).collect())
}

/// The highest number that was ever given, 0 if there is none.
pub fn last(conn: &mut AnyConnection) -> QueryResult<i64> {
    revocation_counter::table.select(revocation_counter::last).get_result(conn)
}

/// Up to `batch` entries that every process has read long ago. The newest one is kept, however old it is: by it a
/// process that was stopped for hours sees that it missed some.
pub fn older(conn: &mut AnyConnection, before: Timestamp, batch: i64) -> QueryResult<Vec<i64>> {
    let newest = last(conn)?;
    revocations::table
        .filter(revocations::created_at.lt(stored(before)))
        .filter(revocations::id.ne(newest))
        .order(revocations::created_at)
        .limit(batch)
        .select(revocations::id)
        .load(conn)
}

/// Deletes entries.
pub fn forget(conn: &mut AnyConnection, entries: &[i64]) -> QueryResult<usize> {
    diesel::delete(revocations::table.filter(revocations::id.eq_any(entries))).execute(conn)
}
