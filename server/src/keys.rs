//! The server's keys: the ring that seals and signs links and cookies, and those that sign JSON Web Tokens.
//!
//! Both are kept in files that are made once and that their owner alone can read. A new key is written into them with the
//! moment from which it is used, and every server on them looks again every second: when the moment comes, all of them
//! have known the key for a while.

mod file;
mod history;
mod import;
mod pem;
mod ring;
mod rotation;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;
use countersign_adapters::Dialect;
use countersign_core::{
    JwtForm,
    env::Random,
    model::Timestamp,
    seal::KeyRing,
    strategy::{JwtAlgorithm, JwtKey, JwtKeys, KeyState},
};

pub use file::KeyError;
pub use import::{Import, import};
use pem::Turn;
pub use rotation::{Rotate, Rotated, rotate};

use crate::config::{Settings, key_bytes};

/// What the HS256 key is derived for, if no secret is configured.
const DERIVED: &str = "jwt-hs256";

/// The keys of a server. A clone is another handle of the same keys.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Seals, and signs links and cookies.
    pub ring: KeyRing,
    /// Sign JSON Web Tokens.
    pub jwt: JwtKeys,
    files: Option<Arc<Files>>,
}

/// Where the keys come from, and what was read there last.
#[derive(Debug)]
struct Files {
    settings: Settings,
    seen: Mutex<Seen>,
}

/// What was read last: when the files were written, and the next moment at which a key begins.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    written: Vec<Option<file::Stamp>>,
    next: Option<Timestamp>,
}

impl Keys {
    /// The keys of the configuration, to serve with: `keys.secret` and `jwt.secret`, or the files, which are made if there are
    /// none. The key file notes which algorithm signs from now on.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(settings: &Settings, random: &dyn Random, now: Timestamp) -> Result<Self, KeyError> {
        Self::of_files(settings, Turn::Noted, random, now)
    }

    /// The same to look at them: nothing is noted.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn view(settings: &Settings, random: &dyn Random, now: Timestamp) -> Result<Self, KeyError> {
        Self::of_files(settings, Turn::Left, random, now)
    }

    fn of_files(settings: &Settings, turn: Turn, random: &dyn Random, now: Timestamp) -> Result<Self, KeyError> {
        let (Read { ring, jwt }, seen) = read(settings, turn, random, now)?;
        let jwt = JwtKeys::new(jwt, longest_token(settings)).map_err(|_| KeyError::Secret)?;
        if turn == Turn::Noted {
            tell_early(&jwt, now);
        }
        let files = Arc::new(Files { settings: settings.clone(), seen: Mutex::new(seen) });
        Ok(Self { ring, jwt, files: Some(files) })
    }

    /// The same with a ring that a host brings: its file is not looked at.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn on_ring(ring: KeyRing, settings: &Settings, random: &dyn Random, now: Timestamp) -> Result<Self, KeyError> {
        let of_ring = || ring.derive(DERIVED).iter().map(|key| JwtKey::hs256(key)).collect();
        let jwt = token_keys(settings, shared(settings, of_ring)?, true, Turn::Noted, random, now)?;
        let jwt = JwtKeys::new(jwt, longest_token(settings)).map_err(|_| KeyError::Secret)?;
        tell_early(&jwt, now);
        Ok(Self { ring, jwt, files: None })
    }

    /// Reads the files again if they were written since, or if a key begins now, and tells whether it did: what was verified
    /// before may not hold any more. What cannot be read changes nothing.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn look(&self, random: &dyn Random, now: Timestamp) -> Result<bool, KeyError> {
        let Some(files) = &self.files else { return Ok(false) };
        let mut seen = files.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if stamps(&files.settings) == seen.written && seen.next.is_none_or(|next| now < next) {
            return Ok(false);
        }
        // While servers are exchanged one after the other, old and new ones of them name different algorithms.
        let (Read { ring, jwt }, found) = read(&files.settings, Turn::Left, random, now)?;
        self.jwt.replace(jwt).map_err(|_| KeyError::Secret)?;
        self.ring.replace(&ring);
        *seen = found;
        tracing::info!(ring = self.ring.ids().first(), "read the keys again");
        Ok(true)
    }
}

impl Keys {
    /// The keys of the ring as the files have them, the newest first: id, whether it seals at `now`, and from when on.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn ring_states(
        settings: &Settings,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Vec<(String, bool, Option<Timestamp>)>, KeyError> {
        let entries = ring::entries(&settings.keys, random)?;
        let ids = ring::in_order(&entries).map(|ring| ring.ids()).unwrap_or_default();
        let active = ring::active(&entries, now);
        let states = ids.into_iter().zip(&entries).enumerate();
        Ok(states.map(|(at, (id, entry))| (id, at == active, entry.from)).collect())
    }
}

/// What the files hold.
struct Read {
    ring: KeyRing,
    /// The newest first.
    jwt: Vec<JwtKey>,
}

