//! The JWT pair as `djangorestframework-simplejwt` 5.5 issues it: both tokens are JSON Web Tokens.
//!
//! Its claims, `token_type exp iat jti user_id`, have no place for a login, and simplejwt keeps none: nothing can be
//! revoked there. Here one row still stands for a login, and both tokens of it, and every access token made later, find
//! it by their `jti` (see [`LoginMask`]): when the row goes, all of them are refused.

mod claims;
mod foreign;
mod login_mask;
mod rotation;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use serde::Serialize;
use serde_json::{Map, Value};

use self::{
    claims::{Read, TokenType},
    login_mask::{LoginId, LoginMask},
    rotation::Standing,
};
pub use self::{
    foreign::{ForeignTokens, foreign_digest, foreign_family},
    rotation::SimpleJwtRotation,
};
use super::{RefreshRotation, StrategyKind, end_replayed, jws::JwtKeys, live_row, payload};
use crate::{
    auth::Realm,
    error::{AuthError, ClaimFault, TokenFault},
    model::{Grant, Inspected, Issued, NewToken, Subject, Timestamp, Token, TokenKind, TokenUse, User, Verified},
    secret::{Digest, Secret},
};

/// How often somebody who was overtaken in an exchange tries again: as often as others can come between.
const TRIES: usize = 32;
/// When it may be worth another try after that.
const AGAIN: Duration = Duration::from_secs(1);

/// `SIMPLE_JWT`: how long the tokens live, and which refresh tokens a login has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimpleJwtSettings {
    /// `ACCESS_TOKEN_LIFETIME`.
    pub access_lifetime: TimeDelta,
    /// `REFRESH_TOKEN_LIFETIME`.
    pub refresh_lifetime: TimeDelta,
    /// `ROTATE_REFRESH_TOKENS` and `BLACKLIST_AFTER_ROTATION`.
    pub rotation: SimpleJwtRotation,
}

/// Tokens of this form under a set of keys.
#[derive(Clone)]
pub struct SimpleJwt {
    settings: SimpleJwtSettings,
    limits: RefreshRotation,
    keys: JwtKeys,
    mark: Digest,
}

impl std::fmt::Debug for SimpleJwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimpleJwt").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The claims of a token, in simplejwt's order.
#[derive(Serialize)]
struct Claims {
    token_type: TokenType,
    exp: i64,
    iat: i64,
    jti: String,
    /// The user's number; simplejwt writes it as text.
    user_id: String,
}

impl SimpleJwt {
    /// Signs and checks with `keys`. Of refresh tokens that are exchanged `limits` says how long their login lasts in all, and
    /// for how long one that comes back is taken for a client's second try.
    pub fn new(settings: SimpleJwtSettings, limits: RefreshRotation, keys: JwtKeys) -> Self {
        let mark = Digest::of_pieces(&[b"simplejwt\0", keys.mark().as_bytes()]);
        Self { settings, limits, keys, mark }
    }

    pub(super) fn mark(&self) -> Digest {
        self.mark
    }

    /// A new login: a row, its refresh token and the first access token.
    pub(super) fn issue(&self, realm: &Realm, subject: &Subject, grant: &Grant) -> Result<Issued, AuthError> {
        let SimpleJwtSettings { access_lifetime, refresh_lifetime, .. } = self.settings;
        let login = LoginId::new(realm.random());
        let now = realm.now();
        let end = grant.expires_at.unwrap_or(now + refresh_lifetime);
        let jti = self.mask(realm)?.jti(login, realm.random());
        let digest = rotation::first_digest(&jti);
        let refresh = self.sign(realm, TokenType::Refresh, jti, &subject.user, end)?;
        let new = NewToken {
            kind: TokenKind::Jwt,
            user_id: subject.id,
            name: grant.name.clone(),
            digest,
            sealed: None,
            abilities: grant.abilities.clone(),
            family: Some(login.family()),
            created_at: now,
            // The last access token that the refresh token makes outlives it.
            expires_at: Some(grant.expires_at.unwrap_or(end + access_lifetime)),
            slot: None,
            generation: 0,
        };
        let token = realm.mint(subject, new, |new| realm.tokens().insert_token(new))?;
        self.access(realm, login, subject.user.clone(), token, Some(refresh))
    }

