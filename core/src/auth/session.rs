//! Browser sessions of the Laravel SPA: rows like any other token, found by the secret in the session cookie.

use std::sync::Arc;

use super::Auth;
use crate::{
    cache::CacheKey,
    error::{AuthError, TokenFault},
    model::{Abilities, NewToken, TokenKind, User, Verified},
    secret::{Digest, Secret},
};

/// Laravel's session ids have forty characters.
const SECRET_LENGTH: usize = 40;

impl Auth {
    /// Opens a session for a user who has just proved who they are; returns its secret.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the user was changed meanwhile; [`AuthError::Store`].
    pub fn open_session(&self, user: &User) -> Result<Secret, AuthError> {
        let secret = Secret::new(self.realm.random().alphanumeric(SECRET_LENGTH));
        let stored = self.realm.tokens().insert_token(&NewToken {
            kind: TokenKind::Session,
            user_id: user.id,
            name: String::new(),
            digest: secret.digest(),
            sealed: None,
            abilities: Abilities::all(),
            family: None,
            created_at: self.realm.now(),
            expires_at: None,
            slot: None,
            generation: user.generation,
            login: true,
        })?;
        stored.map(|_| secret).ok_or(AuthError::WrongCredentials)
    }

    /// The session's user, if the cache has it.
    pub fn cached_session(&self, secret: &str) -> Option<Arc<Verified>> {
        self.at_hand(CacheKey::new(TokenKind::Session, secret))
    }

    /// The session's user.
    ///
    /// # Errors
    /// As [`Auth::verify`].
    pub fn verify_session(&self, secret: &str) -> Result<Arc<Verified>, AuthError> {
        self.through_cache(TokenKind::Session, secret, || {
            let digest = Digest::of(secret.as_bytes());
            let (token, user) =
                self.realm.tokens().token_by_digest(TokenKind::Session, &digest)?.ok_or(TokenFault::Unknown)?;
            if user.is_active {
                Ok(Verified { user, token, expires_at: None })
            } else {
                Err(TokenFault::UserInactive.into())
            }
        })
    }
}
