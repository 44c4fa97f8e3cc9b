//! How tokens look and live: the closed set of strategies, one file each.

mod djoser;
mod jws;
mod jwt;
mod knox;
mod sanctum;
mod simplejwt;

pub use djoser::DjoserToken;
pub use jws::{
    JwtAlgorithm, JwtKey, JwtKeys, KeyState, NoSigningKey, PublicNumbers, UnknownAlgorithm, UnusableKey, UnusableSecret,
};
pub use jwt::{JwtPair, JwtSettings, RefreshRotation};
pub use knox::{KnoxEdition, KnoxRenewal};
pub use sanctum::SanctumPat;
pub use simplejwt::{ForeignTokens, SimpleJwt, SimpleJwtRotation, SimpleJwtSettings, foreign_digest, foreign_family};

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use crate::{
    auth::Realm,
    error::{AuthError, TokenFault},
    model::{Grant, Inspected, Issued, Subject, Token, TokenKind, TokenUse, Verified},
    secret::Digest,
    store::Held,
};

/// The name of a strategy, as the configuration has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StrategyKind {
    /// Laravel Sanctum personal access tokens: many a user, `id|secret`.
    SanctumPat,
    /// Djoser: one token a user, the same at each login.
    DjoserToken,
    /// Access token (JWT) and refresh token.
    JwtPair,
}

impl StrategyKind {
    /// All strategies.
    pub const ALL: [Self; 3] = [Self::SanctumPat, Self::DjoserToken, Self::JwtPair];

    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SanctumPat => "sanctum_pat",
            Self::DjoserToken => "djoser_token",
            Self::JwtPair => "jwt_pair",
        }
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the JWT pair looks on a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtForm {
    /// The hotel API's: see [`JwtPair`], whose settings are the server's.
    Hotel,
    /// simplejwt's: see [`SimpleJwt`].
    Simple(SimpleJwtSettings),
}

/// What a mount issues and accepts.
#[derive(Debug, Clone)]
pub enum Strategy {
    /// See [`SanctumPat`].
    SanctumPat(SanctumPat),
    /// See [`DjoserToken`].
    DjoserToken(DjoserToken),
    /// See [`JwtPair`].
    JwtPair(JwtPair),
    /// See [`SimpleJwt`].
    SimpleJwt(SimpleJwt),
}

impl Strategy {
    /// Its name.
    pub const fn kind(&self) -> StrategyKind {
        match self {
            Self::SanctumPat(_) => StrategyKind::SanctumPat,
            Self::DjoserToken(_) => StrategyKind::DjoserToken,
            Self::JwtPair(_) | Self::SimpleJwt(_) => StrategyKind::JwtPair,
        }
    }

    /// The kind of the rows that it issues; it accepts no others.
    pub const fn token_kind(&self) -> TokenKind {
        match self {
            Self::SanctumPat(_) => TokenKind::Sanctum,
            Self::DjoserToken(_) => TokenKind::Djoser,
            Self::JwtPair(_) | Self::SimpleJwt(_) => TokenKind::Jwt,
        }
    }

    /// Tells strategies apart that would judge one credential differently.
    pub(crate) fn mark(&self) -> Digest {
        match self {
            Self::SanctumPat(strategy) => Digest::of(format!("{:?}", strategy.expiration).as_bytes()),
            Self::DjoserToken(_) => Digest::of(b""),
            Self::JwtPair(strategy) => strategy.mark(),
            Self::SimpleJwt(strategy) => strategy.mark(),
        }
    }

    /// Issues what `grant` asks for.
    pub(crate) fn issue(&self, realm: &Realm, subject: &Subject, grant: &Grant) -> Result<Issued, AuthError> {
        match self {
            Self::SanctumPat(strategy) => strategy.issue(realm, subject, grant),
            Self::DjoserToken(_) => DjoserToken::issue(realm, subject),
            Self::JwtPair(strategy) => strategy.issue(realm, subject, grant),
            Self::SimpleJwt(strategy) => strategy.issue(realm, subject, grant),
        }
    }

