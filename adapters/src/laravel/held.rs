//! What the cookies of a request hold, for who is no route of Laravel's: a socket that a page of the front end opens.

use std::sync::Arc;

use actix_web::HttpRequest;
use countersign_core::{Secret, model::Timestamp};

use super::session::{Arrival, Sessions};

/// The sessions of every SPA mount of the server, wherever it is mounted; application data of the whole server. A browser
/// sends their cookies to every path.
pub struct AllSessions(Vec<Arc<Sessions>>);

/// What was found in the cookies.
pub enum Held {
    /// No session cookie.
    Nothing,
    /// The cookie of somebody who is not logged in by it, or no longer.
    Visitor,
    /// A login. It is to be verified, and ends with its cookie at the latest: a later request of the browser has got it a
    /// newer one, of which nothing is known here.
    Login {
        /// The secret of the session's row.
        secret: Secret,
        /// When the cookie ends.
        ends_at: Timestamp,
    },
}

impl AllSessions {
    /// These.
    pub fn new(sessions: impl IntoIterator<Item = Arc<Sessions>>) -> Self {
        Self(sessions.into_iter().collect())
    }

    /// What `request` holds: the first login, if there is one.
    pub fn held(&self, request: &HttpRequest) -> Held {
        let mut held = Held::Nothing;
        for sessions in &self.0 {
            let (known, arrival) = sessions.known(request);
            if let Some((visit, ends_at)) = known
                && let Some(secret) = visit.session
            {
                return Held::Login { secret, ends_at };
            }
            if arrival != Arrival::Absent {
                held = Held::Visitor;
            }
        }
        held
    }
}
