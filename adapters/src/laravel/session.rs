//! The cookies of the SPA: what they hold, how they are sealed, how long they live.
//!
//! Both hold base64url only, so that a client may copy them raw or decoded. Nothing is stored for an anonymous
//! visitor: the session cookie itself is the session, and only a login has a row behind it.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderValue, SET_COOKIE},
    web,
};
use chrono::TimeDelta;
use countersign_core::{Secret, auth::Realm, model::Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    cookies,
    remember::{self, Device},
    stateful::{hosts, is_below},
    visitor::{PasswordNotes, Visit},
};
use crate::mount::Site;

/// The readable cookie that holds the sealed CSRF token; axios and Angular know it by this name.
pub const CSRF_COOKIE: &str = "XSRF-TOKEN";
/// Laravel 12 makes this of the application's default name.
pub const SESSION_COOKIE: &str = "laravel-session";
/// What the cookies are sealed for: none is ever taken for another.
const CSRF_SEAL: &str = "laravel-csrf";
const SESSION_SEAL: &str = "laravel-session";
const FORGOTTEN_SEAL: &str = "laravel-forgotten";
/// How many seconds ahead a cookie may have been sealed: the clocks of two servers are never quite the same.
const CLOCKS_DIFFER: i64 = 5;

/// How an SPA mount keeps its sessions. It lends this to all mounts at its prefix as application data
/// ([`crate::Adapter::lend`]), so that the Laravel mount beside it accepts the same sessions; mounted at the root, it
/// lends it to the whole server.
pub struct Sessions {
    /// The realm whose keys seal the cookies.
    pub realm: Realm,
    /// What every mount knows.
    pub site: Arc<Site>,
    /// The name of the session cookie.
    pub cookie: String,
    /// The name of the cookie of a device that is remembered: Laravel's, with the prefix of the session cookie's, for it
    /// opens sessions as well.
    pub device: String,
    /// How long a session lives without a request.
    pub life: Duration,
    /// How long it lives at most.
    pub longest: TimeDelta,
    /// How long a device is remembered.
    pub remembered: Duration,
    /// Are the cookies sent over TLS only?
    pub secure: bool,
    /// The `Domain` of the cookies.
    pub domain: Option<String>,
    /// The hosts of the front ends and of the server itself.
    hosts: Vec<String>,
}

/// The state in which a session cookie arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// There was none.
    Absent,
    /// It is not ours, it has ended, or there were several that contradict each other.
    Unknown,
    /// It holds a visit.
    Known,
}

/// The session cookie in clear.
#[derive(Serialize, Deserialize)]
struct Content {
    /// When it was sealed, in seconds since 1970.
    at: i64,
    csrf: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    intended: Option<String>,
    #[serde(default, skip_serializing_if = "PasswordNotes::is_empty")]
    password: PasswordNotes,
}

impl Sessions {
    /// The sessions of a mount.
    pub fn new(realm: Realm, site: Arc<Site>, cookie: String, life: Duration) -> Self {
        let (longest, remembered) = (TimeDelta::from_std(life).unwrap_or_default(), life);
        let prefix = cookies::prefix(&cookie);
        let secure = site.base_url.starts_with("https://") || !prefix.is_empty();
        let device = format!("{prefix}{}", remember::COOKIE);
        let hosts = hosts(&site).collect();
        Self { realm, site, cookie, device, life, longest, remembered, secure, domain: None, hosts }
    }

    /// The sessions that count for `request`, if an SPA is mounted there.
    pub fn of(request: &HttpRequest) -> Option<&web::Data<Self>> {
        request.app_data()
    }

    /// Was the page that sent this served by one of the front ends? (Sanctum's `EnsureFrontendRequestsAreStateful`:
    /// the Referer decides, without one the Origin.)
    pub fn is_front_end(&self, page: &str) -> bool {
        is_below(page, &self.hosts)
    }

    /// The visit that a request's cookie holds, or a new one. Of cookies that hold different visits none counts: one of
    /// them may have been planted by a neighbour, and nobody is to act for somebody else.
    pub fn read(&self, request: &HttpRequest) -> (Visit, Arrival) {
        match self.known(request) {
            (Some((visit, _)), _) => (visit, Arrival::Known),
            (None, arrival) => (Visit::new(self.realm.random()), arrival),
        }
    }

