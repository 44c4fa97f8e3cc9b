//! [`UserStore`]: users, identifiers and passwords.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use countersign_core::{
    Account, NewUser, User, UserId,
    identifier::{Claim, Key, Kind, MAX_LENGTH, Taken},
    model::{Timestamp, UserChange},
    password::EncodedPassword,
    store::{Revoke, StoreResult, UserStore},
};
use diesel::prelude::*;

use super::{
    Store,
    connection::AnyConnection,
    revocations,
    rows::{IdentifierRow, NewUserRow, UserRow, account, stored},
    schema::{identifiers, users},
    tokens,
};

/// How often a creation may lose a race for an optional identifier before it gives up; each loss means that somebody
/// else won, and a user has at most three identifiers.
const RACES: u32 = 4;

impl UserStore for Store {
    fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        Ok(self.0.read(|conn| find(conn, id))?)
    }

    fn account(&self, keys: &[Key]) -> StoreResult<Option<Account>> {
        let wanted: Vec<&str> = keys.iter().filter(|key| can_be_held(key)).map(Key::as_str).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        Ok(self.0.read(|conn| {
            let mut rows: Vec<(String, UserRow, Option<String>)> = identifiers::table
                .inner_join(users::table)
                .filter(identifiers::key.eq_any(&wanted))
                .select((identifiers::key, UserRow::as_select(), users::password))
                .load(conn)?;
            let first = wanted.iter().find_map(|key| rows.iter().position(|(held, ..)| held == key));
            first
                .map(|at| {
                    let (_, user, password) = rows.swap_remove(at);
                    account(user, password)
                })
                .transpose()
        })?)
    }

    fn password(&self, id: UserId) -> StoreResult<Option<EncodedPassword>> {
        Ok(self.0.read(|conn| {
            let stored: Option<Option<String>> =
                users::table.filter(users::id.eq(id.0)).select(users::password).get_result(conn).optional()?;
            Ok(stored.flatten().map(EncodedPassword::new))
        })?)
    }

    fn create_user(&self, new: &NewUser) -> StoreResult<Result<User, Taken>> {
        let mut races = 0;
        loop {
            match self.0.write(|conn| create(conn, new)) {
                // Somebody took a key between our look and our insert. The transaction is rolled back; now that the
                // other one is committed, the next look sees who holds what.
                Err(failure) if failure.is_unique_violation() && races < RACES => races += 1,
                outcome => return Ok(outcome?),
            }
        }
    }

    fn users(&self, after: UserId, limit: u32) -> StoreResult<Vec<User>> {
        Ok(self.0.read(|conn| {
            let rows: Vec<UserRow> = users::table
                .filter(users::id.gt(after.0))
                .order(users::id)
                .limit(i64::from(limit))
                .select(UserRow::as_select())
                .load(conn)?;
            rows.into_iter().map(User::try_from).collect()
        })?)
    }

    fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        revoke: Revoke,
        now: Timestamp,
    ) -> StoreResult<Option<User>> {
        let write = |conn: &mut AnyConnection| {
            // First of all the generation: from here on the row is locked, and whoever is about to mint a token with
            // the old generation waits and then finds it gone.
            let raised = (users::generation.eq(users::generation + 1), users::updated_at.eq(stored(now)));
            let user = users::table.filter(users::id.eq(id.0));
            let found = match change {
                UserChange::Password(encoded) => {
                    diesel::update(user).set((raised, users::password.eq(encoded.as_str()))).execute(conn)?
                }
                UserChange::Active(active) => {
                    diesel::update(user).set((raised, users::is_active.eq(*active))).execute(conn)?
                }
                UserChange::Role(role) => {
                    diesel::update(user).set((raised, users::role.eq(role.as_str()))).execute(conn)?
                }
                UserChange::Email { address, .. } => {
                    let verified = users::email_verified_at.eq(None::<NaiveDateTime>);
                    diesel::update(user).set((raised, users::email.eq(address.as_deref()), verified)).execute(conn)?
                }
            };
            if found == 0 {
                return Ok(None);
            }
            if let UserChange::Email { claim, .. } = change {
                claim_email(conn, id, claim.as_ref())?;
            }
            tokens::delete(conn, id, revoke)?;
            revocations::log(conn, id, now)?;
            find(conn, id)
        };
        let mut races = 0;
        loop {
            match self.0.write(write) {
                // As in a creation: only a claim can violate, and the next look sees who holds it.
                Err(failure) if failure.is_unique_violation() && races < RACES => races += 1,
                outcome => return Ok(outcome?),
            }
        }
    }

    fn upgrade_password(&self, id: UserId, old: &EncodedPassword, new: &EncodedPassword) -> StoreResult<bool> {
        Ok(self.0.write(|conn| {
            let unchanged = users::table.filter(users::id.eq(id.0)).filter(users::password.eq(old.as_str()));
            Ok(diesel::update(unchanged).set(users::password.eq(new.as_str())).execute(conn)? == 1)
        })?)
    }

    fn delete_user(&self, id: UserId, now: Timestamp) -> StoreResult<bool> {
        Ok(self.0.write(|conn| {
            if !lock(conn, id)? {
                return Ok(false);
            }
            diesel::delete(identifiers::table.filter(identifiers::user_id.eq(id.0))).execute(conn)?;
            tokens::delete(conn, id, Revoke::Everything)?;
            diesel::delete(users::table.filter(users::id.eq(id.0))).execute(conn)?;
            revocations::log(conn, id, now)?;
            Ok(true)
        })?)
    }
}

