//! A page of tokens: what is new is written, what changed since the last run is merged, what is not in the source any more is
//! revoked. What was revoked here stays so.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use chrono::NaiveDateTime;
use countersign_core::{
    TokenKind, UserId,
    strategy::{DjoserToken, KnoxEdition},
};
use diesel::prelude::*;

use super::{
    page::{Outcome, Run, Verdict},
    subject::Subject,
    token::{self, Bearer, DIGEST, EXPIRES, LAST_USED, OWNER, VALUES},
};
use crate::store::{
    bulk::insert_rows,
    connection::{self, AnyConnection},
    imports::Marks,
    schema::{tokens, users},
    subjects,
};

/// Tokens as they are inserted, with the columns in front of those that all of them have.
macro_rules! new_row {
    ($(#[$told:meta])* $name:ident { $($own:ident: $kind:ty,)* }) => {
        $(#[$told])*
        #[derive(Insertable)]
        #[diesel(table_name = tokens, treat_none_as_default_value = false)]
        struct $name<'a> {
            $($own: $kind,)*
            kind: &'static str,
            user_id: i64,
            name: &'a str,
            digest: String,
            sealed: Option<String>,
            abilities: &'a str,
            created_at: Option<NaiveDateTime>,
            last_used_at: Option<NaiveDateTime>,
            expires_at: Option<NaiveDateTime>,
            slot: Option<String>,
        }

        impl<'a> $name<'a> {
            fn of($($own: $kind,)* bearer: &'a Bearer, slot: Option<&String>, run: &Run) -> Self {
                let seal = |secret| DjoserToken::seal(run.keys, run.random, UserId(bearer.owner), secret);
                Self {
                    $($own,)*
                    kind: bearer.kind.as_str(),
                    user_id: bearer.owner,
                    name: &bearer.name,
                    digest: bearer.digest.to_hex(),
                    sealed: bearer.secret.as_ref().map(seal),
                    abilities: &bearer.abilities,
                    created_at: bearer.created_at,
                    last_used_at: bearer.last_used_at,
                    expires_at: bearer.expires_at,
                    slot: slot.cloned(),
                }
            }
        }
    };
}
new_row! {
    /// A token to which the database gives a number.
    NewRow {}
}
new_row! {
    /// A token that keeps the number that it had.
    NumberedRow { id: i64, }
}

/// A token that is here already.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tokens)]
struct Held {
    id: i64,
    kind: String,
    user_id: i64,
    name: String,
    digest: String,
    abilities: String,
    last_used_at: Option<NaiveDateTime>,
    expires_at: Option<NaiveDateTime>,
}

impl Held {
    fn marks(&self) -> Marks {
        let owner = self.user_id.to_string();
        token::marks(&self.digest, &owner, &self.name, &self.abilities, self.expires_at, self.last_used_at)
    }

    fn told(&self) -> String {
        format!("token {} ({}) of user {}", self.id, self.kind, self.user_id)
    }
}

/// Brings a page into the target: rows above `range.0`, up to `range.1`; `present` are the numbers of all of them.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut AnyConnection,
    run: &Run,
    subject: Subject,
    bearers: &[Bearer],
    range: (i64, i64),
    present: &[i64],
) -> QueryResult<Outcome> {
    let bearers = bounded(conn, bearers);
    let ledger = run.ledger(subject);
    let mut recorded = ledger.range(conn, range.0, range.1)?;
    let mut outcome = Outcome::default();
    let (mut new, mut again, mut back) = (Vec::new(), HashSet::new(), HashSet::new());
    for bearer in bearers.iter() {
        let Some(stored) = recorded.remove(&bearer.origin) else {
            new.push(bearer);
            continue;
        };
        let marks = bearer.marks();
        let (base, is_gone) = Marks::read(&stored);
        if marks == base && !is_gone {
            outcome.counts.unchanged += 1;
        } else if is_gone || marks.differ(&base, DIGEST) || marks.differ(&base, OWNER) {
            // Another token under the same number, or Django's next one of the same user.
            if run.writes && !is_gone {
                revoke(conn, subject, bearer.origin, &base, &mut outcome)?;
            }
            if is_gone && !marks.differ(&base, DIGEST) {
                back.insert(bearer.origin);
            }
            again.insert(bearer.origin);
            new.push(bearer);
        } else {
            change(conn, run, subject, bearer, &base, &mut outcome)?;
        }
    }
    let new = living(conn, run, subject, new, (&again, &back), &mut outcome)?;
    insert(conn, run, subject, &new, &again, &mut outcome)?;
    for origin in present {
        recorded.remove(origin);
    }
    for (origin, stored) in recorded.into_iter().collect::<BTreeMap<_, _>>() {
        let (base, is_gone) = Marks::read(&stored);
        if is_gone {
            continue;
        }
        outcome.counts.ended += 1;
        if run.writes {
            revoke(conn, subject, origin, &base, &mut outcome)?;
            ledger.set(conn, origin, &base.stored_gone())?;
        }
    }
    Ok(outcome)
}

