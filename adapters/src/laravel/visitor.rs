//! Who holds the cookies of a request: an anonymous visitor or somebody who is logged in.

mod page;
mod password;

pub use password::PasswordNotes;

use std::{
    cell::{Ref, RefCell},
    rc::Rc,
};

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::{Method, header::REFERER},
};
use countersign_core::{Secret, env::Random};

use super::{
    remember::Device,
    stateful::{Group, authority},
};
use crate::mount::Site;

/// Laravel's CSRF tokens have forty characters.
const CSRF_LENGTH: usize = 40;

/// What the session cookie holds.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The CSRF token, in clear.
    pub csrf: String,
    /// The secret of the session's row; `None` for an anonymous visitor, of whom nothing is stored.
    pub session: Option<Secret>,
    /// Path and query of the last page, where a refused form is sent back.
    pub previous: Option<String>,
    /// Where somebody wanted to go who was sent to the login form (Laravel's `url.intended`): a page of this server by path and
    /// query, another one by its whole address.
    pub intended: Option<String>,
    /// What it knows of the user's password.
    pub password: PasswordNotes,
}

impl Visit {
    /// Somebody new.
    pub fn new(random: &dyn Random) -> Self {
        Self {
            csrf: random.alphanumeric(CSRF_LENGTH),
            session: None,
            previous: None,
            intended: None,
            password: PasswordNotes::default(),
        }
    }

    /// Is the other one an earlier or later state of the same session?
    pub fn is_of_one_session(&self, other: &Self) -> bool {
        self.csrf == other.csrf && self.session == other.session
    }
}

/// The visit of the request that is being answered. It is in the request's extensions; the cookies of the answer say
/// how it was left.
#[derive(Debug, Clone)]
pub struct Visitor {
    visit: Rc<RefCell<Visit>>,
    device: Rc<RefCell<Option<Device>>>,
    group: Group,
}

impl Visitor {
    /// A visitor of a route of this group.
    pub fn new(visit: Visit, group: Group) -> Self {
        Self { visit: Rc::new(RefCell::new(visit)), device: Rc::default(), group }
    }

    /// The visitor of `request`; `None` if the request has no session, whatever its cookies.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// The visit as it is now.
    pub fn visit(&self) -> Ref<'_, Visit> {
        self.visit.borrow()
    }

    /// What becomes of the device's cookie; `None` if nothing does.
    pub fn device(&self) -> Option<Device> {
        self.device.borrow().clone()
    }

    /// Says what becomes of the device's cookie.
    pub fn set_device(&self, device: Device) {
        *self.device.borrow_mut() = Some(device);
    }

    /// The secret of the session.
    pub fn session(&self) -> Option<Secret> {
        self.visit.borrow().session.clone()
    }

    /// Begins anew as somebody who has come in, under another CSRF token. What is kept is where they have been and wanted to
    /// go, as in Laravel: both are pages of ours.
    pub fn enter(&self, session: Secret, random: &dyn Random) {
        let mut visit = self.visit.borrow_mut();
        let (previous, intended) = (visit.previous.take(), visit.intended.take());
        *visit = Visit { session: Some(session), previous, intended, ..Visit::new(random) };
    }

    /// Begins anew after a logout, and when a session has ended: what was planted in the old cookies is worth nothing.
    pub fn restart(&self, random: &dyn Random) {
        *self.visit.borrow_mut() = Visit::new(random);
    }

    /// Begins with nothing at all: whoever shows the answer's CSRF token is refused, and is given one then or by the next
    /// answer. (Laravel's `flush` of a session.)
    pub fn flush(&self, random: &dyn Random) {
        *self.visit.borrow_mut() = Visit { csrf: String::new(), ..Visit::new(random) };
    }

    /// Notes that an answer was given: the API holds a session to its user's password from the first one on.
    pub fn answered(&self) {
        let mut visit = self.visit.borrow_mut();
        visit.password.is_held |= self.group == Group::Api && visit.session.is_some();
    }

    /// Notes that the session gave its user another password, and goes on in this row: what is noted here is not in the
    /// copies of the cookie that somebody may have, so that they end with the row before.
    pub fn changed_password(&self, session: Secret) {
        let mut visit = self.visit.borrow_mut();
        visit.session = Some(session);
        visit.password.is_changed = visit.password.is_held;
    }

    /// Has the session come to its end, because it is seen by the API after it changed the password?
    pub fn is_over(&self) -> bool {
        let visit = self.visit.borrow();
        self.group == Group::Api && visit.session.is_some() && visit.password.is_changed
    }

    /// When the user typed the password once more in this session, in seconds since 1970.
    pub fn confirmed_at(&self) -> Option<i64> {
        self.visit.borrow().password.confirmed_at
    }

    /// Notes that the user has typed the password once more.
    pub fn confirmed(&self, at: i64) {
        self.visit.borrow_mut().password.confirmed_at = Some(at);
    }

    /// Remembers the page that is being answered.
    pub fn arrived_at(&self, request: &HttpRequest) {
        if let Some(page) = storable(page::of(request.uri())) {
            self.visit.borrow_mut().previous = Some(page);
        }
    }

    /// Remembers where the sender of `request` wanted to go, who is sent to the login form: to the page that was asked for,
    /// or where a form would have been sent back.
    pub fn sent_to_login(request: &HttpRequest, site: &Site) {
        let Some(visitor) = Self::of(request) else { return };
        let intended =
            if request.method() == Method::GET { page::of(request.uri()) } else { Self::back(request, site) };
        if let Some(intended) = storable(intended) {
            visitor.visit.borrow_mut().intended = Some(intended);
        }
    }

    /// Where the sender of `request` wanted to go before the login, which is forgotten with that; or else `otherwise`.
    /// (Laravel's `redirect()->intended()`.)
    pub fn intended(request: &HttpRequest, site: &Site, otherwise: String) -> String {
        let intended = Self::of(request).and_then(|visitor| visitor.visit.borrow_mut().intended.take());
        match intended {
            Some(page) if page.is_empty() || page.starts_with('/') => format!("{}{page}", site.base_url),
            Some(page) => page,
            None => otherwise,
        }
    }

    /// Where a refused form is sent back: the referring page if it is one of ours, else the last page, else the front.
    pub fn back(request: &HttpRequest, site: &Site) -> String {
        let referer = request.headers().get(REFERER).and_then(|referer| referer.to_str().ok());
        if let Some(referer) = referer.filter(|referer| is_ours(referer, site)) {
            return referer.to_owned();
        }
        let previous = Self::of(request).and_then(|visitor| visitor.visit().previous.clone());
        format!("{}{}", site.base_url, previous.unwrap_or_default())
    }
}

/// A page, if there is room for it in a cookie: it has 4096 bytes, name and flags included, and two pages.
fn storable(page: String) -> Option<String> {
    const LONGEST: usize = 768;
    // These are two letters each where the page is written down.
    let doubled = page.bytes().filter(|byte| b"\"\\".contains(byte)).count();
    (page.len() + doubled <= LONGEST).then_some(page)
}

/// Is `url` an address of this server or of one of its front ends?
fn is_ours(url: &str, site: &Site) -> bool {
    let parts = |url: &str| Some((url.split_once("://")?.0.to_owned(), authority(url)?));
    let given = parts(url);
    given.is_some() && site.front_ends.iter().chain([&site.base_url]).any(|ours| parts(ours) == given)
}
