//! Djoser's token: forty hex characters, one a user, the same at each login until it is deleted. Where it is accepted,
//! imported tokens of Knox are as well.
//!
//! Django stores it in clear. Here the row holds its SHA-256 for looking it up and the token itself sealed under the
//! server key for handing it out again, so that a copy of the database contains nothing that can be used.

use super::{KnoxRenewal, knox, live};
use crate::{
    auth::Realm,
    env::Random,
    error::AuthError,
    model::{Abilities, Issued, NewToken, Subject, TokenKind, UserId, Verified},
    seal::KeyRing,
    secret::{Digest, Secret},
    store::TokenKey,
};

/// `rest_framework.authtoken` draws twenty bytes.
const SECRET_BYTES: usize = 20;
/// How often a login tries again when somebody else logs out between its two steps.
const TRIES: usize = 3;

/// Django REST framework's `authtoken`, which has no settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct DjoserToken {
    /// What becomes of an imported token of Knox when it is used; `None` for nothing.
    pub renewal: Option<KnoxRenewal>,
}

impl DjoserToken {
    /// The place of the one token that a user has.
    pub fn slot(user: UserId) -> String {
        format!("djoser:{user}")
    }

    /// A user's token as the row keeps it, for the logins that hand it out.
    pub fn seal(keys: &KeyRing, random: &dyn Random, user: UserId, secret: &Secret) -> String {
        keys.seal(&purpose(user), secret.expose(), random)
    }

    /// The user's token, made if there is none.
    pub(super) fn issue(realm: &Realm, subject: &Subject) -> Result<Issued, AuthError> {
        for _ in 0..TRIES {
            let secret = Secret::new(hex::encode(realm.random().bytes::<SECRET_BYTES>()));
            let new = NewToken {
                kind: TokenKind::Djoser,
                user_id: subject.id,
                name: String::new(),
                digest: secret.digest(),
                sealed: Some(Self::seal(realm.keys(), realm.random(), subject.id, &secret)),
                abilities: Abilities::all(),
                family: None,
                created_at: realm.now(),
                expires_at: None,
                slot: Some(Self::slot(subject.id)),
                generation: 0,
            };
            let token = realm.mint(subject, new, |new| realm.tokens().find_or_create_token(new))?;
            let sealed = token.sealed.as_deref().unwrap_or_default();
            if let Some(clear) = realm.keys().open(&purpose(subject.id), sealed) {
                return Ok(Issued {
                    access: Secret::new(clear),
                    refresh: None,
                    expires_in: None,
                    token,
                    user: subject.user.clone(),
                });
            }
            // Sealed under a key that this server no longer has: the token cannot be handed out again, so it goes.
            realm.tokens().revoke_token(token.id, Some(subject.id), realm.now())?;
            realm.cache().forget(subject.id);
        }
        Err(AuthError::WrongCredentials)
    }

    /// By digest; case and length count. What is none of Djoser's may be one of Knox's.
    pub(super) fn recognise(&self, realm: &Realm, credential: &str) -> Result<Verified, AuthError> {
        let digest = Digest::of(credential.as_bytes());
        let found = match realm.held(TokenKey::Digest(TokenKind::Djoser, &digest))? {
            Some(held) => Some(held),
            None => knox::find(realm, credential)?,
        };
        let verified = live(realm, found)?;
        match self.renewal {
            Some(renewal) => renewal.renew(realm, verified),
            None => Ok(verified),
        }
    }
}

/// What the seal is for: it opens as this user's token and as nobody else's.
fn purpose(user: UserId) -> String {
    format!("djoser-token:{user}")
}
