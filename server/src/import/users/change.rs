//! Users who were imported before. What the source changed since is taken over, unless it was changed here as well: a password
//! that somebody set here stays, and whom the owner disabled here is not enabled. A hash that a login made anew is no change.

use chrono::NaiveDateTime;
use countersign_core::{TokenKind, UserId, identifier::Kind};
use diesel::{
    dsl::{exists, not},
    prelude::*,
};

use super::{
    super::{
        page::{Outcome, Run, Verdict},
        person::{EMAIL, IS_ACTIVE, LAST_LOGIN, Newcomer, PASSWORD, PHONE, Person, ROLE, USERNAME, VALUES, VERIFIED},
        subject::Subject,
    },
    holders, holders_by_now, told,
};
use crate::store::{
    connection::AnyConnection,
    imports::{Marks, Record},
    rows::{IdentifierRow, stored},
    schema::{identifiers, outstanding_tokens, tokens, users},
    subjects,
    users::{claim_email, claim_username},
};

/// What was issued here under the old password. A simplejwt's own logins outlive it, as they do there.
const LOGINS: [&str; 3] = [TokenKind::Jwt.as_str(), TokenKind::Session.as_str(), TokenKind::Remember.as_str()];
/// No session goes on with other rights than it began with.
const SESSIONS: [&str; 1] = [TokenKind::Session.as_str()];

/// A user as they are here.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Here {
    #[diesel(embed)]
    person: Person,
    is_suspended: bool,
    suspended_at: Option<NaiveDateTime>,
}

/// Merges a user: `record` is what the source had when it was read last.
pub fn change(
    conn: &mut AnyConnection,
    run: &Run,
    newcomer: &Newcomer,
    record: Record,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    let ledger = run.ledger(Subject::Users);
    let person = &newcomer.person;
    let marks = person.marks();
    let Some((here, record)) = lock(conn, run, person.id, record)? else {
        let reason = "was deleted here and stays so".to_owned();
        outcome.say(Verdict::Kept, person.id, Some(person.named()), reason, None);
        outcome.counts.unchanged += 1;
        return if run.writes { ledger.set(conn, person.id, &marks.stored()) } else { Ok(()) };
    };

    let there = &here.person;
    let (mut merged, mut next) = (there.clone(), record.next(marks.clone()));
    let mut taken_over = [false; VALUES.len()];
    let mut kept = Vec::new();
    let marks_here = there.marks();
    for (at, name) in VALUES.iter().enumerate() {
        // Who was gone was suspended, whatever they had been.
        let is_back = record.is_gone && at == IS_ACTIVE;
        if !(is_back || marks.differ(&record.marks, at)) || !marks.differ(&marks_here, at) {
            continue;
        }
        if !has_changed(&here, &record, &marks_here, at) {
            merged.take(person, at);
            taken_over[at] = true;
        } else if at == LAST_LOGIN {
            // Somebody logged in at both: the later counts. One alone is taken over as it is, because links of mails
            // depend on it.
            if person.last_login_at > there.last_login_at {
                merged.take(person, at);
                taken_over[at] = true;
            }
        } else {
            kept.push(*name);
        }
    }
    // A proof is one of the address that it came with.
    if taken_over[EMAIL] {
        merged.take(person, VERIFIED);
        kept.retain(|name| *name != VALUES[VERIFIED]);
    } else if taken_over[VERIFIED] && merged.email != person.email {
        merged.take(there, VERIFIED);
        next.marks = next.marks.with_part_of(&record.marks, VERIFIED);
        taken_over[VERIFIED] = false;
    }
    if !kept.is_empty() {
        let reason = format!("changed there and here: {} stays as it is here", kept.join(", "));
        outcome.say(Verdict::Kept, person.id, Some(person.named()), reason, None);
    }
    if !taken_over.contains(&true) {
        outcome.counts.unchanged += 1;
        return if run.writes { ledger.set(conn, person.id, &next.stored()) } else { Ok(()) };
    }
    outcome.counts.changed += 1;
    for (at, kind) in [(USERNAME, Kind::Username), (EMAIL, Kind::Email), (PHONE, Kind::Phone)] {
        if !taken_over[at] {
            continue;
        }
        let key = newcomer.claims.iter().find(|claim| claim.kind == kind).map(|claim| claim.key.as_str());
        let is_claimed =
            if run.writes { claim(conn, newcomer, kind)? } else { could_claim(conn, run, newcomer, kind, outcome)? };
        if is_claimed {
            continue;
        }
        let holder = holders_by_now(conn, run, outcome, key.as_slice())?.into_values().next();
        let reason = format!("the new {} belongs to somebody else in the target; the old one stays", VALUES[at]);
        let target = holder.map(|holder| told(holder.user, &holder.named));
        outcome.say(Verdict::Clash, person.id, Some(person.named()), reason, target);
        // Who has no name of their own is called by the address.
        let is_called_so = there.username == there.email.clone().unwrap_or_default();
        let with_it = [(USERNAME, is_called_so), (VERIFIED, at == EMAIL)];
        for at in with_it.into_iter().filter_map(|(at, is)| is.then_some(at)).chain([at]) {
            merged.take(there, at);
            next.marks = next.marks.with_part_of(&record.marks, at);
            taken_over[at] = false;
        }
    }
    if !run.writes {
        return Ok(());
    }
    merged.updated_at = person.updated_at.or(Some(run.now));
    store(conn, run, newcomer, &merged, taken_over[IS_ACTIVE])?;
    if taken_over[IS_ACTIVE] && !merged.is_active && newcomer.suspended {
        next = next.suspended_at(run.now);
    }
    let ended = match () {
        () if taken_over[IS_ACTIVE] && !merged.is_active => Ended::Everything,
        () if taken_over[PASSWORD] => Ended::Kinds(&LOGINS),
        () if taken_over[ROLE] => Ended::Kinds(&SESSIONS),
        () => Ended::Kinds(&[]),
    };
    ledger.set(conn, person.id, &next.stored())?;
    forget(conn, run, person.id, ended, outcome)
}

