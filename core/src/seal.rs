//! The server key ring, and what is done under it: sealing the few secrets that a wire must hand out again, and
//! deriving a key for each purpose.

use std::sync::{Arc, PoisonError, RwLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::Choice;
use zeroize::Zeroizing;

use crate::{env::Random, secret::Digest};

/// Length of a key id in a sealed text.
const ID_BYTES: usize = 4;
/// Length of `XChaCha20`'s nonce, long enough to be drawn at random.
const NONCE_BYTES: usize = 24;

/// One 32-byte key of the ring.
#[derive(Clone)]
struct RingKey {
    id: [u8; ID_BYTES],
    bytes: Zeroizing<[u8; 32]>,
}

impl RingKey {
    /// Under a key of the purpose's own.
    fn mac(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        hmac(&hmac(self.bytes.as_slice(), purpose.as_bytes()), message)
    }
}

/// The keys of a server: the first seals, all of them open. A clone is another handle of the same ring.
#[derive(Clone)]
pub struct KeyRing(Arc<RwLock<Arc<[RingKey]>>>);

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys().len())
    }
}

/// Why a ring could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key ring needs at least one key of at least 32 bytes")]
pub struct WeakKey;

impl KeyRing {
    /// A ring of secrets, the active one first. Each is brought to 32 bytes by SHA-256.
    ///
    /// # Errors
    /// [`WeakKey`] if there is none, or one is shorter than 32 bytes.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, WeakKey> {
        let keys = secrets
            .into_iter()
            .map(|secret| {
                let secret = secret.as_ref();
                let bytes = Zeroizing::new(*Digest::of(secret).as_bytes());
                let mut id = [0; ID_BYTES];
                id.copy_from_slice(&Digest::of(bytes.as_slice()).as_bytes()[..ID_BYTES]);
                if secret.len() < 32 { Err(WeakKey) } else { Ok(RingKey { id, bytes }) }
            })
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(WeakKey) } else { Ok(Self(Arc::new(RwLock::new(keys.into())))) }
    }

    /// Takes the keys of `other` from now on, everywhere where this ring is in use.
    pub fn replace(&self, other: &Self) {
        let keys = other.keys();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn keys(&self) -> Arc<[RingKey]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The public names of the keys, the active one first, in hex: what a sealed text begins with. They tell which ring
    /// it is and nothing about the keys.
    pub fn ids(&self) -> Vec<String> {
        self.keys().iter().map(|key| hex::encode(key.id)).collect()
    }

    /// A 32-byte key for one purpose from each key, the active one first: HMAC-SHA256 of the purpose's name.
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.keys().iter().map(|key| hmac(key.bytes.as_slice(), purpose.as_bytes())).collect()
    }

    /// A MAC of `message` for `purpose` under the active key.
    pub fn mac(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        self.keys()[0].mac(purpose, message)
    }

    /// Is the MAC of `message` for `purpose` under any key of the ring the one that `is` looks for? Every key is asked,
    /// whatever the answer of those before it: how long it takes tells nothing.
    pub fn has_mac(&self, purpose: &str, message: &[u8], is: impl Fn(&[u8; 32]) -> Choice) -> bool {
        self.keys().iter().fold(Choice::from(0), |found, key| found | is(&key.mac(purpose, message))).into()
    }

    /// Encrypts and authenticates `clear` for `purpose`; the result is base64url without padding.
    pub fn seal(&self, purpose: &str, clear: &str, random: &dyn Random) -> String {
        let keys = self.keys();
        let key = &keys[0];
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        let payload = Payload { msg: clear.as_bytes(), aad: purpose.as_bytes() };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        BASE64.encode([key.id.as_slice(), &nonce, &sealed].concat())
    }

    /// Opens what [`KeyRing::seal`] made for the same purpose under any key of the ring; `None` for anything else.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<String> {
        let bytes = BASE64.decode(sealed).ok()?;
        let (id, rest) = bytes.split_at_checked(ID_BYTES)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        let keys = self.keys();
        let key = keys.iter().find(|key| key.id == id)?;
        let nonce = XNonce::from(<[u8; NONCE_BYTES]>::try_from(nonce).ok()?);
        let clear = cipher(key).decrypt(&nonce, Payload { msg: sealed, aad: purpose.as_bytes() }).ok()?;
        String::from_utf8(clear).ok()
    }
}

