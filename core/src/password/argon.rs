//! argon2id in its PHC string form, with one memory block a thread that is used again.
//!
//! Fresh blocks cost page faults: at 44 MiB more than the hash itself.

use std::cell::RefCell;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use crate::secret::Secret;

const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// The upper bounds of what a *stored* hash may ask for: 1 GiB, ten passes, sixteen lanes. A hostile row must not buy
/// unbounded work.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_ITERATIONS: u32 = 10;
const MAX_PARALLELISM: u32 = 16;

/// What a thread keeps for the next hash, in blocks of 1 KiB: more than any recommended cost. A stored hash that asked for
/// more does not keep it.
const KEPT_BLOCKS: usize = 64 * 1024;

thread_local! {
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// The cost of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Params {
    /// Memory in KiB; OWASP's minimum is 19456 with two iterations.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for Argon2Params {
    /// OWASP's recommendation: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19456, iterations: 2, parallelism: 1 }
    }
}

impl Argon2Params {
    /// Can argon2 run with these, and are they within what a stored hash may ask for?
    pub fn are_valid(self) -> bool {
        self.memory_kib <= MAX_MEMORY_KIB
            && self.iterations <= MAX_ITERATIONS
            && self.parallelism <= MAX_PARALLELISM
            && Params::new(self.memory_kib, self.iterations, self.parallelism, None).is_ok()
    }
}

/// A parsed `$argon2id$` string.
pub(super) struct Hash {
    pub(super) params: Argon2Params,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Hash {
    /// Does `password` give this tag? Compared in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        let mut tag = vec![0; self.tag.len()];
        derive(password, &self.salt, self.params, &mut tag) && tag.ct_eq(&self.tag).into()
    }
}

/// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$tag`; `None` for anything else or out of bounds.
pub(super) fn parse(encoded: &str) -> Option<Hash> {
    let mut parts = encoded.strip_prefix("$argon2id$v=19$")?.split('$');
    let (costs, salt, tag) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut costs = costs.split(',');
    let mut cost = |name: &str| -> Option<u32> { costs.next()?.strip_prefix(name)?.parse().ok() };
    let params = Argon2Params { memory_kib: cost("m=")?, iterations: cost("t=")?, parallelism: cost("p=")? };
    let (salt, tag) = (BASE64.decode(salt).ok()?, BASE64.decode(tag).ok()?);
    let sound = params.are_valid()
        && (argon2::MIN_SALT_LEN..=64).contains(&salt.len())
        && (Params::MIN_OUTPUT_LEN.max(12)..=64).contains(&tag.len());
    sound.then_some(Hash { params, salt, tag })
}

/// Hashes into the PHC form.
pub(super) fn encode(password: &Secret, salt: &[u8; SALT_BYTES], params: Argon2Params) -> String {
    let mut tag = [0; TAG_BYTES];
    derive(password, salt, params, &mut tag);
    let Argon2Params { memory_kib, iterations, parallelism } = params;
    format!(
        "$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}${}${}",
        BASE64.encode(salt),
        BASE64.encode(tag)
    )
}

/// The work of one hash, for nothing: what an unknown user costs.
pub(super) fn burn(password: &Secret, params: Argon2Params) {
    derive(password, &[0; SALT_BYTES], params, &mut [0; TAG_BYTES]);
}

/// Gives this thread's memory block back; the next hash takes a new one.
pub fn release_memory() {
    MEMORY.take();
}

/// Runs argon2id over this thread's block; `false` if it refuses the parameters.
fn derive(password: &Secret, salt: &[u8], params: Argon2Params, tag: &mut [u8]) -> bool {
    let Argon2Params { memory_kib, iterations, parallelism } = params;
    let Ok(params) = Params::new(memory_kib, iterations, parallelism, Some(tag.len())) else {
        return false;
    };
    let blocks = params.block_count();
    let lanes = usize::try_from(parallelism).unwrap_or(1).max(1);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < blocks && memory.try_reserve_exact(blocks - memory.len()).is_err() {
            return false;
        }
        memory.resize(memory.len().max(blocks), Block::default());
        let used = &mut memory[..blocks];
        let done = argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, tag, &mut *used).is_ok();
        // The ends of each lane would test a guess at hardly any cost; to wipe all of it would cost a sixth of a hash.
        for lane in used.chunks_mut((blocks / lanes).max(1)) {
            lane.iter_mut().take(2).for_each(Block::zeroize);
            lane.iter_mut().last().into_iter().for_each(Block::zeroize);
        }
        if blocks > KEPT_BLOCKS {
            memory.truncate(KEPT_BLOCKS);
            memory.shrink_to_fit();
        }
        done
    })
}
