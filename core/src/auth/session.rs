//! Browser sessions of the Laravel SPA: rows like any other token, found by the secret in the session cookie.

use std::sync::{Arc, LazyLock};

use chrono::TimeDelta;

use super::{Auth, Realm};
use crate::{
    cache::{CacheKey, KeyMaker},
    error::AuthError,
    model::{Abilities, NewToken, Proof, Subject, TokenKind, Verified},
    secret::{Digest, Secret},
    store::{Revoke, TokenKey},
    strategy::live,
};

/// Laravel's session ids have forty characters.
const SECRET_LENGTH: usize = 40;

impl Auth {
    /// Opens a session for somebody who has just authenticated or registered: counts as a login. Returns its secret.
    ///
    /// The row ends after `life`, whatever happens; how long an idle session lasts is the wire's business.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the user was changed meanwhile; [`AuthError::Store`].
    pub fn open_session(&self, subject: &Subject, life: TimeDelta) -> Result<Secret, AuthError> {
        self.note_login(subject)?;
        let now = self.realm.now();
        let secret = Secret::new(self.realm.random().alphanumeric(SECRET_LENGTH));
        let new = NewToken {
            kind: TokenKind::Session,
            user_id: subject.id,
            name: String::new(),
            digest: secret.digest(),
            sealed: None,
            abilities: Abilities::all(),
            family: None,
            created_at: now,
            expires_at: Some(now + life),
            slot: None,
            generation: 0,
        };
        self.realm.mint(subject, new, |new| self.realm.tokens().insert_token(new))?;
        Ok(secret)
    }

    /// Gives somebody who has just confirmed their password in a session a new one, ends all their sessions and opens
    /// another, whose secret it returns: who has a copy of the cookie has nothing any more. The rules are the caller's
    /// business.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the password was changed meanwhile; [`AuthError::WeakPassword`] only for an
    /// over-long one; [`AuthError::Store`].
    pub fn replace_password_in_session(
        &self,
        subject: &Subject,
        new: &Secret,
        life: TimeDelta,
    ) -> Result<Secret, AuthError> {
        let (user, hash) = self.put_password(subject, new, &[Revoke::Kind(TokenKind::Session)])?;
        // Of a generation that is over: that the new password still holds is asked again.
        let subject = Subject { user, generation: subject.generation, proof: Proof::Password(hash) };
        self.open_session(&subject, life)
    }

    /// The session's user without waiting, as [`Auth::at_once`].
    pub fn session_at_once(&self, secret: &str) -> Option<Result<Arc<Verified>, AuthError>> {
        self.without_waiting(self.session_key(secret), secret, |realm| find_session(realm, secret))
    }

    /// The session's user.
    ///
    /// # Errors
    /// As [`Auth::verify`].
    pub fn verify_session(&self, secret: &str) -> Result<Arc<Verified>, AuthError> {
        self.through_cache(self.session_key(secret), secret, || find_session(&self.realm, secret))
    }

    /// Sessions are the same for every mount.
    fn session_key(&self, secret: &str) -> CacheKey {
        static KEYS: LazyLock<KeyMaker> = LazyLock::new(|| KeyMaker::new(&Digest::of(b"session"), TokenKind::Session));
        self.key_by(&KEYS, secret)
    }
}

fn find_session(realm: &Realm, secret: &str) -> Result<Verified, AuthError> {
    let digest = Digest::of(secret.as_bytes());
    live(realm, realm.held(TokenKey::Digest(TokenKind::Session, &digest))?)
}