    /// The visit that a request's cookie holds, and when the cookie ends; without one, how it arrived. As
    /// [`Sessions::read`].
    pub fn known(&self, request: &HttpRequest) -> (Option<(Visit, Timestamp)>, Arrival) {
        let (mut arrival, mut known) = (Arrival::Absent, None::<(Visit, Timestamp)>);
        for value in cookies::values(request.headers(), &self.cookie) {
            arrival = Arrival::Unknown;
            let Some(opened) = self.open(value) else { continue };
            if known.as_ref().is_some_and(|(known, _)| !known.is_of_one_session(&opened.0)) {
                tracing::info!(cookie = self.cookie, "the session cookies contradict each other: none counts");
                return (None, arrival);
            }
            known = Some(opened);
        }
        if known.is_some() {
            arrival = Arrival::Known;
        }
        (known, arrival)
    }

    /// The CSRF token in a value of the readable cookie.
    pub fn open_csrf(&self, sealed: &str) -> Option<String> {
        self.realm.keys().open(CSRF_SEAL, sealed)
    }

    /// Sends the session cookie.
    pub fn send_session(&self, visit: &Visit, headers: &mut HeaderMap) {
        let content = Content {
            at: self.realm.now().timestamp(),
            csrf: visit.csrf.clone(),
            session: visit.session.as_ref().map(|secret| secret.expose().to_owned()),
            previous: visit.previous.clone(),
            intended: visit.intended.clone(),
            password: visit.password,
        };
        // Strings and numbers always can be written.
        let clear = serde_json::to_string(&content).unwrap_or_default();
        let sealed = self.realm.keys().seal(SESSION_SEAL, &clear, self.realm.random());
        self.send((&self.cookie, &sealed), self.life, " httponly;", headers);
    }

    /// Sends the cookie of a device that is remembered or forgotten.
    pub fn send_device(&self, device: &Device, headers: &mut HeaderMap) {
        const FLAGS: &str = " httponly;";
        match device {
            Device::Remembered(sealed) => self.send((&self.device, sealed), self.remembered, FLAGS, headers),
            Device::Forgotten => {
                // Laravel sends something sealed here as well, and an end five years ago.
                let nothing = self.realm.keys().seal(FORGOTTEN_SEAL, "", self.realm.random());
                let end = self.realm.now() - TimeDelta::days(5 * 365);
                self.write((&self.device, &nothing), (end, 0), FLAGS, headers);
            }
        }
    }

    /// Sends both cookies: their life slides with every answer.
    pub fn send_both(&self, visit: &Visit, headers: &mut HeaderMap) {
        let sealed = self.realm.keys().seal(CSRF_SEAL, &visit.csrf, self.realm.random());
        self.send((CSRF_COOKIE, &sealed), self.life, "", headers);
        self.send_session(visit, headers);
    }

    /// The visit in a session cookie that lives, and the cookie's end.
    fn open(&self, sealed: &str) -> Option<(Visit, Timestamp)> {
        let content: Content = serde_json::from_str(&self.realm.keys().open(SESSION_SEAL, sealed)?).ok()?;
        let now = self.realm.now();
        let age = now.timestamp() - content.at;
        let lives = age >= -CLOCKS_DIFFER && u64::try_from(age.max(0)).is_ok_and(|age| age < self.life.as_secs());
        // A session that was flushed has no token, and gets one when it is seen again.
        let csrf = if content.csrf.is_empty() { Visit::new(self.realm.random()).csrf } else { content.csrf };
        let session = content.session.map(Secret::new);
        let (previous, intended) = (content.previous, content.intended);
        let end = now + TimeDelta::from_std(self.life).ok()? - TimeDelta::seconds(age);
        lives.then_some((Visit { csrf, session, previous, intended, password: content.password }, end))
    }

    /// Sends a cookie that lives for `life` from now on.
    fn send(&self, cookie: (&str, &str), life: Duration, flags: &str, headers: &mut HeaderMap) {
        let end = self.realm.now() + TimeDelta::from_std(life).unwrap_or_default();
        self.write(cookie, (end, life.as_secs()), flags, headers);
    }

    /// Writes a cookie as Symfony does.
    fn write(&self, cookie: (&str, &str), life: (Timestamp, u64), flags: &str, headers: &mut HeaderMap) {
        let ((name, value), (end, life)) = (cookie, life);
        let expires = end.format("%a, %d %b %Y %H:%M:%S GMT");
        let domain = self.domain.as_ref().map(|domain| format!(" domain={domain};")).unwrap_or_default();
        let secure = if self.secure { " secure;" } else { "" };
        let cookie =
            format!("{name}={value}; expires={expires}; Max-Age={life}; path=/;{domain}{secure}{flags} samesite=lax");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}
