//! Refresh tokens that are exchanged at each use, and those that are spent by it.
//!
//! simplejwt has a table of all the tokens that it ever made. Here the login's row counts the exchanges, and the `jti` of
//! the refresh token that an exchange makes is no accident: its first half is a MAC of login and count under the key ring.
//! So the row is enough to tell the login's newest refresh token from those before it, and nobody else can.

use subtle::ConstantTimeEq as _;

use super::{
    claims::Read,
    foreign::foreign_digest,
    login_mask::{Half, LoginId, LoginMask, of_version_4},
};
use crate::{auth::Realm, model::Token, secret::Digest};

/// What the MAC is for.
const PURPOSE: &str = "simplejwt-refresh-jti";

/// What becomes of refresh tokens that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleJwtRotation {
    /// One is the only one of its login (simplejwt's default).
    Off,
    /// Each use makes another one, and the one that was sent stays good (`ROTATE_REFRESH_TOKENS`).
    Keep,
    /// Each use makes another one, and the one that was sent is spent (and `BLACKLIST_AFTER_ROTATION`).
    Blacklist,
}

/// Which of its login's refresh tokens one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The newest.
    Newest,
    /// The one that was exchanged for the newest.
    Before,
    /// One of those before, or one that was never issued here.
    Older,
}

/// Where a refresh token stands, by the login's row: one that was signed here, or by another simplejwt. The second is the
/// first of its login, and never a later one.
pub(super) fn standing(realm: &Realm, login: LoginId, row: &Token, read: &Read) -> Standing {
    let is = |count: i64| match (count, &read.foreign) {
        (0, None) => row.digest == first_digest(&read.jti),
        (0, Some(_)) => row.digest == foreign_digest(&read.jti),
        (_, Some(_)) => false,
        (count, None) => LoginMask::first_half(&read.jti).is_some_and(|half| {
            let is_half = |mac: &[u8; 32]| half_of(mac).ct_eq(&half);
            realm.keys().has_mac(PURPOSE, &named(login, count), is_half)
        }),
    };
    if is(row.rotation) {
        Standing::Newest
    } else if row.rotation > 0 && is(row.rotation - 1) {
        Standing::Before
    } else {
        Standing::Older
    }
}

/// The first half of the `jti` after so many exchanges.
pub(super) fn half(realm: &Realm, login: LoginId, count: i64) -> Half {
    half_of(&realm.keys().mac(PURPOSE, &named(login, count)))
}

/// The digest of the row, which knows the login's first refresh token by its `jti`. Of no text: where the hotel's refresh
/// tokens are looked up by theirs, nothing that is sent finds this one.
pub(super) fn first_digest(jti: &str) -> Digest {
    Digest::of_pieces(&[b"\xffsimplejwt", jti.as_bytes()])
}

fn named(login: LoginId, count: i64) -> Vec<u8> {
    [login.bytes().as_slice(), &count.to_be_bytes()].concat()
}

fn half_of(mac: &[u8; 32]) -> Half {
    of_version_4(std::array::from_fn(|at| mac[at]))
}