/// The tokens with the ends that this database can hold: by these they are compared.
fn bounded<'a>(conn: &AnyConnection, bearers: &'a [Bearer]) -> Cow<'a, [Bearer]> {
    let end = |bearer: &Bearer| bearer.expires_at.map(|at| connection::token_end(conn, at));
    if bearers.iter().all(|bearer| end(bearer) == bearer.expires_at) {
        return Cow::Borrowed(bearers);
    }
    bearers.iter().map(|bearer| Bearer { expires_at: end(bearer), ..bearer.clone() }).collect()
}

/// Those that were issued since everything of their user's was ended here. The others are recorded as they are and stay ended: the
/// owner meant them as well, although they were not here yet. Those that are `back` at the source, and were here before, are let in.
fn living<'a>(
    conn: &mut AnyConnection,
    run: &Run,
    subject: Subject,
    new: Vec<&'a Bearer>,
    (again, back): (&HashSet<i64>, &HashSet<i64>),
    outcome: &mut Outcome,
) -> QueryResult<Vec<&'a Bearer>> {
    let users: HashSet<i64> = new.iter().map(|bearer| bearer.owner).collect();
    let ended = subjects::ended(conn, &users.into_iter().collect::<Vec<_>>())?;
    let is_living = |bearer: &&Bearer| {
        let is_after = |ended: &NaiveDateTime| bearer.created_at.is_some_and(|at| at > *ended);
        back.contains(&bearer.origin) || ended.get(&bearer.owner).is_none_or(is_after)
    };
    let (living, over): (Vec<&Bearer>, Vec<&Bearer>) = new.into_iter().partition(is_living);
    let ledger = run.ledger(subject);
    for bearer in &over {
        let reason = format!("was issued before everything of user {} was ended here, and stays ended", bearer.owner);
        outcome.say(Verdict::Kept, bearer.origin, None, reason, None);
        outcome.counts.unchanged += 1;
        if run.writes && again.contains(&bearer.origin) {
            ledger.set(conn, bearer.origin, &bearer.marks().stored())?;
        }
    }
    if run.writes {
        let first = over.iter().filter(|bearer| !again.contains(&bearer.origin));
        ledger.add(conn, first.map(|bearer| (bearer.origin, bearer.marks().stored())))?;
    }
    Ok(living)
}

