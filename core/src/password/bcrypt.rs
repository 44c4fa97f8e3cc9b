//! bcrypt as PHP and Python have it, for the hashes of users who come from Laravel or Django. What Laravel reads is
//! written here too, for those who go back to it.

use base64::Engine as _;
use subtle::ConstantTimeEq as _;

use super::scheme::{Unverifiable, within};
use crate::secret::Secret;

const NAME: &str = "bcrypt";

/// What bcrypt looks at of a password: nothing behind it matters.
pub(super) const MOST_BYTES: usize = 72;

/// The upper bound of what a *stored* hash may ask for: two seconds of a core. Laravel's own is 12.
pub(super) const MAX_COST: u32 = 15;
pub(super) const MIN_COST: u32 = 4;

const SALT_LETTERS: usize = 22;
pub(super) const SALT_BYTES: usize = 16;
/// The last of the 24 bytes that bcrypt makes was never part of a hash.
const TAG_BYTES: usize = 23;

/// A parsed `$2y$` string.
pub(super) struct Hash {
    pub(super) cost: u32,
    salt: [u8; SALT_BYTES],
    tag: [u8; TAG_BYTES],
}

impl Hash {
    /// Does `password` give this tag? Compared in constant time. One with a NUL never does, at the same cost: PHP makes
    /// no hash of it, but takes it for what stands before the NUL when it checks.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        let has_nul = password.expose().contains('\0');
        let is_same: bool = derive(password, self.cost, self.salt).ct_eq(&self.tag).into();
        is_same && !has_nul
    }
}

/// Reads `$2y$10$` with salt and tag. `2a` and `2b` are the same to whoever makes them without mistakes; `2x` is one that
/// was made with one.
pub(super) fn parse(encoded: &str) -> Result<Hash, Unverifiable> {
    let rest = ["$2y$", "$2b$", "$2a$"].into_iter().find_map(|prefix| encoded.strip_prefix(prefix));
    let (cost, letters) = rest.and_then(|rest| rest.split_once('$')).ok_or(Unverifiable::Unknown)?;
    let is_cost = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
    let cost = within(NAME, "a cost", cost.parse().ok().filter(|_| is_cost), MAX_COST)?;
    let decoded = || {
        let (salt, tag) = letters.split_at_checked(SALT_LETTERS)?;
        let decode = |letters| bcrypt::BASE_64.decode(letters).ok();
        Some(Hash { cost, salt: decode(salt)?.try_into().ok()?, tag: decode(tag)?.try_into().ok()? })
    };
    decoded().filter(|_| cost >= MIN_COST).ok_or(Unverifiable::Malformed(NAME))
}

/// Hashes into Laravel's form.
pub(super) fn encode(password: &Secret, salt: [u8; SALT_BYTES], cost: u32) -> String {
    let tag = derive(password, cost, salt);
    format!("$2y${cost:02}${}{}", bcrypt::BASE_64.encode(salt), bcrypt::BASE_64.encode(tag))
}

/// The work of one hash, for nothing.
pub(super) fn burn(password: &Secret, cost: u32) {
    derive(password, cost, [0; SALT_BYTES]);
}

fn derive(password: &Secret, cost: u32, salt: [u8; SALT_BYTES]) -> [u8; TAG_BYTES] {
    let password = password.expose().as_bytes();
    // The NUL at the end of a C string is hashed along, where it has room.
    let mut key = zeroize::Zeroizing::new([password, &[0]].concat());
    key.truncate(MOST_BYTES);
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&bcrypt::bcrypt(cost, salt, &key)[..TAG_BYTES]);
    tag
}
