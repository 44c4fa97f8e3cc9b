//! One-time links: what a mail carries so that its reader can do one thing without logging in.
//!
//! They have the form of Django's `PasswordResetTokenGenerator` and end with the same events: the token holds the
//! moment, and a MAC over it and the user as they were then. Whatever changes the password or counts as a login makes
//! another user of them, so nothing is stored. So does a disabling by the owner, and while it lasts no link is live. The
//! MAC is keyed by the key ring, and a link outlives a rotation. Links that a Django project sent are followed as well
//! ([`OldLinks`](super::OldLinks)).

use chrono::{DateTime, TimeDelta};
use subtle::{Choice, ConstantTimeEq as _};

use super::Auth;
use crate::{
    error::AuthError,
    model::{Account, Seen, Timestamp, User, UserChange, UserId},
    password::{EncodedPassword, PasswordOwner, PasswordRules},
    secret::Secret,
    store::Revoke,
};

/// The seconds in a token are counted from 2001-01-01, as Django counts them.
const EPOCH: i64 = 978_307_200;
/// The last moment of the year 9999: what is later could not be reckoned with.
const LAST: i64 = 253_402_300_799 - EPOCH;
/// What the MAC is for.
const PURPOSE: &str = "link";
/// The digits of the moment.
const BASE_36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A user who followed a live link.
#[derive(Debug, Clone)]
pub struct Linked {
    /// Who it is; perhaps inactive, but not suspended.
    pub user: User,
    seen: Seen,
}

impl From<Account> for Linked {
    /// The account as the link was checked against it.
    fn from(account: Account) -> Self {
        let Account { user, password } = account;
        let User { email, last_login_at, suspended_at, .. } = user.clone();
        Self { user, seen: Seen { password, email, last_login_at, suspended_at } }
    }
}

impl Account {
    /// Can the user set a password of their own? Not if they were given one that nobody can type (Django's hash that
    /// begins with `!`), nor if they have none.
    pub fn has_usable_password(&self) -> bool {
        self.password.as_ref().is_some_and(|hash| !hash.as_str().starts_with('!'))
    }
}

impl Auth {
    /// The token of a new link for this user, such as `diewto-4a2ef807a94be81d60bdb35d55a31f02`. It is good for anything
    /// that a link can do, once.
    pub fn make_link(&self, account: &Account) -> String {
        let seconds = self.realm.now().timestamp() - EPOCH;
        let message = message(&account.user, account.password.as_ref(), seconds);
        format!("{}-{}", base36(seconds), shortened(&self.realm.keys().mac(PURPOSE, &message)))
    }

    /// The user, if `token` is of a link of theirs that is not used, not older than `life`, and that nothing has ended.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] for no such user; [`AuthError::WrongCredentials`] for a dead link; [`AuthError::Store`].
    pub fn follow_link(&self, user: UserId, token: &str, life: TimeDelta) -> Result<Linked, AuthError> {
        let account = self.account(user)?;
        let dead = AuthError::WrongCredentials;
        let (moment, presented) = token.split_once('-').ok_or_else(|| dead.clone())?;
        let seconds = from_base36(moment).ok_or_else(|| dead.clone())?;
        let message = message(&account.user, account.password.as_ref(), seconds);
        let is = |mac: &[u8; 32]| -> Choice { shortened(mac).as_bytes().ct_eq(presented.as_bytes()) };
        let made_here = self.realm.keys().has_mac(PURPOSE, &message, is);
        let (old, now) = (self.realm.old_links(), self.realm.now());
        let ahead = match (made_here, old.is_djangos(&account, seconds, presented, now)) {
            (true, _) => TimeDelta::zero(),
            (false, true) => old.django_ahead(),
            (false, false) => return Err(dead),
        };
        let made_at = DateTime::from_timestamp(seconds + EPOCH, 0).unwrap_or_default() - ahead;
        if account.user.is_suspended || now - made_at >= life + TimeDelta::seconds(1) {
            return Err(dead);
        }
        Ok(account.into())
    }

