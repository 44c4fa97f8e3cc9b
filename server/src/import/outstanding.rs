//! Refresh tokens of a simplejwt with its blacklist app: those that live become logins, those that were blacklisted are noted,
//! and neither becomes a login again. The tokens themselves are not read: their ids say enough.
//!
//! What is noted is the record: a later run finds what is new, and what was blacklisted since. A row that is not there any more
//! says nothing, because for simplejwt such a token goes on.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDateTime, Offset as _, Utc};
use countersign_core::{
    Digest, TokenKind, UserId,
    strategy::{foreign_digest, foreign_family},
};
use diesel::prelude::*;

use super::{
    ImportError,
    page::{Outcome, Run, Verdict},
    person::column,
    source::{Row, Source},
    subject::Subject,
    table::Field,
    user::number,
    value::{Unreadable, moment},
    zone::Zone,
};
use crate::store::{
    bulk::insert_rows,
    connection::{AnyConnection, token_end},
    outstanding::{MARGIN, noted_until},
    schema::{outstanding_tokens, tokens, users},
    subjects,
};

/// `token_blacklist_outstandingtoken`.
pub const OUTSTANDING: &[Field] = &[
    Field { name: "id", column: "id", required: true },
    Field { name: "jti", column: "jti", required: true },
    Field { name: "user_id", column: "user_id", required: true },
    Field { name: "expires_at", column: "expires_at", required: true },
    Field { name: "created_at", column: "created_at", required: false },
];
/// The place of the end among [`OUTSTANDING`].
pub const EXPIRES_AT: usize = 3;
/// Which of them are blacklisted.
const BLACKLISTED: &str = "token_blacklist_blacklistedtoken";

/// A refresh token.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// Its number there.
    pub origin: i64,
    digest: Digest,
    /// `None` if the user was deleted.
    owner: Option<i64>,
    issued_at: Option<NaiveDateTime>,
    expires_at: NaiveDateTime,
    is_blacklisted: bool,
}

#[derive(Insertable)]
#[diesel(table_name = outstanding_tokens, treat_none_as_default_value = false)]
struct NotedRow {
    digest: String,
    is_blacklisted: bool,
    expires_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = tokens, treat_none_as_default_value = false)]
struct LoginRow {
    kind: &'static str,
    user_id: i64,
    name: &'static str,
    digest: String,
    abilities: &'static str,
    family: Option<String>,
    created_at: NaiveDateTime,
    expires_at: Option<NaiveDateTime>,
}

/// The numbers of the tokens above `range.0`, up to `range.1`, that are blacklisted.
///
/// # Errors
/// The database's.
pub fn blacklisted(source: &mut Source, range: (i64, i64)) -> Result<HashSet<i64>, ImportError> {
    if source.columns(BLACKLISTED)?.is_empty() {
        return Ok(HashSet::new());
    }
    let (table, token) = (source.quoted(BLACKLISTED), source.quoted("token_id"));
    let rest = format!("FROM {table} WHERE {token} > {} AND {token} <= {}", range.0, range.1);
    let rows = source.rows(&[source.as_text(&token)], &rest)?;
    Ok(rows.into_iter().filter_map(|mut row| row.take(0)?.parse().ok()).collect())
}

/// How many tokens are blacklisted.
///
/// # Errors
/// The database's.
pub fn count_blacklisted(source: &mut Source) -> Result<i64, ImportError> {
    if source.columns(BLACKLISTED)?.is_empty() {
        return Ok(0);
    }
    let table = source.quoted(BLACKLISTED);
    source.number(&format!("SELECT COUNT(*) FROM {table}"))
}

/// What becomes of a row. Its moments are UTC wherever they name no zone: simplejwt writes them so, whatever Django's `USE_TZ` and
/// `TIME_ZONE` are.
///
/// # Errors
/// Why it cannot be imported.
pub fn judge(id: i64, mut row: Row, blacklisted: &HashSet<i64>) -> Result<Refresh, Unreadable> {
    let zone = Zone::Offset(Utc.fix());
    let jti = row.take(1).filter(|jti| !jti.is_empty()).ok_or_else(|| Unreadable("has no jti".to_owned()))?;
    let owner = row.take(2).map(|owner| number(Some(&owner))).transpose()?;
    let mut at = |place: usize| row.take(place).map_or(Ok(None), |text| moment(OUTSTANDING[place].name, &text, &zone));
    let expires_at = column(at(EXPIRES_AT)?).ok_or_else(|| Unreadable("has no expires_at".to_owned()))?;
    Ok(Refresh {
        origin: id,
        digest: foreign_digest(&jti),
        owner,
        issued_at: column(at(EXPIRES_AT + 1)?),
        expires_at,
        is_blacklisted: blacklisted.contains(&id),
    })
}

