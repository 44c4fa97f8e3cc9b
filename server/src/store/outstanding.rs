//! Refresh tokens that a Django signed, as far as they are known here, and whose they can be.

use chrono::{NaiveDateTime, TimeDelta};
use countersign_core::{
    Digest, NewToken, UserId,
    model::Timestamp,
    store::{Adopted, Noted, Origin},
};
use diesel::prelude::*;

use super::{
    connection::{AnyConnection, token_end},
    imports::Subject,
    rows::stored,
    schema::{import_sources, imports, outstanding_tokens},
    subjects, tokens,
};

/// How much longer than its token a note is kept. The end may have been read amiss: a Django without `USE_TZ` writes it as UTC, and
/// PostgreSQL takes that for the time of Django's own zone.
pub const MARGIN: TimeDelta = TimeDelta::days(1);

/// Until when a token is noted that ends then.
pub fn noted_until(conn: &AnyConnection, end: NaiveDateTime) -> NaiveDateTime {
    token_end(conn, stored((end + MARGIN).and_utc()))
}

/// What was noted of a token.
pub fn noted(conn: &mut AnyConnection, digest: &Digest) -> QueryResult<Option<Noted>> {
    let row = outstanding_tokens::table.filter(outstanding_tokens::digest.eq(digest.to_hex()));
    let found: Option<bool> = row.select(outstanding_tokens::is_blacklisted).get_result(conn).optional()?;
    Ok(found.map(|is_blacklisted| if is_blacklisted { Noted::Blacklisted } else { Noted::Adopted }))
}

/// Notes the token and stores the login that it becomes. Of two who come at once the second finds it noted, or fails for its
/// unique digest and looks again.
pub fn adopt(conn: &mut AnyConnection, new: &NewToken, until: Timestamp) -> QueryResult<Adopted> {
    if !subjects::admit(conn, new)? {
        return Ok(Adopted::Outdated);
    }
    if noted(conn, &new.digest)?.is_some() {
        return Ok(Adopted::Known);
    }
    let row = (
        outstanding_tokens::digest.eq(new.digest.to_hex()),
        outstanding_tokens::is_blacklisted.eq(false),
        outstanding_tokens::expires_at.eq(noted_until(conn, stored(until))),
    );
    diesel::insert_into(outstanding_tokens::table).values(row).execute(conn)?;
    tokens::insert(conn, new, None).map(|login| Adopted::Login(Box::new(login)))
}

/// What is known of a user whom a Django's import brought, that of `source`. None need be named while there is one Django alone:
/// the key of one of several speaks for nobody of the others.
pub fn origin(conn: &mut AnyConnection, user: UserId, source: Option<&str>) -> QueryResult<Option<Origin>> {
    // Few rows, so that the record is asked by its whole key.
    let sources: Vec<(i64, String)> = import_sources::table
        .filter(import_sources::is_django.eq(true))
        .select((import_sources::id, import_sources::name))
        .load(conn)?;
    if source.is_none() && sources.len() > 1 {
        return Ok(None);
    }
    let meant = sources.into_iter().filter(|(_, name)| source.is_none_or(|source| source == name));
    let meant: Vec<i64> = meant.map(|(number, _)| number).collect();
    let recorded = imports::table
        .filter(imports::source.eq_any(&meant))
        .filter(imports::subject.eq(Subject::Users as i32))
        .filter(imports::origin.eq(user.0));
    if recorded.select(imports::origin).first::<i64>(conn).optional()?.is_none() {
        return Ok(None);
    }
    Ok(Some(Origin { ended_at: subjects::ended_at(conn, user)?.map(|at| at.and_utc()) }))
}

/// Up to `batch` tokens that were noted until before.
pub fn older(conn: &mut AnyConnection, before: NaiveDateTime, batch: i64) -> QueryResult<Vec<String>> {
    outstanding_tokens::table
        .filter(outstanding_tokens::expires_at.lt(before))
        .order(outstanding_tokens::expires_at)
        .limit(batch)
        .select(outstanding_tokens::digest)
        .load(conn)
}

/// Forgets these.
pub fn forget(conn: &mut AnyConnection, digests: &[String]) -> QueryResult<usize> {
    diesel::delete(outstanding_tokens::table.filter(outstanding_tokens::digest.eq_any(digests))).execute(conn)
}
