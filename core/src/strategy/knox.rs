//! Tokens of django-rest-knox: none is issued here, but those that were imported go on.
//!
//! Knox knows a token by its SHA-512 alone, and its fourth and fifth versions do not take the same bytes for it. The row
//! keeps a SHA-256 of that: it has the form of every other row, and whoever has seen a database of Knox's knows nothing
//! that lets anybody in, because a token is hashed twice before it is looked for.

use chrono::TimeDelta;
use sha2::{Digest as _, Sha512};

use crate::{
    auth::Realm,
    error::AuthError,
    model::{TokenKind, Verified},
    secret::Digest,
    store::{Held, StoreError, TokenKey},
};

/// What the slots of all rows begin with.
const SLOTS: &str = "knox:";
/// `CONSTANTS.MAXIMUM_TOKEN_PREFIX_LENGTH`, in characters: what may stand before the digits.
const MAX_PREFIX: usize = 10;
/// `CONSTANTS.TOKEN_KEY_LENGTH` of the fifth version; no token is as short.
const MIN_LENGTH: usize = 16;
/// How many characters the fourth version compares as they are, before it reads digits.
const FOUR_KEY: usize = 8;
/// `MIN_REFRESH_INTERVAL`: an end that would be put off by less stays. A credential is asked about once a minute in any case.
const MIN_RENEWAL: TimeDelta = TimeDelta::seconds(60);

/// Which Knox made a token: what it is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnoxEdition {
    /// 4.2, the only one before the fifth without a salt: the bytes that the digits stand for.
    Four,
    /// 5: the text.
    Five,
}

impl KnoxEdition {
    /// The digest of a row, by the SHA-512 as Knox has stored it; `None` for what is none.
    pub fn digest(self, stored: &str) -> Option<Digest> {
        let mut sha512 = [0; 64];
        hex::decode_to_slice(stored, &mut sha512).ok()?;
        Some(self.digest_by(&sha512))
    }

    /// The place of a row, by Knox's SHA-512: what finds it again when all that is known of it is the beginning of that.
    pub fn slot(beginning: i64) -> String {
        format!("{SLOTS}{beginning:015x}")
    }

    const fn mark(self) -> u8 {
        match self {
            Self::Four => 4,
            Self::Five => 5,
        }
    }

    /// The digest of the row of `token`, if it is one of this edition's.
    fn digest_of(self, token: &str) -> Option<Digest> {
        let sha512 = match self {
            Self::Four if token.get(..FOUR_KEY)?.bytes().all(is_digit) => Sha512::digest(hex::decode(token).ok()?),
            Self::Four => return None,
            Self::Five => Sha512::digest(token.as_bytes()),
        };
        Some(self.digest_by(&sha512.into()))
    }

    fn digest_by(self, sha512: &[u8; 64]) -> Digest {
        Digest::of_pieces(&[&[self.mark()], sha512])
    }
}

/// `AUTO_REFRESH`: each use puts the end of a token off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnoxRenewal {
    /// `TOKEN_TTL`: how long after its last use a token ends.
    pub ttl: TimeDelta,
    /// `AUTO_REFRESH_MAX_TTL`: how long after its creation it ends, however much it is used.
    pub max_ttl: Option<TimeDelta>,
}

/// A token of Knox's and whose it is. The store is asked only for what can be one, and only if there are any.
pub(super) fn find(realm: &Realm, credential: &str) -> Result<Option<Held>, AuthError> {
    if !may_be(credential) || !realm.has_slots(SLOTS)? {
        return Ok(None);
    }
    for edition in [KnoxEdition::Five, KnoxEdition::Four] {
        let Some(digest) = edition.digest_of(credential) else { continue };
        let found = realm.held(TokenKey::Digest(TokenKind::Knox, &digest))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Hexadecimal digits, but for a prefix that an application may have chosen. How many is a setting of Knox's; the fourth
/// version reads capitals as well.
fn may_be(credential: &str) -> bool {
    let digits = credential.char_indices().nth(MAX_PREFIX).map(|(at, _)| &credential.as_bytes()[at..]);
    credential.len() >= MIN_LENGTH && digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

const fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

impl KnoxRenewal {
    /// Puts the end of a token off that was just found live. What the store refuses is tried again at the next use.
    ///
    /// # Errors
    /// [`AuthError::Store`] where nothing can be written and there is something to write: whoever may wait does it.
    pub(super) fn renew(self, realm: &Realm, mut verified: Verified) -> Result<Verified, AuthError> {
        let token = &verified.token;
        let Some(end) = token.expires_at.filter(|_| token.kind == TokenKind::Knox) else { return Ok(verified) };
        let latest = self.max_ttl.zip(token.created_at).map(|(life, made)| made + life);
        let next = [Some(realm.now() + self.ttl), latest].into_iter().flatten().min().unwrap_or(end);
        if next - end <= MIN_RENEWAL {
            return Ok(verified);
        }
        if realm.is_at_once() {
            return Err(StoreError::new("a realm that answers at once writes nothing").into());
        }
        match realm.tokens().extend_token(token.id, end, next) {
            Ok(true) => {
                verified.token.expires_at = Some(next);
                verified.expires_at = Some(next);
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(token = %token.id, %error, "cannot put off the end of a token"),
        }
        Ok(verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_prefix_and_digits_may_be_one() {
        let digits = "0123456789abcdef".repeat(4);
        for token in [digits.as_str(), &format!("phone_{digits}"), &format!("Ünïcødé-10{digits}"), "0123456789ABCDEF"]
        {
            assert!(may_be(token), "{token}");
        }
        for token in ["", "0123456789abcde", &format!("{digits}g"), &format!("elevenchars{digits}")] {
            assert!(!may_be(token), "{token}");
        }
    }

    /// SHA-512 of `abc` (FIPS 180-2, appendix C.1), as text and as the bytes that its digits stand for.
    #[test]
    fn each_edition_hashes_its_own_bytes() {
        let abc = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                   2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        assert_eq!(KnoxEdition::Five.digest_of("abc"), KnoxEdition::Five.digest(abc));
        assert_ne!(KnoxEdition::Five.digest(abc), KnoxEdition::Four.digest(abc));
        assert_eq!(KnoxEdition::Five.digest("abc"), None);
        let four = |token| KnoxEdition::Four.digest_of(token);
        let long = four("0123456789abcdef");
        assert!(long.is_some());
        assert_eq!(four("0123456789ABCDEF"), long);
        assert_eq!(four("0123456789abcdeg"), None);
        assert_eq!(four("ABCDEF0123456789"), None);
    }

    #[test]
    fn a_slot_has_fifteen_digits() {
        assert_eq!(KnoxEdition::slot(0x1f), "knox:00000000000001f");
    }
}