    /// Gives somebody who followed a link a new password, which counts as a login and ends their links. The rules for
    /// passwords are the caller's business. Of several who use one link at the same moment one wins.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the link has ended meanwhile; [`AuthError::WeakPassword`] only for an over-long
    /// password; [`AuthError::Store`].
    pub fn reset_password(&self, linked: &Linked, new: &Secret, revoke: Revoke) -> Result<User, AuthError> {
        let flaws = PasswordRules::None.check(new, &PasswordOwner::default());
        if !flaws.is_empty() {
            return Err(AuthError::WeakPassword(flaws));
        }
        self.use_up(linked, &UserChange::Reset { new: self.hash(new), seen: linked.seen.clone() }, revoke)
    }

    /// Gives somebody who followed a link another user name; see [`Auth::change_username`] and [`Auth::reset_password`].
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the link has ended meanwhile; otherwise as [`Auth::change_username`].
    pub fn reset_username(&self, linked: &Linked, name: &str) -> Result<User, AuthError> {
        used_up(self.put_username(linked.user.id, name, Some(linked.seen.clone())))
    }

    /// Enables somebody who followed a link, unless the owner disabled them.
    ///
    /// # Errors
    /// [`AuthError::Forbidden`] if they are active already; [`AuthError::WrongCredentials`] if the link has ended
    /// meanwhile; [`AuthError::Store`].
    pub fn activate(&self, linked: &Linked) -> Result<User, AuthError> {
        if linked.user.is_active {
            return Err(AuthError::Forbidden);
        }
        match self.use_up(linked, &UserChange::Activate(linked.seen.clone()), Revoke::Nothing) {
            // Somebody else was first, or the user is gone.
            Err(AuthError::WrongCredentials) => match used_up(self.user(linked.user.id))? {
                user if user.is_active => Err(AuthError::Forbidden),
                _ => Err(AuthError::WrongCredentials),
            },
            outcome => outcome,
        }
    }

    fn use_up(&self, linked: &Linked, change: &UserChange, revoke: Revoke) -> Result<User, AuthError> {
        used_up(self.change(linked.user.id, change, &[revoke]))
    }
}

fn used_up(outcome: Result<User, AuthError>) -> Result<User, AuthError> {
    outcome.map_err(|error| match error {
        AuthError::NotFound => AuthError::WrongCredentials,
        error => error,
    })
}

/// What the MAC is over; none of the parts can hold a NUL.
fn message(user: &User, password: Option<&EncodedPassword>, seconds: i64) -> Vec<u8> {
    let password = password.map_or("", EncodedPassword::as_str);
    let micros = |moment: Option<Timestamp>| moment.map(|moment| moment.timestamp_micros().to_string());
    let last_login = micros(user.last_login_at).unwrap_or_default();
    let email = user.email.as_deref().unwrap_or_default();
    let mut message = [&user.id.to_string(), password, &last_login, &seconds.to_string(), email].join("\0");
    if let Some(suspended) = micros(user.suspended_at) {
        message.extend(["\0", &suspended]);
    }
    message.into_bytes()
}

/// Every second hex digit: 128 bits, and a link that fits a line.
pub(super) fn shortened(mac: &[u8; 32]) -> String {
    hex::encode(mac).chars().step_by(2).collect()
}

fn base36(number: i64) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(BASE_36[usize::try_from(rest % 36).unwrap_or_default()]));
        rest /= 36;
        if rest == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// Reads what [`base36`] writes, and nothing else.
fn from_base36(text: &str) -> Option<i64> {
    let number = i64::from_str_radix(text, 36).ok()?;
    ((0..=LAST).contains(&number) && base36(number) == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_the_one_form_that_is_written() {
        for (number, text) in [(0, "0"), (35, "z"), (36, "10"), (788_529_600, "d1gxc0")] {
            assert_eq!((base36(number).as_str(), from_base36(text)), (text, Some(number)));
        }
        for other in ["", "-1", "+1", "01", "D1GXC0", "1_0", " 1", "zzzzzzzzzzzzzzz", "zzzzzzzzzz"] {
            assert_eq!(from_base36(other), None, "{other:?}");
        }
    }
}
