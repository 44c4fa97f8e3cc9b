//! The JWT pair: a signed access token of short life and an opaque refresh token that is stored as its SHA-256.
//!
//! One row stands for one login. The access token names it by `sid`, and a verification asks whether the row is still
//! there: a logout kills access tokens at once. Header and claims are held to an exact form: what is missing, of another
//! type, or unknown in the header (`crit`, `jwk`, `jku`) is refused.

mod refresh;

use std::{borrow::Cow, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use refresh::RefreshRotation;
use refresh::Refreshed;

use super::{
    jws::{CLOCK_SKEW_SECONDS, Holder, JwtKeys, MAX_LENGTH, Named},
    live, payload,
};
use crate::{
    auth::Realm,
    error::{AuthError, TokenFault},
    model::{Grant, Inspected, Issued, NewToken, Subject, Timestamp, Token, TokenKind, TokenUse, User, Verified},
    secret::{Digest, Secret},
    store::TokenKey,
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
    /// Life of a refresh token.
    pub refresh_ttl: TimeDelta,
    /// How refresh tokens are exchanged; without it, the first one is the only one of its login.
    pub rotation: Option<RefreshRotation>,
}

/// Tokens of this form under a set of keys.
#[derive(Clone)]
pub struct JwtPair {
    settings: Arc<JwtSettings>,
    keys: JwtKeys,
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
    kid: Option<String>,
}

/// The claims of an access token; all are required and typed (RFC 8725, 3.8 and 3.9).
#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    /// The user's UUID.
    sub: Uuid,
    /// The login.
    #[serde(borrow)]
    sid: Cow<'a, str>,
    jti: Uuid,
    iat: i64,
    exp: i64,
    /// Never issued here; if somebody else with the key sets it, it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
}

impl JwtPair {
    /// Signs and checks with `keys`.
    pub fn new(settings: JwtSettings, keys: JwtKeys) -> Self {
        let names = format!("{}\0{}\0", settings.issuer, settings.audience);
        Self {
            mark: Digest::of_pieces(&[names.as_bytes(), keys.mark().as_bytes()]),
            settings: Arc::new(settings),
            keys,
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

    /// A new access token for the login whose refresh token this is, and its next refresh token if it gets one.
    pub(super) fn refresh(&self, realm: &Realm, refresh: &str) -> Result<Issued, AuthError> {
        let JwtSettings { rotation, refresh_ttl, .. } = *self.settings;
        let Refreshed { login, next } = refresh::refresh(realm, refresh, rotation, refresh_ttl)?;
        self.access(realm, login.user, login.token, next)
    }

    /// Signature, header, claims, and then the login's row.
    pub(super) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        let now = realm.now();
        let (holder, payload) = self.open(now, credential).ok_or(TokenFault::Malformed)?;
        let claims = self.claims(&payload).ok_or(TokenFault::Malformed)?;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenFault::Malformed)?;
        let newest = now.timestamp() + CLOCK_SKEW_SECONDS;
        if claims.iat > newest || claims.nbf.is_some_and(|from| from > now.timestamp()) {
            return Err(TokenFault::Malformed.into());
        }
        if expires_at <= now {
            return Err(TokenFault::Expired.into());
        }
        let login = live(realm, realm.held(TokenKey::Family(TokenKind::Jwt, &claims.sid))?)?;
        if login.user.uuid != claims.sub {
            return Err(TokenFault::Malformed.into());
        }
        let end = login.expires_at.map_or(expires_at, |end| end.min(expires_at));
        Ok(Verified { expires_at: Some(holder.end(end)), ..login })
    }

    /// What an access token that was verified says of itself.
    pub(super) fn describe(token: &str, opaque: Inspected) -> Inspected {
        let payload = payload(token).unwrap_or_default();
        let Ok(claims) = serde_json::from_slice::<Claims<'_>>(&payload) else { return opaque };
        Inspected {
            issued_at: DateTime::from_timestamp(claims.iat, 0),
            issuer: Some(claims.iss.into_owned()),
            audience: Some(claims.aud.into_owned()),
            id: Some(claims.jti.to_string()),
            ..opaque
        }
    }

