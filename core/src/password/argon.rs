//! argon2id and argon2i in their PHC string form, with one memory block a thread that is used again.
//!
//! Fresh blocks cost page faults: at 44 MiB more than the hash itself.

use std::cell::RefCell;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use super::scheme::{Unverifiable, number, within};
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

/// The least that a thread reserves, in blocks; what is not used of it is no memory, only addresses. glibc maps what is larger
/// than 32 MiB by itself and gives it back when it goes. Smaller ones it takes from its heaps once the first is gone, where they
/// stay for good, and with them whatever else was freed meanwhile.
const LEAST_BLOCKS: usize = 33 * 1024;

thread_local! {
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Which argon2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Argon2Variant {
    /// argon2id of version 1.3: the native one, and what Laravel and Django write.
    Id,
    /// argon2i of version 1.3: PHP's `PASSWORD_ARGON2I`, Django until 3.1.
    I,
    /// argon2i of version 1.0, which does not say its version.
    OldI,
}

impl Argon2Variant {
    /// Its name in a PHC string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "argon2id",
            Self::I | Self::OldI => "argon2i",
        }
    }

    const fn algorithm(self) -> (Algorithm, Version) {
        match self {
            Self::Id => (Algorithm::Argon2id, Version::V0x13),
            Self::I => (Algorithm::Argon2i, Version::V0x13),
            Self::OldI => (Algorithm::Argon2i, Version::V0x10),
        }
    }
}

/// The cost of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// A parsed string.
pub(super) struct Hash {
    pub(super) variant: Argon2Variant,
    pub(super) params: Argon2Params,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Hash {
    /// Does `password` give this tag? Compared in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        let mut tag = vec![0; self.tag.len()];
        derive(password, &self.salt, self.variant, self.params, &mut tag) && tag.ct_eq(&self.tag).into()
    }
}

/// Reads `argon2id$v=19$m=…,t=…,p=…$salt$tag`, what stands behind the first dollar sign. argon2d is for other things than
/// passwords.
pub(super) fn parse(rest: &str) -> Result<Hash, Unverifiable> {
    let (name, rest) = rest.split_once('$').ok_or(Unverifiable::Unknown)?;
    let (version, rest) = match rest.strip_prefix("v=").map(|rest| rest.split_once('$')) {
        Some(said) => said.map(|(version, rest)| (Some(version), rest)).ok_or(Unverifiable::Unknown)?,
        None => (None, rest),
    };
    let variant = match (name, version) {
        ("argon2id", Some("19")) => Argon2Variant::Id,
        ("argon2i", Some("19")) => Argon2Variant::I,
        ("argon2i", Some("16") | None) => Argon2Variant::OldI,
        _ => return Err(Unverifiable::Unknown),
    };
    let name = variant.as_str();
    let malformed = Unverifiable::Malformed(name);
    let [costs, salt, tag] = rest.split('$').collect::<Vec<_>>().try_into().map_err(|_| malformed)?;
    let mut costs = costs.split(',');
    let mut cost = |letter, parameter, limit| {
        let value = costs.next().and_then(|cost| cost.strip_prefix(letter)).and_then(number);
        within(name, parameter, value, limit)
    };
    let params = Argon2Params {
        memory_kib: cost("m=", "memory in KiB", MAX_MEMORY_KIB)?,
        iterations: cost("t=", "iterations", MAX_ITERATIONS)?,
        parallelism: cost("p=", "parallelism", MAX_PARALLELISM)?,
    };
    let decode = |part| BASE64.decode(part).map_err(|_| malformed);
    let (salt, tag) = (decode(salt)?, decode(tag)?);
    let is_sound = costs.next().is_none()
        && params.are_valid()
        && (argon2::MIN_SALT_LEN..=64).contains(&salt.len())
        && (Params::MIN_OUTPUT_LEN.max(12)..=64).contains(&tag.len());
    if is_sound { Ok(Hash { variant, params, salt, tag }) } else { Err(malformed) }
}

/// Hashes into the PHC form of argon2id.
pub(super) fn encode(password: &Secret, salt: &[u8; SALT_BYTES], params: Argon2Params) -> String {
    let mut tag = [0; TAG_BYTES];
    derive(password, salt, Argon2Variant::Id, params, &mut tag);
    let Argon2Params { memory_kib, iterations, parallelism } = params;
    format!(
        "$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}${}${}",
        BASE64.encode(salt),
        BASE64.encode(tag)
    )
}

/// The work of one hash, for nothing: what an unknown user costs.
pub(super) fn burn(password: &Secret, variant: Argon2Variant, params: Argon2Params) {
    derive(password, &[0; SALT_BYTES], variant, params, &mut [0; TAG_BYTES]);
}

/// Gives this thread's memory block back; the next hash takes a new one.
pub fn release_memory() {
    MEMORY.take();
}

/// Runs argon2 over this thread's block; `false` if it refuses the parameters, or there is no memory.
fn derive(password: &Secret, salt: &[u8], variant: Argon2Variant, params: Argon2Params, tag: &mut [u8]) -> bool {
    let Argon2Params { memory_kib, iterations, parallelism } = params;
    let Ok(params) = Params::new(memory_kib, iterations, parallelism, Some(tag.len())) else {
        return false;
    };
    let blocks = params.block_count();
    let lanes = usize::try_from(parallelism).unwrap_or(1).max(1);
    let (algorithm, version) = variant.algorithm();
    let argon2 = Argon2::new(algorithm, version, params);
    MEMORY.with_borrow_mut(|memory| {
        let reserved = blocks.max(LEAST_BLOCKS);
        if memory.capacity() < blocks && memory.try_reserve_exact(reserved - memory.len()).is_err() {
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
