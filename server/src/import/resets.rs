//! Links to a new password that Laravel mailed shortly before: it keeps a hash of each token, by which they can be followed here.
//!
//! They live for an hour, so this is no table of the record: each run brings what is there.

use std::collections::HashSet;

use countersign_core::{
    UserId,
    model::{OldReset, Timestamp},
    password::{EncodedPassword, PasswordScheme},
};
use diesel::QueryResult;

use super::{
    ImportError,
    source::{Row, Source},
    subject::Subject,
    table::Table,
    value::moment,
    work::Work,
};
use crate::store::{old_resets, pool::one_line};

/// Laravel's table, and what it was called before version 10.
const TABLES: [&str; 2] = ["password_reset_tokens", "password_resets"];
/// More were not mailed in a day, and are taken by one statement.
const MOST: usize = 5_000;

/// Places in [`super::user::LARAVEL`].
const ID: usize = 0;
const EMAIL: usize = 2;
const PASSWORD: usize = 7;

/// Brings over what may still be followed, of users who were imported; what the owner may want to know.
///
/// # Errors
/// The databases'.
pub fn bring(work: &mut Work, users: &Table) -> Result<Option<String>, ImportError> {
    let now = work.run.now.and_utc();
    let mut found = Vec::new();
    for table in TABLES {
        if found.is_empty() && has_them(&mut work.source, table)? {
            let rows = match rows(&mut work.source, table, users) {
                Ok(rows) => rows,
                // Everything that counts is here by now; for this nobody should run it again.
                Err(error) => {
                    return Ok(Some(format!("links to a new password could not be read from {table}: {error}")));
                }
            };
            let zone = &work.options.rules.zone;
            let at = |text: &str| moment("created_at", text, zone).ok().flatten();
            found = rows.into_iter().filter_map(|row| read(row, at, now)).collect();
            // `password_resets` has a row for each mail: the latest counts.
            let mut seen = HashSet::new();
            found.retain(|(user, _)| seen.insert(*user));
        }
    }
    if !work.run.writes {
        return Ok(None);
    }
    let (ledger, earliest) = (work.run.ledger(Subject::Users), work.run.now - old_resets::LIFE);
    let taken = work.bulk.page(|conn| -> QueryResult<usize> {
        let numbers: Vec<i64> = found.iter().map(|(user, _)| user.0).collect();
        let known = ledger.known(conn, &numbers)?;
        let theirs: Vec<_> = found.iter().filter(|(user, _)| known.contains(&user.0)).cloned().collect();
        old_resets::replace(conn, &theirs, earliest)?;
        Ok(theirs.len())
    });
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => {
            return Ok(Some(format!("links to a new password could not be kept: {}", one_line(&error.to_string()))));
        }
    };
    Ok((taken > 0).then(|| {
        let links = if taken == 1 { "link" } else { "links" };
        format!("{taken} {links} to a new password, mailed in the last day, can be followed here while they live")
    }))
}

fn has_them(source: &mut Source, table: &str) -> Result<bool, ImportError> {
    let columns = source.columns(table)?;
    Ok(["email", "token", "created_at"].iter().all(|wanted| columns.iter().any(|column| column.name == *wanted)))
}

/// The latest first: number, address and hash of the user, hash of the token, moment.
fn rows(source: &mut Source, table: &str, users: &Table) -> Result<Vec<Row>, ImportError> {
    let column =
        |source: &Source, place: usize| format!("u.{}", source.quoted(users.column(place).unwrap_or_default()));
    let reset = |source: &Source, name: &str| format!("r.{}", source.quoted(name));
    let email = column(source, EMAIL);
    let expressions = [
        column(source, ID),
        email.clone(),
        column(source, PASSWORD),
        reset(source, "token"),
        reset(source, "created_at"),
    ];
    let rest = format!(
        "FROM {} r JOIN {} u ON {email} = {} ORDER BY {} DESC LIMIT {MOST}",
        source.quoted(table),
        source.quoted(&users.name),
        reset(source, "email"),
        reset(source, "created_at"),
    );
    let expressions: Vec<String> = expressions.iter().map(|value| source.as_text(value)).collect();
    source.rows(&expressions, &rest)
}

/// A row that may still be followed. What cannot be read is nobody's link.
fn read(mut row: Row, moment: impl Fn(&str) -> Option<Timestamp>, now: Timestamp) -> Option<(UserId, OldReset)> {
    let id: i64 = row.take(0)?.parse().ok()?;
    let (email, password, token) = (row.take(1)?, row.take(2).unwrap_or_default(), EncodedPassword::new(row.take(3)?));
    let created_at = moment(&row.take(4)?)?;
    // One that would cost minutes is no hash of Laravel's (row A11).
    let is_sound = PasswordScheme::of(&token).is_ok() && now - created_at <= old_resets::LIFE;
    is_sound.then(|| (UserId(id), OldReset { token, vouched: OldReset::vouch(&password, &email), created_at }))
}
