//! Links that confirm an e-mail address, in the form of Laravel's signed URLs: the user's number, the SHA-1 of the address,
//! the end of its life, and a MAC over all of them. Nothing is stored.

use chrono::TimeDelta;
use sha1::{Digest as _, Sha1};
use subtle::{Choice, ConstantTimeEq as _};

use super::Auth;
use crate::{
    error::AuthError,
    model::{User, UserChange},
    store::Revoke,
};

/// What the MAC is for.
const PURPOSE: &str = "verification-link";
/// The parameters.
const EXPIRES: &str = "expires";
const SIGNATURE: &str = "signature";

/// The query of a signed link.
struct Presented<'a> {
    /// All but the signature, as it came.
    rest: String,
    signature: &'a str,
    end: Option<i64>,
}

impl<'a> Presented<'a> {
    /// Of a parameter that comes twice the last counts, as in PHP.
    fn of(query: &'a str) -> Self {
        let named = |name: &'static str| {
            move |parameter: &&str| parameter.split_once('=').map_or(*parameter, |(key, _)| key) == name
        };
        let value = |name| query.split('&').rfind(named(name))?.split_once('=').map(|(_, value)| value);
        let rest: Vec<&str> = query.split('&').filter(|parameter| !named(SIGNATURE)(parameter)).collect();
        Self {
            rest: rest.join("&"),
            signature: value(SIGNATURE).unwrap_or_default(),
            end: value(EXPIRES).and_then(|end| end.parse().ok()),
        }
    }
}

impl Auth {
    /// Path and query of a link that confirms this user's address: `/7/{sha1}?expires=…&signature=…` behind `path`.
    pub fn make_verification_link(&self, path: &str, user: &User, life: TimeDelta) -> String {
        let path = format!("{path}/{}/{}", user.id, address_hash(user));
        let query = format!("{EXPIRES}={}", (self.realm.now() + life).timestamp());
        let mac = self.realm.keys().mac(PURPOSE, &message(&path, &query));
        format!("{path}?{query}&{SIGNATURE}={}", hex::encode(mac))
    }

    /// Was a link with this path and query made here, with these parameters in this order, and is it not over?
    pub fn is_signed(&self, path: &str, query: &str) -> bool {
        let Presented { rest, signature, end } = Presented::of(query);
        let is = |mac: &[u8; 32]| -> Choice { hex::encode(mac).as_bytes().ct_eq(signature.as_bytes()) };
        let made_here = self.realm.keys().has_mac(PURPOSE, &message(path, &rest), is);
        made_here && end.is_some_and(|end| self.realm.now().timestamp() <= end)
    }

    /// Did the Laravel that was there before make a link with this path and query, and is it not over? Laravel signs the whole
    /// address; `base` is what stands here before the path, unless [`OldLinks`](super::OldLinks) knows other ones.
    pub fn is_signed_by_laravel(&self, base: &str, path: &str, query: &str) -> bool {
        let Presented { rest, signature, end } = Presented::of(query);
        let now = self.realm.now();
        let made_there = self.realm.old_links().is_laravels((base, path, &rest), signature, now);
        made_there && end.is_some_and(|end| now.timestamp() <= end)
    }

    /// Notes that this user has confirmed the address in a signed link with these parts; who has confirmed it before
    /// keeps the moment of that.
    ///
    /// # Errors
    /// [`AuthError::Forbidden`] if it is another user's link, or of another address; [`AuthError::Store`].
    pub fn verify_address(&self, user: &User, id: &str, hash: &str) -> Result<(), AuthError> {
        let is_theirs = id == user.id.to_string() && hash == address_hash(user);
        match &user.email {
            Some(address) if is_theirs && user.email_verified_at.is_none() => {
                let change = UserChange::EmailVerified(address.clone());
                match self.change(user.id, &change, &[Revoke::Nothing]) {
                    // They have another address by now.
                    Err(AuthError::NotFound) => Err(AuthError::Forbidden),
                    outcome => outcome.map(drop),
                }
            }
            Some(_) if is_theirs => Ok(()),
            _ => Err(AuthError::Forbidden),
        }
    }
}

/// The hash that Laravel has in the path; the signature vouches for it.
fn address_hash(user: &User) -> String {
    hex::encode(Sha1::digest(user.email.as_deref().unwrap_or_default()))
}

/// What the MAC is over.
fn message(path: &str, query: &str) -> Vec<u8> {
    format!("{path}?{query}").into_bytes()
}
