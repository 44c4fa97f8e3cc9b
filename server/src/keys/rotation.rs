//! New keys in the place of old ones, without anybody noticing.

use countersign_core::{
    env::Random,
    model::Timestamp,
    strategy::{JwtAlgorithm, KeyState},
};

use super::{Keys, file::KeyError, key_file, pem, ring};
use crate::config::Settings;

/// Which keys are to be new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotate {
    /// Those that can be: the ring, and the asymmetric key if there is one.
    All,
    /// The key ring.
    Ring,
    /// The key that signs JSON Web Tokens.
    Jwt,
    /// A key for an algorithm that `jwt.algorithm` is to name soon: others learn of it before its first use.
    Announce(JwtAlgorithm),
}

/// A new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// `ring` or `jwt`.
    pub kind: &'static str,
    /// By what it is known.
    pub id: String,
    /// From when on it is used.
    pub from: Timestamp,
}

/// Writes new keys into the files. They are used when `keys.announce` has passed; until then everybody learns of them.
///
/// # Errors
/// [`KeyError::Configured`] for a key that is written in the configuration; [`KeyError`] of the files.
pub fn rotate(
    settings: &Settings,
    rotate: Rotate,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Vec<Rotated>, KeyError> {
    let keys = Keys::view(settings, random, now)?;
    // Whole seconds, as the files have them, and none too early.
    let from = super::pem::whole(now + settings.keys.announce.delta());
    let algorithm = match rotate {
        Rotate::Announce(algorithm) => algorithm,
        _ => settings.jwt.algorithm,
    };
    let is_derived = algorithm == JwtAlgorithm::Hs256;
    let with_ring = match rotate {
        Rotate::Ring => true,
        Rotate::Jwt | Rotate::Announce(_) => false,
        Rotate::All => settings.keys.secret.is_none(),
    };
    let with_jwt = match rotate {
        Rotate::Jwt | Rotate::Announce(_) => true,
        Rotate::Ring => false,
        Rotate::All => !is_derived,
    };
    if with_jwt && is_derived {
        let derived = "the HS256 key is derived from the key ring and rotates with it: use --ring";
        let configured = "the HS256 key is jwt.secret of the configuration: change it there";
        return Err(KeyError::Configured(if settings.jwt.secret.is_some() { configured } else { derived }));
    }
    if settings.keys.secret.is_some() && !with_jwt {
        return Err(KeyError::Configured("the key ring is keys.secret of the configuration: change it there"));
    }
    let mut rotated = Vec::new();
    if with_ring {
        ring::add(&settings.keys.file, from, random)?;
        let entries = ring::entries(&settings.keys, random)?;
        let id = ring::in_order(&entries).map(|ring| ring.ids()).unwrap_or_default().into_iter().next();
        rotated.push(Rotated { kind: "ring", id: id.unwrap_or_default(), from });
    }
    if with_jwt {
        let over = over(&keys, now);
        let id = pem::add(&key_file(settings), algorithm, from, &over, random)?;
        rotated.push(Rotated { kind: "jwt", id, from });
    }
    Ok(rotated)
}

/// The ids of the keys that do nothing any more.
pub fn over(keys: &Keys, now: Timestamp) -> Vec<String> {
    let over = keys.jwt.states(now).into_iter().filter(|(_, state)| *state == KeyState::Over);
    over.map(|(key, _)| key.id()).collect()
}
