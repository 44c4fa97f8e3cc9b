//! Whom a credential speaks for: from the cache, or from the store with one asker a credential.

use std::sync::Arc;

use super::{Auth, Realm};
use crate::{
    cache::{CacheKey, Hit, KeyMaker, Watch},
    error::{AuthError, TokenFault},
    model::{Inspected, Issued, UserId, Verified},
};

impl Auth {
    /// The answer without waiting for anything: from the cache, or from a store that answers at once. `None` means ask
    /// [`Auth::verify`] where waiting is allowed.
    pub fn at_once(&self, credential: &str) -> Option<Result<Arc<Verified>, AuthError>> {
        self.without_waiting(self.key(credential), credential, |realm| self.strategy.recognise(realm, credential))
    }

    /// Whom `credential` speaks for, if that is at hand or costs no wait, and the credential is good. `None` says nothing
    /// about it: ask [`Auth::at_once`] or [`Auth::verify`], which also count what they are asked.
    pub fn known(&self, credential: &str) -> Option<Arc<Verified>> {
        let key = self.key(credential);
        if let Some(verified) = self.at_hand(key) {
            return Some(verified);
        }
        // What will be in the cache is asked of the store once, by whoever may wait.
        if self.realm.cache().is_trusted() {
            return None;
        }
        let found = self.ask_at_once(key, credential, |realm| self.strategy.recognise(realm, credential))?;
        self.counted(Ok(found.ok()?)).ok()
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
        self.key_by(&self.keys, credential)
    }

    /// What a credential is kept under, made by `keys`; nothing is hashed where nothing is kept.
    pub(super) fn key_by(&self, keys: &KeyMaker, credential: &str) -> CacheKey {
        if self.realm.cache().keeps_any() { keys.key(credential) } else { CacheKey::default() }
    }

    fn at_hand(&self, key: CacheKey) -> Option<Arc<Verified>> {
        let now = self.realm.now();
        let Hit { verified, note_use } = self.realm.cache().get(key, now)?;
        if note_use {
            self.realm.usage().note(verified.token.id, now);
        }
        self.realm.counts().cached.add();
        Some(verified)
    }

    /// The cache, then `ask` of the realm that answers at once. What it fails with is its own affair: whoever may wait asks
    /// again.
    pub(super) fn without_waiting(
        &self,
        key: CacheKey,
        credential: &str,
        ask: impl FnOnce(&Realm) -> Result<Verified, AuthError>,
    ) -> Option<Result<Arc<Verified>, AuthError>> {
        match self.at_hand(key) {
            Some(verified) => Some(Ok(verified)),
            None => self.ask_at_once(key, credential, ask).map(|found| self.counted(found)),
        }
    }

    /// What `ask` of the realm that answers at once comes to, remembered and not yet counted; `None` if it needs a wait.
    fn ask_at_once(
        &self,
        key: CacheKey,
        credential: &str,
        ask: impl FnOnce(&Realm) -> Result<Verified, AuthError>,
    ) -> Option<Result<Arc<Verified>, AuthError>> {
        let realm = self.at_once.as_ref()?;
        let revision = realm.cache().revision();
        match look_at(credential).map_err(AuthError::from).and_then(|()| ask(realm)) {
            Err(AuthError::Store(_)) => None,
            found => Some(found.map(|verified| self.keep(key, verified, revision))),
        }
    }

    /// The cache, then `ask`; whoever misses the same key meanwhile waits for that answer.
    pub(super) fn through_cache(
        &self,
        key: CacheKey,
        credential: &str,
        ask: impl FnOnce() -> Result<Verified, AuthError>,
    ) -> Result<Arc<Verified>, AuthError> {
        if let Err(fault) = look_at(credential) {
            return self.counted(Err(fault.into()));
        }
        if let Some(verified) = self.at_hand(key) {
            return Ok(verified);
        }
        let cache = self.realm.cache();
        let revision = cache.revision();
        self.counted(cache.share(key, revision, || Ok(self.keep(key, ask()?, revision))))
    }

    /// Counts what the store's answer came to.
    fn counted(&self, answer: Result<Arc<Verified>, AuthError>) -> Result<Arc<Verified>, AuthError> {
        let counts = self.realm.counts();
        match &answer {
            Ok(_) => counts.asked.add(),
            Err(AuthError::Store(_)) => counts.failed.add(),
            Err(_) => counts.refused.add(),
        }
        answer
    }

    /// Remembers what the store said after `revision` was read, and that the credential was used.
    fn keep(&self, key: CacheKey, verified: Verified, revision: u64) -> Arc<Verified> {
        let verified = Arc::new(verified);
        let noted = self.realm.usage().note_unless_recent(&verified.token, self.realm.now());
        self.realm.cache().insert(key, &verified, revision, noted);
        verified
    }
}

/// What no store holds is not looked for.
fn look_at(credential: &str) -> Result<(), TokenFault> {
    if credential.is_empty() || credential.contains('\0') { Err(TokenFault::Malformed) } else { Ok(()) }
}
