//! A page of users: what is new is written with its identifiers, what changed since the last run is merged, who is not in the
//! source any more is suspended.

mod change;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDateTime;
use countersign_core::identifier::{Claim, Kind};
use diesel::prelude::*;

use super::{
    page::{Outcome, Run, Verdict},
    person::{Newcomer, named},
    subject::Subject,
    user::Judged,
};
use crate::store::{
    bulk::insert_rows,
    connection::AnyConnection,
    imports::Record,
    rows::IdentifierRow,
    schema::{identifiers, users},
};

/// A user as they are inserted: a [`Person`], and what only a new one gets.
#[expect(clippy::struct_excessive_bools, reason = "the columns of the table")]
#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: i64,
    username: &'a str,
    email: Option<String>,
    phone: Option<String>,
    name: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    role: &'a str,
    is_staff: bool,
    is_superuser: bool,
    is_active: bool,
    email_verified_at: Option<NaiveDateTime>,
    password: Option<String>,
    last_login_at: Option<NaiveDateTime>,
    created_at: Option<NaiveDateTime>,
    updated_at: Option<NaiveDateTime>,
    uuid: String,
    is_suspended: bool,
    suspended_at: Option<NaiveDateTime>,
}

impl<'a> NewRow<'a> {
    fn of(newcomer: &'a Newcomer, run: &Run) -> Self {
        let person = &newcomer.person;
        Self {
            id: person.id,
            username: &person.username,
            email: person.email.clone(),
            phone: person.phone.clone(),
            name: &person.name,
            first_name: &person.first_name,
            last_name: &person.last_name,
            role: &person.role,
            is_staff: person.is_staff,
            is_superuser: person.is_superuser,
            is_active: person.is_active,
            email_verified_at: person.email_verified_at,
            password: person.password.clone(),
            last_login_at: person.last_login_at,
            created_at: person.created_at,
            updated_at: person.updated_at,
            uuid: run.random.uuid().to_string(),
            is_suspended: newcomer.suspended,
            suspended_at: newcomer.suspended.then_some(run.now),
        }
    }
}

/// Who is in the way, in a report's words.
#[derive(Clone)]
struct Holder {
    user: i64,
    is_email: bool,
    named: String,
}

/// Brings a page into the target: rows above `range.0`, up to `range.1`.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut AnyConnection,
    run: &Run,
    judged: &[(i64, Judged)],
    range: (i64, i64),
    present: &[i64],
) -> QueryResult<Outcome> {
    let ledger = run.ledger(Subject::Users);
    let mut recorded = ledger.range(conn, range.0, range.1)?;
    let mut outcome = Outcome::default();
    let mut newcomers = Vec::new();
    for (id, judged) in judged {
        let Some(stored) = recorded.remove(id) else {
            newcomers.push(judged);
            continue;
        };
        let (marks, record) = (judged.newcomer.person.marks(), Record::read(&stored));
        if marks == record.marks && !record.is_gone {
            outcome.counts.unchanged += 1;
        } else {
            change::change(conn, run, &judged.newcomer, record, &mut outcome)?;
        }
    }
    insert(conn, run, &newcomers, &mut outcome)?;
    // What is on the page and cannot be imported any more is there all the same.
    for id in present {
        recorded.remove(id);
    }
    for (id, stored) in recorded.into_iter().collect::<BTreeMap<_, _>>() {
        let record = Record::read(&stored);
        if !record.is_gone {
            change::end(conn, run, id, record, &mut outcome)?;
        }
    }
    Ok(outcome)
}

