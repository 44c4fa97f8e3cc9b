//! The JWT pair as `djangorestframework-simplejwt` 5.5 issues it: both tokens are JSON Web Tokens.
//!
//! Its claims, `token_type exp iat jti user_id`, have no place for a login, and simplejwt keeps none: nothing can be
//! revoked there. Here one row still stands for a login, and both tokens of it, and every access token made later, find
//! it by their `jti` (see [`LoginMask`]): when the row goes, all of them are refused.

mod claims;
mod login_mask;

use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

use self::{
    claims::{Read, TokenType},
    login_mask::{LoginId, LoginMask},
};
use super::{StrategyKind, jws::JwtKeys, live_row};
use crate::{
    auth::Realm,
    error::{AuthError, ClaimFault, TokenFault},
    model::{Grant, Issued, NewToken, Subject, Timestamp, Token, TokenKind, User, Verified},
    secret::{Digest, Secret},
};

/// `SIMPLE_JWT`: how long the tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimpleJwtSettings {
    /// `ACCESS_TOKEN_LIFETIME`.
    pub access_lifetime: TimeDelta,
    /// `REFRESH_TOKEN_LIFETIME`.
    pub refresh_lifetime: TimeDelta,
}

/// Tokens of this form under a set of keys.
#[derive(Clone)]
pub struct SimpleJwt {
    settings: SimpleJwtSettings,
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
    /// Signs and checks with `keys`.
    pub fn new(settings: SimpleJwtSettings, keys: JwtKeys) -> Self {
        let mark = Digest::of_pieces(&[b"simplejwt\0", keys.mark().as_bytes()]);
        Self { settings, keys, mark }
    }

    pub(super) fn mark(&self) -> Digest {
        self.mark
    }

    /// A new login: a row, its refresh token and the first access token.
    pub(super) fn issue(&self, realm: &Realm, subject: &Subject, grant: &Grant) -> Result<Issued, AuthError> {
        let SimpleJwtSettings { access_lifetime, refresh_lifetime } = self.settings;
        let login = LoginId::new(realm.random());
        let now = realm.now();
        let end = grant.expires_at.unwrap_or(now + refresh_lifetime);
        let jti = self.jti(realm, login)?;
        // Of no text: where the hotel's refresh tokens are looked up by theirs, nothing that is sent finds this one.
        let digest = Digest::of_pieces(&[b"\xffsimplejwt", jti.as_bytes()]);
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

    /// A new access token for the login of this refresh token, which stays as it is (`ROTATE_REFRESH_TOKENS` is off).
    pub(super) fn refresh(&self, realm: &Realm, refresh: &str) -> Result<Issued, AuthError> {
        let read = claims::read(&self.keys, refresh, realm.now(), Some(TokenType::Refresh))?;
        let login = login(&read)?;
        let Verified { user, token, .. } = Self::speak(realm, &read)?;
        self.access(realm, login, user, token, None)
    }

    /// Signature and claims, then the user whom they name, then the login's row.
    pub(super) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        let read = claims::read(&self.keys, credential, realm.now(), Some(TokenType::Access))?;
        Self::speak(realm, &read)
    }

    /// Is this a token that was not revoked, whichever of the two, whomever it names? (`UntypedToken`) simplejwt does not
    /// ask for the user: where there is none any more, nothing was revoked either.
    pub(super) fn check(&self, realm: &Realm, credential: &str) -> Result<(), AuthError> {
        let read = claims::read(&self.keys, credential, realm.now(), None)?;
        match row(realm, &read)? {
            None if is_orphan(realm, &read)? => Ok(()),
            row => Ok(live_row(realm, row).map(drop)?),
        }
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

    /// A new `jti` of this login, for a token that is signed now.
    fn jti(&self, realm: &Realm, login: LoginId) -> Result<String, AuthError> {
        let mask = LoginMask::of(self.keys.signer(realm.now())?.as_ref());
        Ok(mask.ok_or(AuthError::Unsupported(StrategyKind::JwtPair))?.jti(login, realm.random()))
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
        let jti = self.jti(realm, login)?;
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
