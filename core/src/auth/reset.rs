//! Links to a new password in Laravel's form: an address and 64 hex digits.
//!
//! Laravel stores the hash of a random token. Here the token itself says what it is good for: eight digits of the moment,
//! and a MAC over it and the user as they were then. The new password makes another user of them, so nothing is stored and
//! a link works once; unlike a link of Django's form it outlives a login. Of the links of an old Laravel the import brings what Laravel kept
//! ([`OldReset`]); they end like ours.

use chrono::{DateTime, TimeDelta};
use subtle::{Choice, ConstantTimeEq as _};

use super::{Auth, Linked};
use crate::{
    error::AuthError,
    identifier::Key,
    model::{Account, OldReset},
    password::EncodedPassword,
    secret::Secret,
};

/// What the MAC is for.
const PURPOSE: &str = "reset-link";
/// How many hex digits are the moment's.
const MOMENT_DIGITS: usize = 8;
/// How many of the MAC's bytes fill up the 64 digits.
const MAC_BYTES: usize = 28;

impl Auth {
    /// The account that logs in with this e-mail address, in whatever spelling.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Store`].
    pub fn account_by_address(&self, address: &str) -> Result<Account, AuthError> {
        let key = Key::email(address);
        let holder = self.realm.users().account(std::slice::from_ref(&key))?;
        // A user name that looks like an address is none.
        let is_theirs = |account: &Account| account.user.email.as_deref().is_some_and(|own| Key::email(own) == key);
        holder.filter(is_theirs).ok_or(AuthError::NotFound)
    }

    /// The token of a new link to another password for this user.
    pub fn make_reset_token(&self, account: &Account) -> String {
        let seconds = u32::try_from(self.realm.now().timestamp()).unwrap_or_default();
        let mac = self.realm.keys().mac(PURPOSE, &message(account, seconds));
        format!("{seconds:08x}{}", hex::encode(&mac[..MAC_BYTES]))
    }

    /// Whoever has this account, if `token` is of a link of theirs that is not used and not older than `life`; it is used
    /// by [`Auth::reset_password`].
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] for a dead link.
    pub fn follow_reset_token(&self, account: Account, token: &str, life: TimeDelta) -> Result<Linked, AuthError> {
        let (moment, presented) = token.split_at_checked(MOMENT_DIGITS).ok_or(AuthError::WrongCredentials)?;
        // No other spelling of the moment has a MAC, but for a sign or capitals, which the MAC does not see.
        let seconds = u32::from_str_radix(moment, 16).unwrap_or_default();
        let is_written_so = format!("{seconds:08x}") == moment;
        let is = |mac: &[u8; 32]| -> Choice { hex::encode(&mac[..MAC_BYTES]).as_bytes().ct_eq(presented.as_bytes()) };
        let made_here = self.realm.keys().has_mac(PURPOSE, &message(&account, seconds), is);
        let made_at = DateTime::from_timestamp(i64::from(seconds), 0).unwrap_or_default();
        if !is_written_so || !made_here || account.user.is_suspended || self.realm.now() - made_at > life {
            return Err(AuthError::WrongCredentials);
        }
        Ok(account.into())
    }

    /// What is known of a link that an old Laravel mailed whoever has this account, if it may still be followed:
    /// [`Auth::follow_old_reset`] checks the token, which costs as much as a password.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn old_reset(&self, account: &Account, life: TimeDelta) -> Result<Option<OldReset>, AuthError> {
        let (user, now) = (&account.user, self.realm.now());
        let found = self.realm.users().old_reset(user.id)?;
        Ok(found.filter(|reset| {
            // A disabling by the owner ends links for good.
            let is_disabled = user.is_suspended || user.suspended_at.is_some_and(|at| at >= reset.created_at);
            reset.is_of(account) && !is_disabled && now - reset.created_at <= life
        }))
    }

    /// Whoever has this account, if `token` is of the link that Laravel kept `reset` of; it is used by
    /// [`Auth::reset_password`].
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] for another token.
    pub fn follow_old_reset(&self, account: Account, reset: &OldReset, token: &Secret) -> Result<Linked, AuthError> {
        if self.realm.passwords().check(token, Some(&reset.token)) {
            Ok(account.into())
        } else {
            Err(AuthError::WrongCredentials)
        }
    }
}

/// What the MAC is over; none of the parts can hold a NUL.
fn message(account: &Account, seconds: u32) -> Vec<u8> {
    let Account { user, password } = account;
    let password = password.as_ref().map_or("", EncodedPassword::as_str);
    let email = user.email.as_deref().unwrap_or_default();
    let suspended = user.suspended_at.map_or_else(String::new, |moment| moment.timestamp_micros().to_string());
    [&user.id.to_string(), password, &seconds.to_string(), email, &suspended].join("\0").into_bytes()
}
