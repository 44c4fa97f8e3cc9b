//! `/.well-known/jwks.json`: the public keys by which others check the JSON Web Tokens of this server (RFC 7517).

use actix_web::{
    HttpResponse, get,
    http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL},
    web,
};
use countersign_adapters::settings::Span;
use countersign_core::{
    auth::Realm,
    strategy::{JwtKey, JwtKeys, PublicNumbers},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The keys, and for how long others may keep them.
pub(super) struct Jwks {
    keys: JwtKeys,
    cache_control: String,
}

/// Longer than this nobody keeps the set, however early keys are announced: a key that is taken out is to be forgotten.
const LONGEST_KEPT: u64 = 600;

impl Jwks {
    /// A key is announced for twice as long as its set may be kept: who looks again late still does before its first use.
    pub(super) fn of(keys: JwtKeys, announce: Span) -> Self {
        let seconds = (announce.duration().as_secs() / 2).min(LONGEST_KEPT);
        let cache_control = format!("public, max-age={seconds}");
        Self { keys, cache_control }
    }
}

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(list_keys);
}

/// A set of public keys.
#[derive(Serialize, ToSchema)]
#[schema(as = server::KeySet)]
struct KeySet {
    /// The keys; none under HS256, whose key is nobody else's.
    keys: Vec<Key>,
}

/// A public key (RFC 7517; RFC 7518, section 6; RFC 8037).
#[derive(Serialize, ToSchema)]
#[schema(as = server::Key)]
struct Key {
    /// `RSA`, `EC` or `OKP`.
    kty: &'static str,
    /// By which a token names it: its thumbprint (RFC 7638).
    kid: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    purpose: &'static str,
    /// The one algorithm that it is used with: `RS256`, `ES256` or `EdDSA`.
    alg: &'static str,
    /// `P-256` or `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    /// The modulus of RSA.
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    /// The exponent of RSA.
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    /// The first coordinate, or the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    /// The second coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

impl Key {
    /// `None` for a key without a public half.
    fn of(key: &JwtKey) -> Option<Self> {
        let (kid, numbers) = (key.kid()?.to_owned(), key.numbers()?.clone());
        let (kty, crv) = match numbers {
            PublicNumbers::Rsa { .. } => ("RSA", None),
            PublicNumbers::P256 { .. } => ("EC", Some("P-256")),
            PublicNumbers::Ed25519 { .. } => ("OKP", Some("Ed25519")),
        };
        let (n, e, x, y) = match numbers {
            PublicNumbers::Rsa { n, e } => (Some(n), Some(e), None, None),
            PublicNumbers::P256 { x, y } => (None, None, Some(x), Some(y)),
            PublicNumbers::Ed25519 { x } => (None, None, Some(x), None),
        };
        Some(Self { kty, kid, purpose: "sig", alg: key.algorithm().as_str(), crv, n, e, x, y })
    }
}

/// List the public keys
///
/// Everything that tokens may be signed with now or soon. Any page may read it, and anybody may keep it for as long as it
/// says.
#[utoipa::path(operation_id = "server_list_keys", tag = "server",
    responses((status = 200, description = "The keys", body = KeySet,
        headers(("Cache-Control" = String, description = "`public, max-age=…`"),
            ("Access-Control-Allow-Origin" = String, description = "`*`")))))]
#[get("/.well-known/jwks.json")]
pub(super) async fn list_keys(jwks: web::Data<Jwks>, realm: web::Data<Realm>) -> HttpResponse {
    let keys = jwks.keys.published(realm.now()).iter().filter_map(|key| Key::of(key)).collect();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, jwks.cache_control.as_str()))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(KeySet { keys })
}
