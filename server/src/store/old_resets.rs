//! What Laravel kept of links to a new password that it mailed before the switch; the import writes it, and nobody else.

use chrono::{NaiveDateTime, TimeDelta};
use countersign_core::{Digest, UserId, model::OldReset, password::EncodedPassword};
use diesel::prelude::*;

use super::{bulk::insert_rows, connection::AnyConnection, rows::stored, schema::old_resets};

/// More than a day nobody lets a link live (`auth.passwords.users.expire`, 60 minutes unless told otherwise).
pub const LIFE: TimeDelta = TimeDelta::days(1);

#[derive(Insertable)]
#[diesel(table_name = old_resets, treat_none_as_default_value = false)]
struct Row {
    user_id: i64,
    token: String,
    vouched: String,
    created_at: NaiveDateTime,
}

/// What there is of a user. A digest that is none belongs to no password.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut AnyConnection, user: UserId) -> QueryResult<Option<OldReset>> {
    let row: Option<(String, String, NaiveDateTime)> = old_resets::table
        .filter(old_resets::user_id.eq(user.0))
        .select((old_resets::token, old_resets::vouched, old_resets::created_at))
        .get_result(conn)
        .optional()?;
    Ok(row.and_then(|(token, vouched, created_at)| {
        let vouched = Digest::from_hex(&vouched)?;
        Some(OldReset { token: EncodedPassword::new(token), vouched, created_at: created_at.and_utc() })
    }))
}

/// Puts these in the place of what there is of their users, and takes away what was mailed before `earliest`.
///
/// # Errors
/// The database's.
pub fn replace(conn: &mut AnyConnection, new: &[(UserId, OldReset)], earliest: NaiveDateTime) -> QueryResult<()> {
    let users: Vec<i64> = new.iter().map(|(user, _)| user.0).collect();
    diesel::delete(old_resets::table.filter(old_resets::created_at.lt(earliest))).execute(conn)?;
    if users.is_empty() {
        return Ok(());
    }
    diesel::delete(old_resets::table.filter(old_resets::user_id.eq_any(&users))).execute(conn)?;
    let row = |(user, reset): &(UserId, OldReset)| Row {
        user_id: user.0,
        token: reset.token.as_str().to_owned(),
        vouched: reset.vouched.to_hex(),
        created_at: stored(reset.created_at),
    };
    let rows: Vec<Row> = new.iter().map(row).collect();
    insert_rows!(conn, old_resets::table, &rows)?;
    Ok(())
}

/// Up to `batch` users whose link was mailed before.
pub fn older(conn: &mut AnyConnection, before: NaiveDateTime, batch: i64) -> QueryResult<Vec<i64>> {
    let old = old_resets::table.filter(old_resets::created_at.lt(before));
    old.order(old_resets::created_at).limit(batch).select(old_resets::user_id).load(conn)
}

/// Forgets the links of these users that were mailed before.
pub fn forget(conn: &mut AnyConnection, users: &[i64], before: NaiveDateTime) -> QueryResult<usize> {
    let theirs = old_resets::table.filter(old_resets::user_id.eq_any(users));
    diesel::delete(theirs.filter(old_resets::created_at.lt(before))).execute(conn)
}

/// Forgets that of a user who goes.
pub fn forget_of(conn: &mut AnyConnection, user: UserId) -> QueryResult<usize> {
    diesel::delete(old_resets::table.filter(old_resets::user_id.eq(user.0))).execute(conn)
}
