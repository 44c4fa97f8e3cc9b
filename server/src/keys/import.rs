//! Keys of others, or of before: what they signed is checked until a moment, and they sign nothing.

use std::fmt::Display;

use countersign_core::{
    Secret,
    env::Random,
    model::Timestamp,
    strategy::{ForeignTokens, JwtKey},
};

use super::{Keys, file::KeyError, key_file, pem, rotation::over};
use crate::config::{Settings, key_bytes};

const BEGIN_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----";
const NO_PUBLIC_KEY: &str = "that is no public key in PEM (-----BEGIN PUBLIC KEY-----, as `openssl pkey -pubout` writes it) of RSA \
    (2048 to 8192 bits), P-256 or Ed25519";

const OWN_KEY: &str =
    "that key signs here, or did: nobody could tell its tokens from Django's. Take another jwt.secret first";

/// What is brought, as text.
#[derive(Debug)]
pub enum Import {
    /// A secret of HS256, in the form of `jwt.secret`.
    Secret(Secret),
    /// A public key in PEM.
    Public(String),
}

/// Writes a key that only checks, and only until then, into the key file; returns its id. With `simplejwt` it is a Django's,
/// whose tokens look so.
///
/// # Errors
/// [`KeyError`].
pub fn import(
    settings: &Settings,
    import: &Import,
    simplejwt: Option<&ForeignTokens>,
    until: Timestamp,
    random: &dyn Random,
    now: Timestamp,
) -> Result<String, KeyError> {
    let refused = |reason: &dyn Display| KeyError::Import(reason.to_string());
    if until <= now {
        return Err(refused(&"the end is in the past: nothing would be checked"));
    }
    let head = pem::checks_until(until) + &simplejwt.map(pem::simplejwt).unwrap_or_default();
    let block = match import {
        Import::Secret(secret) => {
            let bytes = key_bytes(secret).ok_or_else(|| refused(&"that is not base64 behind \"base64:\""))?;
            JwtKey::shared(&bytes).map_err(|reason| refused(&reason))?;
            head + &pem::block(pem::SECRET, &bytes)
        }
        Import::Public(text) => {
            let at = text.find(BEGIN_PUBLIC).ok_or_else(|| refused(&NO_PUBLIC_KEY))?;
            format!("{head}{}\n", text[at..].trim_end())
        }
    };
    let keys = Keys::view(settings, random, now)?;
    let id = pem::id(&block).ok_or_else(|| refused(&NO_PUBLIC_KEY))?;
    let mut ours = keys.jwt.states(now).into_iter().map(|(key, _)| key).filter(|key| key.until().is_none());
    if simplejwt.is_some() && ours.any(|key| key.id() == id) {
        return Err(refused(&OWN_KEY));
    }
    pem::import(&key_file(settings), &block, &over(&keys, now), random)?.ok_or_else(|| refused(&NO_PUBLIC_KEY))
}
