//! DRF's `AnonRateThrottle` and `UserRateThrottle`: how often a client may ask for anything at all.

use actix_web::HttpRequest;
use countersign_core::{
    Rate, UserId,
    throttle::{Asked, Who},
};

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

/// `check_throttles`: every throttle is asked, and those that admit the request count it, whatever the others say. It
/// fails with the longest wait.
pub(super) fn check<A>(mount: &Use<A>, request: &HttpRequest, user: Option<UserId>) -> Asked<()>
where
    A: Adapter<Options: Throttled>,
{
    let Rates { anon, user: everybody } = mount.options.rates();
    if anon.is_none() && everybody.is_none() {
        return Asked::Known(Ok(()));
    }
    let who = user.map_or_else(|| Who::Client(mount.site.proxies.client(request)), Who::User);
    let rates = [("anon", anon.filter(|_| user.is_none())), ("user", everybody)];
    let limits = rates.into_iter().filter_map(|(name, rate)| Some((rate?, (mount.prefix.as_str(), name), who)));
    let limits: Vec<_> = limits.collect();
    mount.site.throttle.request(&limits, mount.counting())
}
