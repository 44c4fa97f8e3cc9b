//! The keys of a server, old and new: which one signs, which of them check, and which are published.
//!
//! The set is ordered, the newest key first, and may be exchanged while the server runs. It follows the clock: a key
//! begins to sign at its moment, and the one before it checks on until the last token that it signed is dead.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono::TimeDelta;
use serde::Serialize;

use super::{CLOCK_SKEW_SECONDS, JwtAlgorithm, JwtKey};
use crate::{error::AuthError, model::Timestamp, secret::Digest, strategy::StrategyKind};

/// A set in which nothing signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("none of the keys can sign")]
pub struct NoSigningKey;

/// Keys, the newest first.
type List = Box<[Arc<JwtKey>]>;

/// The keys that sign and check JSON Web Tokens. A clone is another handle of the same set.
#[derive(Debug, Clone)]
pub struct JwtKeys {
    list: Arc<RwLock<List>>,
    /// How long the longest token lives.
    longest: TimeDelta,
}

/// What a header says of the key.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// `alg`.
    pub algorithm: &'a str,
    /// `kid`.
    pub kid: Option<&'a str>,
}

/// A key that holds a signature.
#[derive(Debug, Clone)]
pub(in crate::strategy) struct Holder {
    pub(in crate::strategy) key: Arc<JwtKey>,
    /// When it checks no more, if that is known: nothing that it signed is good for longer.
    pub(in crate::strategy) until: Option<Timestamp>,
}

impl Holder {
    /// The end of a token that ends at `end` by its own word.
    pub(in crate::strategy) fn end(&self, end: Timestamp) -> Timestamp {
        self.until.map_or(end, |until| until.min(end))
    }
}

/// What a key does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is known, checks, and signs from then on.
    Announced(Timestamp),
    /// It signs and checks.
    Signs,
    /// It only checks, until then if that is known.
    Checks(Option<Timestamp>),
    /// It does nothing any more.
    Over,
}

impl JwtKeys {
    /// A set, the newest key first, for tokens that live no longer than `longest`.
    ///
    /// # Errors
    /// [`NoSigningKey`].
    pub fn new(keys: impl IntoIterator<Item = JwtKey>, longest: TimeDelta) -> Result<Self, NoSigningKey> {
        let list = Arc::new(RwLock::new(signing(keys)?));
        Ok(Self { list, longest })
    }

    /// A set of one key, HS256 under this secret of 32 bytes or more: for a host that rotates nothing.
    pub fn of_secret(secret: &[u8]) -> Self {
        let list: List = Box::new([Arc::new(JwtKey::hs256(secret))]);
        Self { list: Arc::new(RwLock::new(list)), longest: TimeDelta::zero() }
    }

    /// Takes other keys from now on, everywhere where this set is in use.
    ///
    /// # Errors
    /// [`NoSigningKey`], and nothing is changed.
    pub fn replace(&self, keys: impl IntoIterator<Item = JwtKey>) -> Result<(), NoSigningKey> {
        let list = signing(keys)?;
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        Ok(())
    }

    /// Every key and what it does at `now`, the newest first.
    pub fn states(&self, now: Timestamp) -> Vec<(Arc<JwtKey>, KeyState)> {
        let list = self.list();
        let signer = signer(&list, now);
        let state = |at: usize, key: &JwtKey| match (key.from, self.end(&list, at)) {
            (_, Some(end)) if end <= now => KeyState::Over,
            _ if signer.as_ref().is_some_and(|signer| std::ptr::eq(signer.as_ref(), key)) => KeyState::Signs,
            // Also one of an algorithm that does not sign here: it is known before the change to it.
            (Some(from), _) if key.is_signing_key() && from > now => KeyState::Announced(from),
            (_, end) => KeyState::Checks(end),
        };
        list.iter().enumerate().map(|(at, key)| (Arc::clone(key), state(at, key))).collect()
    }

    /// The keys with a public half that check at `now`, those among them that do not sign yet: what others are told. Those of
    /// another simplejwt are not: what their holder signs is judged here alone.
    pub fn published(&self, now: Timestamp) -> Vec<Arc<JwtKey>> {
        let states = self.states(now).into_iter();
        let told = states
            .filter(|(key, state)| key.numbers().is_some() && key.foreign().is_none() && *state != KeyState::Over);
        told.map(|(key, _)| key).collect()
    }

