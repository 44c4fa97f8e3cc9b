//! Compact JWS under HS256 (RFC 7515): what both JWT strategies sign with.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Serialize;

use super::StrategyKind;
use crate::error::AuthError;

/// The JOSE header of every token, in the order of the hotel API's document and of `PyJWT`; jsonwebtoken itself puts `typ`
/// first.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// How far ahead of this clock another process's may be: a token that was issued there a moment ago is not refused here.
pub(super) const CLOCK_SKEW_SECONDS: i64 = 5;
/// Far above any token that is issued here, so that nobody makes the server decode megabytes.
pub(super) const MAX_LENGTH: usize = 4096;

/// One key, which signs and checks.
#[derive(Clone)]
pub(super) struct JwsKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl JwsKey {
    /// From 32 bytes or more.
    pub(super) fn new(secret: &[u8]) -> Self {
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }

    /// The same for jsonwebtoken's own decoder.
    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, AuthError> {
        // Signing with a symmetric key fails only for claims that are no JSON; these always are.
        self.compact(claims).map_err(|_| AuthError::Unsupported(StrategyKind::JwtPair))
    }

    fn compact(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let message = format!("{}.{}", BASE64.encode(HEADER), BASE64.encode(serde_json::to_vec(claims)?));
        let signature = self.signature(&message)?;
        Ok(format!("{message}.{signature}"))
    }

    fn signature(&self, message: &str) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::crypto::sign(message.as_bytes(), &self.encoding, Algorithm::HS256)
    }

    /// For tests that write headers of their own.
    #[cfg(test)]
    pub(super) fn sign_message(&self, message: &str) -> String {
        self.signature(message).unwrap()
    }

    /// Is `signature` (base64url without padding) that of `message`? Compared in constant time.
    pub(super) fn holds(&self, message: &str, signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.decoding, Algorithm::HS256).unwrap_or(false)
    }
}