/// Brings a page into the target. Those that have expired are left out; what is blacklisted, only when that is certain.
///
/// # Errors
/// The database's.
pub fn page(conn: &mut AnyConnection, run: &Run, refreshes: &[Refresh]) -> QueryResult<Outcome> {
    let is_live = |refresh: &&Refresh| {
        let is_noted = refresh.is_blacklisted && refresh.expires_at + MARGIN > run.now;
        is_noted || refresh.expires_at > run.now
    };
    let live: Vec<&Refresh> = refreshes.iter().filter(is_live).collect();
    let digests: Vec<String> = live.iter().map(|refresh| refresh.digest.to_hex()).collect();
    let noted: Vec<(String, bool)> = outstanding_tokens::table
        .filter(outstanding_tokens::digest.eq_any(&digests))
        .select((outstanding_tokens::digest, outstanding_tokens::is_blacklisted))
        .load(conn)?;
    let mut noted: HashMap<String, bool> = noted.into_iter().collect();
    let owners = Owners::of(conn, run, &live)?;
    let mut outcome = Outcome::default();
    let (mut new, mut logins) = (Vec::new(), Vec::new());
    for (refresh, digest) in live.iter().zip(digests) {
        match noted.get(&digest) {
            Some(false) if refresh.is_blacklisted => {
                outcome.counts.changed += 1;
                if run.writes {
                    take_back(conn, &digest, &mut outcome)?;
                }
            }
            Some(_) => outcome.counts.unchanged += 1,
            None => {
                let is_login = match owners.judge(refresh) {
                    _ if refresh.is_blacklisted => false,
                    Ok(is_login) => is_login,
                    Err(reason) => {
                        outcome.say(Verdict::Refused, refresh.origin, None, reason, None);
                        continue;
                    }
                };
                outcome.counts.new += 1;
                noted.insert(digest.clone(), refresh.is_blacklisted);
                if let (true, Some(user_id)) = (is_login, refresh.owner) {
                    logins.push(LoginRow {
                        kind: TokenKind::Jwt.as_str(),
                        user_id,
                        name: "simplejwt",
                        digest: digest.clone(),
                        abilities: r#"["*"]"#,
                        family: Some(foreign_family(run.random)),
                        // A login lasts so long from when it came here.
                        created_at: run.now,
                        // The last access token that the refresh token makes outlives it.
                        expires_at: Some(token_end(conn, refresh.expires_at + run.access_lifetime)),
                    });
                }
                let (is_blacklisted, expires_at) = (refresh.is_blacklisted, noted_until(conn, refresh.expires_at));
                new.push(NotedRow { digest, is_blacklisted, expires_at });
            }
        }
    }
    if run.writes && !new.is_empty() {
        insert_rows!(conn, outstanding_tokens::table, &new)?;
    }
    if run.writes && !logins.is_empty() {
        insert_rows!(conn, tokens::table, &logins)?;
    }
    Ok(outcome)
}

/// Ends the login of a token that was blacklisted after it came here.
fn take_back(conn: &mut AnyConnection, digest: &str, outcome: &mut Outcome) -> QueryResult<()> {
    let row = outstanding_tokens::table.filter(outstanding_tokens::digest.eq(digest));
    diesel::update(row).set(outstanding_tokens::is_blacklisted.eq(true)).execute(conn)?;
    let login = tokens::table.filter(tokens::digest.eq(digest));
    let Some(user) = login.select(tokens::user_id).get_result::<i64>(conn).optional()? else { return Ok(()) };
    subjects::raise(conn, UserId(user))?;
    diesel::delete(login).execute(conn)?;
    outcome.revoked.insert(user);
    Ok(())
}

/// Whose the tokens of a page can be.
struct Owners<'a> {
    run: &'a Run<'a>,
    /// Those who came from the same source.
    known: HashSet<i64>,
    here: HashSet<i64>,
    /// When everything of theirs was ended here.
    ended: HashMap<i64, NaiveDateTime>,
}

impl<'a> Owners<'a> {
    fn of(conn: &mut AnyConnection, run: &'a Run<'a>, live: &[&Refresh]) -> QueryResult<Self> {
        let ids: Vec<i64> =
            live.iter().filter_map(|refresh| refresh.owner).collect::<HashSet<_>>().into_iter().collect();
        let known = run.ledger(Subject::Users).known(conn, &ids)?;
        let here: Vec<i64> = users::table.filter(users::id.eq_any(&ids)).select(users::id).load(conn)?;
        let ended = subjects::ended(conn, &ids)?;
        Ok(Self { run, known, here: here.into_iter().collect(), ended })
    }

    /// Does the token become a login? One that was issued before everything was ended here does not, and one of nobody's
    /// neither.
    ///
    /// # Errors
    /// Why it is refused.
    fn judge(&self, refresh: &Refresh) -> Result<bool, String> {
        let Some(owner) = refresh.owner else { return Ok(false) };
        let is_ours = self.run.seen.has_user(owner) || (self.known.contains(&owner) && self.here.contains(&owner));
        if !is_ours {
            let what = if self.known.contains(&owner) { "was deleted here" } else { "was not imported" };
            return Err(format!("its user {owner} {what}"));
        }
        let is_after = |ended_at: &NaiveDateTime| refresh.issued_at.is_some_and(|at| at > *ended_at);
        Ok(self.ended.get(&owner).is_none_or(is_after))
    }
}
