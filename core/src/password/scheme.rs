//! The formats of stored hashes: this server's own, Laravel's and Django's. A hash is parsed once, and one whose cost is
//! out of bounds is refused then: a hostile row must not buy minutes of work or gigabytes of memory.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{EncodedPassword, argon, argon::Argon2Params, argon::Argon2Variant, bcrypt, md5, pbkdf2, scrypt};
use crate::secret::Secret;

pub use super::{pbkdf2::Pbkdf2Digest, scrypt::ScryptParams};

/// Longer texts are no hash: Django's column takes 128 characters, the longest argon2 strings that are read here have 250.
const MOST_LETTERS: usize = 512;

/// The formats that this build can check, each with its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordScheme {
    /// `$argon2id$…`, the native one and Laravel's; `$argon2i$…`, Laravel's; `argon2$argon2id$…`, Django's.
    Argon2 {
        /// Which argon2.
        variant: Argon2Variant,
        /// The cost.
        params: Argon2Params,
        /// Who reads this form.
        family: Family,
    },
    /// `$2y$…`, Laravel's; `bcrypt$$2b$…`, Django's. Neither looks at more than 72 bytes of a password.
    Bcrypt {
        /// The logarithm of the rounds.
        cost: u32,
        /// Who reads this form.
        family: Family,
    },
    /// `bcrypt_sha256$$2b$…`, Django's: bcrypt of the SHA-256 in hex.
    BcryptSha256 {
        /// The logarithm of the rounds.
        cost: u32,
    },
    /// `pbkdf2_sha256$…` and `pbkdf2_sha1$…`, Django's.
    Pbkdf2 {
        /// Of which hash function.
        digest: Pbkdf2Digest,
        /// How often.
        iterations: u32,
    },
    /// `scrypt$…`, Django's.
    Scrypt(ScryptParams),
    /// `md5$…`, Django's: salted, and free.
    Md5,
    /// Nothing that could be checked, on purpose: no password is right. Django writes `!` and random letters.
    Unusable,
}

/// Who reads a form of hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// This server, and Laravel: PHP's `password_verify`.
    Laravel,
    /// Django's hashers.
    Django,
}

/// Why a stored hash can be nobody's password. Never shows anything of the hash but its scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverifiable {
    /// No format of this build.
    #[error("it is in no known format")]
    Unknown,
    /// A known format that is not whole.
    #[error("it is no whole {0} hash")]
    Malformed(&'static str),
    /// Checking it would take too much.
    #[error("its {scheme} asks for {parameter} above {limit}")]
    TooCostly {
        /// Which scheme.
        scheme: &'static str,
        /// Which of its parameters.
        parameter: &'static str,
        /// The most that is accepted.
        limit: u32,
    },
}

impl PasswordScheme {
    /// Which format `encoded` is in.
    ///
    /// # Errors
    /// Why it can never be checked. An import refuses the hash then; a login takes every password for a wrong one.
    pub fn of(encoded: &EncodedPassword) -> Result<Self, Unverifiable> {
        Stored::parse(encoded.as_str()).map(|stored| stored.scheme())
    }

    /// Its name as the frameworks write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Argon2 { variant, .. } => variant.as_str(),
            Self::Bcrypt { .. } => "bcrypt",
            Self::BcryptSha256 { .. } => "bcrypt_sha256",
            Self::Pbkdf2 { digest, .. } => digest.as_str(),
            Self::Scrypt(_) => "scrypt",
            Self::Md5 => "md5",
            Self::Unusable => "unusable",
        }
    }

    /// Who reads it; nobody needs to read what cannot be checked.
    pub const fn family(self) -> Option<Family> {
        match self {
            Self::Argon2 { family, .. } | Self::Bcrypt { family, .. } => Some(family),
            Self::BcryptSha256 { .. } | Self::Pbkdf2 { .. } | Self::Scrypt(_) | Self::Md5 => Some(Family::Django),
            Self::Unusable => None,
        }
    }

    /// How much work a check is, to be compared among hashes of one name only.
    pub fn work(self) -> u64 {
        match self {
            Self::Argon2 { params, .. } => u64::from(params.memory_kib) * u64::from(params.iterations),
            Self::Bcrypt { cost, .. } | Self::BcryptSha256 { cost } => 1 << cost,
            Self::Pbkdf2 { iterations, .. } => u64::from(iterations),
            Self::Scrypt(params) => params.work(),
            Self::Md5 => 1,
            Self::Unusable => 0,
        }
    }

    /// Does the work of one check, for nothing: to be measured.
    pub fn burn(self) {
        let password = Secret::from("measured");
        match self {
            Self::Argon2 { variant, params, .. } => argon::burn(&password, variant, params),
            Self::Bcrypt { cost, .. } | Self::BcryptSha256 { cost } => bcrypt::burn(&password, cost),
            Self::Pbkdf2 { digest, iterations } => pbkdf2::burn(&password, digest, iterations),
            Self::Scrypt(params) => scrypt::burn(&password, params),
            Self::Md5 | Self::Unusable => {}
        }
    }
}

