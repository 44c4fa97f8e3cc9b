//! Passwords: hashing, checking, and the rules for new ones.
//!
//! Hashing is slow on purpose; callers run it on the hashing lane, never on a worker.

mod argon;
mod common;
mod rules;

pub use argon::{Argon2Params, release_memory};
pub use rules::{PasswordFlaw, PasswordOwner, PasswordRules};

use std::fmt;

use crate::{env::Random, secret::Secret};

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

/// The formats that this build can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordScheme {
    /// `$argon2id$…`, the native one.
    Argon2id(Argon2Params),
    /// Nothing that can be checked: no password is right.
    Unusable,
}

impl PasswordScheme {
    /// Which format `encoded` is in.
    pub fn of(encoded: &EncodedPassword) -> Self {
        argon::parse(encoded.as_str()).map_or(Self::Unusable, |hash| Self::Argon2id(hash.params))
    }
}

/// How new passwords are hashed, and how any is checked.
#[derive(Debug, Clone)]
pub struct Passwords {
    params: Argon2Params,
}

impl Passwords {
    /// Hashes with argon2id under `params`.
    pub fn new(params: Argon2Params) -> Self {
        Self { params }
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
        if let Some(hash) = stored.and_then(|encoded| argon::parse(encoded.as_str())) {
            hash.matches(password)
        } else {
            argon::burn(password, self.params);
            false
        }
    }

    /// Should the hash be made anew at the next login? (Another format, or another cost.)
    pub fn is_outdated(&self, stored: &EncodedPassword) -> bool {
        PasswordScheme::of(stored) != PasswordScheme::Argon2id(self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::CountedRandom;

    fn cheap() -> Passwords {
        Passwords::new(Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 })
    }

    #[test]
    fn the_right_password_is_right_and_every_other_is_not() {
        let passwords = cheap();
        let stored = passwords.hash(&Secret::from("Zx9-quokka-77"), &CountedRandom::default());
        assert!(passwords.check(&Secret::from("Zx9-quokka-77"), Some(&stored)));
        for wrong in ["zx9-quokka-77", "Zx9-quokka-77 ", "", "Zx9-quokka-7"] {
            assert!(!passwords.check(&Secret::from(wrong), Some(&stored)), "{wrong:?}");
        }
        assert!(!passwords.check(&Secret::from("Zx9-quokka-77"), None));
    }

    #[test]
    fn a_hash_of_another_cost_is_checked_and_called_outdated() {
        let stored = EncodedPassword::new("$argon2id$v=19$m=16,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg");
        assert!(cheap().is_outdated(&stored));
        assert!(!cheap().is_outdated(&cheap().hash(&Secret::from("x"), &CountedRandom::default())));
    }

    #[test]
    fn hostile_or_broken_hashes_are_nobodys_password() {
        let hostile = [
            "",
            "!",
            "plain",
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
            "$argon2id$v=19$m=64,t=1000,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
            "$argon2id$v=19$m=64,t=1,p=255$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
            "$argon2id$v=19$m=64,t=1,p=1$$",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$****",
        ];
        for encoded in hostile {
            assert!(!cheap().check(&Secret::from("x"), Some(&EncodedPassword::new(encoded))), "{encoded:?}");
        }
    }

    #[test]
    fn an_over_long_password_is_refused_without_hashing() {
        let passwords = Passwords::new(Argon2Params { memory_kib: 1 << 20, iterations: 10, parallelism: 1 });
        assert!(!passwords.check(&Secret::new("x".repeat(MAX_BYTES + 1)), None));
    }
}
