//! Laravel Sanctum's personal access tokens: `id|secret`, many a user, only the SHA-256 of the secret is stored.

use chrono::TimeDelta;

use super::live;
use crate::{
    auth::Realm,
    error::{AuthError, TokenFault},
    model::{Grant, Issued, NewToken, Timestamp, Token, TokenId, TokenKind, User, Verified},
    secret::{Digest, Secret},
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
    pub(super) fn issue(&self, realm: &Realm, user: &User, grant: &Grant, login: bool) -> Result<Issued, AuthError> {
        let secret = self.secret(realm);
        let now = realm.now();
        let stored = realm.tokens().insert_token(&Self::row(user, grant, &secret, now, login))?;
        let token = stored.ok_or(AuthError::WrongCredentials)?;
        Ok(self.issued(token, &secret, user.clone(), now))
    }

    /// The part behind the `|`: prefix, 40 characters, crc32b of the 40.
    pub(crate) fn secret(&self, realm: &Realm) -> Secret {
        let entropy = realm.random().alphanumeric(SECRET_LENGTH);
        Secret::new(format!("{}{entropy}{:08x}", self.token_prefix, crc32fast::hash(entropy.as_bytes())))
    }

    /// The row of a new token.
    pub(crate) fn row(user: &User, grant: &Grant, secret: &Secret, now: Timestamp, login: bool) -> NewToken {
        NewToken {
            kind: TokenKind::Sanctum,
            user_id: user.id,
            name: grant.name.clone(),
            digest: secret.digest(),
            sealed: None,
            abilities: grant.abilities.clone(),
            family: None,
            created_at: now,
            expires_at: grant.expires_at,
            slot: None,
            generation: user.generation,
            login,
        }
    }

    /// What the client gets for a row that was just stored.
    pub(crate) fn issued(&self, token: Token, secret: &Secret, user: User, now: Timestamp) -> Issued {
        let end = [token.expires_at, self.expiration.map(|life| token.created_at + life)].into_iter().flatten().min();
        Issued {
            access: Secret::new(format!("{}|{}", token.id, secret.expose())),
            refresh: None,
            expires_in: end.and_then(|end| (end - now).to_std().ok()),
            token,
            user,
        }
    }

    /// Sanctum's `findToken`: by number and digest, or by digest alone if there is no `|`.
    pub(super) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        let found = match credential.split_once('|') {
            None => realm.tokens().token_by_digest(TokenKind::Sanctum, &Digest::of(credential.as_bytes()))?,
            Some((id, secret)) => {
                let id = canonical_number(id).ok_or(TokenFault::Malformed)?;
                let digest = Digest::of(secret.as_bytes());
                realm
                    .tokens()
                    .token(TokenId(id))?
                    .filter(|(token, _)| token.digest == digest && token.kind == TokenKind::Sanctum)
            }
        };
        let now = realm.now();
        let mut verified = live(found.ok_or(TokenFault::Unknown)?, now)?;
        if let Some(end) = self.expiration.map(|life| verified.token.created_at + life) {
            if end <= now {
                return Err(TokenFault::Expired.into());
            }
            verified.expires_at = Some(verified.expires_at.map_or(end, |own| own.min(end)));
        }
        Ok(verified)
    }
}

/// A row's number as it is printed: no sign, no leading zero, ASCII digits only.
fn canonical_number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|id: &i64| *id > 0 && id.to_string() == text)
}
