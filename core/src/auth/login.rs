//! Who somebody is, by password, by token or by the owner's word, and what they get for it.

use super::Auth;
use crate::{
    error::{AuthError, TokenFault},
    identifier::{self, Key},
    model::{Account, Credentials, Grant, Issued, Proof, Spelling, Subject, User, UserChange, UserId, Verified},
    password::{EncodedPassword, PasswordScheme},
    secret::Secret,
    store::TokenKey,
};

impl Auth {
    /// Checks identifier and password. Hashes once, whether or not there is such a user, and upgrades the hash as
    /// [`Upgrade`](crate::password::Upgrade) says; an upgrade that fails does not fail the login.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] for every reason a client could learn from; [`AuthError::Store`].
    pub fn authenticate(&self, credentials: &Credentials) -> Result<Subject, AuthError> {
        let users = self.realm.users();
        let Credentials { identifier, spelling, password } = credentials;
        let keys = Key::spelled(identifier, *spelling);
        let holder = if keys.is_empty() { None } else { users.account(&keys)? };
        // The account that is believed is read after the generation: see `crate::store`.
        let found = match holder {
            Some(holder) => {
                let generation = self.realm.tokens().generation(holder.user.id)?;
                let is_meant = |account: &Account| {
                    account.user.id == holder.user.id && is_reached_by(&account.user, identifier, *spelling)
                };
                users.account(&keys)?.filter(is_meant).map(|it| (it, generation))
            }
            None => None,
        };
        let stored = found.as_ref().and_then(|(account, _)| account.password.as_ref());
        let right = self.realm.passwords().check(password, stored);
        if let Some((Account { user, password: Some(hash) }, _)) = &found
            && let Err(reason) = PasswordScheme::of(hash)
        {
            self.realm.passwords().tell_unverifiable(user.id, reason);
        }
        match found {
            Some((Account { user, password: Some(hash) }, generation)) if right && user.is_active => {
                let hash = self.upgrade(&user, hash, password);
                self.realm.counts().logins_accepted.add();
                Ok(Subject { user, generation, proof: Proof::Password(hash) })
            }
            _ => {
                self.realm.counts().logins_refused.add();
                Err(AuthError::WrongCredentials)
            }
        }
    }

    /// [`Auth::authenticate`], then a token.
    ///
    /// # Errors
    /// As [`Auth::authenticate`]; also if the password was changed in the meantime.
    pub fn login(&self, credentials: &Credentials, grant: &Grant) -> Result<Issued, AuthError> {
        self.enter(&self.authenticate(credentials)?, grant)
    }

    /// A token for somebody who has just authenticated or registered: counts as a login.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the proof no longer holds; [`AuthError::Store`].
    pub fn enter(&self, subject: &Subject, grant: &Grant) -> Result<Issued, AuthError> {
        self.note_login(subject)?;
        self.issue(subject, grant)
    }

    /// Is this the password of the user with this number? For forms that ask for the current one. It upgrades the hash as a login
    /// does: a login at the same moment would otherwise take away what the subject is proved by.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`]; [`AuthError::Store`].
    pub fn confirm_password(&self, user: UserId, password: &Secret) -> Result<Subject, AuthError> {
        let generation = self.realm.tokens().generation(user)?;
        let stored = self.realm.users().password(user)?;
        let right = self.realm.passwords().check(password, stored.as_ref());
        match (stored, self.realm.users().user(user)?) {
            (Some(hash), Some(user)) if right && user.is_active => {
                let hash = self.upgrade(&user, hash, password);
                Ok(Subject { user, generation, proof: Proof::Password(hash) })
            }
            _ => Err(AuthError::WrongCredentials),
        }
    }

    /// The caller as somebody to whom more can be issued, read afresh from the store.
    ///
    /// # Errors
    /// [`AuthError::Token`] if the caller's credential was revoked meanwhile; [`AuthError::Store`].
    pub fn subject(&self, caller: &Verified) -> Result<Subject, AuthError> {
        let generation = self.realm.tokens().generation(caller.user.id)?;
        let held = self.realm.held(TokenKey::Number(caller.token.id))?;
        let Verified { user, token, .. } = crate::strategy::live(&self.realm, held)?;
        Ok(Subject { user, generation, proof: Proof::Token(token.id) })
    }

    /// A user by the word of the server's owner, or of a backend that may act for users.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Token`] if the user is disabled; [`AuthError::Store`].
    pub fn subject_by_owner(&self, user: UserId) -> Result<Subject, AuthError> {
        let generation = self.realm.tokens().generation(user)?;
        let user = self.user(user)?;
        if user.is_active {
            Ok(Subject { user, generation, proof: Proof::Owner })
        } else {
            Err(TokenFault::UserInactive.into())
        }
    }

    pub(super) fn note_login(&self, subject: &Subject) -> Result<(), AuthError> {
        self.realm.users().change_user(subject.id, &UserChange::LoggedIn, self.realm.now())?;
        Ok(())
    }

    /// Replaces a hash as `passwords.upgrade` says, if it is still the user's; returns the hash that the user has then. A
    /// failure is the log's business: the login goes on.
    fn upgrade(&self, user: &User, old: EncodedPassword, password: &Secret) -> EncodedPassword {
        let Some(new) = self.realm.passwords().upgraded(&old, password, self.realm.random()) else { return old };
        let change = UserChange::Rehash { old: old.clone(), new: new.clone() };
        match self.realm.users().change_user(user.id, &change, self.realm.now()) {
            Ok(Some(_)) => new,
            // Somebody else was first: another login of the same password, whose hash counts from now on, or another password.
            Ok(None) => match self.realm.users().password(user.id) {
                Ok(Some(present)) if self.realm.passwords().check(password, Some(&present)) => present,
                _ => old,
            },
            Err(error) => {
                tracing::warn!(user = user.id.0, %error, "cannot store the upgraded password hash; the old one stays");
                old
            }
        }
    }
}

/// Is this the identifier that the login field asks for? A user name that looks like an address is none, and an address
/// is no user name, unless its user has no other.
fn is_reached_by(user: &User, identifier: &str, spelling: Spelling) -> bool {
    let is_address = |text: &str| user.email.as_deref().is_some_and(|own| Key::email(own) == Key::email(text));
    let is_phone = |text: &str| user.phone.is_some() && user.phone == identifier::e164(text);
    let is_way_to_write = |text: &str| is_address(text) || is_phone(text);
    match spelling {
        Spelling::Any => true,
        Spelling::AsStored => {
            user.username == identifier || is_way_to_write(&user.username) && is_way_to_write(identifier)
        }
        Spelling::Address => is_address(identifier),
    }
}
