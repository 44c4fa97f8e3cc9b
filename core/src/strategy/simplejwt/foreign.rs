//! Tokens that a Django signed: its simplejwt knows no logins of ours, and its key checks here until its end.
//!
//! An access token of it speaks for its user until its `exp`, by no row at all. What ends everything of a user's here ends
//! these too: the store keeps the moment, and whatever was issued before it, or does not say when it was, is refused. A
//! refresh token becomes a login of ours when it is used first (*adoption*). The store notes each one that did for as long
//! as it could come back, and those that Django had blacklisted, so that one whose login has ended never begins another.
//!
//! Numbers of users are Django's: only a user who was imported from there has one. Somebody who registered here may have the
//! number of somebody who registered there.

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::{claims::Read, login_mask::LoginId};
use crate::{
    auth::Realm,
    error::{AuthError, ClaimFault, TokenFault},
    model::{Abilities, NewToken, Timestamp, Token, TokenId, TokenKind, User, Verified},
    password::md5_of,
    secret::Digest,
    store::{Adopted, Noted, Origin},
    strategy::{jws::CLOCK_SKEW_SECONDS, live_row},
};

/// The name of these logins in lists.
const NAME: &str = "simplejwt";
/// How often a refresh token is tried to be adopted while something of its user is revoked.
const TRIES: usize = 8;

/// What the tokens of another simplejwt look like: its `SIMPLE_JWT`, as far as it can be seen in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForeignTokens {
    /// `USER_ID_CLAIM`.
    pub user_id_claim: String,
    /// `TOKEN_TYPE_CLAIM`.
    pub token_type_claim: String,
    /// `JTI_CLAIM`.
    pub jti_claim: String,
    /// `AUDIENCE`: one of them must be named. With none, whom a token is for is not looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// `ISSUER`, if it is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// `CHECK_REVOKE_TOKEN`: each token names the password that its user had.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub check_revoke_token: bool,
    /// The name of the source that its users were imported from; `None` while there is one Django alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Default for ForeignTokens {
    /// simplejwt's defaults.
    fn default() -> Self {
        Self {
            user_id_claim: "user_id".to_owned(),
            token_type_claim: "token_type".to_owned(),
            jti_claim: "jti".to_owned(),
            audience: Vec::new(),
            issuer: None,
            check_revoke_token: false,
            source: None,
        }
    }
}

impl ForeignTokens {
    /// `iss` and `aud`, as `PyJWT` compares them with these settings.
    pub(super) fn is_addressed(&self, claims: &Map<String, Value>) -> bool {
        let is_issuer = |issuer: &String| claims.get("iss").and_then(Value::as_str) == Some(issuer);
        let is_meant = |name: &Value| name.as_str().is_some_and(|name| self.audience.iter().any(|meant| meant == name));
        let is_audience = match claims.get("aud") {
            _ if self.audience.is_empty() => true,
            Some(Value::Array(names)) => names.iter().all(Value::is_string) && names.iter().any(is_meant),
            Some(name) => is_meant(name),
            None => false,
        };
        self.issuer.as_ref().is_none_or(is_issuer) && is_audience
    }
}

/// What is seen of a token under such a key, beside what every token has.
#[derive(Debug)]
pub(super) struct Foreign {
    /// By what the key says.
    pub(super) source: Option<String>,
    /// `iat`; simplejwt writes it since its version 4.8.
    pub(super) issued_at: Option<Timestamp>,
    /// `hash_password` of `CHECK_REVOKE_TOKEN`, if it is compared: it is where it is there, whatever is said of the key.
    pub(super) password: Option<Value>,
}

impl Foreign {
    pub(super) fn new(tokens: &ForeignTokens, claims: &Map<String, Value>, issued_at: Option<i128>) -> Self {
        let issued_at = issued_at.and_then(|at| i64::try_from(at).ok()).and_then(|at| DateTime::from_timestamp(at, 0));
        let missing = tokens.check_revoke_token.then_some(Value::Null);
        Self { source: tokens.source.clone(), issued_at, password: claims.get("hash_password").cloned().or(missing) }
    }

    /// Was this issued after everything of the user's was ended? In the same second, and within what clocks may differ, it
    /// was not: nobody can say.
    fn is_after(&self, ended_at: Option<Timestamp>) -> bool {
        let Some(ended_at) = ended_at else { return true };
        let last = ended_at + TimeDelta::seconds(CLOCK_SKEW_SECONDS);
        self.issued_at.is_some_and(|issued_at| issued_at > last)
    }
}

/// What the store knows a refresh token by. It is never that of a login that began here, whatever its `jti` is.
pub fn foreign_digest(jti: &str) -> Digest {
    Digest::of_pieces(&[b"\xffsimplejwt of another", jti.as_bytes()])
}

/// A login's number as its row has it, for one that comes from elsewhere.
pub fn foreign_family(random: &dyn crate::env::Random) -> String {
    LoginId::new(random).family()
}

/// The user of a token, and what is known of them; nobody if they were not imported from where it was signed.
fn person(realm: &Realm, read: &Read, foreign: &Foreign) -> Result<Option<(User, Origin)>, AuthError> {
    let Some(user) = realm.users().user(read.user()?)? else { return Ok(None) };
    let origin = realm.tokens().origin(user.id, foreign.source.as_deref())?;
    Ok(origin.map(|origin| (user, origin)))
}

