//! [`UserStore`]: users, identifiers and passwords.

use std::{collections::HashSet, sync::Arc};

use chrono::NaiveDateTime;
use countersign_core::{
    Account, NewUser, User, UserId,
    identifier::{Claim, Key, Kind, MAX_LENGTH, Taken},
    model::{Mandate, Objection, OldReset, Step, Timestamp, UserChange},
    password::EncodedPassword,
    store::{StoreResult, UserStore},
};
use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Store, administrators,
    connection::{AnyConnection, natively},
    imports::rehashed,
    old_resets,
    rows::{IdentifierRow, NewUserRow, UserRow, account, stored, text},
    schema::{identifiers, users},
};

impl UserStore for Store {
    fn at_once(&self) -> Option<Arc<dyn UserStore>> {
        Some(Arc::new(Self(self.0.at_once()?)))
    }

    fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        Ok(self.0.read(|conn| find(conn, id))?)
    }

    fn user_by_uuid(&self, uuid: Uuid) -> StoreResult<Option<User>> {
        Ok(self.0.read(|conn| {
            let row = users::table.filter(users::uuid.eq(uuid.to_string())).select(UserRow::as_select());
            row.get_result(conn).optional()?.map(User::try_from).transpose()
        })?)
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

    fn accounts_by_email(&self, address: &str, limit: u32) -> StoreResult<Vec<Account>> {
        if address.contains('\0') {
            return Ok(Vec::new());
        }
        Ok(self.0.read(|conn| {
            let rows: Vec<(UserRow, Option<String>)> = users::table
                .filter(users::email.eq(address))
                .order(users::id)
                .limit(i64::from(limit))
                .select((UserRow::as_select(), users::password))
                .load(conn)?;
            let found: Vec<Account> =
                rows.into_iter().map(|(user, password)| account(user, password)).collect::<QueryResult<_>>()?;
            // MySQL's comparison ignores blanks at the end.
            Ok(found.into_iter().filter(|account| account.user.email.as_deref() == Some(address)).collect())
        })?)
    }

    fn password(&self, id: UserId) -> StoreResult<Option<EncodedPassword>> {
        Ok(self.0.read(|conn| {
            let stored: Option<Option<String>> =
                users::table.filter(users::id.eq(id.0)).select(users::password).get_result(conn).optional()?;
            Ok(stored.flatten().map(EncodedPassword::new))
        })?)
    }

    fn old_reset(&self, id: UserId) -> StoreResult<Option<OldReset>> {
        Ok(self.0.read(|conn| old_resets::find(conn, id))?)
    }

    fn passwords(&self, after: UserId, limit: u32) -> StoreResult<Vec<(UserId, EncodedPassword)>> {
        // Beside the requests: all users are walked through.
        Ok(self.0.read_aside(|conn| {
            let rows: Vec<(i64, Option<String>)> = users::table
                .filter(users::id.gt(after.0))
                .filter(users::password.is_not_null())
                .order(users::id)
                .limit(i64::from(limit))
                .select((users::id, users::password))
                .load(conn)?;
            let hash = |(id, password): (i64, Option<String>)| Some((UserId(id), EncodedPassword::new(password?)));
            Ok(rows.into_iter().filter_map(hash).collect())
        })?)
    }

    fn create_user(&self, new: &NewUser) -> StoreResult<Result<User, Taken>> {
        Ok(self.0.write_contended(|conn| create(conn, new))?)
    }

    fn create_user_by(&self, by: UserId, new: &NewUser) -> StoreResult<Option<Result<User, Taken>>> {
        Ok(self.0.write_contended(|conn| {
            if !administrators::admit(conn, by)? {
                return Ok(None);
            }
            create(conn, new).map(Some)
        })?)
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

    fn change_user(&self, id: UserId, change: &UserChange, now: Timestamp) -> StoreResult<Option<User>> {
        Ok(self.0.write_contended(|conn| alter(conn, id, change, now))?)
    }

    fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        Ok(self.0.write(|conn| delete(conn, id))?)
    }

    fn administer(
        &self,
        mandate: Mandate,
        id: UserId,
        step: &Step,
        now: Timestamp,
    ) -> StoreResult<Result<User, Objection>> {
        Ok(self.0.write_contended(|conn| {
            if let Some(objection) = administrators::objection(conn, mandate, id, step)? {
                return Ok(Err(objection));
            }
            let user = match step {
                Step::Change(change) => alter(conn, id, change, now)?,
                Step::Delete => {
                    let user = find(conn, id)?;
                    delete(conn, id)?;
                    user
                }
            };
            Ok(user.ok_or(Objection::Absent))
        })?)
    }
}

