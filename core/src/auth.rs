//! The one door: everything that an adapter or the command line asks for.
//!
//! All methods are synchronous. Those that hash a password belong on the hashing lane; those that only ask the store
//! belong on a blocking thread; [`Auth::cached`] runs anywhere.

mod account;
mod administration;
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

use crate::{password::PasswordRules, secret::Digest, strategy::Strategy};

/// What one mount may do: the shared realm through its own strategy and password rules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Auth {
    realm: Realm,
    strategy: Strategy,
    rules: PasswordRules,
    /// Of the strategy: what one mount accepts is not taken from the cache by one that may not.
    mark: Digest,
}

impl Auth {
    /// A door to `realm`.
    pub fn new(realm: Realm, strategy: Strategy, rules: PasswordRules) -> Self {
        let mark = strategy.mark();
        Self { realm, strategy, rules, mark }
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
