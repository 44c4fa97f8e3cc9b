//! The host's users: a map in memory in the place of somebody's own table.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use countersign_core::{
    Account, NewUser, Role, User, UserId,
    identifier::{Claim, Key, Kind, Taken},
    model::{Mandate, Objection, Seen, Step, Timestamp, UserChange},
    password::EncodedPassword,
    store::{StoreResult, UserStore},
};
use uuid::Uuid;

/// Below the first number that the host gives: Countersign's own table would have none like it.
const FIRST: i64 = 7_000_000;

struct Row {
    user: User,
    password: Option<EncodedPassword>,
    identifiers: Vec<Claim>,
}

/// Users in memory.
#[derive(Default)]
pub struct HostUsers {
    rows: Mutex<BTreeMap<UserId, Row>>,
    given: AtomicI64,
}

impl HostUsers {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<UserId, Row>> {
        self.rows.lock().unwrap()
    }
}

fn holder(rows: &BTreeMap<UserId, Row>, key: &Key) -> Option<UserId> {
    let held = |row: &&Row| row.identifiers.iter().any(|claim| claim.key == *key);
    rows.values().find(held).map(|row| row.user.id)
}

/// Adds a user.
fn create(rows: &mut BTreeMap<UserId, Row>, given: &AtomicI64, new: &NewUser) -> Result<User, Taken> {
    let (free, held): (Vec<Claim>, Vec<Claim>) =
        new.identifiers.iter().cloned().partition(|claim| holder(rows, &claim.key).is_none());
    let taken: Vec<Kind> = held.iter().filter(|claim| claim.required).map(|claim| claim.kind).collect();
    if !taken.is_empty() {
        return Err(Taken(taken));
    }
    let id = UserId(FIRST + 1 + given.fetch_add(1, Ordering::Relaxed));
    let user = User {
        id,
        uuid: new.uuid,
        username: new.username.clone(),
        email: new.email.clone(),
        phone: new.phone.clone(),
        name: new.name.clone(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        role: new.role,
        is_staff: new.is_staff,
        is_superuser: new.is_superuser,
        is_active: new.is_active,
        // This host does not tell whom it disabled from who waits for a mail.
        is_suspended: false,
        suspended_at: None,
        email_verified_at: new.email_verified_at,
        api_token: None,
        last_login_at: None,
        created_at: Some(new.now),
        updated_at: Some(new.now),
    };
    rows.insert(id, Row { user: user.clone(), password: new.password.clone(), identifiers: free });
    Ok(user)
}

/// Applies a change.
fn change(rows: &mut BTreeMap<UserId, Row>, id: UserId, change: &UserChange, now: Timestamp) -> Option<User> {
    if let UserChange::Username { claim, .. } = change
        && holder(rows, &claim.key).is_some_and(|holder| holder != id)
    {
        return None;
    }
    let row = rows.get_mut(&id)?;
    let User { email, last_login_at, suspended_at, .. } = row.user.clone();
    let now_seen = Seen { password: row.password.clone(), email, last_login_at, suspended_at };
    if change.seen().is_some_and(|seen| *seen != now_seen) {
        return None;
    }
    match change {
        UserChange::Password { replacing: Some(old), .. } | UserChange::Rehash { old, .. }
            if row.password.as_ref() != Some(old) =>
        {
            return None;
        }
        UserChange::Password { new, .. } | UserChange::Rehash { new, .. } => row.password = Some(new.clone()),
        UserChange::Activate(_) if row.user.is_active => return None,
        UserChange::Activate(_) => row.user.is_active = true,
        UserChange::Reset { new, seen } => {
            row.password = Some(new.clone());
            row.user.last_login_at = Some(seen.used_at(now));
        }
        UserChange::Username { name, claim, seen } => {
            row.user.username.clone_from(name);
            row.identifiers.retain(|held| held.kind != Kind::Username && held.key != claim.key);
            row.identifiers.push(claim.clone());
            row.user.last_login_at = seen.as_ref().map(|seen| seen.used_at(now)).or(row.user.last_login_at);
        }
        UserChange::Active(active) => row.user.is_active = *active,
        UserChange::Role(role) => row.user.role = *role,
        // This host's users log in by name: an address is only shown.
        UserChange::Email { address, deactivate, .. } => {
            row.user.email.clone_from(address);
            row.user.is_active &= !deactivate;
        }
        UserChange::Profile { name, address } => {
            row.user.name.clone_from(name);
            if let Some((address, _)) = address {
                row.user.email = Some(address.clone());
                row.user.email_verified_at = None;
            }
        }
        UserChange::EmailVerified(address) if row.user.email.as_ref() != Some(address) => return None,
        UserChange::EmailVerified(_) => row.user.email_verified_at = Some(now),
        UserChange::ApiToken(sealed) => row.user.api_token.clone_from(sealed),
        UserChange::LoggedIn => row.user.last_login_at = Some(now),
    }
    Some(row.user.clone())
}

/// The numbers of all administrators.
fn administrators(rows: &BTreeMap<UserId, Row>) -> BTreeSet<UserId> {
    let administers = |row: &&Row| row.user.role == Role::Admin && row.user.is_active;
    rows.values().filter(administers).map(|row| row.user.id).collect()
}

impl UserStore for HostUsers {
    fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        Ok(self.rows().get(&id).map(|row| row.user.clone()))
    }

    fn user_by_uuid(&self, uuid: Uuid) -> StoreResult<Option<User>> {
        Ok(self.rows().values().map(|row| &row.user).find(|user| user.uuid == uuid).cloned())
    }

    fn account(&self, keys: &[Key]) -> StoreResult<Option<Account>> {
        let rows = self.rows();
        let found = keys.iter().find_map(|key| holder(&rows, key)).and_then(|id| rows.get(&id));
        Ok(found.map(|row| Account { user: row.user.clone(), password: row.password.clone() }))
    }

    fn accounts_by_email(&self, address: &str, limit: u32) -> StoreResult<Vec<Account>> {
        let account = |row: &Row| Account { user: row.user.clone(), password: row.password.clone() };
        let rows = self.rows();
        let found = rows.values().filter(|row| row.user.email.as_deref() == Some(address));
        Ok(found.take(limit as usize).map(account).collect())
    }

    fn password(&self, id: UserId) -> StoreResult<Option<EncodedPassword>> {
        Ok(self.rows().get(&id).and_then(|row| row.password.clone()))
    }

    fn passwords(&self, after: UserId, limit: u32) -> StoreResult<Vec<(UserId, EncodedPassword)>> {
        let rows = self.rows();
        let hashes = rows.iter().filter_map(|(id, row)| Some((*id, row.password.clone()?)));
        Ok(hashes.filter(|(id, _)| *id > after).take(limit as usize).collect())
    }

    fn create_user(&self, new: &NewUser) -> StoreResult<Result<User, Taken>> {
        Ok(create(&mut self.rows(), &self.given, new))
    }

    fn create_user_by(&self, by: UserId, new: &NewUser) -> StoreResult<Option<Result<User, Taken>>> {
        let mut rows = self.rows();
        Ok(administrators(&rows).contains(&by).then(|| create(&mut rows, &self.given, new)))
    }

    fn users(&self, after: UserId, limit: u32) -> StoreResult<Vec<User>> {
        let rows = self.rows();
        Ok(rows.values().map(|row| row.user.clone()).filter(|user| user.id > after).take(limit as usize).collect())
    }

    fn change_user(&self, id: UserId, change: &UserChange, now: Timestamp) -> StoreResult<Option<User>> {
        Ok(self::change(&mut self.rows(), id, change, now))
    }

    fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        Ok(self.rows().remove(&id).is_some())
    }
    fn administer(
        &self,
        mandate: Mandate,
        id: UserId,
        step: &Step,
        now: Timestamp,
    ) -> StoreResult<Result<User, Objection>> {
        // One lock over all rows: steps that meet are taken one after the other.
        let mut rows = self.rows();
        let mut administrators = administrators(&rows);
        if let Mandate::Administrator(by) = mandate
            && !administrators.contains(&by)
        {
            return Ok(Err(Objection::NotPermitted));
        }
        let one_stays = mandate != Mandate::Owner;
        if one_stays && step.ends_administration() && administrators.remove(&id) && administrators.is_empty() {
            return Ok(Err(Objection::LastAdministrator));
        }
        let user = match step {
            Step::Change(wanted) => change(&mut rows, id, wanted, now),
            Step::Delete => rows.remove(&id).map(|row| row.user),
        };
        Ok(user.ok_or(Objection::Absent))
    }
}
