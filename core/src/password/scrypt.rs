//! Django's `scrypt`: checked, never written.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use subtle::ConstantTimeEq as _;

use super::scheme::{Unverifiable, number, within};
use crate::secret::Secret;

const NAME: &str = "scrypt";

/// The upper bounds of what a stored hash may ask for: 128 MiB and some two seconds of a core. Django writes N = 16384,
/// r = 8, p = 5.
const MAX_N: u32 = 1 << 17;
const MAX_R: u32 = 8;
const MAX_P: u32 = 10;
const MAX_SALT_BYTES: usize = 128;
const TAG_BYTES: usize = 64;

/// The cost of a hash: N (a power of two), r and p of RFC 7914.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScryptParams {
    log_n: u8,
    r: u32,
    p: u32,
}

impl ScryptParams {
    /// N · r · p: what time is linear in.
    pub(super) fn work(self) -> u64 {
        (u64::from(self.r) * u64::from(self.p)) << self.log_n
    }
}

impl fmt::Display for ScryptParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "N={},r={},p={}", 1_u32 << self.log_n, self.r, self.p)
    }
}

/// A parsed hash.
pub(super) struct Hash {
    pub(super) params: ScryptParams,
    salt: String,
    tag: [u8; TAG_BYTES],
}

impl Hash {
    /// Does `password` give this tag? Compared in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        derive(password, &self.salt, self.params).is_some_and(|tag| tag.ct_eq(&self.tag).into())
    }
}

/// Reads `16384$salt$8$5$tag`, what stands behind the name.
pub(super) fn parse(rest: &str) -> Result<Hash, Unverifiable> {
    let malformed = Unverifiable::Malformed(NAME);
    let [n, salt, r, p, tag] = rest.split('$').collect::<Vec<_>>().try_into().map_err(|_| malformed)?;
    let n = within(NAME, "N", number(n), MAX_N)?;
    let r = within(NAME, "r", number(r), MAX_R)?;
    let p = within(NAME, "p", number(p), MAX_P)?;
    let tag = BASE64.decode(tag).ok().and_then(|tag| tag.try_into().ok()).ok_or(malformed)?;
    let log_n = u8::try_from(n.checked_ilog2().unwrap_or(0)).map_err(|_| malformed)?;
    let params = ScryptParams { log_n, r, p };
    if !n.is_power_of_two() || log_n == 0 || native(params).is_none() || !(1..=MAX_SALT_BYTES).contains(&salt.len()) {
        return Err(malformed);
    }
    Ok(Hash { params, salt: salt.to_owned(), tag })
}

/// The work of one hash, for nothing.
pub(super) fn burn(password: &Secret, params: ScryptParams) {
    derive(password, "measured", params);
}

fn native(params: ScryptParams) -> Option<scrypt::Params> {
    scrypt::Params::new(params.log_n, params.r, params.p).ok()
}

fn derive(password: &Secret, salt: &str, params: ScryptParams) -> Option<[u8; TAG_BYTES]> {
    let mut tag = [0; TAG_BYTES];
    scrypt::scrypt(password.expose().as_bytes(), salt.as_bytes(), &native(params)?, &mut tag).ok()?;
    Some(tag)
}
