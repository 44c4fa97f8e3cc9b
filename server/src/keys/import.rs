//! Keys of others, or of before: what they signed is checked until a moment, and they sign nothing.

use std::fmt::Display;

use countersign_core::{Secret, env::Random, model::Timestamp, strategy::JwtKey};

use super::{Keys, file::KeyError, key_file, pem, rotation::over};
use crate::config::{Settings, key_bytes};

const BEGIN_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----";
const NO_PUBLIC_KEY: &str = "that is no public key in PEM (-----BEGIN PUBLIC KEY-----, as `openssl pkey -pubout` writes it) of RSA \
    (2048 to 8192 bits), P-256 or Ed25519";

/// What is brought, as text.
#[derive(Debug)]
pub enum Import {
    /// A secret of HS256, in the form of `jwt.secret`.
    Secret(Secret),
    /// A public key in PEM.
    Public(String),
}

/// Writes a key that only checks, and only until then, into the key file; returns its id.
///
/// # Errors
/// [`KeyError`].
pub fn import(
    settings: &Settings,
    import: &Import,
    until: Timestamp,
    random: &dyn Random,
    now: Timestamp,
) -> Result<String, KeyError> {
    let refused = |reason: &dyn Display| KeyError::Import(reason.to_string());
    if until <= now {
        return Err(refused(&"the end is in the past: nothing would be checked"));
    }
    let block = match import {
        Import::Secret(secret) => {
            let bytes = key_bytes(secret).ok_or_else(|| refused(&"that is not base64 behind \"base64:\""))?;
            JwtKey::shared(&bytes).map_err(|reason| refused(&reason))?;
            pem::checking_block(pem::SECRET, &bytes, until)
        }
        Import::Public(text) => {
            let at = text.find(BEGIN_PUBLIC).ok_or_else(|| refused(&NO_PUBLIC_KEY))?;
            format!("{}{}\n", pem::checks_until(until), text[at..].trim_end())
        }
    };
    let keys = Keys::view(settings, random, now)?;
    pem::import(&key_file(settings), &block, &over(&keys, now), random)?.ok_or_else(|| refused(&NO_PUBLIC_KEY))
}