/// [`UserStore::change_user`].
fn alter(conn: &mut AnyConnection, id: UserId, change: &UserChange, now: Timestamp) -> QueryResult<Option<User>> {
    if !may_change(conn, id, change)? || !apply(conn, id, change, now)? {
        return Ok(None);
    }
    if let UserChange::Email { claim, .. } = change {
        claim_email(conn, id, claim.as_ref())?;
    }
    find(conn, id)
}

/// The identifiers go by themselves: the table says so.
fn delete(conn: &mut AnyConnection, id: UserId) -> QueryResult<bool> {
    old_resets::forget_of(conn, id)?;
    Ok(diesel::delete(users::table.filter(users::id.eq(id.0))).execute(conn)? == 1)
}

/// Locks the user's row if the change depends on what is there, and looks: is the user still as it was seen, and is the
/// name or the address free, which is claimed then?
fn may_change(conn: &mut AnyConnection, id: UserId, change: &UserChange) -> QueryResult<bool> {
    let (name, address) = match change {
        UserChange::Username { claim, .. } => (Some(claim), None),
        UserChange::Profile { address: Some((_, claim)), .. } => (None, Some(claim)),
        _ => (None, None),
    };
    if name.is_none() && address.is_none() && change.seen().is_none() {
        return Ok(true);
    }
    let user = users::table.filter(users::id.eq(id.0));
    if diesel::update(user).set(users::updated_at.eq(users::updated_at)).execute(conn)? == 0 {
        return Ok(false);
    }
    if let Some(seen) = change.seen() {
        let (there, password): (UserRow, Option<String>) =
            user.select((UserRow::as_select(), users::password)).get_result(conn)?;
        let Account { user, password } = account(there, password)?;
        let same = password == seen.password
            && user.email == seen.email
            && user.last_login_at.map(stored) == seen.last_login_at.map(stored)
            && user.suspended_at.map(stored) == seen.suspended_at.map(stored);
        if !same || user.is_suspended || (user.is_active && matches!(change, UserChange::Activate(_))) {
            return Ok(false);
        }
    }
    match (name, address) {
        (Some(claim), _) => claim_username(conn, id, claim),
        (None, Some(claim)) => claim_email(conn, id, Some(claim)),
        (None, None) => Ok(true),
    }
}

/// Puts `claim` in the place of the user's name, unless somebody else holds it.
pub(crate) fn claim_username(conn: &mut AnyConnection, id: UserId, claim: &Claim) -> QueryResult<bool> {
    if !can_be_held(&claim.key) {
        return Ok(false);
    }
    let key = claim.key.as_str();
    let held = identifiers::table.filter(identifiers::key.eq(key));
    if holder(conn, &claim.key)?.is_some_and(|holder| holder != id.0) {
        return Ok(false);
    }
    // What was the user's own address is the name from now on, as it is for those who register with it. Whose it became
    // since the look above keeps it: the insertion fails, and the next try finds them.
    diesel::delete(held.filter(identifiers::user_id.eq(id.0))).execute(conn)?;
    let names =
        identifiers::table.filter(identifiers::user_id.eq(id.0)).filter(identifiers::kind.eq(Kind::Username.as_str()));
    diesel::delete(names).execute(conn)?;
    let row = IdentifierRow { key, kind: claim.kind.as_str(), user_id: id.0 };
    diesel::insert_into(identifiers::table).values(&row).execute(conn)?;
    Ok(true)
}

/// Who holds an identifier.
fn holder(conn: &mut AnyConnection, key: &Key) -> QueryResult<Option<i64>> {
    let held = identifiers::table.filter(identifiers::key.eq(key.as_str()));
    held.select(identifiers::user_id).get_result(conn).optional()
}

