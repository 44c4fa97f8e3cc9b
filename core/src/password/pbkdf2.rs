//! Django's `pbkdf2_sha256` and `pbkdf2_sha1`. What Django reads is written here too, for those who go back to it.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::scheme::{Unverifiable, number, within};
use crate::secret::Secret;

/// The upper bound of what a stored hash may ask for: some two seconds of a core. Django 6 writes 1,200,000.
pub(super) const MAX_ITERATIONS: u32 = 10_000_000;
/// Django's are 22 letters, in old databases 12; its whole column has 128.
const MAX_SALT_BYTES: usize = 128;
/// Letters of a new salt: 128 bits, as Django's.
pub(super) const SALT_LETTERS: usize = 22;
/// The longer tag.
const MOST_TAG_BYTES: usize = 32;

/// The hash functions under Django's PBKDF2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pbkdf2Digest {
    /// `pbkdf2_sha256`, what Django writes by default.
    Sha256,
    /// `pbkdf2_sha1`.
    Sha1,
}

impl Pbkdf2Digest {
    /// Django's name of the scheme.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "pbkdf2_sha256",
            Self::Sha1 => "pbkdf2_sha1",
        }
    }

    const fn tag_bytes(self) -> usize {
        match self {
            Self::Sha256 => MOST_TAG_BYTES,
            Self::Sha1 => 20,
        }
    }
}

/// A parsed hash.
pub(super) struct Hash {
    pub(super) digest: Pbkdf2Digest,
    pub(super) iterations: u32,
    salt: String,
    tag: Vec<u8>,
}

impl Hash {
    /// Does `password` give this tag? Compared in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        let tag = derive(password, self.digest, &self.salt, self.iterations);
        tag[..self.digest.tag_bytes()].ct_eq(&self.tag).into()
    }
}

/// Reads `1000000$salt$tag`, what stands behind the name.
pub(super) fn parse(digest: Pbkdf2Digest, rest: &str) -> Result<Hash, Unverifiable> {
    let malformed = Unverifiable::Malformed(digest.as_str());
    let mut parts = rest.split('$');
    let (Some(iterations), Some(salt), Some(tag), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed);
    };
    let iterations = within(digest.as_str(), "iterations", number(iterations), MAX_ITERATIONS)?;
    let tag = BASE64.decode(tag).map_err(|_| malformed)?;
    if iterations == 0 || !(1..=MAX_SALT_BYTES).contains(&salt.len()) || tag.len() != digest.tag_bytes() {
        return Err(malformed);
    }
    Ok(Hash { digest, iterations, salt: salt.to_owned(), tag })
}

/// Hashes into Django's form of `pbkdf2_sha256`.
pub(super) fn encode(password: &Secret, salt: &str, iterations: u32) -> String {
    let tag = derive(password, Pbkdf2Digest::Sha256, salt, iterations);
    format!("{}${iterations}${salt}${}", Pbkdf2Digest::Sha256.as_str(), BASE64.encode(tag))
}

/// The work of one hash, for nothing.
pub(super) fn burn(password: &Secret, digest: Pbkdf2Digest, iterations: u32) {
    derive(password, digest, "measured", iterations);
}

fn derive(password: &Secret, digest: Pbkdf2Digest, salt: &str, iterations: u32) -> [u8; MOST_TAG_BYTES] {
    let (password, salt) = (password.expose().as_bytes(), salt.as_bytes());
    let mut tag = [0; MOST_TAG_BYTES];
    let wanted = &mut tag[..digest.tag_bytes()];
    match digest {
        Pbkdf2Digest::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, iterations, wanted),
        Pbkdf2Digest::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, iterations, wanted),
    }
    tag
}