    /// Finds out whom `credential` speaks for, asking the store.
    pub(crate) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        match self {
            Self::SanctumPat(strategy) => strategy.recognise(realm, credential),
            Self::DjoserToken(strategy) => strategy.recognise(realm, credential),
            Self::JwtPair(strategy) => strategy.recognise(realm, credential),
            Self::SimpleJwt(strategy) => strategy.recognise(realm, credential),
        }
    }

    /// Exchanges a refresh token for the next access token.
    pub(crate) fn refresh(&self, realm: &Realm, refresh: &str) -> Result<Issued, AuthError> {
        match self {
            Self::JwtPair(strategy) => strategy.refresh(realm, refresh),
            Self::SimpleJwt(strategy) => strategy.refresh(realm, refresh),
            Self::SanctumPat(_) | Self::DjoserToken(_) => Err(AuthError::Unsupported(self.kind())),
        }
    }

    /// What `token` says of itself, which was just verified as `holder`'s.
    pub(crate) fn describe(&self, token: &str, holder: Arc<Verified>) -> Inspected {
        let opaque = Inspected::opaque(holder, TokenUse::Access);
        match self {
            Self::SanctumPat(_) | Self::DjoserToken(_) => opaque,
            Self::JwtPair(_) => JwtPair::describe(token, opaque),
            Self::SimpleJwt(_) => SimpleJwt::describe(token, opaque),
        }
    }

    /// Whose refresh token this is, without exchanging it.
    pub(crate) fn inspect_refresh(&self, realm: &Realm, refresh: &str) -> Result<Inspected, AuthError> {
        match self {
            Self::JwtPair(_) => JwtPair::inspect_refresh(realm, refresh),
            Self::SimpleJwt(strategy) => strategy.inspect_refresh(realm, refresh),
            Self::SanctumPat(_) | Self::DjoserToken(_) => Err(TokenFault::Unknown.into()),
        }
    }

    /// Is `token` live, access or refresh token? Whom it names is not asked.
    pub(crate) fn check(&self, realm: &Realm, token: &str) -> Result<(), AuthError> {
        match self {
            Self::SimpleJwt(strategy) => strategy.check(realm, token),
            Self::SanctumPat(_) | Self::DjoserToken(_) | Self::JwtPair(_) => Err(AuthError::Unsupported(self.kind())),
        }
    }
}

/// The payload of a token whose signature was checked before.
fn payload(token: &str) -> Option<Vec<u8>> {
    BASE64.decode(token.split('.').nth(1)?).ok()
}

/// A row that was found speaks for its user if neither has ended.
pub(crate) fn live(realm: &Realm, found: Option<Held>) -> Result<Verified, AuthError> {
    let Held { token, user } = found.ok_or(TokenFault::Unknown)?;
    let token = unended(realm, token)?;
    let user = user.ok_or(TokenFault::Unknown)?;
    if user.is_active {
        Ok(Verified { expires_at: token.expires_at, user, token })
    } else {
        Err(TokenFault::UserInactive.into())
    }
}

/// Ends the login of which a spent refresh token came back: either its owner or somebody else has a copy of what the other
/// uses.
fn end_replayed(realm: &Realm, token: &Token) -> Result<TokenFault, AuthError> {
    realm.tokens().revoke_token(token.id, Some(token.user_id), realm.now())?;
    realm.cache().forget(token.user_id);
    Ok(TokenFault::Replayed(token.user_id))
}

/// A row that was found, if it has not ended.
fn live_row(realm: &Realm, found: Option<Token>) -> Result<Token, TokenFault> {
    unended(realm, found.ok_or(TokenFault::Unknown)?)
}

fn unended(realm: &Realm, token: Token) -> Result<Token, TokenFault> {
    if token.is_expired(realm.now()) { Err(TokenFault::Expired) } else { Ok(token) }
}
