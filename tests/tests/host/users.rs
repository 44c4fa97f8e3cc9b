//! The host's users: a map in memory in the place of somebody's own table.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use countersign_core::{
    Account, NewUser, User, UserId,
    identifier::{Claim, Key, Kind, Taken},
    model::{Seen, Timestamp, UserChange},
    password::EncodedPassword,
    store::{StoreResult, UserStore},
};

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

impl UserStore for HostUsers {
    fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        Ok(self.rows().get(&id).map(|row| row.user.clone()))
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
        let mut rows = self.rows();
        let (free, held): (Vec<Claim>, Vec<Claim>) =
            new.identifiers.iter().cloned().partition(|claim| holder(&rows, &claim.key).is_none());
        let taken: Vec<Kind> = held.iter().filter(|claim| claim.required).map(|claim| claim.kind).collect();
        if !taken.is_empty() {
            return Ok(Err(Taken(taken)));
        }
        let id = UserId(FIRST + 1 + self.given.fetch_add(1, Ordering::Relaxed));
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
        Ok(Ok(user))
    }

    fn users(&self, after: UserId, limit: u32) -> StoreResult<Vec<User>> {
        let rows = self.rows();
        Ok(rows.values().map(|row| row.user.clone()).filter(|user| user.id > after).take(limit as usize).collect())
    }

    fn change_user(&self, id: UserId, change: &UserChange, now: Timestamp) -> StoreResult<Option<User>> {
        let mut rows = self.rows();
        if let UserChange::Username { claim, .. } = change
            && holder(&rows, &claim.key).is_some_and(|holder| holder != id)
        {
            return Ok(None);
        }
        let Some(row) = rows.get_mut(&id) else { return Ok(None) };
        let User { email, last_login_at, suspended_at, .. } = row.user.clone();
        let now_seen = Seen { password: row.password.clone(), email, last_login_at, suspended_at };
        if change.seen().is_some_and(|seen| *seen != now_seen) {
            return Ok(None);
        }
        match change {
            UserChange::Password { replacing: Some(old), .. } if row.password.as_ref() != Some(old) => return Ok(None),
            UserChange::Password { new, .. } => row.password = Some(new.clone()),
            UserChange::Activate(_) if row.user.is_active => return Ok(None),
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
            UserChange::EmailVerified(address) if row.user.email.as_ref() != Some(address) => return Ok(None),
            UserChange::EmailVerified(_) => row.user.email_verified_at = Some(now),
            UserChange::ApiToken(sealed) => row.user.api_token.clone_from(sealed),
            UserChange::LoggedIn => row.user.last_login_at = Some(now),
        }
        Ok(Some(row.user.clone()))
    }

    fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        Ok(self.rows().remove(&id).is_some())
    }
}