    /// A new access token for the login of this refresh token, and where refresh tokens rotate its next one.
    pub(super) fn refresh(&self, realm: &Realm, refresh: &str) -> Result<Issued, AuthError> {
        let read = claims::read(&self.keys, refresh, realm.now(), Some(TokenType::Refresh))?;
        for _ in 0..TRIES {
            let Verified { user, token, .. } = match &read.foreign {
                None => Self::speak(realm, &read)?,
                Some(foreign) => foreign::adopt(realm, &read, foreign, self.settings.access_lifetime)?,
            };
            let login = login_of(&token)?;
            let standing = rotation::standing(realm, login, &token, &read);
            if self.is_spent(standing) {
                return Err(self.refuse_spent(realm, &token, standing)?.into());
            }
            if self.settings.rotation == SimpleJwtRotation::Off {
                return self.access(realm, login, user, token, None);
            }
            let now = realm.now();
            let SimpleJwtSettings { access_lifetime, refresh_lifetime, .. } = self.settings;
            let last = token.created_at.unwrap_or(now) + self.limits.login_ttl.max(refresh_lifetime);
            let end = (now + refresh_lifetime).min(last);
            if realm.tokens().rotate_token(token.id, token.rotation, now, end + access_lifetime)? {
                let jti = self.mask(realm)?.jti_after(login, rotation::half(realm, login, token.rotation + 1));
                let next = self.sign(realm, TokenType::Refresh, jti, &user, end)?;
                let token = Token {
                    rotation: token.rotation + 1,
                    rotated_at: Some(now),
                    expires_at: Some(end + access_lifetime),
                    ..token
                };
                return self.access(realm, login, user, token, Some(next));
            }
            // Somebody else was faster, or the login has ended.
        }
        Err(AuthError::Busy { retry_after: AGAIN })
    }

    /// Is a refresh token that stands there refused? Where they do not rotate, those that did rotate once are.
    fn is_spent(&self, standing: Standing) -> bool {
        standing != Standing::Newest && self.settings.rotation != SimpleJwtRotation::Keep
    }

    /// Why a spent refresh token is refused. Two windows of one client may send the same one at once; when it comes later,
    /// or its successor has been spent too, somebody has a copy of what the other uses, and the login ends.
    fn refuse_spent(&self, realm: &Realm, token: &Token, standing: Standing) -> Result<TokenFault, AuthError> {
        let is_recent = token.rotated_at.is_some_and(|at| realm.now() < at + self.limits.grace);
        let is_second_try = standing == Standing::Before && is_recent;
        if self.settings.rotation != SimpleJwtRotation::Blacklist || is_second_try {
            return Ok(TokenFault::Spent);
        }
        end_replayed(realm, token)
    }

