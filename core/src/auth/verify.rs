//! Whom a credential speaks for: from the cache, or from the store with one asker a credential.

use std::sync::Arc;

use super::Auth;
use crate::{
    cache::{CacheKey, Hit, Watch},
    error::{AuthError, TokenFault},
    model::{Inspected, Issued, UserId, Verified},
};

impl Auth {
    /// The answer that is at hand, without asking anybody: `None` means ask [`Auth::verify`].
    pub fn cached(&self, credential: &str) -> Option<Arc<Verified>> {
        self.at_hand(self.key(credential))
    }

    /// Finds out whom `credential` speaks for under this mount's strategy.
    ///
    /// # Errors
    /// [`AuthError::Token`] with the reason; [`AuthError::Store`] if the store failed, which is not a refusal.
    pub fn verify(&self, credential: &str) -> Result<Arc<Verified>, AuthError> {
        self.through_cache(self.key(credential), credential, || self.strategy.recognise(&self.realm, credential))
    }

    /// The next access token for a refresh token (JWT pair only).
    ///
    /// # Errors
    /// [`AuthError::Token`], [`AuthError::Unsupported`], [`AuthError::Store`].
    pub fn refresh(&self, refresh: &str) -> Result<Issued, AuthError> {
        self.strategy.refresh(&self.realm, refresh)
    }

    /// Is `token` live, access or refresh token, whomever it names? (JWT pair in simplejwt's form only.)
    ///
    /// # Errors
    /// As [`Auth::refresh`].
    pub fn check_token(&self, token: &str) -> Result<(), AuthError> {
        self.strategy.check(&self.realm, token)
    }

    /// Whom `token` speaks for, access or refresh token, and what it says of itself. Nothing comes of asking: a refresh token
    /// is not exchanged, and one that was exchanged ends no login.
    ///
    /// # Errors
    /// [`AuthError::Token`] if it is not live; [`AuthError::Store`].
    pub fn inspect(&self, token: &str) -> Result<Inspected, AuthError> {
        match self.verify(token) {
            Ok(holder) => Ok(self.strategy.describe(token, holder)),
            Err(AuthError::Token(_)) if !token.contains('\0') => self.strategy.inspect_refresh(&self.realm, token),
            Err(error) => Err(error),
        }
    }

    /// Ends the credential that the caller came with: its row, and with it every access token of that login.
    /// Nothing verified by this process accepts it once this returns.
    ///
    /// # Errors
    /// [`AuthError::Store`]. A row that is already gone is no error.
    pub fn logout(&self, caller: &Verified) -> Result<(), AuthError> {
        let owner = caller.token.user_id;
        self.realm.tokens().revoke_token(caller.token.id, Some(owner), self.realm.now())?;
        self.realm.cache().forget(owner);
        Ok(())
    }

    /// Tells later whether anything of `user` was revoked since now; a socket polls it.
    pub fn watch(&self, user: UserId) -> Watch {
        self.realm.cache().watch(user)
    }

    /// Is it known here what other processes revoke? If not, a [`Watch`] tells of this one's revocations alone.
    pub fn hears_others(&self) -> bool {
        self.realm.cache().hears_others()
    }

    fn key(&self, credential: &str) -> CacheKey {
        CacheKey::new(&self.mark, self.strategy.token_kind(), credential)
    }

    pub(super) fn at_hand(&self, key: CacheKey) -> Option<Arc<Verified>> {
        let now = self.realm.now();
        let Hit { verified, note_use } = self.realm.cache().get(key, now)?;
        if note_use {
            self.realm.usage().note(verified.token.id, now);
        }
        Some(verified)
    }

    /// The cache, then `ask`; whoever misses the same key meanwhile waits for that answer.
    pub(super) fn through_cache(
        &self,
        key: CacheKey,
        credential: &str,
        ask: impl FnOnce() -> Result<Verified, AuthError>,
    ) -> Result<Arc<Verified>, AuthError> {
        if credential.is_empty() || credential.contains('\0') {
            return Err(TokenFault::Malformed.into());
        }
        if let Some(verified) = self.at_hand(key) {
            return Ok(verified);
        }
        let cache = self.realm.cache();
        let revision = cache.revision();
        cache.share(key, revision, || {
            let verified = Arc::new(ask()?);
            let noted = self.realm.usage().note_unless_recent(&verified.token, self.realm.now());
            cache.insert(key, &verified, revision, noted);
            Ok(verified)
        })
    }
}
