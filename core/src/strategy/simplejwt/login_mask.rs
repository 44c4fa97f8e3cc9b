//! How a `jti` names a login without a claim for it.
//!
//! simplejwt's `jti` is a version 4 UUID in hex. Here its first half is random and its second half is the login's number
//! under a mask, which is a keyed function (HMAC) of the first: it looks as random as simplejwt's, no two are alike, and
//! those of one login cannot be told from those of others. That nobody makes one up is the signature's business.

use crate::{env::Random, seal::hmac, secret::Secret, strategy::jws::JwtKey};

/// Half of a UUID.
const HALF: usize = 8;
/// One of them.
pub(super) type Half = [u8; HALF];

/// What the key of the mask is derived for.
const PURPOSE: &[u8] = b"countersign simplejwt jti";

/// The number of a login: 62 random bits, as many as the second half of a UUID has beside its variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LoginId(Half);

impl LoginId {
    /// Another one.
    pub(super) fn new(random: &dyn Random) -> Self {
        Self(without_variant(random.bytes()))
    }

    /// As the row has it: 16 hex characters, which no login of another form has (theirs are UUIDs).
    pub(super) fn family(self) -> String {
        hex::encode(self.0)
    }

    /// Reads what [`LoginId::family`] writes.
    pub(super) fn of_family(family: &str) -> Option<Self> {
        let mut half = [0; HALF];
        hex::decode_to_slice(family, &mut half).ok()?;
        Some(Self(half))
    }

    /// The number itself.
    pub(super) fn bytes(self) -> Half {
        self.0
    }
}

/// The key of the mask.
pub(super) struct LoginMask(Secret);

impl LoginMask {
    /// That of what `key` signs; `None` for a public key, under which nothing of ours was ever signed.
    pub(super) fn of(key: &JwtKey) -> Option<Self> {
        key.derive(PURPOSE).map(|mask| Self(Secret::new(hex::encode(mask))))
    }

    /// A new `jti` of this login.
    pub(super) fn jti(&self, login: LoginId, random: &dyn Random) -> String {
        self.jti_after(login, of_version_4(random.bytes()))
    }

    /// The `jti` of this login that begins with this half.
    pub(super) fn jti_after(&self, login: LoginId, first: Half) -> String {
        let mut second = self.masked(first, login.0);
        second[0] |= 0x80;
        hex::encode([first, second].concat())
    }

    /// The login that a `jti` belongs to; `None` if it is none of ours.
    pub(super) fn login(&self, jti: &str) -> Option<LoginId> {
        let mut halves = [0; 2 * HALF];
        hex::decode_to_slice(jti, &mut halves).ok()?;
        let (first, second) = halves.split_first_chunk::<HALF>()?;
        Some(LoginId(self.masked(*first, second.try_into().ok()?)))
    }

    /// The half of a `jti` that does not name the login.
    pub(super) fn first_half(jti: &str) -> Option<Half> {
        let mut half = [0; HALF];
        hex::decode_to_slice(jti.get(..2 * HALF)?, &mut half).ok()?;
        Some(half)
    }

    /// Masks, and takes the mask off again.
    fn masked(&self, first: Half, second: Half) -> Half {
        let mask = hmac(self.0.expose().as_bytes(), &first);
        without_variant(std::array::from_fn(|at| second[at] ^ mask[at]))
    }
}

/// With the four bits that say "version 4".
pub(super) fn of_version_4(mut half: Half) -> Half {
    half[6] = 0x40 | half[6] & 0x0f;
    half
}

/// The two bits that say "a UUID of RFC 9562" are not part of a number.
fn without_variant(mut half: Half) -> Half {
    half[0] &= 0x3f;
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::CountedRandom;

    fn mask(secret: &[u8]) -> LoginMask {
        LoginMask::of(&JwtKey::hs256(secret)).unwrap()
    }

    #[test]
    fn every_jti_of_a_login_is_another_uuid_and_names_it() {
        let (mask, random) = (mask(b"a secret of thirty-two bytes, ok"), CountedRandom::default());
        let mut seen = std::collections::BTreeSet::new();
        for login in std::iter::repeat_with(|| LoginId::new(&random)).take(50) {
            for jti in std::iter::repeat_with(|| mask.jti(login, &random)).take(4) {
                assert_eq!(mask.login(&jti), Some(login));
                let uuid = uuid::Uuid::parse_str(&jti).unwrap();
                assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122));
                assert_eq!(uuid.simple().to_string(), jti);
                assert!(!jti.contains(&login.family()) && seen.insert(jti));
            }
        }
    }

    #[test]
    fn under_another_key_a_jti_names_another_login_and_what_is_no_uuid_names_none() {
        let random = CountedRandom::default();
        let [one, other] = [[b'a'; 32], [b'b'; 32]].map(|secret| mask(&secret));
        let login = LoginId::new(&random);
        assert_ne!(other.login(&one.jti(login, &random)), Some(login));
        for jti in ["", "abc", "00000000-0000-4000-8000-000000000000", &"g".repeat(32), &"0".repeat(34)] {
            assert_eq!(one.login(jti), None, "{jti}");
        }
    }
}