/// Writes the columns of a change; `false` if there is no such user or the change's condition does not hold. The row
/// stays locked until the end of the transaction.
fn apply(conn: &mut AnyConnection, id: UserId, change: &UserChange, now: Timestamp) -> QueryResult<bool> {
    let updated = users::updated_at.eq(stored(now));
    let user = users::table.filter(users::id.eq(id.0));
    let found = match change {
        UserChange::Rehash { old, new } => {
            let replaced = diesel::update(user.filter(users::password.eq(old.as_str())))
                .set((updated, users::password.eq(new.as_str())))
                .execute(conn)?;
            if replaced == 1 {
                rehashed(conn, id, old, new)?;
            }
            Ok(replaced)
        }
        UserChange::Password { new, replacing: Some(old) } => {
            diesel::update(user.filter(users::password.eq(old.as_str())))
                .set((updated, users::password.eq(new.as_str())))
                .execute(conn)
        }
        UserChange::Password { new, replacing: None } => {
            diesel::update(user).set((updated, users::password.eq(new.as_str()))).execute(conn)
        }
        UserChange::Reset { new, seen } => diesel::update(user)
            .set((updated, users::password.eq(new.as_str()), users::last_login_at.eq(stored(seen.used_at(now)))))
            .execute(conn),
        UserChange::Username { name, seen: Some(seen), .. } => diesel::update(user)
            .set((updated, users::username.eq(text(name)), users::last_login_at.eq(stored(seen.used_at(now)))))
            .execute(conn),
        UserChange::Username { name, seen: None, .. } => {
            diesel::update(user).set((updated, users::username.eq(text(name)))).execute(conn)
        }
        UserChange::Activate(_) => diesel::update(user).set((updated, users::is_active.eq(true))).execute(conn),
        UserChange::Active(true) => {
            diesel::update(user).set((updated, users::is_active.eq(true), users::is_suspended.eq(false))).execute(conn)
        }
        UserChange::Active(false) => {
            let suspended = (users::is_suspended.eq(true), users::suspended_at.eq(stored(now)));
            diesel::update(user).set((updated, users::is_active.eq(false), suspended)).execute(conn)
        }
        UserChange::Role(role) => diesel::update(user).set((updated, users::role.eq(role.as_str()))).execute(conn),
        UserChange::Email { address, deactivate, .. } => {
            let address = users::email.eq(address.as_deref().map(text));
            let verified = users::email_verified_at.eq(None::<NaiveDateTime>);
            if *deactivate {
                diesel::update(user).set((updated, address, verified, users::is_active.eq(false))).execute(conn)
            } else {
                diesel::update(user).set((updated, address, verified)).execute(conn)
            }
        }
        UserChange::Profile { name, address: None } => {
            diesel::update(user).set((updated, users::name.eq(text(name)))).execute(conn)
        }
        UserChange::Profile { name, address: Some((address, _)) } => {
            let address = (users::email.eq(text(address)), users::email_verified_at.eq(None::<NaiveDateTime>));
            diesel::update(user).set((updated, users::name.eq(text(name)), address)).execute(conn)
        }
        UserChange::EmailVerified(address) => diesel::update(user.filter(users::email.eq(text(address))))
            .set((updated, users::email_verified_at.eq(stored(now))))
            .execute(conn),
        UserChange::ApiToken(sealed) => {
            diesel::update(user).set((updated, users::api_token.eq(sealed.as_deref()))).execute(conn)
        }
        UserChange::LoggedIn => diesel::update(user).set(users::last_login_at.eq(stored(now))).execute(conn),
    }?;
    Ok(found == 1)
}

fn find(conn: &mut AnyConnection, id: UserId) -> QueryResult<Option<User>> {
    let of_number = users::table.filter(users::id.eq(id.0));
    let row: QueryResult<UserRow> = natively!(conn, |own| of_number.select(UserRow::as_select()).get_result(own));
    row.optional()?.map(User::try_from).transpose()
}

/// Puts `claim` in the place of the user's e-mail address, if nobody else holds it. If somebody does: `false` and nothing
/// is written where the claim is required, otherwise the old address goes if the user has another identifier.
pub(crate) fn claim_email(conn: &mut AnyConnection, id: UserId, claim: Option<&Claim>) -> QueryResult<bool> {
    let own = identifiers::table.filter(identifiers::user_id.eq(id.0));
    let addresses = own.filter(identifiers::kind.eq(Kind::Email.as_str()));
    let is_required = claim.is_some_and(|claim| claim.required);
    let claim = claim.filter(|claim| can_be_held(&claim.key));
    let holder: Option<(i64, String)> = match claim {
        Some(claim) => identifiers::table
            .filter(identifiers::key.eq(claim.key.as_str()))
            .select((identifiers::user_id, identifiers::kind))
            .get_result(conn)
            .optional()?,
        None => None,
    };
    match (claim, holder) {
        (None, _) if is_required => return Ok(false),
        (_, Some((holder, _))) if is_required && holder != id.0 => return Ok(false),
        (Some(claim), None) => {
            diesel::delete(addresses).execute(conn)?;
            let row = IdentifierRow { key: claim.key.as_str(), kind: claim.kind.as_str(), user_id: id.0 };
            diesel::insert_into(identifiers::table).values(&row).execute(conn)?;
        }
        // The same address, perhaps typed differently.
        (Some(_), Some((holder, kind))) if holder == id.0 && kind == Kind::Email.as_str() => {}
        _ => {
            let others = own.filter(identifiers::kind.ne(Kind::Email.as_str()));
            if others.count().get_result::<i64>(conn)? > 0 {
                diesel::delete(addresses).execute(conn)?;
            }
        }
    }
    Ok(true)
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