/// Writes those who are new here, as far as nothing is in their way.
fn insert(conn: &mut AnyConnection, run: &Run, newcomers: &[&Judged], outcome: &mut Outcome) -> QueryResult<()> {
    if newcomers.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = newcomers.iter().map(|judged| judged.newcomer.person.id).collect();
    let taken = who_has_ids(conn, &ids)?;
    let others = run.ledger(Subject::Users).of_others(conn, &ids)?;
    let keys: Vec<&str> =
        newcomers.iter().flat_map(|judged| &judged.newcomer.claims).map(|claim| claim.key.as_str()).collect();
    let mut held = holders_by_now(conn, run, outcome, &keys)?;

    // Names first: an address that another user of the page has for a name goes to that one.
    let mut admitted: Vec<(&Judged, Vec<&Claim>)> = Vec::with_capacity(newcomers.len());
    for judged in newcomers {
        let Newcomer { person, claims, .. } = &judged.newcomer;
        if let Some(there) = taken.get(&person.id) {
            let reason = "the id belongs to somebody else in the target".to_owned();
            outcome.say(Verdict::Clash, person.id, Some(person.named()), reason, Some(told(person.id, there)));
            continue;
        }
        if others.contains(&person.id) {
            // That source's record would take this user, and what is theirs, for its own.
            let reason = "the id was given to a user of another source, who was deleted here".to_owned();
            outcome.say(Verdict::Clash, person.id, Some(person.named()), reason, None);
            continue;
        }
        let required: Vec<&Claim> = claims.iter().filter(|claim| claim.required).collect();
        // Nobody gives way to a user who is refused for something else.
        let (mut in_the_way, mut gives_way) = (None, None);
        for claim in &required {
            let Some(holder) = held.get(claim.key.as_str()) else { continue };
            if claim.kind == Kind::Username && holder.is_email && can_give_way(conn, run, holder)? {
                gives_way = Some((*claim, holder.clone()));
            } else {
                in_the_way = Some((claim.kind, holder.clone()));
                break;
            }
        }
        if let Some((kind, holder)) = in_the_way {
            let reason = format!("the {} belongs to somebody else in the target", words(kind));
            let there = told(holder.user, &holder.named);
            outcome.say(Verdict::Clash, person.id, Some(person.named()), reason, Some(there));
            continue;
        }
        if let Some((claim, holder)) = gives_way {
            give_way(conn, run, claim, &holder, outcome)?;
        }
        for claim in &required {
            held.insert(
                claim.key.as_str().to_owned(),
                Holder { user: person.id, is_email: false, named: person.named() },
            );
        }
        admitted.push((judged, required));
    }
    for (judged, won) in &mut admitted {
        let Newcomer { person, claims, .. } = &judged.newcomer;
        for claim in claims.iter().filter(|claim| !claim.required) {
            if let Some(holder) = held.get(claim.key.as_str()).filter(|holder| holder.user != person.id) {
                let reason = format!(
                    "shares the {} with user {}, who logs in by it; this one logs in by the user name",
                    words(claim.kind),
                    holder.user
                );
                outcome.say(Verdict::Changed, person.id, Some(person.named()), reason, None);
                continue;
            }
            let holder = Holder { user: person.id, is_email: claim.kind == Kind::Email, named: person.named() };
            held.insert(claim.key.as_str().to_owned(), holder);
            won.push(claim);
        }
    }
    for (judged, won) in &admitted {
        let person = &judged.newcomer.person;
        for change in &judged.changes {
            outcome.say(Verdict::Changed, person.id, Some(person.named()), change.clone(), None);
        }
        if !run.writes {
            outcome.accepted.users.push(person.id);
            outcome.accepted.keys.extend(won.iter().map(|claim| (claim.key.as_str().to_owned(), person.id)));
        }
    }
    outcome.counts.new += admitted.len() as u64;
    if run.writes { write(conn, run, &admitted) } else { Ok(()) }
}

fn write(conn: &mut AnyConnection, run: &Run, admitted: &[(&Judged, Vec<&Claim>)]) -> QueryResult<()> {
    if admitted.is_empty() {
        return Ok(());
    }
    let rows: Vec<NewRow> = admitted.iter().map(|(judged, _)| NewRow::of(&judged.newcomer, run)).collect();
    insert_rows!(conn, users::table, &rows)?;
    // In the order of the keys, so that a registration of the same moment is waited for and not met in a deadlock.
    let mut keys: Vec<IdentifierRow> = admitted
        .iter()
        .flat_map(|(judged, won)| won.iter().map(|claim| (judged.newcomer.person.id, claim)))
        .map(|(user_id, claim)| IdentifierRow { key: claim.key.as_str(), kind: claim.kind.as_str(), user_id })
        .collect();
    keys.sort_unstable_by_key(|row| row.key);
    insert_rows!(conn, identifiers::table, &keys)?;
    let record = |judged: &Judged| {
        let record = Record::of(judged.newcomer.person.marks());
        if judged.newcomer.suspended { record.suspended_at(run.now) } else { record }
    };
    let records = admitted.iter().map(|(judged, _)| (judged.newcomer.person.id, record(judged).stored()));
    run.ledger(Subject::Users).add(conn, records)
}

