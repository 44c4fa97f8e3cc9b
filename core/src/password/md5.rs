//! Django's salted `md5`, of test suites and of databases from before 2012: checked, never written.

use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

use super::{EncodedPassword, scheme::Unverifiable};
use crate::secret::Secret;

const MAX_SALT_BYTES: usize = 128;
const TAG_LETTERS: usize = 32;

/// The MD5 of a stored hash, in hex: by it a simplejwt with `CHECK_REVOKE_TOKEN` tells one password from the next.
pub(crate) fn md5_of(encoded: &EncodedPassword) -> String {
    hex::encode(Md5::digest(encoded.as_str()))
}

/// A parsed hash.
pub(super) struct Hash {
    salt: String,
    tag: String,
}

impl Hash {
    /// Does `password` give this tag? Compared in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        let tag = Md5::new().chain_update(&self.salt).chain_update(password.expose()).finalize();
        hex::encode(tag).as_bytes().ct_eq(self.tag.as_bytes()).into()
    }
}

/// Reads `salt$tag`, what stands behind the name. Without a salt, as Django wrote it until 2012, Django does not read it
/// any more either.
pub(super) fn parse(rest: &str) -> Result<Hash, Unverifiable> {
    let malformed = Unverifiable::Malformed("md5");
    let (salt, tag) = rest.split_once('$').ok_or(malformed)?;
    let is_hex = |tag: &str| tag.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !(1..=MAX_SALT_BYTES).contains(&salt.len()) || tag.len() != TAG_LETTERS || !is_hex(tag) {
        return Err(malformed);
    }
    Ok(Hash { salt: salt.to_owned(), tag: tag.to_owned() })
}
