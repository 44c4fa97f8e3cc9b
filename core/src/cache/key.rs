//! What a credential is looked up by.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::{model::TokenKind, secret::Digest};

/// A block of SHA-256.
const BLOCK: usize = 64;

/// SHA-256 of who accepts a credential, its kind and its text. The default is no credential's: for a cache that keeps none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CacheKey(pub(super) [u8; 32]);

/// Makes the keys of one who accepts credentials. What is the same in all of them fills a block, which is hashed once.
#[derive(Clone)]
pub(crate) struct KeyMaker(Sha256);

impl fmt::Debug for KeyMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaker")
    }
}

impl KeyMaker {
    /// The same text as another kind, or where another `mark` is set on what is accepted (another signing key, another life),
    /// has another key.
    pub(crate) fn new(mark: &Digest, kind: TokenKind) -> Self {
        let mut block = [0; BLOCK];
        let (marked, named) = block.split_at_mut(mark.as_bytes().len());
        marked.copy_from_slice(mark.as_bytes());
        // No name is longer, and none holds a NUL.
        for (place, byte) in named.iter_mut().zip(kind.as_str().bytes()) {
            *place = byte;
        }
        Self(Sha256::new_with_prefix(block))
    }

    /// The key of a credential.
    pub(crate) fn key(&self, credential: &str) -> CacheKey {
        CacheKey(self.0.clone().chain_update(credential).finalize().into())
    }
}
