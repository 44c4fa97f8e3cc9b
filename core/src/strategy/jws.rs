//! Compact JWS (RFC 7515): the keys that both JWT strategies sign and check with.

mod key;
mod own_p256;
mod set;

use std::{fmt, str::FromStr};

pub use key::{JwtKey, PublicNumbers, UnusableKey};
pub use set::{JwtKeys, KeyState, Named, NoSigningKey};

/// How far ahead of this clock another process's may be: a token that was issued there a moment ago is not refused here.
pub(super) const CLOCK_SKEW_SECONDS: i64 = 5;
/// Far above any token that is issued here, so that nobody makes the server decode megabytes.
pub(super) const MAX_LENGTH: usize = 4096;

/// Bytes of a coordinate of P-256, and of each half of a signature.
const P256_BYTES: usize = 32;

/// What a key signs with (RFC 7518, section 3.1; RFC 8037). A key has one and is never used with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256: whoever can check can also sign.
    #[default]
    Hs256,
    /// RSA, PKCS #1 v1.5, with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl JwtAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa];

    /// `alg` of a JOSE header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for JwtAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// None of the four; `none` least of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such algorithm")]
pub struct UnknownAlgorithm;

impl FromStr for JwtAlgorithm {
    type Err = UnknownAlgorithm;

    /// Exactly as it is registered: case counts.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name).ok_or(UnknownAlgorithm)
    }
}
