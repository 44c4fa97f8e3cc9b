//! Who somebody is, by password, and what they get for it.

use super::Auth;
use crate::{
    error::AuthError,
    identifier::Key,
    model::{Account, Credentials, Grant, Issued, User},
};

impl Auth {
    /// Checks identifier and password. Hashes once, whether or not there is such a user, and upgrades a hash of
    /// another cost; an upgrade that fails does not fail the login.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] for every reason a client could learn from; [`AuthError::Store`].
    pub fn authenticate(&self, credentials: &Credentials) -> Result<User, AuthError> {
        let keys = Key::candidates(&credentials.identifier);
        let account = if keys.is_empty() { None } else { self.realm.users().account(&keys)? };
        let stored = account.as_ref().and_then(|account| account.password.as_ref());
        let right = self.realm.passwords().check(&credentials.password, stored);
        let account = account.filter(|account| right && account.user.is_active).ok_or(AuthError::WrongCredentials)?;
        self.upgrade(&account, credentials);
        Ok(account.user)
    }

    /// [`Auth::authenticate`], then a token.
    ///
    /// # Errors
    /// As [`Auth::authenticate`]; also if the password was changed in the meantime.
    pub fn login(&self, credentials: &Credentials, grant: &Grant) -> Result<Issued, AuthError> {
        let user = self.authenticate(credentials)?;
        self.strategy.issue(&self.realm, &user, grant, true)
    }

    /// Is this `user`'s password? For forms that ask for the current one.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`]; [`AuthError::Store`].
    pub fn confirm_password(&self, user: &User, password: &crate::Secret) -> Result<(), AuthError> {
        let stored = self.realm.users().password(user.id)?;
        if self.realm.passwords().check(password, stored.as_ref()) { Ok(()) } else { Err(AuthError::WrongCredentials) }
    }

    fn upgrade(&self, account: &Account, credentials: &Credentials) {
        let passwords = self.realm.passwords();
        if let Some(old) = account.password.as_ref().filter(|old| passwords.is_outdated(old)) {
            let new = passwords.hash(&credentials.password, self.realm.random());
            // Compare-and-set: a password that was changed since is left alone.
            let _ = self.realm.users().upgrade_password(account.user.id, old, &new);
        }
    }
}
