//! One key: what it signs, what it checks, what it is called.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64},
};
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{JwtAlgorithm, P256_BYTES, own_p256::OwnP256};
use crate::{
    error::AuthError,
    model::Timestamp,
    seal::hmac,
    secret::Digest,
    strategy::{ForeignTokens, StrategyKind},
};

/// Bytes of a public key of Ed25519.
const ED25519_BYTES: usize = 32;
/// The least bytes of a secret for HS256.
const LEAST_SECRET: usize = 32;
/// Bytes of the id of a secret.
const SHORT_ID: usize = 4;

/// A key that nothing can be done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key of RSA (2048 to 8192 bits), of P-256 or of Ed25519")]
pub struct UnusableKey;

/// A secret that HS256 is not used with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableSecret {
    /// Shorter than the hash (RFC 7518, section 3.2).
    #[error("a secret for HS256 has 32 bytes or more, and this one has {0}")]
    Short(usize),
    /// A key of another algorithm, of which others have the public half (RFC 8725, section 2.1).
    #[error("this is a key of another algorithm or a certificate, and no secret for HS256")]
    Public,
}

/// Is it a key or a certificate as they are passed around?
fn looks_public(secret: &[u8]) -> bool {
    let text = String::from_utf8_lossy(secret);
    let is_named = ["-----BEGIN ", "ssh-", "ecdsa-sha2-"].iter().any(|start| text.trim_start().starts_with(start));
    let is_jwk = text.trim_start().starts_with('{') && text.contains("\"kty\"");
    // Any 32 bytes may be a bare point of Ed25519: nothing tells one from a secret.
    let is_der =
        |der: &[u8]| der.len() != ED25519_BYTES && (JwtKey::public(der).is_ok() || JwtKey::private(der).is_ok());
    let bare: Vec<u8> = secret.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    is_named || is_jwk || is_der(secret) || STANDARD.decode(&bare).is_ok_and(|der| is_der(&der))
}

/// The public half of a key as a JSON Web Key has it (RFC 7517): numbers in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicNumbers {
    /// RSA.
    Rsa {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
    /// P-256.
    P256 {
        /// The first coordinate.
        x: String,
        /// The second one.
        y: String,
    },
    /// Ed25519.
    Ed25519 {
        /// The point.
        x: String,
    },
}

impl PublicNumbers {
    /// The thumbprint of RFC 7638, by which a key is known: the same wherever it is kept.
    fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        BASE64.encode(Digest::of(canonical.as_bytes()).as_bytes())
    }

    fn of_rsa(components: &RsaPublicKeyComponents<Vec<u8>>) -> Self {
        Self::Rsa { n: BASE64.encode(&components.n), e: BASE64.encode(&components.e) }
    }

    /// From an uncompressed point, which may have anything before it (as in an X.509 public key).
    fn of_point(bytes: &[u8]) -> Result<Self, UnusableKey> {
        let point = bytes.last_chunk::<{ 2 * P256_BYTES }>().ok_or(UnusableKey)?;
        let (x, y) = point.split_at(P256_BYTES);
        Ok(Self::P256 { x: BASE64.encode(x), y: BASE64.encode(y) })
    }

    fn of_edwards(bytes: &[u8]) -> Result<Self, UnusableKey> {
        let point = bytes.last_chunk::<ED25519_BYTES>().ok_or(UnusableKey)?;
        Ok(Self::Ed25519 { x: BASE64.encode(point) })
    }
}

/// What signs. The asymmetric ones are parsed once: that is most of what a signature of RSA would cost.
enum Signer {
    Hmac,
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

/// What checks the signatures of an asymmetric key.
enum Verifier {
    /// The public half, parsed once.
    Public(ParsedPublicKey),
    /// The private half of P-256.
    OwnP256(OwnP256),
}

impl Verifier {
    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
            Self::OwnP256(key) => key.holds(message, signature),
        }
    }
}

/// One key, for one algorithm, from the moment when it begins to sign until the one when it checks no more.
pub struct JwtKey {
    algorithm: JwtAlgorithm,
    kid: Option<String>,
    /// The JOSE header of what it signs, encoded.
    header: String,
    public: Option<PublicNumbers>,
    signer: Option<Signer>,
    /// `None` where checking is signing again.
    verifier: Option<Verifier>,
    /// What nobody else has: the shared secret, or the private key in DER; empty if only the public half is here.
    secret: Zeroizing<Vec<u8>>,
    pub(super) from: Option<Timestamp>,
    /// When it signed for the last time.
    pub(super) retired: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    /// What its tokens look like, if it is the key of another simplejwt: nothing under it is a token of ours.
    foreign: Option<Arc<ForeignTokens>>,
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, kid, from, until, .. } = self;
        write!(f, "JwtKey({algorithm}, kid {kid:?}, from {from:?}, until {until:?})")
    }
}