    /// Signature and claims, then the user whom they name, then the login's row.
    pub(super) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        let read = claims::read(&self.keys, credential, realm.now(), Some(TokenType::Access))?;
        match &read.foreign {
            None => Self::speak(realm, &read),
            Some(foreign) => foreign::recognise(realm, &read, foreign),
        }
    }

    /// Is this a token that was not revoked, whichever of the two, whomever it names? (`UntypedToken`) simplejwt does not
    /// ask for the user: where there is none any more, an access token is live until its end. A refresh token is not: nobody can
    /// tell it from one that was revoked before.
    pub(super) fn check(&self, realm: &Realm, credential: &str) -> Result<(), AuthError> {
        let read = claims::read(&self.keys, credential, realm.now(), None)?;
        if let Some(foreign) = &read.foreign {
            let row = foreign::check(realm, &read, foreign)?;
            return row.map_or(Ok(()), |row| self.refuse_if_spent(realm, &read, &row));
        }
        match row(realm, &read)? {
            None if !read.is_refresh && is_orphan(realm, &read)? => Ok(()),
            row => self.refuse_if_spent(realm, &read, &live_row(realm, row)?),
        }
    }

    /// What a token that was verified says of itself.
    pub(super) fn describe(token: &str, opaque: Inspected) -> Inspected {
        let payload = payload(token).unwrap_or_default();
        let claims: Map<String, Value> = serde_json::from_slice(&payload).unwrap_or_default();
        let issued_at = claims.get("iat").and_then(Value::as_i64).and_then(|iat| DateTime::from_timestamp(iat, 0));
        let id = claims.get("jti").and_then(Value::as_str).map(str::to_owned);
        Inspected { issued_at, id, ..opaque }
    }

    /// Whose refresh token this is; one that is spent is nobody's.
    pub(super) fn inspect_refresh(&self, realm: &Realm, refresh: &str) -> Result<Inspected, AuthError> {
        let read = claims::read(&self.keys, refresh, realm.now(), Some(TokenType::Refresh))?;
        let holder = match &read.foreign {
            None => Self::speak(realm, &read)?,
            Some(foreign) => foreign::inspect(realm, &read, foreign)?,
        };
        if holder.token.family.is_some() {
            self.refuse_if_spent(realm, &read, &holder.token)?;
        }
        Ok(Self::describe(refresh, Inspected::opaque(Arc::new(holder), TokenUse::Refresh)))
    }

    /// Refuses a refresh token that is spent, and leaves its login alone.
    fn refuse_if_spent(&self, realm: &Realm, read: &Read, row: &Token) -> Result<(), AuthError> {
        let is_spent = read.is_refresh && self.is_spent(rotation::standing(realm, login_of(row)?, row, read));
        if is_spent { Err(TokenFault::Spent.into()) } else { Ok(()) }
    }

    /// Whom the token names, if the row says so too. simplejwt asks for the user alone, so that comes first: who is
    /// deleted or disabled is told so, although their logins are gone as well.
    fn speak(realm: &Realm, read: &Read) -> Result<Verified, AuthError> {
        let user = realm.users().user(read.user()?)?.ok_or(TokenFault::from(ClaimFault::UnknownUser))?;
        if !user.is_active {
            return Err(TokenFault::UserInactive.into());
        }
        let token = live_row(realm, row(realm, read)?.filter(|token| token.user_id == user.id))?;
        let end = token.expires_at.map_or(read.expires_at, |end| end.min(read.expires_at));
        Ok(Verified { expires_at: Some(end), user, token })
    }

    /// The mask over the `jti` of what is signed now.
    fn mask(&self, realm: &Realm) -> Result<LoginMask, AuthError> {
        let mask = LoginMask::of(self.keys.signer(realm.now())?.as_ref());
        mask.ok_or(AuthError::Unsupported(StrategyKind::JwtPair))
    }

    fn access(
        &self,
        realm: &Realm,
        login: LoginId,
        user: User,
        token: Token,
        refresh: Option<Secret>,
    ) -> Result<Issued, AuthError> {
        let life = self.settings.access_lifetime;
        let jti = self.mask(realm)?.jti(login, realm.random());
        let access = self.sign(realm, TokenType::Access, jti, &user, realm.now() + life)?;
        let expires_in = Some(Duration::from_secs(life.num_seconds().unsigned_abs()));
        Ok(Issued { access, refresh, expires_in, token, user })
    }

    fn sign(
        &self,
        realm: &Realm,
        token_type: TokenType,
        jti: String,
        user: &User,
        end: Timestamp,
    ) -> Result<Secret, AuthError> {
        let (exp, iat) = (end.timestamp(), realm.now().timestamp());
        self.keys
            .sign(realm.now(), &Claims { token_type, exp, iat, jti, user_id: user.id.to_string() })
            .map(Secret::new)
    }
}

/// The login that the token belongs to. The mask over its `jti` is of the key that signed it.
fn login(read: &Read) -> Result<LoginId, TokenFault> {
    LoginMask::of(&read.key).and_then(|mask| mask.login(&read.jti)).ok_or(TokenFault::Malformed)
}

/// The login that a row stands for.
fn login_of(row: &Token) -> Result<LoginId, TokenFault> {
    row.family.as_deref().and_then(LoginId::of_family).ok_or(TokenFault::Malformed)
}

/// The row of that login.
fn row(realm: &Realm, read: &Read) -> Result<Option<Token>, AuthError> {
    Ok(realm.tokens().token_by_family(TokenKind::Jwt, &login(read)?.family())?)
}

/// Is the user whom the token names gone?
fn is_orphan(realm: &Realm, read: &Read) -> Result<bool, AuthError> {
    match read.user() {
        Ok(id) => Ok(realm.users().user(id)?.is_none()),
        Err(_) => Ok(false),
    }
}
