//! The generation of each user, which decides whether a token may still be stored.
//!
//! Whatever takes several of a user's rows on the token side takes this row first: so two such transactions wait for
//! each other instead of meeting in a deadlock, and a mint is either before a revocation, which deletes its token, or
//! after it, and finds another generation.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use countersign_core::{NewToken, UserId};
use diesel::prelude::*;

use super::{connection::AnyConnection, schema::subjects};

/// The generation of a user; 0 if nothing is known of them.
pub fn generation(conn: &mut AnyConnection, user: UserId) -> QueryResult<i64> {
    Ok(find(conn, user)?.unwrap_or(0))
}

/// The first statement of every mint: locks the user's row, if it still has the generation that was read before the
/// proof was checked. A unique violation means that somebody else made the row meanwhile: the same again sees it.
pub fn admit(conn: &mut AnyConnection, new: &NewToken) -> QueryResult<bool> {
    if lock(conn, new)? {
        return Ok(true);
    }
    if new.generation != 0 {
        return Ok(false);
    }
    if find(conn, new.user_id)?.is_some() {
        // It has another generation; or it was made after our first look, and is what we want.
        return lock(conn, new);
    }
    insert(conn, new.user_id, 0)?;
    Ok(true)
}

/// An update that changes nothing is a lock on every database.
fn lock(conn: &mut AnyConnection, new: &NewToken) -> QueryResult<bool> {
    let unchanged =
        subjects::table.filter(subjects::user_id.eq(new.user_id.0)).filter(subjects::generation.eq(new.generation));
    Ok(diesel::update(unchanged).set(subjects::generation.eq(subjects::generation)).execute(conn)? == 1)
}

/// The first statement of every revocation: locks the user's row and raises the generation. A unique violation is as in
/// [`admit`].
pub fn raise(conn: &mut AnyConnection, user: UserId) -> QueryResult<()> {
    let row = subjects::table.filter(subjects::user_id.eq(user.0));
    if diesel::update(row).set(subjects::generation.eq(subjects::generation + 1)).execute(conn)? == 0 {
        insert(conn, user, 1)?;
    }
    Ok(())
}

/// [`raise`] where all logins of the user end: what another server signed until now ends as well. Of the clocks of several
/// servers the latest counts.
pub fn end(conn: &mut AnyConnection, user: UserId, now: NaiveDateTime) -> QueryResult<()> {
    raise(conn, user)?;
    let is_earlier = subjects::ended_at.is_null().or(subjects::ended_at.lt(now));
    let row = subjects::table.filter(subjects::user_id.eq(user.0)).filter(is_earlier);
    diesel::update(row).set(subjects::ended_at.eq(now)).execute(conn)?;
    Ok(())
}

/// When everything of the user's was ended last.
pub fn ended_at(conn: &mut AnyConnection, user: UserId) -> QueryResult<Option<NaiveDateTime>> {
    let row = subjects::table.filter(subjects::user_id.eq(user.0)).select(subjects::ended_at);
    Ok(row.get_result::<Option<NaiveDateTime>>(conn).optional()?.flatten())
}

/// When everything of these users' was ended last, of those for whom it was.
pub fn ended(conn: &mut AnyConnection, users: &[i64]) -> QueryResult<HashMap<i64, NaiveDateTime>> {
    let rows: Vec<(i64, Option<NaiveDateTime>)> = subjects::table
        .filter(subjects::user_id.eq_any(users))
        .filter(subjects::ended_at.is_not_null())
        .select((subjects::user_id, subjects::ended_at))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(user, at)| Some((user, at?))).collect())
}

fn find(conn: &mut AnyConnection, user: UserId) -> QueryResult<Option<i64>> {
    subjects::table.filter(subjects::user_id.eq(user.0)).select(subjects::generation).get_result(conn).optional()
}

fn insert(conn: &mut AnyConnection, user: UserId, generation: i64) -> QueryResult<()> {
    diesel::insert_into(subjects::table)
        .values((subjects::user_id.eq(user.0), subjects::generation.eq(generation)))
        .execute(conn)?;
    Ok(())
}