/// Writes tokens that are new here, as far as nothing is in their way.
fn insert(
    conn: &mut AnyConnection,
    run: &Run,
    subject: Subject,
    new: &[&Bearer],
    again: &HashSet<i64>,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let owners = owners(conn, run, new)?;
    let digests: Vec<String> = new.iter().map(|bearer| bearer.digest.to_hex()).collect();
    let mut in_the_way: HashMap<String, Held> = HashMap::new();
    let mut numbers: HashMap<i64, Held> = HashMap::new();
    let held: Vec<Held> = tokens::table.filter(tokens::digest.eq_any(&digests)).select(Held::as_select()).load(conn)?;
    in_the_way.extend(held.into_iter().map(|held| (held.digest.clone(), held)));
    if subject == Subject::PersonalAccessTokens {
        let ids: Vec<i64> = new.iter().map(|bearer| bearer.origin).collect();
        let held: Vec<Held> = tokens::table.filter(tokens::id.eq_any(&ids)).select(Held::as_select()).load(conn)?;
        numbers.extend(held.into_iter().map(|held| (held.id, held)));
    }
    let mut slots = taken_slots(conn, new)?;
    if !run.writes {
        // Where something is written, these are free by now.
        for bearer in new.iter().filter(|bearer| again.contains(&bearer.origin)) {
            numbers.remove(&bearer.origin);
            slots.retain(|slot| bearer.slot().as_ref() != Some(slot));
        }
    }

    let mut admitted: Vec<(&Bearer, Option<String>)> = Vec::with_capacity(new.len());
    let mut on_page = HashSet::new();
    for (bearer, digest) in new.iter().copied().zip(&digests) {
        let mut say = |verdict, reason: String, target| outcome.say(verdict, bearer.origin, None, reason, target);
        if let Some(Owner::Nobody(reason)) = owners.get(&bearer.owner) {
            say(Verdict::Refused, format!("its user {} {reason}", bearer.owner), None);
            continue;
        }
        if let Some(held) = numbers.get(&bearer.origin) {
            say(Verdict::Clash, "the id belongs to another token in the target".to_owned(), Some(held.told()));
            continue;
        }
        if let Some(held) = in_the_way.get(digest) {
            say(Verdict::Clash, "the same token is in the target".to_owned(), Some(held.told()));
            continue;
        }
        if !on_page.insert(digest) {
            say(Verdict::Clash, "the same token is in the source under another number".to_owned(), None);
            continue;
        }
        let slot = bearer.slot();
        if !slot.as_ref().is_some_and(|slot| slots.contains(slot)) {
            admitted.push((bearer, slot));
        } else if bearer.kind == TokenKind::Knox {
            say(Verdict::Clash, "a token is in the target whose digest begins like this one's".to_owned(), None);
        } else {
            let reason =
                format!("user {} has a token of their own here, which logins go on to answer; both work", bearer.owner);
            say(Verdict::Changed, reason, None);
            admitted.push((bearer, None));
        }
    }
    let changed = admitted.iter().filter(|(bearer, _)| again.contains(&bearer.origin)).count() as u64;
    outcome.counts.changed += changed;
    outcome.counts.new += admitted.len() as u64 - changed;
    if run.writes { write(conn, run, subject, &admitted, again) } else { Ok(()) }
}

fn write(
    conn: &mut AnyConnection,
    run: &Run,
    subject: Subject,
    admitted: &[(&Bearer, Option<String>)],
    again: &HashSet<i64>,
) -> QueryResult<()> {
    if admitted.is_empty() {
        return Ok(());
    }
    if subject == Subject::PersonalAccessTokens {
        let rows: Vec<NumberedRow> =
            admitted.iter().map(|(bearer, slot)| NumberedRow::of(bearer.origin, bearer, slot.as_ref(), run)).collect();
        insert_rows!(conn, tokens::table, &rows)?;
    } else {
        let rows: Vec<NewRow> = admitted.iter().map(|(bearer, slot)| NewRow::of(bearer, slot.as_ref(), run)).collect();
        insert_rows!(conn, tokens::table, &rows)?;
    }
    let ledger = run.ledger(subject);
    for (bearer, _) in admitted.iter().filter(|(bearer, _)| again.contains(&bearer.origin)) {
        ledger.set(conn, bearer.origin, &bearer.marks().stored())?;
    }
    let first = admitted.iter().filter(|(bearer, _)| !again.contains(&bearer.origin));
    ledger.add(conn, first.map(|(bearer, _)| (bearer.origin, bearer.marks().stored())))
}