    /// Tells sets apart: what one accepts is not taken from the cache by another.
    pub(in crate::strategy) fn mark(&self) -> Digest {
        let of_key = |key: &Arc<JwtKey>| match key.derive(b"countersign jwt mark") {
            Some(mark) => mark.to_vec(),
            None => key.kid().unwrap_or_default().as_bytes().to_vec(),
        };
        let marks: Vec<Vec<u8>> = self.list().iter().map(of_key).collect();
        Digest::of_pieces(&marks.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// The key that signs at `now`.
    pub(in crate::strategy) fn signer(&self, now: Timestamp) -> Result<Arc<JwtKey>, AuthError> {
        signer(&self.list(), now).ok_or(AuthError::Unsupported(StrategyKind::JwtPair))
    }

    /// A token with these claims, under the key that signs at `now`.
    pub(in crate::strategy) fn sign(&self, now: Timestamp, claims: &impl Serialize) -> Result<String, AuthError> {
        self.signer(now)?.sign(claims)
    }

    /// Does a key of the set have this name?
    pub(in crate::strategy) fn knows(&self, kid: &str) -> bool {
        self.list().iter().any(|key| key.kid() == Some(kid) && key.foreign().is_none())
    }

    /// The key of ours under which `signature` is that of `message`: with a `kid` the one of that name, without one any of
    /// those that sign without. A key is asked only if the header names its own algorithm.
    pub(in crate::strategy) fn holder(
        &self,
        now: Timestamp,
        named: Named<'_>,
        message: &str,
        signature: &str,
    ) -> Option<Holder> {
        let algorithm: JwtAlgorithm = named.algorithm.parse().ok()?;
        let fits = |key: &JwtKey| key.foreign().is_none() && key.algorithm() == algorithm && key.kid() == named.kid;
        self.find(now, fits, message, signature)
    }

    /// Is this to the letter the encoded header that a key of ours writes? Mostly it is, and need not be read.
    pub(in crate::strategy) fn is_own_header(&self, header: &str) -> bool {
        self.list().iter().any(|key| key.foreign().is_none() && key.writes(header))
    }

    /// [`JwtKeys::holder`] by such a header.
    pub(in crate::strategy) fn author(
        &self,
        now: Timestamp,
        header: &str,
        message: &str,
        signature: &str,
    ) -> Option<Holder> {
        self.find(now, |key| key.foreign().is_none() && key.writes(header), message, signature)
    }

    /// The key of another simplejwt under which it is. `PyJWT` looks at no `kid`, and mostly writes none.
    pub(in crate::strategy) fn foreign_holder(
        &self,
        now: Timestamp,
        algorithm: &str,
        message: &str,
        signature: &str,
    ) -> Option<Holder> {
        let algorithm: JwtAlgorithm = algorithm.parse().ok()?;
        self.find(now, |key| key.foreign().is_some() && key.algorithm() == algorithm, message, signature)
    }

    fn find(&self, now: Timestamp, fits: impl Fn(&JwtKey) -> bool, message: &str, signature: &str) -> Option<Holder> {
        let list = self.list();
        let fitting = list.iter().enumerate().filter(|(_, key)| fits(key));
        let mut live = fitting
            .map(|(at, key)| (key, self.end(&list, at)))
            .filter(|(_, until)| until.is_none_or(|until| now < until));
        let (key, until) = live.find(|(key, _)| key.holds(message, signature))?;
        Some(Holder { key: Arc::clone(key), until })
    }

    /// When the key at this place checks no more; `None` if that is not known. What it signed last, it signed before the
    /// first newer one of its algorithm began, and before its algorithm was given up.
    fn end(&self, list: &[Arc<JwtKey>], at: usize) -> Option<Timestamp> {
        let key = &list[at];
        let newer = list[..at].iter().filter(|newer| newer.algorithm() == key.algorithm() && newer.is_signing_key());
        let last = newer.filter_map(|newer| newer.from).chain(key.retired).min();
        let dead = last.map(|last| last + self.longest + TimeDelta::seconds(CLOCK_SKEW_SECONDS));
        key.until.or(dead)
    }

    /// An exchange of keys waits until it is given back, and whoever comes meanwhile waits for the exchange: for as long as a
    /// signature takes.
    fn list(&self) -> RwLockReadGuard<'_, List> {
        self.list.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signing(keys: impl IntoIterator<Item = JwtKey>) -> Result<List, NoSigningKey> {
    let list: List = keys.into_iter().map(Arc::new).collect();
    if list.iter().any(|key| key.signs()) { Ok(list) } else { Err(NoSigningKey) }
}

/// The newest key that has begun; the oldest if none has: a server that signs nothing would let nobody in.
fn signer(list: &[Arc<JwtKey>], now: Timestamp) -> Option<Arc<JwtKey>> {
    let able = || list.iter().filter(|key| key.signs());
    let begun = able().find(|key| key.from.is_none_or(|from| from <= now));
    begun.or_else(|| able().next_back()).cloned()
}

#[cfg(test)]
mod tests;
