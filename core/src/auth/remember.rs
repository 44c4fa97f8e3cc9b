//! Devices that stay logged in: Laravel's remember-me. What the device keeps is good for a new session until the user logs
//! out anywhere, has another password, or its life is over.

use std::sync::Arc;

use chrono::TimeDelta;

use super::Auth;
use crate::{
    error::{AuthError, TokenFault},
    model::{Abilities, NewToken, Subject, TokenKind, UserId, Verified},
    password::EncodedPassword,
    secret::{Digest, Secret},
    store::{Revoke, TokenKey},
    strategy::live,
};

/// What it is sealed for.
const PURPOSE: &str = "remember";
/// Laravel's remember tokens have sixty characters.
const SECRET_LENGTH: usize = 60;

impl Auth {
    /// What a device keeps so that it can open sessions for `life`, sealed.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the user was changed meanwhile; [`AuthError::Store`].
    pub fn remember(&self, subject: &Subject, life: TimeDelta) -> Result<String, AuthError> {
        let now = self.realm.now();
        let secret = Secret::new(self.realm.random().alphanumeric(SECRET_LENGTH));
        let new = NewToken {
            kind: TokenKind::Remember,
            user_id: subject.id,
            name: String::new(),
            digest: secret.digest(),
            sealed: None,
            abilities: Abilities(Vec::new()),
            family: None,
            created_at: now,
            expires_at: Some(now + life),
            slot: None,
            generation: 0,
        };
        let mark = self.password_mark(subject.id)?;
        self.realm.mint(subject, new, |new| self.realm.tokens().insert_token(new))?;
        let clear = format!("{}|{mark}", secret.expose());
        Ok(self.realm.keys().seal(PURPOSE, &clear, self.realm.random()))
    }

    /// Opens a session that lasts for `life` at most, for a device that kept this. Returns its secret and its user.
    ///
    /// # Errors
    /// [`AuthError::Token`] if the device is not remembered, or not any more; [`AuthError::Store`].
    pub fn recall(&self, sealed: &str, life: TimeDelta) -> Result<(Secret, Arc<Verified>), AuthError> {
        let clear = self.realm.keys().open(PURPOSE, sealed).map(Secret::new).ok_or(TokenFault::Malformed)?;
        let (secret, mark) = clear.expose().split_once('|').ok_or(TokenFault::Malformed)?;
        let digest = Digest::of(secret.as_bytes());
        let held = self.realm.held(TokenKey::Digest(TokenKind::Remember, &digest))?;
        let subject = self.subject(&live(&self.realm, held)?)?;
        // A dialect that leaves everything alive when the password changes leaves this row as well.
        if self.password_mark(subject.id)? != mark {
            return Err(TokenFault::Unknown.into());
        }
        match self.open_session(&subject, life) {
            Ok(session) => {
                let verified = self.verify_session(session.expose())?;
                Ok((session, verified))
            }
            // Forgotten meanwhile.
            Err(AuthError::WrongCredentials) => Err(TokenFault::Unknown.into()),
            Err(error) => Err(error),
        }
    }

    /// Forgets every device that remembers this user, as Laravel does at each logout.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn forget_devices(&self, user: UserId) -> Result<(), AuthError> {
        // A revocation is written, and read by every process: not for those who are remembered nowhere.
        if !self.realm.tokens().tokens_of(user, Some(TokenKind::Remember))?.is_empty() {
            self.revoke_many(user, Revoke::Kind(TokenKind::Remember))?;
        }
        Ok(())
    }

    /// Tells one password of a user from the next.
    fn password_mark(&self, user: UserId) -> Result<String, AuthError> {
        let password = self.realm.users().password(user)?;
        let password = password.as_ref().map_or("", EncodedPassword::as_str);
        Ok(Digest::of(password.as_bytes()).to_hex())
    }
}