fn cipher(key: &RingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.bytes).into())
}

/// HMAC-SHA256.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length, so there is nothing to refuse.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().into()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use subtle::ConstantTimeEq as _;

    use super::*;
    use crate::env::CountedRandom;

    fn ring(secrets: &[&str]) -> KeyRing {
        KeyRing::new(secrets).unwrap()
    }
    const OLD: &str = "an old secret of more than 32 bytes";
    const NEW: &str = "a new secret of more than 32 bytes!";

    #[test]
    fn what_was_sealed_is_opened_for_its_purpose_only() {
        let keys = ring(&[NEW]);
        let sealed = keys.seal("djoser", "9944b0", &CountedRandom::default());
        assert_eq!(keys.open("djoser", &sealed).as_deref(), Some("9944b0"));
        assert_eq!(keys.open("session", &sealed), None);
        assert!(!sealed.contains("9944b0"));
    }

    #[test]
    fn a_changed_byte_opens_nothing() {
        let keys = ring(&[NEW]);
        let sealed = keys.seal("djoser", "9944b0", &CountedRandom::default());
        for at in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(keys.open("djoser", std::str::from_utf8(&forged).unwrap()), None, "byte {at}");
        }
        assert_eq!(keys.open("djoser", ""), None);
        assert_eq!(keys.open("djoser", "ä"), None);
    }

    #[test]
    fn an_older_key_still_opens() {
        let sealed = ring(&[OLD]).seal("djoser", "x", &CountedRandom::default());
        assert_eq!(ring(&[NEW, OLD]).open("djoser", &sealed).as_deref(), Some("x"));
        assert_eq!(ring(&[NEW]).open("djoser", &sealed), None);
    }

    #[test]
    fn a_mac_is_found_under_every_key_for_its_purpose_and_message_only() {
        let mac = ring(&[OLD]).mac("link", b"7");
        let is = |found: &[u8; 32]| mac.ct_eq(found);
        assert!(ring(&[OLD]).has_mac("link", b"7", is));
        assert!(ring(&[NEW, OLD]).has_mac("link", b"7", is) && ring(&[OLD, NEW]).has_mac("link", b"7", is));
        assert!(!ring(&[NEW]).has_mac("link", b"7", is));
        assert!(!ring(&[OLD]).has_mac("link", b"8", is) && !ring(&[OLD]).has_mac("cookie", b"7", is));
        assert_ne!(ring(&[NEW, OLD]).mac("link", b"7"), mac);
    }

    #[test]
    fn a_ring_that_is_exchanged_seals_under_the_new_key_everywhere() {
        let (used, random) = (ring(&[OLD]), CountedRandom::default());
        let (elsewhere, old) = (used.clone(), used.seal("djoser", "x", &random));
        used.replace(&ring(&[NEW, OLD]));
        let new = elsewhere.seal("djoser", "x", &random);
        assert_eq!(ring(&[NEW]).open("djoser", &new).as_deref(), Some("x"));
        assert_eq!(elsewhere.open("djoser", &old).as_deref(), Some("x"));
        assert_eq!(elsewhere.derive("p"), [ring(&[NEW]).derive("p"), ring(&[OLD]).derive("p")].concat());
    }

    #[test]
    fn a_key_has_the_same_id_in_every_ring() {
        let both = ring(&[NEW, OLD]).ids();
        assert_eq!([ring(&[NEW]).ids(), ring(&[OLD]).ids()].concat(), both);
        assert_eq!((both.len(), both[0].len()), (2, 8));
        assert_ne!(both[0], both[1]);
    }

    #[test]
    fn a_short_key_or_none_is_refused() {
        assert_eq!(KeyRing::new(["secret"]).err(), Some(WeakKey));
        assert_eq!(KeyRing::new::<&str>([]).err(), Some(WeakKey));
    }
}