/// Locks the user's row until the end of the transaction; `false` if there is none.
///
/// Whatever takes several of a user's rows takes this one first: so two such transactions wait for each other instead
/// of meeting in a deadlock. An update that changes nothing is a lock on every database.
pub fn lock(conn: &mut AnyConnection, id: UserId) -> QueryResult<bool> {
    let user = users::table.filter(users::id.eq(id.0));
    Ok(diesel::update(user).set(users::generation.eq(users::generation)).execute(conn)? == 1)
}

fn find(conn: &mut AnyConnection, id: UserId) -> QueryResult<Option<User>> {
    let row: Option<UserRow> =
        users::table.filter(users::id.eq(id.0)).select(UserRow::as_select()).get_result(conn).optional()?;
    row.map(User::try_from).transpose()
}

/// Puts `claim` in the place of the user's e-mail address, if nobody else holds it.
fn claim_email(conn: &mut AnyConnection, id: UserId, claim: Option<&Claim>) -> QueryResult<()> {
    let old =
        identifiers::table.filter(identifiers::user_id.eq(id.0)).filter(identifiers::kind.eq(Kind::Email.as_str()));
    diesel::delete(old).execute(conn)?;
    let Some(claim) = claim.filter(|claim| can_be_held(&claim.key)) else { return Ok(()) };
    let holders = identifiers::table.filter(identifiers::key.eq(claim.key.as_str()));
    if holders.count().get_result::<i64>(conn)? == 0 {
        let row = IdentifierRow { key: claim.key.as_str(), kind: claim.kind.as_str(), user_id: id.0 };
        diesel::insert_into(identifiers::table).values(&row).execute(conn)?;
    }
    Ok(())
}

/// Can a row have this key? Not one that is wider than the column, nor one with U+0000, which PostgreSQL cannot hold.
fn can_be_held(key: &Key) -> bool {
    let text = key.as_str();
    !text.contains('\0') && text.chars().count() <= MAX_LENGTH
}

/// One try at a creation: looks who holds what, then inserts. A unique violation means that a race was lost.
fn create(conn: &mut AnyConnection, new: &NewUser) -> QueryResult<Result<User, Taken>> {
    let wanted: Vec<&str> =
        new.identifiers.iter().map(|claim| &claim.key).filter(|key| can_be_held(key)).map(Key::as_str).collect();
    let held: HashSet<String> = if wanted.is_empty() {
        HashSet::new()
    } else {
        identifiers::table
            .filter(identifiers::key.eq_any(&wanted))
            .select(identifiers::key)
            .load::<String>(conn)?
            .into_iter()
            .collect()
    };
    let is_free = |claim: &&Claim| can_be_held(&claim.key) && !held.contains(claim.key.as_str());

    let mut taken = Vec::new();
    for claim in new.identifiers.iter().filter(|claim| claim.required && !is_free(claim)) {
        if !taken.contains(&claim.kind) {
            taken.push(claim.kind);
        }
    }
    if !taken.is_empty() {
        return Ok(Err(Taken(taken)));
    }

    let row = NewUserRow::from(new);
    diesel::insert_into(users::table).values(&row).execute(conn)?;
    let created: UserRow =
        users::table.filter(users::uuid.eq(new.uuid.to_string())).select(UserRow::as_select()).get_result(conn)?;
    let user = User::try_from(created)?;

    // In the order of the keys, so that two creations wait for each other instead of meeting in a deadlock.
    let mut claims: Vec<&Claim> = new.identifiers.iter().filter(is_free).collect();
    claims.sort_by(|a, b| a.key.as_str().cmp(b.key.as_str()));
    claims.dedup_by(|a, b| a.key == b.key);
    for claim in claims {
        let row = IdentifierRow { key: claim.key.as_str(), kind: claim.kind.as_str(), user_id: user.id.0 };
        diesel::insert_into(identifiers::table).values(&row).execute(conn)?;
    }
    Ok(Ok(user))
}