fn read(settings: &Settings, turn: Turn, random: &dyn Random, now: Timestamp) -> Result<(Read, Seen), KeyError> {
    // Before they are read: what is written in between is seen at the next look.
    let before = stamps(settings);
    let was_used = settings.keys.secret.is_some() || settings.keys.file.exists();
    let entries = ring::entries(&settings.keys, random)?;
    let of_ring = || {
        let keys = ring::in_order(&entries).map(|ring| ring.derive(DERIVED)).unwrap_or_default();
        let begins = entries.iter().map(|entry| entry.from);
        keys.iter().zip(begins).map(|(key, from)| JwtKey::hs256(key).signing_from(from)).collect()
    };
    let jwt = token_keys(settings, shared(settings, of_ring)?, was_used, turn, random, now)?;
    let written = if before.contains(&None) { stamps(settings) } else { before };
    // The keys of tokens follow the clock by themselves; the ring is put in order when a key begins.
    let seen = Seen { written, next: ring::next(&entries, now) };
    Ok((Read { ring: ring::ring(&entries, now)?, jwt }, seen))
}

/// The keys for HS256: the configured one, or what the ring gives.
fn shared(settings: &Settings, of_ring: impl FnOnce() -> Vec<JwtKey>) -> Result<Vec<JwtKey>, KeyError> {
    match &settings.jwt.secret {
        Some(secret) => Ok(vec![JwtKey::hs256(&key_bytes(secret).ok_or(KeyError::Secret)?)]),
        None => Ok(of_ring()),
    }
}

/// Those for HS256 and those of the key file, of which one kind signs, and the other checks what it signed before.
/// `was_used` says whether HS256 may have signed before there was a key file.
fn token_keys(
    settings: &Settings,
    shared: Vec<JwtKey>,
    was_used: bool,
    turn: Turn,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Vec<JwtKey>, KeyError> {
    let (path, signing) = (key_file(settings), settings.jwt.algorithm);
    if signing == JwtAlgorithm::Hs256 {
        let others =
            if path.exists() { pem::open(&path, signing, was_used, turn, random, now)?.keys } else { Vec::new() };
        return Ok(shared.into_iter().chain(others).collect());
    }
    let mut read = pem::open(&path, signing, was_used, turn, random, now)?;
    let retired = read.retire(shared);
    read.keys.extend(retired);
    Ok(read.keys)
}

/// The key that signs before its moment, because `jwt.algorithm` has no other one, and that moment.
fn early(jwt: &JwtKeys, now: Timestamp) -> Option<(Arc<JwtKey>, Timestamp)> {
    let (signer, _) = jwt.states(now).into_iter().find(|(_, state)| *state == KeyState::Signs)?;
    let from = signer.from().filter(|from| *from > now)?;
    Some((signer, from))
}

fn tell_early(jwt: &JwtKeys, now: Timestamp) {
    if let Some((key, from)) = early(jwt, now) {
        tracing::warn!(
            key = key.id(),
            from = pem::moment(from),
            "jwt.algorithm was changed before its key's time: there is no other one, so it signs already; who keeps an older \
             set of public keys refuses its tokens until that time"
        );
    }
}

/// Where the asymmetric keys are, and those that only check: `jwt.key_file`, or a file beside the ring's.
pub fn key_file(settings: &Settings) -> PathBuf {
    settings.jwt.key_file.clone().unwrap_or_else(|| settings.keys.file.with_extension("jwt.pem"))
}

/// The life of the longest JSON Web Token that is issued: of the access tokens of `[jwt]`, and of the refresh tokens of
/// Djoser's mounts, which are such tokens too.
fn longest_token(settings: &Settings) -> TimeDelta {
    let of_mounts =
        settings.mounts.iter().filter_map(|mount| match (Dialect::named(&mount.adapter)?.jwt_form)(&mount.options) {
            JwtForm::Simple(lives) => Some(lives.access_lifetime.max(lives.refresh_lifetime)),
            JwtForm::Hotel => None,
        });
    of_mounts.chain([settings.jwt.access_ttl.delta()]).max().unwrap_or_default()
}

/// The life of the longest access token in simplejwt's form.
pub fn longest_access(settings: &Settings) -> TimeDelta {
    let of_mounts =
        settings.mounts.iter().filter_map(|mount| match (Dialect::named(&mount.adapter)?.jwt_form)(&mount.options) {
            JwtForm::Simple(lives) => Some(lives.access_lifetime),
            JwtForm::Hotel => None,
        });
    of_mounts.max().unwrap_or_default()
}

/// The keys of Djangos that are not over at `now`: their ids, and their ends.
pub fn of_djangos(settings: &Settings, now: Timestamp) -> Vec<(String, Timestamp)> {
    let mut keys = pem::of_djangos(&key_file(settings));
    keys.retain(|(_, until)| now < *until);
    keys
}

/// When the files that are used were written.
fn stamps(settings: &Settings) -> Vec<Option<file::Stamp>> {
    let ring = settings.keys.secret.is_none().then(|| settings.keys.file.clone());
    ring.into_iter().chain([key_file(settings)]).map(|path| file::stamp(&path)).collect()
}

#[cfg(test)]
mod tests;
