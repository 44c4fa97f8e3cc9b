//! The owner's door to the users and tokens of the configured database.

use std::{thread, time::Duration};

use countersign_core::{Auth, AuthError, User, UserId};

use super::Refused;
use crate::{
    app,
    config::{Sources, Verified},
    serve,
};

/// A command asks one thing after the other. A bigger pool opens a second connection on a thread of its own, and where the process
/// ends meanwhile, Kerberos' library under libpq's aborts it.
pub const ONE_CONNECTION: u32 = 1;

/// The open realm, and how long revocations take to reach every server.
#[derive(Debug)]
pub struct Desk {
    auth: Auth,
    bound: Option<Duration>,
}

impl Desk {
    /// Opens the configured database, bringing its tables up to date.
    ///
    /// # Errors
    /// Whatever stands in the way.
    pub fn open(sources: &Sources) -> Result<Self, Refused> {
        let mut settings = app::load(sources)?;
        settings.database.pool_size = ONE_CONNECTION;
        let (parts, _) = serve::open(&settings)?;
        let auth = app::owners_door(&settings, parts)?;
        let cache = &settings.cache;
        Ok(Self { auth, bound: (cache.verified == Verified::On).then(|| cache.bound.duration()) })
    }

    /// The door.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The user with this id, user name, e-mail or phone.
    ///
    /// # Errors
    /// There is none, or a number is the id of one and the name of another.
    pub fn find(&self, who: &str) -> Result<User, Refused> {
        let by_id = match who.parse() {
            Ok(id) => present(self.auth.user(UserId(id)))?,
            Err(_) => None,
        };
        match (by_id, present(self.auth.find_user(who))?) {
            (Some(by_id), Some(named)) if by_id.id != named.id => Err(Refused::Because(format!(
                "{who} is the id of one user and names another, whose id is {}; name the one you mean differently",
                named.id
            ))),
            (Some(user), _) | (None, Some(user)) => Ok(user),
            (None, None) => Err(Refused::Because(format!("there is no user {who:?}"))),
        }
    }

    /// Waits until no running server accepts what was just revoked.
    pub fn settle(&self) {
        if let Some(bound) = self.bound {
            thread::sleep(bound);
        }
    }
}

/// Absence as `None`.
fn present(found: Result<User, AuthError>) -> Result<Option<User>, AuthError> {
    match found {
        Ok(user) => Ok(Some(user)),
        Err(AuthError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
