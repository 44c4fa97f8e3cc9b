//! The JWT pair: a signed access token of short life and an opaque refresh token that is stored as its SHA-256.
//!
//! One row stands for one login. The access token names it by `sid`, and a verification asks whether the row is still
//! there: a logout kills access tokens at once. jsonwebtoken checks the signature under the one pinned algorithm;
//! the header and the claims are held to an exact form here, because its defaults are loose (leeway of a minute, any
//! `typ`, unknown `crit`).

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    jws::{CLOCK_SKEW_SECONDS, JwsKey, MAX_LENGTH},
    live,
};
use crate::{
    auth::Realm,
    error::{AuthError, TokenFault},
    model::{Grant, Issued, NewToken, Subject, Token, TokenKind, User, Verified},
    secret::{Digest, Secret},
};

/// Characters of a refresh token: 238 bits.
const REFRESH_LENGTH: usize = 40;
/// `typ` of an access token.
const ACCESS: &str = "access";

/// Names and lives.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// Life of an access token.
    pub access_ttl: TimeDelta,
    /// Life of a login: of its refresh token.
    pub refresh_ttl: TimeDelta,
}

/// HS256 under one key.
#[derive(Clone)]
pub struct JwtPair {
    settings: Arc<JwtSettings>,
    key: JwsKey,
    mark: Digest,
}

impl std::fmt::Debug for JwtPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JwtPair").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The JOSE header, exactly: a `crit`, `jwk`, `jku` or anything else unknown is refused (RFC 7515, 4.1.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: Option<String>,
}

/// The claims of an access token; all are required and typed (RFC 8725, 3.8 and 3.9).
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The user's UUID.
    sub: Uuid,
    /// The login.
    sid: String,
    jti: Uuid,
    iat: i64,
    exp: i64,
    /// Never issued here; if somebody else with the key sets it, it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    typ: String,
}

impl JwtPair {
    /// Signs and checks with `secret`, 32 bytes or more.
    pub fn new(settings: JwtSettings, secret: &[u8]) -> Self {
        let names = format!("{}\0{}\0", settings.issuer, settings.audience);
        Self {
            mark: Digest::of_pieces(&[names.as_bytes(), secret]),
            settings: Arc::new(settings),
            key: JwsKey::new(secret),
        }
    }

    pub(super) fn mark(&self) -> Digest {
        self.mark
    }

    /// A new login: a row, its refresh token and the first access token.
    pub(super) fn issue(&self, realm: &Realm, subject: &Subject, grant: &Grant) -> Result<Issued, AuthError> {
        let refresh = Secret::new(realm.random().alphanumeric(REFRESH_LENGTH));
        let now = realm.now();
        let new = NewToken {
            kind: TokenKind::Jwt,
            user_id: subject.id,
            name: grant.name.clone(),
            digest: refresh.digest(),
            sealed: None,
            abilities: grant.abilities.clone(),
            family: Some(realm.random().uuid().to_string()),
            created_at: now,
            expires_at: Some(grant.expires_at.unwrap_or(now + self.settings.refresh_ttl)),
            slot: None,
            generation: 0,
        };
        let token = realm.mint(subject, new, |new| realm.tokens().insert_token(new))?;
        self.access(realm, subject.user.clone(), token, Some(refresh))
    }

    /// A new access token for the login whose refresh token this is; the refresh token stays as it is.
    pub(super) fn refresh(&self, realm: &Realm, refresh: &str) -> Result<Issued, AuthError> {
        let found = realm.tokens().token_by_digest(TokenKind::Jwt, &Digest::of(refresh.as_bytes()))?;
        let login = live(realm, found)?;
        self.access(realm, login.user, login.token, None)
    }

