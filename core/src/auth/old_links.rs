//! Links that the old framework sent before the switch: with the key that signed them they go on working until they expire.
//!
//! Whoever has such a key can make links, so it counts for a time that the owner sets, and for the two kinds of links that
//! say all by themselves: Django's (`PasswordResetTokenGenerator` of Django 3.1 and later) and Laravel's signed URLs.
//! What ends a link of our own ends these as well.

use chrono::{FixedOffset, Offset as _, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::link::shortened;
use crate::{
    model::{Account, Timestamp},
    password::EncodedPassword,
    seal::hmac,
    secret::Secret,
};

/// What Django puts before the key of this generator (`key_salt`).
const DJANGO_SALT: &[u8] = b"django.contrib.auth.tokens.PasswordResetTokenGenerator";

/// By what the links of the old framework are known. The default knows none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldLinks {
    /// From this moment on nothing of it counts.
    pub until: Timestamp,
    /// Django's `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.
    pub django_keys: Vec<Secret>,
    /// The zone of Django's `TIME_ZONE`: it counts the seconds of a link by the clock on its wall, and has moments of that zone
    /// without `USE_TZ`.
    pub django_offset: FixedOffset,
    /// Laravel's `app.key` and `app.previous_keys`, as they stand there: `base64:` is not taken off.
    pub laravel_keys: Vec<Secret>,
    /// What the addresses of Laravel's links began with, without a slash at the end: a URL, or for relative signatures a path,
    /// which may be empty. Without any, the address at which the path is served here.
    pub laravel_urls: Vec<String>,
}

impl Default for OldLinks {
    fn default() -> Self {
        Self {
            until: Timestamp::default(),
            django_keys: Vec::new(),
            django_offset: Utc.fix(),
            laravel_keys: Vec::new(),
            laravel_urls: Vec::new(),
        }
    }
}

impl OldLinks {
    /// Was this MAC made by Django, over this account and this moment? Every key is asked, so that the time tells nothing.
    pub(super) fn is_djangos(&self, account: &Account, seconds: i64, presented: &str, now: Timestamp) -> bool {
        // A disabling by the owner ends links for good, and Django's MAC knows nothing of it.
        if now >= self.until || account.user.suspended_at.is_some() {
            return false;
        }
        let messages = [Utc.fix(), self.django_offset].map(|zone| django_message(account, seconds, zone));
        let is = |key: &Secret, message: &String| -> Choice {
            let key: [u8; 32] = Sha256::new().chain_update(DJANGO_SALT).chain_update(key.expose()).finalize().into();
            shortened(&hmac(&key, message.as_bytes())).as_bytes().ct_eq(presented.as_bytes())
        };
        let tried = self.django_keys.iter().flat_map(|key| messages.iter().map(move |message| is(key, message)));
        tried.fold(Choice::from(0), |found, this| found | this).into()
    }

    /// How far the seconds in Django's links are ahead.
    pub(super) fn django_ahead(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.django_offset.local_minus_utc()))
    }

    /// Did Laravel sign this path and query? `base` is where the paths are served here, `query` has no signature any more.
    pub(super) fn is_laravels(&self, (base, path, query): (&str, &str, &str), presented: &str, now: Timestamp) -> bool {
        if now >= self.until {
            return false;
        }
        let here = [base.to_owned()];
        let bases = if self.laravel_urls.is_empty() { &here[..] } else { &self.laravel_urls };
        let is = |key: &Secret, base: &String| -> Choice {
            let mac = hmac(key.expose().as_bytes(), format!("{base}{path}?{query}").as_bytes());
            hex::encode(mac).as_bytes().ct_eq(presented.as_bytes())
        };
        let tried = self.laravel_keys.iter().flat_map(|key| bases.iter().map(move |base| is(key, base)));
        tried.fold(Choice::from(0), |found, this| found | this).into()
    }
}

/// What Django's MAC is over (`_make_hash_value`): number, hash, last login in whole seconds, the link's moment, address.
fn django_message(account: &Account, seconds: i64, zone: FixedOffset) -> String {
    let Account { user, password } = account;
    let password = password.as_ref().map_or("", EncodedPassword::as_str);
    let wall = |at: Timestamp| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string();
    let last_login = user.last_login_at.map(wall).unwrap_or_default();
    let email = user.email.as_deref().unwrap_or_default();
    format!("{}{password}{last_login}{seconds}{email}", user.id)
}
