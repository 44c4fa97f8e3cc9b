//! What all mounts of a server share: one user base, one clock, one key ring, one cache.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;

use super::OldLinks;
use crate::{
    cache::Cache,
    count::Counts,
    env::{Clock, Random},
    error::AuthError,
    model::{NewToken, Proof, Subject, Timestamp, Token, UserId},
    password::Passwords,
    seal::KeyRing,
    store::{Connections, Held, StoreResult, Stores, TokenKey, TokenStore, UserStore},
    usage::Usage,
};

/// How often a token is tried to be stored while revocations of the same user come in between.
const MINT_TRIES: usize = 4;
/// When it may be worth another try after that.
const MINT_AGAIN: Duration = Duration::from_secs(1);

/// How many hashes are read in one transaction: a few hundred kilobytes.
const SURVEYED_AT_ONCE: u32 = 2_000;

/// How long it counts that there is no token of a kind, in milliseconds: another process may import some.
const NONE_COUNTS: i64 = 1_000;
/// There are some, and that counts for as long as this process runs.
const SOME: i64 = i64::MAX;

/// How long revocations stay in the log: far longer than any process may go without reading it.
const KEEP_REVOCATIONS: TimeDelta = TimeDelta::hours(1);

/// The parts of a [`Realm`].
pub struct RealmParts {
    /// Users and tokens.
    pub stores: Stores,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// The server key ring.
    pub keys: KeyRing,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub random: Arc<dyn Random>,
    /// Verified credentials.
    pub cache: Cache,
    /// By what the links of an old framework are known.
    pub old_links: OldLinks,
}

/// What [`Realm::survey_passwords`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survey {
    /// The highest number of a user whose hash was read.
    pub last: UserId,
    /// How many hashes were read; none if there are no more.
    pub read: usize,
    /// How many of them nobody can check.
    pub unverifiable: usize,
}

struct Shared {
    passwords: Passwords,
    keys: KeyRing,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    cache: Cache,
    old_links: OldLinks,
    usage: Usage,
    /// When nothing was found in slots, in milliseconds since 1970, or [`SOME`].
    slots: AtomicI64,
    counts: Counts,
}

/// One user base with everything that is needed to serve it. Cheap to clone.
#[derive(Clone)]
pub struct Realm {
    stores: Stores,
    is_at_once: bool,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Realm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Realm")
    }
}

impl Realm {
    /// Puts the parts together.
    pub fn new(parts: RealmParts) -> Self {
        let RealmParts { stores, passwords, keys, clock, random, cache, old_links } = parts;
        let (usage, slots, counts) = (Usage::default(), AtomicI64::new(0), Counts::default());
        let shared = Shared { passwords, keys, clock, random, cache, old_links, usage, slots, counts };
        Self { stores, is_at_once: false, shared: Arc::new(shared) }
    }

    /// The same realm, whose look-ups answer at once or fail; `None` if one of its stores has none of this kind.
    pub(crate) fn at_once(&self) -> Option<Self> {
        Some(Self { stores: self.stores.at_once()?, is_at_once: true, shared: Arc::clone(&self.shared) })
    }

    /// Is it such a realm, where nothing can be written?
    pub(crate) fn is_at_once(&self) -> bool {
        self.is_at_once
    }

    /// The users.
    pub(crate) fn users(&self) -> &dyn UserStore {
        self.stores.users()
    }

    /// The tokens.
    pub(crate) fn tokens(&self) -> &dyn TokenStore {
        self.stores.tokens()
    }

    /// The token with this key, and its user.
    pub(crate) fn held(&self, key: TokenKey<'_>) -> StoreResult<Option<Held>> {
        self.stores.held(key)
    }

    /// How passwords are hashed.
    pub(crate) fn passwords(&self) -> &Passwords {
        &self.shared.passwords
    }

    /// The server key ring.
    pub fn keys(&self) -> &KeyRing {
        &self.shared.keys
    }

    /// By what the links of an old framework are known.
    pub(crate) fn old_links(&self) -> &OldLinks {
        &self.shared.old_links
    }