/// Did somebody here give the value at this place another than the import had left?
fn has_changed(here: &Here, record: &Record, marks_here: &Marks, at: usize) -> bool {
    let Here { person, is_suspended, suspended_at } = here;
    match at {
        PASSWORD => !record.has_password(person.password.as_deref()),
        // Whom the owner disabled only the owner enables, also if the source or a run before had disabled them as well.
        IS_ACTIVE if !person.is_active => *is_suspended && !record.has_suspended(*suspended_at),
        // Who is gone was suspended: the owner enabled them.
        IS_ACTIVE if record.is_gone => true,
        _ => marks_here.differ(&record.marks, at),
    }
}

/// A user who is not in the source any more is suspended; nobody is deleted by an import.
pub fn end(conn: &mut AnyConnection, run: &Run, id: i64, record: Record, outcome: &mut Outcome) -> QueryResult<()> {
    let (there, mut record) = match lock(conn, run, id, record.clone())? {
        Some((here, record)) => (Some(here.person), record),
        None => (None, record),
    };
    outcome.counts.ended += 1;
    if let Some(there) = there.as_ref().filter(|there| there.is_active) {
        let reason = "is not in the source any more; suspended here, with what is theirs".to_owned();
        outcome.say(Verdict::Ended, id, Some(there.named()), reason, None);
    }
    if !run.writes {
        return Ok(());
    }
    if there.is_some_and(|there| there.is_active) {
        let suspended = (users::is_active.eq(false), users::is_suspended.eq(true), users::suspended_at.eq(run.now));
        diesel::update(users::table.filter(users::id.eq(id))).set(suspended).execute(conn)?;
        forget(conn, run, id, Ended::Everything, outcome)?;
        record = record.suspended_at(run.now);
    }
    record.is_gone = true;
    run.ledger(Subject::Users).set(conn, id, &record.stored())
}

/// The user as they are here, whose row stays locked until the end of the page; and the record, which is read again: a login may
/// have noted a new hash since.
fn lock(conn: &mut AnyConnection, run: &Run, id: i64, record: Record) -> QueryResult<Option<(Here, Record)>> {
    let row = users::table.filter(users::id.eq(id));
    let mut record = record;
    if run.writes {
        diesel::update(row).set(users::updated_at.eq(users::updated_at)).execute(conn)?;
        if let Some(stored) = run.ledger(Subject::Users).entry(conn, id)? {
            record = Record::read(&stored);
        }
    }
    let here = row.select(Here::as_select()).get_result(conn).optional()?;
    Ok(here.map(|here| (here, record)))
}

