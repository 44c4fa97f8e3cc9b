//! DRF's `AnonRateThrottle` and `UserRateThrottle`: how often a client may ask for anything at all.

use actix_web::HttpRequest;
use countersign_core::{Rate, UserId};

use super::error::Error;
use crate::{adapter::Adapter, mount::Use};

/// `DEFAULT_THROTTLE_RATES`; a scope without a rate is not limited, as in a new project.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Of a client that is not logged in.
    pub anon: Option<Rate>,
    /// Of a user, over all their clients; of a client that is not logged in.
    pub user: Option<Rate>,
}

/// The settings of a mount with rates.
pub trait Throttled {
    /// What they say about it.
    fn rates(&self) -> Rates;
}

/// `check_throttles`: every throttle is asked, and those that admit the request count it, whatever the others say.
///
/// # Errors
/// 429 with the longest wait.
pub(super) fn check<A>(mount: &Use<A>, request: &HttpRequest, user: Option<UserId>) -> Result<(), Error>
where
    A: Adapter<Options: Throttled>,
{
    let Rates { anon, user: everybody } = mount.options.rates();
    if anon.is_none() && everybody.is_none() {
        return Ok(());
    }
    let (client, now) = (mount.site.proxies.client(request), mount.auth.realm().steady());
    let ask = |rate: Option<Rate>, scope| {
        let who = user.ok_or(client);
        rate.and_then(|rate| mount.site.throttle.request(rate, (&mount.prefix, scope), who, now).err())
    };
    let waits = [if user.is_none() { ask(anon, "anon") } else { None }, ask(everybody, "user")];
    waits.into_iter().flatten().max().map_or(Ok(()), |wait| Err(Error::Throttled { wait }))
}
