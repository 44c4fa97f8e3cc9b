//! What all mounts of a server share: one user base, one clock, one key ring, one cache.

use std::sync::Arc;

use crate::{
    cache::Cache,
    env::{Clock, Random},
    model::Timestamp,
    password::Passwords,
    seal::KeyRing,
    store::{StoreResult, TokenStore, UserStore},
    usage::Usage,
};

/// The parts of a [`Realm`].
pub struct RealmParts {
    /// The users.
    pub users: Arc<dyn UserStore>,
    /// The tokens.
    pub tokens: Arc<dyn TokenStore>,
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
}

struct Shared {
    parts: RealmParts,
    usage: Usage,
}

/// One user base with everything that is needed to serve it. Cheap to clone.
#[derive(Clone)]
pub struct Realm(Arc<Shared>);

impl std::fmt::Debug for Realm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Realm")
    }
}

impl Realm {
    /// Puts the parts together.
    pub fn new(parts: RealmParts) -> Self {
        Self(Arc::new(Shared { parts, usage: Usage::default() }))
    }

    /// The users.
    pub fn users(&self) -> &dyn UserStore {
        self.0.parts.users.as_ref()
    }

    /// The tokens.
    pub fn tokens(&self) -> &dyn TokenStore {
        self.0.parts.tokens.as_ref()
    }

    /// How passwords are hashed.
    pub fn passwords(&self) -> &Passwords {
        &self.0.parts.passwords
    }

    /// The server key ring.
    pub fn keys(&self) -> &KeyRing {
        &self.0.parts.keys
    }

    /// The randomness.
    pub fn random(&self) -> &dyn Random {
        self.0.parts.random.as_ref()
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    /// The verified credentials of this process.
    pub fn cache(&self) -> &Cache {
        &self.0.parts.cache
    }

    /// The uses that are not written yet.
    pub(crate) fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// Writes the moments of last use that are pending; a server calls it every few seconds and at shutdown.
    ///
    /// # Errors
    /// The store's; what was not written stays pending.
    pub fn flush_usage(&self) -> StoreResult<()> {
        self.usage().flush(self.tokens())
    }
}
