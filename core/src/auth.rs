//! The one door: everything that an adapter or the command line asks for.
//!
//! All methods are synchronous. Those that hash a password belong on the hashing lane; those that only ask the store
//! belong on a blocking thread; [`Auth::at_once`] and [`Auth::session_at_once`] run anywhere.

mod account;
mod administration;
mod follow_up;
mod link;
mod login;
mod old_links;
mod realm;
mod remember;
mod reset;
mod session;
mod tokens;
mod verification;
mod verify;

pub use link::Linked;
pub use old_links::OldLinks;
pub use realm::{Realm, RealmParts, Survey};
pub use tokens::ApiTokenReplaces;

use crate::{cache::KeyMaker, password::PasswordRules, strategy::Strategy};

/// What one mount may do: the shared realm through its own strategy and password rules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Auth {
    realm: Realm,
    /// The realm for look-ups on the thread that asks, if its stores can answer at once.
    at_once: Option<Realm>,
    strategy: Strategy,
    rules: PasswordRules,
    /// What one mount accepts is not taken from the cache by one that may not.
    keys: KeyMaker,
}

impl Auth {
    /// A door to `realm`.
    pub fn new(realm: Realm, strategy: Strategy, rules: PasswordRules) -> Self {
        let keys = KeyMaker::new(&strategy.mark(), strategy.token_kind());
        Self { at_once: realm.at_once(), realm, strategy, rules, keys }
    }

    /// What every mount shares.
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// What this mount issues and accepts.
    pub fn strategy(&self) -> &Strategy {
        &self.strategy
    }
}
