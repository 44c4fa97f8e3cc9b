//! One shard of the cache: two maps, so that what was not used for a while falls out in one step.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use super::CacheKey;
use crate::{
    model::{Timestamp, Verified},
    usage::GRAIN_SECONDS,
};

/// A verified credential and what it takes to trust it.
pub(super) struct Entry {
    pub(super) verified: Arc<Verified>,
    pub(super) cell: Arc<AtomicU64>,
    pub(super) seen: u64,
    pub(super) born: u64,
    noted: AtomicI64,
}

impl Entry {
    /// An entry whose last use was noted at `noted`.
    pub(super) fn new(verified: Arc<Verified>, cell: Arc<AtomicU64>, seen: u64, born: u64, noted: Timestamp) -> Self {
        Self { verified, cell, seen, born, noted: AtomicI64::new(noted.timestamp()) }
    }

    /// Is the last noted use a minute old? Of several askers at once, one is told yes.
    pub(super) fn is_use_due(&self, now: Timestamp) -> bool {
        let (now, last) = (now.timestamp(), self.noted.load(Ordering::Relaxed));
        now - last >= GRAIN_SECONDS
            && self.noted.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

type Map = HashMap<CacheKey, Entry, BuildHasherDefault<PassThrough>>;

/// Inserts go to `young`; when it is half of the shard's share, it becomes `old` and the former `old` is dropped.
#[derive(Default)]
pub(super) struct Shard {
    young: Map,
    old: Map,
}

impl Shard {
    pub(super) fn get(&self, key: CacheKey) -> Option<&Entry> {
        self.young.get(&key).or_else(|| self.old.get(&key))
    }

    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    pub(super) fn insert(&mut self, key: CacheKey, entry: Entry, share: usize) {
        if self.young.len() >= share.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, entry);
    }
}

/// The key is a SHA-256: its first bytes are as good a hash as any.
#[derive(Default)]
struct PassThrough(u64);

impl Hasher for PassThrough {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
