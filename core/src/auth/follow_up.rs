//! Revocations that a change asks for are carried through: also where the store failed at them, and where it changed a password
//! and could not say so any more.
//!
//! The client is told that the store failed and may never come back, so nothing here waits for it. What is still to be done is kept
//! in memory and looked at every second ([`Realm::follow_up`]); a process that is killed in that second loses it, as one that is
//! killed between a change and its revocation does.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;

use super::{Auth, Realm};
use crate::{
    deadline,
    error::AuthError,
    model::{Timestamp, User, UserChange, UserId},
    password::EncodedPassword,
    store::{Revoke, StoreResult},
};

/// How many are kept. Each is of somebody who knew a password or had a link, while the store failed.
const MOST: usize = 10_000;
/// How long a commit of which nothing was heard may still come to an end: a primary may wait for its replica.
const MAY_COME: TimeDelta = TimeDelta::minutes(10);

/// A revocation that is still to be done.
struct Due {
    user: UserId,
    revoke: Revoke,
    /// Only if this is their password: it is not known whether it was set.
    if_set: Option<EncodedPassword>,
    since: Timestamp,
}

/// What is still to be done.
#[derive(Default)]
pub(super) struct FollowUps(Mutex<VecDeque<Due>>);

impl FollowUps {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Due>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Realm {
    /// Revokes what could not be revoked before; a server calls it every second and at shutdown.
    ///
    /// # Errors
    /// The store's; what was not done is done the next time.
    pub fn follow_up(&self) -> StoreResult<()> {
        let due = self.follow_ups().lock().len();
        for _ in 0..due {
            let Some(next) = self.follow_ups().lock().pop_front() else { break };
            match self.is_done(&next) {
                Ok(true) => {}
                Ok(false) => self.follow_ups().lock().push_back(next),
                Err(error) => {
                    self.follow_ups().lock().push_back(next);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Does it, unless it has to wait for a commit that may still come.
    fn is_done(&self, due: &Due) -> StoreResult<bool> {
        if let Some(new) = &due.if_set
            && self.users().password(due.user)?.as_ref() != Some(new)
        {
            return Ok(self.steady() - due.since > MAY_COME);
        }
        self.revoke(due.user, due.revoke).map(|_| true)
    }

    /// Ends tokens of a user at once; returns how many there were.
    pub(super) fn revoke(&self, user: UserId, which: Revoke) -> StoreResult<usize> {
        let gone = self.tokens().revoke_tokens(user, which, self.now())?;
        self.cache().forget(user);
        Ok(gone)
    }

    fn remember(&self, user: UserId, revoke: Revoke, if_set: Option<EncodedPassword>) {
        let mut due = self.follow_ups().lock();
        if due.len() < MOST {
            due.push_back(Due { user, revoke, if_set, since: self.steady() });
        } else {
            tracing::error!(%user, "cannot remember that tokens have to be revoked: revoke them by hand");
        }
    }
}

impl Auth {
    /// Revokes what a change that is committed asks for, now or as soon as the store can.
    pub(super) fn carry_out(&self, user: UserId, revoke: Revoke) -> Result<(), AuthError> {
        let revoked = deadline::carry_through(|| self.realm.revoke(user, revoke));
        revoked.map(drop).map_err(|error| {
            self.realm.remember(user, revoke, None);
            error.into()
        })
    }

    /// The user as changed, if the store has done what it failed at: the connection may have broken off between the commit and
    /// its answer. Where that cannot be known yet, the revocation is done as soon as it is.
    pub(super) fn in_doubt(&self, user: UserId, change: &UserChange, revoke: Revoke) -> Option<User> {
        let (UserChange::Password { new, .. } | UserChange::Reset { new, .. }) = change else { return None };
        let users = self.realm.users();
        let is_set = users.password(user).is_ok_and(|stored| stored.as_ref() == Some(new));
        let changed = if is_set { users.user(user).ok().flatten() } else { None };
        if changed.is_none() {
            self.realm.remember(user, revoke, Some(new.clone()));
        }
        changed
    }
}
