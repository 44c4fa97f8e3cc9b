//! The file of the key ring: a key a line, the newest first.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, Utc};
use countersign_core::{
    env::Random,
    model::Timestamp,
    seal::{KeyRing, WeakKey},
};

use super::file::{self, KeyError};
use crate::config::{KeySettings, key_bytes};

const HEAD: &str = "\
# The key ring of this Countersign server. The first key seals and signs, from its moment on if it has one; all of them open.
# Without it, tokens that are handed out again and cookies are lost: back it up, and show it to nobody.
";
/// What stands between a key and its moment.
const FROM: &str = " from ";
const EXPECTED: &str = "each line holds one key of 32 bytes in base64, perhaps with `from` and a moment";

/// A key of the ring.
#[derive(Clone)]
pub struct RingEntry {
    bytes: Vec<u8>,
    /// From when on it seals; it opens at any time.
    pub from: Option<Timestamp>,
}

impl std::fmt::Debug for RingEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RingEntry(from {:?})", self.from)
    }
}

/// `keys.secret`, or what the file holds, the newest first; it is made if there is none.
pub fn entries(settings: &KeySettings, random: &dyn Random) -> Result<Vec<RingEntry>, KeyError> {
    if let Some(secret) = &settings.secret {
        return Ok(vec![RingEntry { bytes: key_bytes(secret).ok_or(KeyError::Secret)?, from: None }]);
    }
    if !settings.file.exists() {
        file::create(&settings.file, &format!("{HEAD}{}\n", new_line(None, random)), random)?;
    }
    parse(&settings.file, &file::read(&settings.file)?)
}

/// Puts a new key before the others, which seals from then on.
pub fn add(path: &Path, from: Timestamp, random: &dyn Random) -> Result<(), KeyError> {
    file::exchange(path, random, |text| {
        parse(path, text)?;
        let is_head = |line: &&str| line.starts_with('#');
        let (head, keys): (Vec<&str>, Vec<&str>) = text.lines().partition(is_head);
        let new = new_line(Some(from), random);
        let lines: Vec<&str> = head.into_iter().chain([new.as_str()]).chain(keys).collect();
        Ok((lines.join("\n") + "\n", ()))
    })
}

fn new_line(from: Option<Timestamp>, random: &dyn Random) -> String {
    let key = BASE64.encode(random.bytes::<32>());
    match from {
        Some(from) => format!("{key}{FROM}{}", super::pem::moment(from)),
        None => key,
    }
}

fn parse(path: &Path, text: &str) -> Result<Vec<RingEntry>, KeyError> {
    let damaged = |line| KeyError::Damaged { path: path.to_owned(), line, expected: EXPECTED };
    let numbered = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    let entries = numbered.map(|(line, number)| entry(line.trim()).ok_or_else(|| damaged(number)));
    let entries: Vec<RingEntry> = entries.collect::<Result<_, _>>()?;
    if entries.is_empty() { Err(damaged(0)) } else { Ok(entries) }
}

fn entry(line: &str) -> Option<RingEntry> {
    let (key, from) = match line.split_once(FROM) {
        Some((key, from)) => (key, Some(DateTime::parse_from_rfc3339(from.trim()).ok()?.with_timezone(&Utc))),
        None => (line, None),
    };
    let bytes = BASE64.decode(key.trim()).ok().filter(|key| key.len() >= 32)?;
    Some(RingEntry { bytes, from })
}

/// The ring at `now`: the newest key that has begun seals.
pub fn ring(entries: &[RingEntry], now: Timestamp) -> Result<KeyRing, KeyError> {
    let active = active(entries, now);
    let first = entries.get(active).into_iter();
    let others = entries.iter().enumerate().filter(|(at, _)| *at != active).map(|(_, entry)| entry);
    KeyRing::new(first.chain(others).map(|entry| &entry.bytes)).map_err(|WeakKey| KeyError::Secret)
}

/// The place of the key that seals at `now`.
pub fn active(entries: &[RingEntry], now: Timestamp) -> usize {
    let begun = entries.iter().position(|entry| entry.from.is_none_or(|from| from <= now));
    begun.unwrap_or(entries.len().saturating_sub(1))
}

/// All keys in the order of the file.
pub fn in_order(entries: &[RingEntry]) -> Result<KeyRing, WeakKey> {
    KeyRing::new(entries.iter().map(|entry| &entry.bytes))
}

/// When the next key begins.
pub fn next(entries: &[RingEntry], now: Timestamp) -> Option<Timestamp> {
    entries.iter().filter_map(|entry| entry.from).filter(|from| *from > now).min()
}