/// Would [`claim`] succeed? What would be in the way of others, and what would not any more, is noted for them.
fn could_claim(
    conn: &mut AnyConnection,
    run: &Run,
    newcomer: &Newcomer,
    kind: Kind,
    outcome: &mut Outcome,
) -> QueryResult<bool> {
    let id = newcomer.person.id;
    let claim = newcomer.claims.iter().find(|claim| claim.kind == kind);
    if let Some(claim) = claim {
        let held = holders_by_now(conn, run, outcome, &[claim.key.as_str()])?;
        if held.values().any(|holder| holder.user != id) {
            return Ok(!claim.required);
        }
    }
    let own = identifiers::table.filter(identifiers::user_id.eq(id)).filter(identifiers::kind.eq(kind.as_str()));
    let old: Vec<String> = own.select(identifiers::key).load(conn)?;
    outcome.accepted.freed.extend(old);
    outcome.accepted.keys.extend(claim.map(|claim| (claim.key.as_str().to_owned(), id)));
    Ok(true)
}

/// Puts the identifier of this kind in the place of the old one; `false` if somebody else holds it and it is required.
fn claim(conn: &mut AnyConnection, newcomer: &Newcomer, kind: Kind) -> QueryResult<bool> {
    let id = UserId(newcomer.person.id);
    let claim = newcomer.claims.iter().find(|claim| claim.kind == kind);
    match (kind, claim) {
        (Kind::Username, Some(claim)) => claim_username(conn, id, claim),
        // Called by the address, which is claimed as such.
        (Kind::Username, None) => Ok(true),
        (Kind::Email, claim) => claim_email(conn, id, claim),
        (Kind::Phone, claim) => {
            let key = claim.map(|claim| claim.key.as_str());
            if holders(conn, key.as_slice())?.values().any(|holder| holder.user != id.0) {
                return Ok(false);
            }
            let own = identifiers::table.filter(identifiers::user_id.eq(id.0));
            diesel::delete(own.filter(identifiers::kind.eq(kind.as_str()))).execute(conn)?;
            if let Some(key) = key {
                let row = IdentifierRow { key, kind: kind.as_str(), user_id: id.0 };
                diesel::insert_into(identifiers::table).values(&row).execute(conn)?;
            }
            Ok(true)
        }
    }
}

fn store(
    conn: &mut AnyConnection,
    run: &Run,
    newcomer: &Newcomer,
    merged: &Person,
    of_activity: bool,
) -> QueryResult<()> {
    let row = users::table.filter(users::id.eq(merged.id));
    diesel::update(row).set(merged).execute(conn)?;
    if !of_activity {
        return Ok(());
    }
    let is_suspended = !merged.is_active && newcomer.suspended;
    diesel::update(row).set(users::is_suspended.eq(is_suspended)).execute(conn)?;
    if is_suspended {
        diesel::update(row).set(users::suspended_at.eq(run.now)).execute(conn)?;
    }
    Ok(())
}

/// What is ended of a user's.
#[derive(Clone, Copy)]
enum Ended {
    /// What was issued here and what came from the source. Nothing of it works again when they are enabled: only a token that
    /// the source lost and has again is brought back, by the import that finds it there.
    Everything,
    /// Tokens of these kinds.
    Kinds(&'static [&'static str]),
}

/// Ends what is named of a user's, and what is being issued at this moment; running servers remember nothing of them then.
fn forget(conn: &mut AnyConnection, run: &Run, id: i64, ended: Ended, outcome: &mut Outcome) -> QueryResult<()> {
    match ended {
        // What the source itself signed until now ends with it.
        Ended::Everything => subjects::end(conn, UserId(id), stored(run.clock.now()))?,
        Ended::Kinds(_) => subjects::raise(conn, UserId(id))?,
    }
    let of_user = tokens::table.filter(tokens::user_id.eq(id));
    match ended {
        Ended::Everything => diesel::delete(of_user).execute(conn)?,
        Ended::Kinds([]) => 0,
        Ended::Kinds(kinds) => {
            let of_source = outstanding_tokens::table.filter(outstanding_tokens::digest.eq(tokens::digest));
            let here = of_user.filter(tokens::kind.eq_any(kinds)).filter(not(exists(of_source)));
            diesel::delete(here).execute(conn)?
        }
    };
    outcome.revoked.insert(id);
    Ok(())
}