impl JwtKey {
    /// HS256 under this secret, 32 bytes or more. It has no `kid`: there is nobody outside who would look for it, and the
    /// header stays that of the hotel API's document and of `PyJWT`, to the letter.
    pub fn hs256(secret: &[u8]) -> Self {
        Self {
            algorithm: JwtAlgorithm::Hs256,
            kid: None,
            header: BASE64.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
            public: None,
            signer: Some(Signer::Hmac),
            verifier: None,
            secret: Zeroizing::new(secret.to_vec()),
            from: None,
            retired: None,
            until: None,
            foreign: None,
        }
    }

    /// HS256 under a secret that somebody brings.
    ///
    /// # Errors
    /// [`UnusableSecret`].
    pub fn shared(secret: &[u8]) -> Result<Self, UnusableSecret> {
        if looks_public(secret) {
            return Err(UnusableSecret::Public);
        }
        if secret.len() < LEAST_SECRET {
            return Err(UnusableSecret::Short(secret.len()));
        }
        Ok(Self::hs256(secret))
    }

    /// A private key in PKCS #8 (DER): of RSA for RS256, of P-256 for ES256, of Ed25519 for `EdDSA`.
    ///
    /// # Errors
    /// [`UnusableKey`].
    pub fn private(pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        let key = if let Ok(pair) = Ed25519KeyPair::from_pkcs8(pkcs8) {
            let mut key = Self::ed25519(pair.public_key().as_ref())?;
            key.signer = Some(Signer::Ed25519(Box::new(pair)));
            key
        } else if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8) {
            let mut key = Self::p256(pair.public_key().as_ref())?;
            key.verifier = Some(Verifier::OwnP256(OwnP256::of(&pair).ok_or(UnusableKey)?));
            key.signer = Some(Signer::P256(Box::new(pair)));
            key
        } else {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| UnusableKey)?;
            let mut key = Self::rsa(pair.public_key().as_ref())?;
            key.signer = Some(Signer::Rsa(Box::new(pair)));
            key
        };
        Ok(Self { secret: Zeroizing::new(pkcs8.to_vec()), ..key })
    }

    /// A public key as X.509 has it (`SubjectPublicKeyInfo`, DER): it checks and does not sign.
    ///
    /// # Errors
    /// [`UnusableKey`].
    pub fn public(spki: &[u8]) -> Result<Self, UnusableKey> {
        Self::ed25519(spki).or_else(|_| Self::p256(spki)).or_else(|_| Self::rsa(spki))
    }

    /// A new private key in PKCS #8 (DER); RSA has 2048 bits. The randomness is the library's own. `None` for HS256,
    /// whose keys are plain bytes.
    pub fn generate(algorithm: JwtAlgorithm) -> Option<Zeroizing<Vec<u8>>> {
        let der = match algorithm {
            JwtAlgorithm::Hs256 => return None,
            JwtAlgorithm::Rs256 => {
                let pair = rsa::KeyPair::generate(KeySize::Rsa2048).ok()?;
                let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
                der.as_ref().to_vec()
            }
            JwtAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
                pair.to_pkcs8v1().ok()?.as_ref().to_vec()
            }
            JwtAlgorithm::EdDsa => Ed25519KeyPair::generate().ok()?.to_pkcs8v1().ok()?.as_ref().to_vec(),
        };
        Some(Zeroizing::new(der))
    }

    /// The same key, which signs from then on. It checks at any time, so that who knows it earlier waits for nobody.
    #[must_use]
    pub fn signing_from(self, from: Option<Timestamp>) -> Self {
        Self { from, ..self }
    }

    /// The same key, which signed until `last` and signs nothing any more. It checks until what it signed is dead; `None`
    /// if nobody knows since when.
    #[must_use]
    pub fn retired(self, last: Option<Timestamp>) -> Self {
        Self { signer: None, retired: last, ..self }
    }

    /// The same key, which checks until then and signs nothing.
    #[must_use]
    pub fn checking_until(self, until: Option<Timestamp>) -> Self {
        Self { signer: None, until, ..self }
    }

    /// The same key as one of another simplejwt, which checks until then and signs nothing.
    #[must_use]
    pub fn of_simplejwt(self, tokens: ForeignTokens, until: Timestamp) -> Self {
        Self { foreign: Some(Arc::new(tokens)), ..self.checking_until(Some(until)) }
    }

    /// What its tokens look like, if it is the key of another simplejwt.
    pub fn foreign(&self) -> Option<&ForeignTokens> {
        self.foreign.as_deref()
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> JwtAlgorithm {
        self.algorithm
    }

    /// Does it write exactly this header, encoded?
    pub(super) fn writes(&self, header: &str) -> bool {
        self.header == header
    }

    /// Its name in headers and in the published set; HS256 has none.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// By which an owner tells it from others: its `kid`, or eight characters that tell nothing about the secret.
    pub fn id(&self) -> String {
        let of_secret = || hex::encode(&hmac(&self.secret, b"countersign jwt id")[..SHORT_ID]);
        self.kid.clone().unwrap_or_else(of_secret)
    }

    /// Did it ever sign, or will it?
    pub(super) fn is_signing_key(&self) -> bool {
        !self.secret.is_empty() && self.until.is_none()
    }

    /// Its public half; HS256 has none.
    pub fn numbers(&self) -> Option<&PublicNumbers> {
        self.public.as_ref()
    }

    /// Can it sign?
    pub fn signs(&self) -> bool {
        self.signer.is_some()
    }

    /// When it begins to sign, if that is known.
    pub fn from(&self) -> Option<Timestamp> {
        self.from
    }

    /// When it ceases to check, if it was told to.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// [`AuthError::Unsupported`] for a key that only checks, and for claims that are no JSON.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, AuthError> {
        // Fails only for claims that are no JSON, which these always are, or without memory.
        let payload = serde_json::to_vec(claims).map_err(|_| AuthError::Unsupported(StrategyKind::JwtPair))?;
        let message = format!("{}.{}", self.header, BASE64.encode(payload));
        let signature = self.signature(message.as_bytes()).ok_or(AuthError::Unsupported(StrategyKind::JwtPair))?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }

    fn signature(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self.signer.as_ref()? {
            Signer::Hmac => Some(hmac(&self.secret, message).to_vec()),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Signer::P256(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            Signer::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
        }
    }

    /// Is `signature` (base64url without padding, in its one canonical form) that of `message`?
    pub fn holds(&self, message: &str, signature: &str) -> bool {
        let Ok(signature) = BASE64.decode(signature) else { return false };
        match &self.verifier {
            Some(verifier) => verifier.holds(message.as_bytes(), &signature),
            None => hmac(&self.secret, message.as_bytes()).ct_eq(signature.as_slice()).into(),
        }
    }

    /// A key for one purpose, from what nobody else has; `None` if only the public half is here.
    pub(in crate::strategy) fn derive(&self, purpose: &[u8]) -> Option<[u8; 32]> {
        (!self.secret.is_empty()).then(|| hmac(&self.secret, purpose))
    }

    /// For tests that write headers of their own.
    #[cfg(test)]
    pub(in crate::strategy) fn sign_message(&self, message: &str) -> String {
        BASE64.encode(self.signature(message.as_bytes()).unwrap())
    }

    fn rsa(public: &[u8]) -> Result<Self, UnusableKey> {
        let verifier = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).map_err(|_| UnusableKey)?;
        let components = rsa::PublicKey::from_der(public).map_err(|_| UnusableKey)?;
        let bits = components.modulus_len() * 8;
        if !(2048..=8192).contains(&bits) {
            return Err(UnusableKey);
        }
        let numbers = PublicNumbers::of_rsa(&RsaPublicKeyComponents::from(&components));
        Ok(Self::named(JwtAlgorithm::Rs256, numbers, verifier))
    }

    fn p256(public: &[u8]) -> Result<Self, UnusableKey> {
        let verifier = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public).map_err(|_| UnusableKey)?;
        Ok(Self::named(JwtAlgorithm::Es256, PublicNumbers::of_point(public)?, verifier))
    }

    fn ed25519(public: &[u8]) -> Result<Self, UnusableKey> {
        let verifier = ParsedPublicKey::new(&ED25519, public).map_err(|_| UnusableKey)?;
        Ok(Self::named(JwtAlgorithm::EdDsa, PublicNumbers::of_edwards(public)?, verifier))
    }

    fn named(algorithm: JwtAlgorithm, public: PublicNumbers, verifier: ParsedPublicKey) -> Self {
        let kid = public.thumbprint();
        // The kid is base64url: nothing in it is escaped.
        let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT","kid":"{kid}"}}"#);
        Self {
            algorithm,
            kid: Some(kid),
            header: BASE64.encode(header),
            public: Some(public),
            signer: None,
            verifier: Some(Verifier::Public(verifier)),
            secret: Zeroizing::default(),
            from: None,
            retired: None,
            until: None,
            foreign: None,
        }
    }
}
