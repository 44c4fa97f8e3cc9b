//! JWTs that nobody issued.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::env::{Clock as _, SystemClock};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha512};

use super::json::Json;

/// What stands in for a forgery of something that is no JWT.
const UNFORGEABLE: &str = "UNFORGEABLE";

/// Header and claims.
pub fn parts(token: &str) -> Option<(Json, Json)> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts.as_slice() else { return None };
    Some((decoded(header)?, decoded(claims)?))
}

/// The token with other claims, signed again. `exp`, `iat` and `nbf` are seconds from now; `without` names a claim to
/// leave out; `secret` and `alg` are what it is signed with.
pub fn forge(token: &str, secret: &str, changes: &[(String, Json)]) -> String {
    let Some((mut header, mut claims)) = parts(token) else { return UNFORGEABLE.to_owned() };
    let (mut secret, mut algorithm) = (secret, "HS256");
    for (name, value) in changes {
        match (name.as_str(), value.as_text(), value.as_int()) {
            ("without", Some(claim), _) => drop(claims.remove(claim)),
            ("secret", Some(other), _) => secret = other,
            ("alg", Some(other), _) => algorithm = other,
            ("exp" | "iat" | "nbf", _, Some(seconds)) => {
                claims.set(name, Json::from(SystemClock.now().timestamp() + seconds));
            }
            (_, _, Some(number)) => claims.set(name, Json::text(number.to_string())),
            _ => claims.set(name, value.clone()),
        }
    }
    header.set("alg", Json::text(algorithm));
    let signed = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = sign(algorithm, secret.as_bytes(), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The token without a signature, under this name for "none".
pub fn unsigned(token: &str, algorithm: &str) -> String {
    let Some((mut header, claims)) = parts(token) else { return UNFORGEABLE.to_owned() };
    header.set("alg", Json::text(algorithm));
    format!("{}.{}.", encoded(&header), encoded(&claims))
}

/// The token with other claims under its old signature.
pub fn swap(token: &str, changes: &[(String, Json)]) -> String {
    let Some((_, mut claims)) = parts(token) else { return UNFORGEABLE.to_owned() };
    for (name, value) in changes {
        claims.set(name, value.clone());
    }
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], encoded(&claims), parts[2])
}

fn decoded(part: &str) -> Option<Json> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    Json::read(std::str::from_utf8(&bytes).ok()?).ok()
}

fn encoded(part: &Json) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn sign(algorithm: &str, secret: &[u8], message: &[u8]) -> Vec<u8> {
    let signed =
        match algorithm {
            "HS256" => Hmac::<Sha256>::new_from_slice(secret)
                .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec()),
            "HS512" => Hmac::<Sha512>::new_from_slice(secret)
                .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec()),
            _ => panic!("no algorithm {algorithm:?}"),
        };
    signed.expect("a key of any length")
}
