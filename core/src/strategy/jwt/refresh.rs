//! Refresh tokens, and how one takes the place of another.
//!
//! The first one of a login is random, and its row keeps the SHA-256. Those after it are not kept anywhere: each is the
//! login's id, the count of exchanges and a MAC of both under the key ring. So the row needs only the count; whoever sends a spent token
//! within the grace is given the very same successor; and a token that comes back later was really issued here once, and is
//! told from one that somebody made up.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::TimeDelta;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::{
    auth::Realm,
    error::{AuthError, TokenFault},
    model::{Timestamp, Token, TokenKind, Verified},
    seal::KeyRing,
    secret::{Digest, Secret},
    store::TokenKey,
    strategy::{end_replayed, live},
};

/// What the MAC is for.
const PURPOSE: &str = "jwt-refresh-token";
/// Bytes of id and count.
const NAMED: usize = 20;
/// How often somebody who was overtaken looks again.
const TRIES: usize = 3;

/// How refresh tokens are exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshRotation {
    /// For so long a spent token still gets its successor.
    pub grace: TimeDelta,
    /// How long a login lasts in all.
    pub login_ttl: TimeDelta,
}

/// A login whose refresh token was good, and the token that is to be used from now on; `None` if that is the same.
pub(super) struct Refreshed {
    pub(super) login: Verified,
    pub(super) next: Option<Secret>,
}

/// Finds the login of a refresh token and, under `rotation`, moves it on to the next token.
pub(super) fn refresh(
    realm: &Realm,
    sent: &str,
    rotation: Option<RefreshRotation>,
    refresh_ttl: TimeDelta,
) -> Result<Refreshed, AuthError> {
    let later = read(realm.keys(), sent);
    for _ in 0..TRIES {
        let (login, count) = login(realm, sent, later)?;
        let now = realm.now();
        let token = &login.token;
        let within_grace = |at: Timestamp| rotation.is_some_and(|rotation| now < at + rotation.grace);
        if count == token.rotation {
            let Some(rotation) = rotation else { return Ok(Refreshed { login, next: None }) };
            let born = token.created_at.unwrap_or(now);
            let end = (now + refresh_ttl).min(born + rotation.login_ttl);
            if realm.tokens().rotate_token(token.id, count, now, end)? {
                let next = successor(realm.keys(), token, count)?;
                let token = Token { rotation: count + 1, rotated_at: Some(now), expires_at: Some(end), ..login.token };
                return Ok(Refreshed { login: Verified { token, ..login }, next: Some(next) });
            }
            // Somebody else was faster, or the login has ended.
        } else if count + 1 == token.rotation && token.rotated_at.is_some_and(within_grace) {
            let next = successor(realm.keys(), token, count)?;
            return Ok(Refreshed { login, next: Some(next) });
        } else if count < token.rotation {
            return Err(end_replayed(realm, token)?.into());
        } else {
            // Of a database that was set back.
            return Err(TokenFault::Unknown.into());
        }
    }
    Err(TokenFault::Unknown.into())
}

/// The login whose refresh token this is, if it can be exchanged; nothing is.
pub(super) fn find(realm: &Realm, sent: &str) -> Result<Verified, AuthError> {
    let (login, count) = login(realm, sent, read(realm.keys(), sent))?;
    if count == login.token.rotation { Ok(login) } else { Err(TokenFault::Spent.into()) }
}

/// The login of a refresh token, and after how many exchanges it was made; `later` is what [`read`] made of it.
fn login(realm: &Realm, sent: &str, later: Option<(Uuid, i64)>) -> Result<(Verified, i64), AuthError> {
    let (found, count) = match later {
        Some((family, count)) => (realm.held(TokenKey::Family(TokenKind::Jwt, &family.to_string()))?, count),
        None => (realm.held(TokenKey::Digest(TokenKind::Jwt, &Digest::of(sent.as_bytes())))?, 0),
    };
    Ok((live(realm, found)?, count))
}

/// The token after the one with this count.
fn successor(keys: &KeyRing, token: &Token, count: i64) -> Result<Secret, AuthError> {
    let family = token.family.as_deref().and_then(|family| family.parse::<Uuid>().ok());
    let named = family.zip(u32::try_from(count + 1).ok()).map(|(family, count)| named(family, count));
    let named = named.ok_or(TokenFault::Unknown)?;
    Ok(Secret::new(BASE64.encode([named.as_slice(), &keys.mac(PURPOSE, &named)].concat())))
}

fn named(family: Uuid, count: u32) -> [u8; NAMED] {
    let mut named = [0; NAMED];
    named[..16].copy_from_slice(family.as_bytes());
    named[16..].copy_from_slice(&count.to_be_bytes());
    named
}

/// Login and count of a token that [`successor`] made; `None` for anything else.
fn read(keys: &KeyRing, sent: &str) -> Option<(Uuid, i64)> {
    let bytes = BASE64.decode(sent).ok()?;
    let (named, mac) = bytes.split_first_chunk::<NAMED>()?;
    if !keys.has_mac(PURPOSE, named, |right| right.as_slice().ct_eq(mac)) {
        return None;
    }
    let (family, count) = named.split_first_chunk::<16>()?;
    Some((Uuid::from_bytes(*family), i64::from(u32::from_be_bytes(count.try_into().ok()?))))
}