    /// Signature, header, claims, and then the login's row.
    pub(super) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        let claims = self.open(credential).ok_or(TokenFault::Malformed)?;
        let now = realm.now();
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenFault::Malformed)?;
        let newest = now.timestamp() + CLOCK_SKEW_SECONDS;
        if claims.iat > newest || claims.nbf.is_some_and(|from| from > now.timestamp()) {
            return Err(TokenFault::Malformed.into());
        }
        if expires_at <= now {
            return Err(TokenFault::Expired.into());
        }
        let login = live(realm, realm.tokens().token_by_family(TokenKind::Jwt, &claims.sid)?)?;
        if login.user.uuid != claims.sub {
            return Err(TokenFault::Malformed.into());
        }
        let end = login.expires_at.map_or(expires_at, |end| end.min(expires_at));
        Ok(Verified { expires_at: Some(end), ..login })
    }

    fn access(&self, realm: &Realm, user: User, token: Token, refresh: Option<Secret>) -> Result<Issued, AuthError> {
        let issued_at = realm.now().timestamp();
        let life = self.settings.access_ttl.num_seconds();
        let claims = Claims {
            iss: self.settings.issuer.clone(),
            aud: self.settings.audience.clone(),
            sub: user.uuid,
            sid: token.family.clone().unwrap_or_default(),
            jti: realm.random().uuid(),
            iat: issued_at,
            exp: issued_at + life,
            nbf: None,
            typ: ACCESS.to_owned(),
        };
        let access = self.key.sign(&claims)?;
        let expires_in = Some(Duration::from_secs(life.unsigned_abs()));
        Ok(Issued { access: Secret::new(access), refresh, expires_in, token, user })
    }

    /// The claims of a token of ours, expired or not; `None` for anything else.
    fn open(&self, credential: &str) -> Option<Claims> {
        if credential.len() > MAX_LENGTH {
            return None;
        }
        let header = BASE64.decode(credential.split('.').next()?).ok()?;
        let header: StrictHeader = serde_json::from_slice(&header).ok()?;
        if header.alg != "HS256" || header.typ.is_some_and(|typ| typ != "JWT") {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // Life is compared with the injected clock by the caller.
        validation.validate_exp = false;
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        let claims = jsonwebtoken::decode::<Claims>(credential, self.key.decoding(), &validation).ok()?.claims;
        (claims.typ == ACCESS && claims.aud == self.settings.audience).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

    fn pair() -> JwtPair {
        let names = ("countersign", "hotel");
        let settings = JwtSettings {
            issuer: names.0.to_owned(),
            audience: names.1.to_owned(),
            access_ttl: TimeDelta::hours(1),
            refresh_ttl: TimeDelta::days(30),
        };
        JwtPair::new(settings, SECRET)
    }

    fn claims() -> Claims {
        Claims {
            iss: "countersign".to_owned(),
            aud: "hotel".to_owned(),
            sub: Uuid::nil(),
            sid: "login".to_owned(),
            jti: Uuid::nil(),
            iat: 1_767_355_200,
            exp: 4_102_444_800,
            nbf: None,
            typ: ACCESS.to_owned(),
        }
    }

    #[test]
    fn a_token_begins_as_in_the_document_and_any_library_takes_it() {
        let pair = pair();
        let token = pair.key.sign(&claims()).unwrap();
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."), "{token}");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["hotel"]);
        let read = jsonwebtoken::decode::<Claims>(&token, pair.key.decoding(), &validation).unwrap();
        assert_eq!((read.header.alg, read.header.typ.as_deref()), (Algorithm::HS256, Some("JWT")));
        assert_eq!(read.claims.exp, claims().exp);
    }

    #[test]
    fn a_token_with_its_members_in_another_order_is_as_good() {
        let pair = pair();
        let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
        let other = jsonwebtoken::encode(&jsonwebtoken::Header::new(Algorithm::HS256), &claims(), &key);
        assert!(pair.open(&other.unwrap()).is_some());
        assert!(pair.open(&pair.key.sign(&claims()).unwrap()).is_some());
    }
}