    /// The randomness.
    pub fn random(&self) -> &dyn Random {
        self.shared.random.as_ref()
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Now, for limits: [`Clock::steady`](crate::env::Clock::steady).
    pub fn steady(&self) -> Timestamp {
        self.shared.clock.steady()
    }

    /// The verified credentials of this process.
    pub(crate) fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// What was counted since the start.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// How many verified credentials are remembered.
    pub fn remembered(&self) -> usize {
        self.cache().len()
    }

    /// How long ago the log of revocations was last read to its end; `None` if nobody reads it, or never yet.
    pub fn revocations_age(&self) -> Option<Duration> {
        self.cache().heard_ago()
    }

    /// How much of the store's connections is in use; `None` if it does not tell.
    pub fn connections(&self) -> Option<Connections> {
        self.tokens().connections()
    }

    /// Has every credential verified again, those of open sockets among them; call it after the keys were exchanged. Nothing
    /// is revoked.
    pub fn forget_everybody(&self) {
        self.cache().forget_everybody();
    }

    /// The uses that are not written yet.
    pub(crate) fn usage(&self) -> &Usage {
        &self.shared.usage
    }

    /// Is there any token whose slot begins with `prefix`? There is one such prefix. The store is asked once a second until
    /// there is.
    pub(crate) fn has_slots(&self, prefix: &str) -> StoreResult<bool> {
        let (known, now) = (self.shared.slots.load(Ordering::Relaxed), self.now().timestamp_millis());
        if known == SOME {
            return Ok(true);
        }
        if known.abs_diff(now) < NONE_COUNTS.unsigned_abs() {
            return Ok(false);
        }
        let found = self.tokens().has_slots(prefix)?;
        // Somebody who asked later may have found one meanwhile.
        self.shared.slots.fetch_max(if found { SOME } else { now }, Ordering::Relaxed);
        Ok(found)
    }

    /// Stores a new token of `subject` with `store`. If something was revoked since the proof was checked, the proof is
    /// asked again: who logs in while a token of theirs is revoked elsewhere is not told "wrong password".
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the proof no longer holds; [`AuthError::Busy`] if the revocations do not end;
    /// [`AuthError::Store`].
    pub(crate) fn mint(
        &self,
        subject: &Subject,
        mut new: NewToken,
        store: impl Fn(&NewToken) -> StoreResult<Option<Token>>,
    ) -> Result<Token, AuthError> {
        new.generation = subject.generation;
        for _ in 0..MINT_TRIES {
            if let Some(token) = store(&new)? {
                return Ok(token);
            }
            new.generation = self.tokens().generation(subject.id)?;
            if !self.still_holds(subject)? {
                return Err(AuthError::WrongCredentials);
            }
        }
        Err(AuthError::Busy { retry_after: MINT_AGAIN })
    }

    fn still_holds(&self, subject: &Subject) -> StoreResult<bool> {
        let proved = match &subject.proof {
            Proof::Password(hash) => self.users().password(subject.id)?.as_ref() == Some(hash),
            Proof::Token(id) => self.tokens().token(*id)?.is_some_and(|token| !token.is_expired(self.now())),
            Proof::Owner => true,
        };
        Ok(proved && self.users().user(subject.id)?.is_some_and(|user| user.is_active))
    }

    /// Takes note of some stored hashes of users with a number above `after`: a failed login takes as long as the slowest of
    /// them. This is for what others wrote, and to be called beside the requests until nothing more is read.
    ///
    /// # Errors
    /// The store's.
    pub fn survey_passwords(&self, after: UserId) -> StoreResult<Survey> {
        let page = self.users().passwords(after, SURVEYED_AT_ONCE)?;
        Ok(Survey {
            last: page.last().map_or(after, |(last, _)| *last),
            read: page.len(),
            unverifiable: page.iter().filter(|(_, hash)| self.passwords().learn(hash).is_err()).count(),
        })
    }

    /// Asks the store for a sign of life.
    ///
    /// # Errors
    /// The store's.
    pub fn ping(&self) -> StoreResult<()> {
        self.tokens().ping()
    }

    /// Deletes what has ended, and revocations that every process has long read; returns how many tokens went.
    ///
    /// # Errors
    /// The store's.
    pub fn prune(&self) -> StoreResult<usize> {
        let now = self.now();
        self.tokens().prune(now, now - KEEP_REVOCATIONS)
    }

    /// Writes the moments of last use that are pending; a server calls it every few seconds and at shutdown.
    ///
    /// # Errors
    /// The store's; what was not written stays pending.
    pub fn flush_usage(&self) -> StoreResult<()> {
        self.usage().flush(self.tokens())
    }
}
