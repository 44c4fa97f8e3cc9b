//! Passwords: hashing, checking, and the rules for new ones.
//!
//! Hashing is slow on purpose; callers run it on the hashing lane, never on a worker.

mod argon;
mod bcrypt;
mod common;
mod md5;
mod pbkdf2;
mod present;
mod rules;
mod scheme;
mod scrypt;
#[cfg(test)]
mod tests;
mod upgrade;

pub use argon::{Argon2Params, Argon2Variant, release_memory};
pub(crate) use md5::md5_of;
pub use rules::{PasswordFlaw, PasswordOwner, PasswordRules};
pub use scheme::{Family, PasswordScheme, Pbkdf2Digest, ScryptParams, Unverifiable};
pub use upgrade::{Upgrade, UpgradeOptions};

use std::fmt;

use crate::{env::Random, model::UserId, secret::Secret};
use present::Present;
use scheme::Stored;
use upgrade::{Successor, is_native};

/// Longer passwords are refused before anything is hashed. Django has no limit of its own, so that this one is far above
/// what people and managers make (16 kB); argon2's first step is linear in it.
pub const MAX_BYTES: usize = 16_384;

/// An encoded hash, such as `$argon2id$v=19$m=19456,t=2,p=1$…`; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPassword(String);

impl EncodedPassword {
    /// Wraps an encoded hash.
    pub fn new(encoded: impl Into<String>) -> Self {
        Self(encoded.into())
    }

    /// The encoded form, for the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EncodedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodedPassword")
    }
}

/// How new passwords are hashed, and how any is checked. A clone knows what the others learn of the stored hashes.
#[derive(Debug, Clone)]
pub struct Passwords {
    params: Argon2Params,
    upgrade: UpgradeOptions,
    present: Present,
}

impl Passwords {
    /// Hashes with argon2id under `params`, and everything else becomes that at a login.
    pub fn new(params: Argon2Params) -> Self {
        Self { params, upgrade: UpgradeOptions::default(), present: Present::default() }
    }

    /// The same with other upgrades.
    #[must_use]
    pub fn upgrading(self, upgrade: UpgradeOptions) -> Self {
        Self { upgrade, ..self }
    }

    /// The cost of new hashes.
    pub fn params(&self) -> Argon2Params {
        self.params
    }

    /// Hashes a new password with a fresh salt.
    pub fn hash(&self, password: &Secret, random: &dyn Random) -> EncodedPassword {
        EncodedPassword(argon::encode(password, &random.bytes(), self.params))
    }

    /// Is `password` the one behind `stored`? With nothing stored, or nothing that can be checked, the same work is
    /// done as with a native hash and the answer is no.
    pub fn check(&self, password: &Secret, stored: Option<&EncodedPassword>) -> bool {
        if password.expose().len() > MAX_BYTES {
            return false;
        }
        let Some(stored) = stored.and_then(|encoded| Stored::parse(encoded.as_str()).ok()) else {
            self.burn(password);
            return false;
        };
        self.note(stored.scheme());
        let right = stored.matches(password);
        // What costs nothing would show by that who has it.
        if matches!(stored, Stored::Md5(_) | Stored::Unusable) {
            self.burn(password);
        }
        right
    }

    /// The hash that takes the place of `stored` now that `password` was found right, if [`Upgrade`] asks for one. A
    /// bcrypt hash fits every password with the same 72 bytes; one of whichever of them was typed would not, and stays
    /// away.
    pub fn upgraded(
        &self,
        stored: &EncodedPassword,
        password: &Secret,
        random: &dyn Random,
    ) -> Option<EncodedPassword> {
        Some(match self.successor(stored, password)? {
            Successor::Native => self.hash(password, random),
            Successor::Bcrypt(cost) => EncodedPassword(bcrypt::encode(password, random.bytes(), cost)),
            Successor::Pbkdf2(iterations) => {
                EncodedPassword(pbkdf2::encode(password, &random.alphanumeric(pbkdf2::SALT_LETTERS), iterations))
            }
        })
    }

    /// Should the hash be made anew now that `password` was found right? See [`Passwords::upgraded`].
    pub fn is_outdated(&self, stored: &EncodedPassword, password: &Secret) -> bool {
        self.successor(stored, password).is_some()
    }

    /// Takes note of a hash that somebody has: a failed login takes as long as the slowest of them. Says why nobody can
    /// ever log in by it, if that is so.
    ///
    /// # Errors
    /// [`Unverifiable`].
    pub fn learn(&self, stored: &EncodedPassword) -> Result<(), Unverifiable> {
        self.note(PasswordScheme::of(stored)?);
        Ok(())
    }

    /// What is known of the stored hashes beside native ones of today's cost: the costliest of each scheme.
    pub fn present(&self) -> Vec<PasswordScheme> {
        self.present.schemes()
    }

    /// Tells the log, once a user, of a hash that nobody can check.
    pub(crate) fn tell_unverifiable(&self, user: UserId, reason: Unverifiable) {
        if self.present.is_news(user) {
            tracing::warn!(user = user.0, %reason, "this user's password hash cannot be checked: no password is right");
        }
    }

    fn successor(&self, stored: &EncodedPassword, password: &Secret) -> Option<Successor> {
        Successor::of(PasswordScheme::of(stored).ok()?, password, self.params, self.upgrade)
    }

    fn note(&self, scheme: PasswordScheme) {
        let costs_nothing = matches!(scheme, PasswordScheme::Md5 | PasswordScheme::Unusable);
        if !costs_nothing && !is_native(scheme, self.params) {
            self.present.saw(scheme);
        }
    }

    /// The work of one native hash, for nothing.
    fn burn(&self, password: &Secret) {
        argon::burn(password, Argon2Variant::Id, self.params);
    }
}
