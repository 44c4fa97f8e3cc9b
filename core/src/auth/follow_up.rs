//! Revocations that a change asks for are carried through: also where the store failed at them, and where it made the change
//! and could not say so any more.
//!
//! The client is told that the store failed and may never come back, so nothing here waits for it. What is still to be done is kept
//! in memory and looked at every second ([`Realm::follow_up`]). A process that is killed in that second loses it, as one that is
//! killed between a change and its revocation does; one that ends in order says of whom it could not revoke. A login with the new
//! password that another process let in meanwhile may end as well.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;

use super::{Auth, Realm};
use crate::{
    deadline,
    error::AuthError,
    model::{Role, Step, Timestamp, User, UserChange, UserId},
    password::EncodedPassword,
    store::{Revoke, StoreError, StoreResult},
};

/// How many are kept. Each is of somebody who knew a password or had a link, or of an administrator, while the store failed.
const MOST: usize = 10_000;
/// How many are kept of a user; with one more they become one, and what all of them ask for is revoked whatever came of them.
const MOST_OF_ONE: usize = 8;
/// How long a commit of which nothing was heard may still come to an end: a primary may wait for its replica.
const MAY_COME: TimeDelta = TimeDelta::minutes(10);

/// By what a change is known that nobody said to be done.
#[derive(Debug, Clone)]
pub(super) enum Sign {
    /// This is the user's password; no other change makes the same hash.
    Password(EncodedPassword),
    /// The user has this role.
    Role(Role),
    /// The user is disabled.
    Inactive,
    /// The user is gone.
    Absent,
}

impl Sign {
    /// Of a change that revokes.
    pub(super) fn of(change: &UserChange) -> Option<Self> {
        match change {
            UserChange::Password { new, .. } | UserChange::Reset { new, .. } => Some(Self::Password(new.clone())),
            UserChange::Role(role) => Some(Self::Role(*role)),
            UserChange::Active(false) => Some(Self::Inactive),
            _ => None,
        }
    }

    /// Of an administrator's step.
    pub(super) fn of_step(step: &Step) -> Option<Self> {
        match step {
            Step::Delete => Some(Self::Absent),
            Step::Change(change) => Self::of(change),
        }
    }
}

/// A revocation that is still to be done.
struct Due {
    user: UserId,
    revoke: Vec<Revoke>,
    /// Only if the user shows this: it is not known whether the change was made.
    sign: Option<Sign>,
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

    /// Says of whom something is still to be revoked, and forgets it: for a process that ends.
    pub fn give_up_follow_ups(&self) {
        for Due { user, sign, .. } in self.follow_ups().lock().drain(..) {
            match sign {
                None => tracing::error!(%user, "tokens that have to be revoked are not: revoke them by hand"),
                Some(_) => {
                    tracing::error!(%user, "a change may have been made whose tokens are not revoked: look and revoke them");
                }
            }
        }
    }

    /// Does it, unless it has to wait for a commit that may still come.
    fn is_done(&self, due: &Due) -> StoreResult<bool> {
        if let Some(sign) = &due.sign
            && !self.shows(due.user, sign)?
        {
            return Ok(self.steady() - due.since > MAY_COME);
        }
        self.revoke_all(due.user, &due.revoke).map(|()| true)
    }

    fn shows(&self, user: UserId, sign: &Sign) -> StoreResult<bool> {
        let users = self.users();
        Ok(match sign {
            Sign::Password(new) => users.password(user)?.as_ref() == Some(new),
            Sign::Role(role) => users.user(user)?.is_some_and(|user| user.role == *role),
            Sign::Inactive => users.user(user)?.is_some_and(|user| !user.is_active),
            Sign::Absent => users.user(user)?.is_none(),
        })
    }

    /// Ends tokens of a user at once; returns how many there were.
    pub(super) fn revoke(&self, user: UserId, which: Revoke) -> StoreResult<usize> {
        let gone = self.tokens().revoke_tokens(user, which, self.now())?;
        self.cache().forget(user);
        Ok(gone)
    }

    fn revoke_all(&self, user: UserId, which: &[Revoke]) -> StoreResult<()> {
        which.iter().try_for_each(|which| self.revoke(user, *which).map(drop))
    }

    fn remember(&self, user: UserId, revoke: &[Revoke], sign: Option<Sign>) {
        let mut due = self.follow_ups().lock();
        let mut next = Due { user, revoke: revoke.to_vec(), sign, since: self.steady() };
        if due.iter().filter(|due| due.user == user).count() >= MOST_OF_ONE {
            let (of_user, others): (VecDeque<_>, VecDeque<_>) = due.drain(..).partition(|due| due.user == user);
            *due = others;
            for revoke in of_user.into_iter().flat_map(|due| due.revoke) {
                if !next.revoke.contains(&revoke) {
                    next.revoke.push(revoke);
                }
            }
            next.sign = None;
        }
        if due.len() < MOST {
            due.push_back(next);
        } else {
            tracing::error!(%user, "cannot remember that tokens have to be revoked: revoke them by hand");
        }
    }
}

impl Auth {
    /// Revokes what a change that is committed asks for, now or as soon as the store can.
    pub(super) fn carry_out(&self, user: UserId, revoke: &[Revoke]) -> Result<(), AuthError> {
        deadline::carry_through(|| self.realm.revoke_all(user, revoke)).map_err(|error| {
            self.realm.remember(user, revoke, None);
            error.into()
        })
    }

    /// The user as changed, if the store has done what it failed at: the connection may have broken off between the commit and
    /// its answer. Where that cannot be known yet, the revocation is done as soon as it is.
    pub(super) fn in_doubt(
        &self,
        error: &StoreError,
        user: UserId,
        sign: Option<Sign>,
        revoke: &[Revoke],
    ) -> Option<User> {
        let sign = sign.filter(|_| revoke != [Revoke::Nothing] && !error.is_undone())?;
        let is_shown = self.realm.shows(user, &sign).unwrap_or(false);
        let changed = if is_shown { self.realm.users().user(user).ok().flatten() } else { None };
        if changed.is_none() {
            self.realm.remember(user, revoke, Some(sign));
        }
        changed
    }
}