/// A user name counts for more than an address by which somebody of the same source could log in as well.
fn can_give_way(conn: &mut AnyConnection, run: &Run, holder: &Holder) -> QueryResult<bool> {
    let others = identifiers::table
        .filter(identifiers::user_id.eq(holder.user))
        .filter(identifiers::kind.ne(Kind::Email.as_str()));
    let is_ours = run.ledger(Subject::Users).known(conn, &[holder.user])?.contains(&holder.user);
    Ok(is_ours && others.count().get_result::<i64>(conn)? > 0)
}

/// Who holds the address keeps the user name alone.
fn give_way(
    conn: &mut AnyConnection,
    run: &Run,
    claim: &Claim,
    holder: &Holder,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    if run.writes {
        diesel::delete(identifiers::table.filter(identifiers::key.eq(claim.key.as_str()))).execute(conn)?;
    }
    let reason = "the address is the user name of another user; this one logs in by the user name".to_owned();
    outcome.say(Verdict::Changed, holder.user, Some(holder.named.clone()), reason, None);
    Ok(())
}

/// Which of these numbers users of the target have, and who they are.
fn who_has_ids(conn: &mut AnyConnection, ids: &[i64]) -> QueryResult<HashMap<i64, String>> {
    let rows: Vec<(i64, String, Option<String>)> =
        users::table.filter(users::id.eq_any(ids)).select((users::id, users::username, users::email)).load(conn)?;
    Ok(rows.into_iter().map(|(id, username, email)| (id, named(&username, email.as_deref()))).collect())
}

/// Who holds which of these identifiers. They are few, so the users are asked for by number: joined, the databases think of
/// reading all users.
fn holders(conn: &mut AnyConnection, keys: &[&str]) -> QueryResult<HashMap<String, Holder>> {
    let rows: Vec<(String, String, i64)> = identifiers::table
        .filter(identifiers::key.eq_any(keys))
        .select((identifiers::key, identifiers::kind, identifiers::user_id))
        .load(conn)?;
    let ids: BTreeSet<i64> = rows.iter().map(|(_, _, user)| *user).collect();
    let named = if ids.is_empty() { HashMap::new() } else { who_has_ids(conn, &Vec::from_iter(ids))? };
    let holder = |(key, kind, user): (String, String, i64)| {
        let named = named.get(&user)?.clone();
        Some((key, Holder { user, is_email: kind == Kind::Email.as_str(), named }))
    };
    Ok(rows.into_iter().filter_map(holder).collect())
}

/// The same, where nothing is written after what would have been written until now.
fn holders_by_now(
    conn: &mut AnyConnection,
    run: &Run,
    outcome: &Outcome,
    keys: &[&str],
) -> QueryResult<HashMap<String, Holder>> {
    let mut held = holders(conn, keys)?;
    if run.writes {
        return Ok(held);
    }
    let of_page: HashMap<&str, i64> = outcome.accepted.keys.iter().map(|(key, user)| (key.as_str(), *user)).collect();
    for key in keys {
        if let Some(user) = of_page.get(key).copied().or_else(|| run.seen.holder(key)) {
            let holder = Holder { user, is_email: false, named: "of the same source".to_owned() };
            held.insert((*key).to_owned(), holder);
        } else if run.seen.is_freed(key) || outcome.accepted.freed.iter().any(|freed| freed == key) {
            held.remove(*key);
        }
    }
    Ok(held)
}

fn told(id: i64, named: &str) -> String {
    format!("user {id} {named}")
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Username => "user name",
        Kind::Email => "e-mail address",
        Kind::Phone => "phone number",
    }
}