/// Whether a token's user can have it.
enum Owner {
    /// They came from the same source.
    Ours,
    /// Why not.
    Nobody(&'static str),
}

/// The users of these tokens: only who came from the same source, whose numbers are the same, gets what is theirs there.
fn owners(conn: &mut AnyConnection, run: &Run, new: &[&Bearer]) -> QueryResult<HashMap<i64, Owner>> {
    let ids: Vec<i64> = new.iter().map(|bearer| bearer.owner).collect::<HashSet<_>>().into_iter().collect();
    let known = run.ledger(Subject::Users).known(conn, &ids)?;
    let here: Vec<i64> = users::table.filter(users::id.eq_any(&ids)).select(users::id).load(conn)?;
    let here: HashSet<i64> = here.into_iter().collect();
    let judge = |id: i64| {
        let owner = match () {
            () if run.seen.has_user(id) || (known.contains(&id) && here.contains(&id)) => Owner::Ours,
            () if known.contains(&id) => Owner::Nobody("was deleted here"),
            () => Owner::Nobody("was not imported"),
        };
        (id, owner)
    };
    Ok(ids.into_iter().map(judge).collect())
}

/// Which of the places of these tokens are taken.
fn taken_slots(conn: &mut AnyConnection, new: &[&Bearer]) -> QueryResult<HashSet<String>> {
    let slots: Vec<String> = new.iter().filter_map(|bearer| bearer.slot()).collect();
    if slots.is_empty() {
        return Ok(HashSet::new());
    }
    let taken: Vec<Option<String>> =
        tokens::table.filter(tokens::slot.eq_any(&slots)).select(tokens::slot).load(conn)?;
    Ok(taken.into_iter().flatten().collect())
}

/// The token that came from this row, if it is still here.
fn find(conn: &mut AnyConnection, subject: Subject, origin: i64, base: &Marks) -> QueryResult<Option<Held>> {
    let held: Vec<Held> = match subject {
        Subject::PersonalAccessTokens => {
            tokens::table.filter(tokens::id.eq(origin)).select(Held::as_select()).load(conn)?
        }
        Subject::KnoxTokens => {
            let slot = KnoxEdition::slot(origin);
            tokens::table.filter(tokens::slot.eq(slot)).select(Held::as_select()).load(conn)?
        }
        _ => {
            let of_user = tokens::table.filter(tokens::user_id.eq(origin));
            of_user.filter(tokens::kind.eq(TokenKind::Djoser.as_str())).select(Held::as_select()).load(conn)?
        }
    };
    Ok(held.into_iter().find(|held| !held.marks().differ(base, DIGEST)))
}

/// Ends the token that came from this row, if nobody did so here before.
fn revoke(
    conn: &mut AnyConnection,
    subject: Subject,
    origin: i64,
    base: &Marks,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    let Some(held) = find(conn, subject, origin, base)? else { return Ok(()) };
    subjects::raise(conn, UserId(held.user_id))?;
    diesel::delete(tokens::table.filter(tokens::id.eq(held.id))).execute(conn)?;
    outcome.revoked.insert(held.user_id);
    Ok(())
}

/// Takes over what changed there and not here.
fn change(
    conn: &mut AnyConnection,
    run: &Run,
    subject: Subject,
    bearer: &Bearer,
    base: &Marks,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    let marks = bearer.marks();
    let Some(held) = find(conn, subject, bearer.origin, base)? else {
        // Revoked here.
        outcome.counts.unchanged += 1;
        return if run.writes { run.ledger(subject).set(conn, bearer.origin, &marks.stored()) } else { Ok(()) };
    };
    let here = held.marks();
    // Where each use puts the end off, there and here, the later one counts.
    let is_later = bearer.expires_at.is_none_or(|end| held.expires_at.is_some_and(|here| end > here));
    let is_renewed = |at: usize| at == EXPIRES && subject == Subject::KnoxTokens && here.differ(base, at);
    let is_taken_over =
        |at: usize| marks.differ(base, at) && if is_renewed(at) { is_later } else { !here.differ(base, at) };
    let names = (0..VALUES.len())
        .filter(|at| marks.differ(base, *at) && *at != LAST_USED && !is_renewed(*at) && !is_taken_over(*at));
    let kept: Vec<&str> = names.map(|at| VALUES[at]).collect();
    if !kept.is_empty() {
        let reason = format!("changed there and here: {} stays as it is here", kept.join(", "));
        outcome.say(Verdict::Kept, bearer.origin, None, reason, None);
    }
    outcome.counts.changed += 1;
    if !run.writes {
        return Ok(());
    }
    let row = tokens::table.filter(tokens::id.eq(held.id));
    let [_, _, name, abilities, expires_at, _] = std::array::from_fn(is_taken_over);
    if name {
        diesel::update(row).set(tokens::name.eq(&bearer.name)).execute(conn)?;
    }
    if abilities {
        diesel::update(row).set(tokens::abilities.eq(&bearer.abilities)).execute(conn)?;
    }
    if expires_at {
        diesel::update(row).set(tokens::expires_at.eq(bearer.expires_at)).execute(conn)?;
    }
    // The later use counts, wherever it was.
    if bearer.last_used_at > held.last_used_at {
        diesel::update(row).set(tokens::last_used_at.eq(bearer.last_used_at)).execute(conn)?;
    }
    run.ledger(subject).set(conn, bearer.origin, &marks.stored())?;
    if abilities || expires_at || name {
        outcome.revoked.insert(held.user_id);
    }
    Ok(())
}