    /// Whose refresh token this is; one that was exchanged is nobody's.
    pub(super) fn inspect_refresh(realm: &Realm, refresh: &str) -> Result<Inspected, AuthError> {
        let login = refresh::find(realm, refresh)?;
        let issued_at = login.token.rotated_at.or(login.token.created_at);
        Ok(Inspected { issued_at, ..Inspected::opaque(Arc::new(login), TokenUse::Refresh) })
    }

    fn access(&self, realm: &Realm, user: User, token: Token, refresh: Option<Secret>) -> Result<Issued, AuthError> {
        let now = realm.now();
        let issued_at = now.timestamp();
        let life = self.settings.access_ttl.num_seconds();
        let claims = Claims {
            iss: Cow::from(&self.settings.issuer),
            aud: Cow::from(&self.settings.audience),
            sub: user.uuid,
            sid: Cow::from(token.family.as_deref().unwrap_or_default()),
            jti: realm.random().uuid(),
            iat: issued_at,
            exp: issued_at + life,
            nbf: None,
            typ: Cow::from(ACCESS),
        };
        let access = self.keys.sign(now, &claims)?;
        let expires_in = Some(Duration::from_secs(life.unsigned_abs()));
        Ok(Issued { access: Secret::new(access), refresh, expires_in, token, user })
    }

    /// What signed a token, expired or not, and its payload; `None` for anything that no key of ours signed.
    fn open(&self, now: Timestamp, credential: &str) -> Option<(Holder, Vec<u8>)> {
        if credential.len() > MAX_LENGTH {
            return None;
        }
        let (message, signature) = credential.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let holder = if self.keys.is_own_header(header) {
            self.keys.author(now, header, message, signature)?
        } else {
            let header: StrictHeader = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
            if header.typ.is_some_and(|typ| typ != "JWT") {
                return None;
            }
            let named = Named { algorithm: &header.alg, kid: header.kid.as_deref() };
            self.keys.holder(now, named, message, signature)?
        };
        Some((holder, BASE64.decode(payload).ok()?))
    }

    /// The claims, if they are those of an access token of ours.
    fn claims<'a>(&self, payload: &'a [u8]) -> Option<Claims<'a>> {
        let claims: Claims<'_> = serde_json::from_slice(payload).ok()?;
        let is_ours = claims.iss == self.settings.issuer && claims.aud == self.settings.audience;
        (is_ours && claims.typ == ACCESS).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, Validation};

    use super::*;

    const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

    fn now() -> Timestamp {
        DateTime::from_timestamp(1_767_355_200, 0).unwrap()
    }

    fn pair() -> JwtPair {
        let names = ("countersign", "hotel");
        let settings = JwtSettings {
            issuer: names.0.to_owned(),
            audience: names.1.to_owned(),
            access_ttl: TimeDelta::hours(1),
            refresh_ttl: TimeDelta::days(30),
            rotation: None,
        };
        JwtPair::new(settings, JwtKeys::of_secret(SECRET))
    }

    fn claims() -> Claims<'static> {
        Claims {
            iss: "countersign".into(),
            aud: "hotel".into(),
            sub: Uuid::nil(),
            sid: "login".into(),
            jti: Uuid::nil(),
            iat: 1_767_355_200,
            exp: 4_102_444_800,
            nbf: None,
            typ: ACCESS.into(),
        }
    }

    fn takes(pair: &JwtPair, token: &str) -> bool {
        pair.open(now(), token).is_some_and(|(_, payload)| pair.claims(&payload).is_some())
    }

    #[test]
    fn a_token_begins_as_in_the_document_and_any_library_takes_it() {
        let pair = pair();
        let token = pair.keys.sign(now(), &claims()).unwrap();
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."), "{token}");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["hotel"]);
        let key = jsonwebtoken::DecodingKey::from_secret(SECRET);
        let read = jsonwebtoken::decode::<serde_json::Value>(&token, &key, &validation).unwrap();
        assert_eq!((read.header.alg, read.header.typ.as_deref()), (Algorithm::HS256, Some("JWT")));
        assert_eq!(read.claims["exp"], claims().exp);
    }

    #[test]
    fn a_token_with_its_members_in_another_order_is_as_good() {
        let pair = pair();
        let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
        let other = jsonwebtoken::encode(&jsonwebtoken::Header::new(Algorithm::HS256), &claims(), &key);
        assert!(takes(&pair, &other.unwrap()));
        assert!(takes(&pair, &pair.keys.sign(now(), &claims()).unwrap()));
    }
}