/// The user for whom a token speaks, in the order of simplejwt's own questions.
fn speaker(realm: &Realm, read: &Read, foreign: &Foreign) -> Result<User, AuthError> {
    let found = person(realm, read, foreign)?;
    let (user, origin) = found.ok_or(TokenFault::from(ClaimFault::UnknownUser))?;
    if !user.is_active {
        return Err(TokenFault::UserInactive.into());
    }
    if !foreign.is_after(origin.ended_at) {
        return Err(TokenFault::Unknown.into());
    }
    if let Some(claim) = &foreign.password {
        let hash = realm.users().password(user.id)?;
        let is_same = |hash: &String, claim: &str| bool::from(hash.as_bytes().ct_eq(claim.as_bytes()));
        let expected = hash.map(|hash| md5_of(&hash).to_uppercase());
        if !expected.is_some_and(|expected| claim.as_str().is_some_and(|claim| is_same(&expected, claim))) {
            return Err(TokenFault::from(ClaimFault::PasswordChanged).into());
        }
    }
    Ok(user)
}

/// Whom an access token speaks for.
pub(super) fn recognise(realm: &Realm, read: &Read, foreign: &Foreign) -> Result<Verified, AuthError> {
    let user = speaker(realm, read, foreign)?;
    Ok(without_row(read, foreign, user))
}

/// Whom a refresh token speaks for, whether or not it was adopted.
pub(super) fn inspect(realm: &Realm, read: &Read, foreign: &Foreign) -> Result<Verified, AuthError> {
    let noted = noted(realm, read)?;
    let user = speaker(realm, read, foreign)?;
    match noted {
        Some(_) => adopted(realm, read, user),
        None => Ok(without_row(read, foreign, user)),
    }
}

/// The login of a refresh token, which begins now if it never did.
pub(super) fn adopt(
    realm: &Realm,
    read: &Read,
    foreign: &Foreign,
    access_lifetime: TimeDelta,
) -> Result<Verified, AuthError> {
    for _ in 0..TRIES {
        let noted = noted(realm, read)?;
        // Before the user is looked at: see `crate::store`.
        let generation = realm.tokens().generation(read.user()?)?;
        let user = speaker(realm, read, foreign)?;
        if noted.is_some() {
            return adopted(realm, read, user);
        }
        let new = NewToken {
            kind: TokenKind::Jwt,
            user_id: user.id,
            name: NAME.to_owned(),
            digest: foreign_digest(&read.jti),
            sealed: None,
            abilities: Abilities::all(),
            family: Some(foreign_family(realm.random())),
            // A login lasts so long from when it came here.
            created_at: realm.now(),
            // The last access token that the refresh token makes outlives it.
            expires_at: Some(read.ends_at + access_lifetime),
            slot: None,
            generation,
        };
        match realm.tokens().adopt_token(&new, read.ends_at)? {
            Adopted::Login(token) => return Ok(verified(read, user, *token)),
            // Somebody was faster, or something of the user's was revoked.
            Adopted::Known | Adopted::Outdated => {}
        }
    }
    Err(AuthError::Busy { retry_after: super::AGAIN })
}

/// Is the token live, whomever it names? The row of a refresh token that was adopted, `None` without one.
pub(super) fn check(realm: &Realm, read: &Read, foreign: &Foreign) -> Result<Option<Token>, AuthError> {
    let noted = if read.is_refresh { noted(realm, read)? } else { None };
    let found = match read.user() {
        Ok(_) => person(realm, read, foreign)?,
        Err(_) => None,
    };
    // simplejwt does not ask for the user.
    let Some((user, origin)) = found else { return Ok(None) };
    if !foreign.is_after(origin.ended_at) {
        return Err(TokenFault::Unknown.into());
    }
    match noted {
        Some(_) => adopted(realm, read, user).map(|holder| Some(holder.token)),
        None => Ok(None),
    }
}

/// What the store noted of a refresh token.
fn noted(realm: &Realm, read: &Read) -> Result<Option<Noted>, AuthError> {
    match realm.tokens().noted(&foreign_digest(&read.jti))? {
        Some(Noted::Blacklisted) => Err(TokenFault::Spent.into()),
        noted => Ok(noted),
    }
}

/// The login that a refresh token became, if it is this user's and lives.
fn adopted(realm: &Realm, read: &Read, user: User) -> Result<Verified, AuthError> {
    let row = realm.tokens().token_by_digest(TokenKind::Jwt, &foreign_digest(&read.jti))?;
    let token = live_row(realm, row.filter(|token| token.user_id == user.id))?;
    Ok(verified(read, user, token))
}

fn verified(read: &Read, user: User, token: Token) -> Verified {
    let end = token.expires_at.map_or(read.expires_at, |end| end.min(read.expires_at));
    Verified { expires_at: Some(end), user, token }
}

/// A holder of whom no row knows.
fn without_row(read: &Read, foreign: &Foreign, user: User) -> Verified {
    let token = Token {
        id: TokenId::NONE,
        kind: TokenKind::Jwt,
        user_id: user.id,
        name: NAME.to_owned(),
        digest: foreign_digest(&read.jti),
        sealed: None,
        abilities: Abilities::all(),
        family: None,
        created_at: foreign.issued_at,
        last_used_at: None,
        expires_at: Some(read.expires_at),
        slot: None,
        rotation: 0,
        rotated_at: None,
    };
    Verified { expires_at: Some(read.expires_at), user, token }
}
