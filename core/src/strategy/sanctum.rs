//! Laravel Sanctum's personal access tokens: `id|secret`, many a user, only the SHA-256 of the secret is stored.

use chrono::TimeDelta;

use super::live;
use crate::{
    auth::Realm,
    error::{AuthError, TokenFault},
    model::{Grant, Issued, NewToken, Subject, Timestamp, Token, TokenId, TokenKind, UserId, Verified},
    secret::{Digest, Secret},
    store::TokenKey,
};

/// Sanctum draws forty characters (`Str::random(40)`): 238 bits.
const SECRET_LENGTH: usize = 40;

/// `config/sanctum.php`'s two settings.
#[derive(Debug, Clone, Default)]
pub struct SanctumPat {
    /// `sanctum.token_prefix`, put before the random characters so that scanners recognise a leaked token.
    pub token_prefix: String,
    /// `sanctum.expiration`: how long after its creation every token ends, whatever its own `expires_at`.
    pub expiration: Option<TimeDelta>,
}

impl SanctumPat {
    /// Issues a row of its own for each call.
    pub(super) fn issue(&self, realm: &Realm, subject: &Subject, grant: &Grant) -> Result<Issued, AuthError> {
        let secret = self.secret(realm);
        let new = Self::row(subject.id, grant, &secret, realm.now());
        let token = realm.mint(subject, new, |new| realm.tokens().insert_token(new))?;
        Ok(self.issued(realm, token, &secret, subject))
    }

    /// The part behind the `|`: prefix, 40 characters, crc32b of the 40.
    pub(crate) fn secret(&self, realm: &Realm) -> Secret {
        let entropy = realm.random().alphanumeric(SECRET_LENGTH);
        Secret::new(format!("{}{entropy}{:08x}", self.token_prefix, crc32fast::hash(entropy.as_bytes())))
    }

    /// The row of a new token.
    pub(crate) fn row(user: UserId, grant: &Grant, secret: &Secret, now: Timestamp) -> NewToken {
        NewToken {
            kind: TokenKind::Sanctum,
            user_id: user,
            name: grant.name.clone(),
            digest: secret.digest(),
            sealed: None,
            abilities: grant.abilities.clone(),
            family: None,
            created_at: now,
            expires_at: grant.expires_at,
            slot: None,
            generation: 0,
        }
    }

    /// What the client gets for a row that was just stored.
    pub(crate) fn issued(&self, realm: &Realm, token: Token, secret: &Secret, subject: &Subject) -> Issued {
        Issued {
            access: Secret::new(format!("{}|{}", token.id, secret.expose())),
            refresh: None,
            expires_in: self.end(&token).and_then(|end| (end - realm.now()).to_std().ok()),
            token,
            user: subject.user.clone(),
        }
    }

    /// Sanctum's `findToken`: by number and digest, or by digest alone if there is no `|`.
    pub(super) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        let found = match credential.split_once('|') {
            None => realm.held(TokenKey::Digest(TokenKind::Sanctum, &Digest::of(credential.as_bytes())))?,
            Some((id, secret)) => {
                let id = canonical_number(id).ok_or(TokenFault::Malformed)?;
                let digest = Digest::of(secret.as_bytes());
                let held = realm.held(TokenKey::Number(TokenId(id)))?;
                held.filter(|held| held.token.digest == digest && held.token.kind == TokenKind::Sanctum)
            }
        };
        let end = found.as_ref().and_then(|held| self.end(&held.token));
        if end.is_some_and(|end| end <= realm.now()) {
            return Err(TokenFault::Expired.into());
        }
        Ok(Verified { expires_at: end, ..live(realm, found)? })
    }

    /// When a token ends: by itself, or because every token does.
    pub(crate) fn end(&self, token: &Token) -> Option<Timestamp> {
        // Of a token without a beginning nobody can say that it is young enough.
        let end = |life| token.created_at.map_or(Timestamp::UNIX_EPOCH, |made| made + life);
        [token.expires_at, self.expiration.map(end)].into_iter().flatten().min()
    }
}

/// A row's number as it is printed: no sign, no leading zero, ASCII digits only.
fn canonical_number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|id: &i64| *id > 0 && id.to_string() == text)
}