/// The name and the cost, for people: `pbkdf2_sha256 (iterations=1000000)`.
impl fmt::Display for PasswordScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match *self {
            Self::Argon2 { params: Argon2Params { memory_kib, iterations, parallelism }, .. } => {
                write!(f, " (m={memory_kib},t={iterations},p={parallelism})")
            }
            Self::Bcrypt { cost, .. } | Self::BcryptSha256 { cost } => write!(f, " (cost={cost})"),
            Self::Pbkdf2 { iterations, .. } => write!(f, " (iterations={iterations})"),
            Self::Scrypt(params) => write!(f, " ({params})"),
            Self::Md5 | Self::Unusable => Ok(()),
        }
    }
}

/// A parsed hash.
pub(super) enum Stored {
    Argon2(argon::Hash, Family),
    Bcrypt(bcrypt::Hash, Family),
    BcryptSha256(bcrypt::Hash),
    Pbkdf2(pbkdf2::Hash),
    Scrypt(scrypt::Hash),
    Md5(md5::Hash),
    Unusable,
}

impl Stored {
    pub(super) fn parse(encoded: &str) -> Result<Self, Unverifiable> {
        if encoded.is_empty() || encoded.starts_with('!') {
            return Ok(Self::Unusable);
        }
        if encoded.len() > MOST_LETTERS {
            return Err(Unverifiable::Unknown);
        }
        let (name, rest) = encoded.split_once('$').ok_or(Unverifiable::Unknown)?;
        Ok(match name {
            "" if rest.starts_with("argon2") => Self::Argon2(argon::parse(rest)?, Family::Laravel),
            "" => Self::Bcrypt(bcrypt::parse(encoded)?, Family::Laravel),
            "argon2" => Self::Argon2(argon::parse(rest)?, Family::Django),
            "bcrypt" => Self::Bcrypt(bcrypt::parse(rest)?, Family::Django),
            "bcrypt_sha256" => Self::BcryptSha256(bcrypt::parse(rest)?),
            "pbkdf2_sha256" => Self::Pbkdf2(pbkdf2::parse(Pbkdf2Digest::Sha256, rest)?),
            "pbkdf2_sha1" => Self::Pbkdf2(pbkdf2::parse(Pbkdf2Digest::Sha1, rest)?),
            "scrypt" => Self::Scrypt(scrypt::parse(rest)?),
            "md5" => Self::Md5(md5::parse(rest)?),
            _ => return Err(Unverifiable::Unknown),
        })
    }

    pub(super) fn scheme(&self) -> PasswordScheme {
        match self {
            Self::Argon2(hash, family) => {
                PasswordScheme::Argon2 { variant: hash.variant, params: hash.params, family: *family }
            }
            Self::Bcrypt(hash, family) => PasswordScheme::Bcrypt { cost: hash.cost, family: *family },
            Self::BcryptSha256(hash) => PasswordScheme::BcryptSha256 { cost: hash.cost },
            Self::Pbkdf2(hash) => PasswordScheme::Pbkdf2 { digest: hash.digest, iterations: hash.iterations },
            Self::Scrypt(hash) => PasswordScheme::Scrypt(hash.params),
            Self::Md5(_) => PasswordScheme::Md5,
            Self::Unusable => PasswordScheme::Unusable,
        }
    }

    /// Does `password` give this hash? Compared in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        match self {
            Self::Argon2(hash, _) => hash.matches(password),
            Self::Bcrypt(hash, _) => hash.matches(password),
            Self::BcryptSha256(hash) => {
                hash.matches(&Secret::new(hex::encode(Sha256::digest(password.expose().as_bytes()))))
            }
            Self::Pbkdf2(hash) => hash.matches(password),
            Self::Scrypt(hash) => hash.matches(password),
            Self::Md5(hash) => hash.matches(password),
            Self::Unusable => false,
        }
    }
}

/// A decimal number as the frameworks write it: digits, without a sign or a zero before them.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_padded = text.len() > 1 && text.starts_with('0');
    if is_plain && !is_padded { Some(text.parse().unwrap_or(u64::MAX)) } else { None }
}

/// `value`, if it is not above `limit`.
pub(super) fn within(
    scheme: &'static str,
    parameter: &'static str,
    value: Option<u64>,
    limit: u32,
) -> Result<u32, Unverifiable> {
    let value = value.ok_or(Unverifiable::Malformed(scheme))?;
    match u32::try_from(value) {
        Ok(value) if value <= limit => Ok(value),
        _ => Err(Unverifiable::TooCostly { scheme, parameter, limit }),
    }
}
