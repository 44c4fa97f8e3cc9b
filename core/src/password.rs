//! Passwords: hashing, checking, and the rules for new ones.
//!
//! Hashing is slow on purpose; callers run it on the hashing lane, never on a worker.

mod argon;
mod bcrypt;
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
    /// `$2y$…`, Laravel's.
    Bcrypt {
        /// The logarithm of the rounds.
        cost: u32,
    },
    /// Nothing that can be checked: no password is right.
    Unusable,
}

impl PasswordScheme {
    /// Which format `encoded` is in.
    pub fn of(encoded: &EncodedPassword) -> Self {
        let argon2id = argon::parse(encoded.as_str()).map(|hash| Self::Argon2id(hash.params));
        let bcrypt = || bcrypt::parse(encoded.as_str()).map(|hash| Self::Bcrypt { cost: hash.cost });
        argon2id.or_else(bcrypt).unwrap_or(Self::Unusable)
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
        } else if let Some(hash) = stored.and_then(|encoded| bcrypt::parse(encoded.as_str())) {
            hash.matches(password)
        } else {
            argon::burn(password, self.params);
            false
        }
    }

    /// Should the hash be made anew now that `password` was found right? (Another format, or another cost.) A bcrypt hash
    /// fits every password with the same 72 bytes; one of whichever of them was typed would not, and stays away.
    pub fn is_outdated(&self, stored: &EncodedPassword, password: &Secret) -> bool {
        match PasswordScheme::of(stored) {
            PasswordScheme::Argon2id(params) => params != self.params,
            PasswordScheme::Bcrypt { .. } => password.expose().len() < bcrypt::MOST_BYTES,
            PasswordScheme::Unusable => true,
        }
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
        let password = Secret::from("x");
        assert!(cheap().is_outdated(&stored, &password));
        assert!(!cheap().is_outdated(&cheap().hash(&password, &CountedRandom::default()), &password));
    }

    /// Of the 97 letters that Laravel was given bcrypt looks at 72.
    #[test]
    fn a_bcrypt_hash_is_checked_as_php_does() {
        let stored = EncodedPassword::new("$2y$10$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S");
        let whole = "LongPassw0rd-".repeat(6) + "tail-after-72-bytes";
        let is_right = |password: &str| cheap().check(&Secret::from(password), Some(&stored));
        assert!(is_right(&whole) && is_right(&whole[..72]) && !is_right(&whole[..71]));
        assert!(!cheap().is_outdated(&stored, &Secret::from(&whole[..72])));

        let short = EncodedPassword::new("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe");
        let is_right = |password: &str| cheap().check(&Secret::from(password), Some(&short));
        assert!(is_right("a") && is_right("a\0b") && !is_right("") && !is_right("b"));
        assert!(cheap().is_outdated(&short, &Secret::from("a")));
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
            "$2y$31$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S",
            "$2y$+4$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S",
            "$2y$04$of9lvT.Pduop5x9/6zqCdu",
            "$2y$04$\u{e9}f9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05",
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
