//! bcrypt as PHP has it, for the hashes of users who come from Laravel. Nothing new is hashed with it.

use base64::Engine as _;
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;

/// What bcrypt looks at of a password: nothing behind it matters, and neither does anything behind a NUL.
pub(super) const MOST_BYTES: usize = 72;

/// The upper bound of what a *stored* hash may ask for: two seconds of a core. Laravel's own is 12.
const MAX_COST: u32 = 15;
const MIN_COST: u32 = 4;

const SALT_LETTERS: usize = 22;
const SALT_BYTES: usize = 16;
/// The last of the 24 bytes that bcrypt makes was never part of a hash.
const TAG_BYTES: usize = 23;

/// A parsed `$2y$` string.
pub(super) struct Hash {
    pub(super) cost: u32,
    salt: [u8; SALT_BYTES],
    tag: [u8; TAG_BYTES],
}

impl Hash {
    /// Does `password` give this tag? Compared in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        let password = password.expose().as_bytes();
        let end = password.iter().position(|byte| *byte == 0).unwrap_or(password.len());
        // The NUL at the end of a C string is hashed along, where it has room.
        let mut key = zeroize::Zeroizing::new([password[..end].to_vec(), vec![0]].concat());
        key.truncate(MOST_BYTES);
        bcrypt::bcrypt(self.cost, self.salt, &key)[..TAG_BYTES].ct_eq(&self.tag).into()
    }
}

/// Reads `$2y$10$` with salt and tag; `None` for anything else or out of bounds. `2a` and `2b` are the same to whoever
/// makes them without mistakes; `2x` is one that was made with one.
pub(super) fn parse(encoded: &str) -> Option<Hash> {
    let rest = ["$2y$", "$2b$", "$2a$"].into_iter().find_map(|prefix| encoded.strip_prefix(prefix))?;
    let (cost, letters) = rest.split_once('$')?;
    let is_cost = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
    let cost = cost.parse().ok().filter(|cost| is_cost && (MIN_COST..=MAX_COST).contains(cost))?;
    let (salt, tag) = letters.split_at_checked(SALT_LETTERS)?;
    let decode = |letters| bcrypt::BASE_64.decode(letters).ok();
    Some(Hash { cost, salt: decode(salt)?.try_into().ok()?, tag: decode(tag)?.try_into().ok()? })
}
