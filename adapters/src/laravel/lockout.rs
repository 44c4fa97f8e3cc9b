//! Breeze's lock in front of its login: after five wrong passwords in a minute it says no to the right one too.
//!
//! It is there whatever `[throttle]` says, and counts in Laravel's fixed window by address and client. It speaks of every
//! guess that is one too many, the server's own throttle included, as Breeze's `LoginRequest` does: 422 at the field, and
//! no header.

use actix_web::HttpRequest;
use countersign_core::{AuthError, Rate, throttle::Lockout};

use super::{fault::Fault, rules::Errors};
use crate::{adapter::Adapter, mount::Use, plain::retry_seconds};

/// The limiter's name, and that of its counters.
const SCOPE: &str = "login";

/// Lets a guess at `identifier` pass; its outcome goes to [`Lockout::settle`].
///
/// # Errors
/// [`refused`]; [`AuthError::Store`] where counters are shared.
pub async fn pass<A: Adapter>(
    request: &HttpRequest,
    mount: &Use<A>,
    rate: Rate,
    identifier: &str,
) -> Result<Lockout, Fault> {
    let (client, now) = (mount.site.proxies.client(request), mount.counting());
    let asked = mount.site.throttle.lock_out(rate, (&mount.prefix, SCOPE), (identifier, client), now);
    mount.asked(asked).await.map_err(|error| {
        if matches!(error, AuthError::Throttled { .. }) {
            tracing::info!(dialect = A::NAME, path = request.path(), %client, "locked out");
        }
        refused(error.into())
    })
}

/// A login that was refused before it was judged (`lang/en/auth.php`); other refusals stay what they are.
pub fn refused(fault: Fault) -> Fault {
    match fault {
        Fault::Auth(AuthError::Throttled { retry_after }) => {
            let seconds = retry_seconds(retry_after);
            Errors::one("email", format!("Too many login attempts. Please try again in {seconds} seconds.")).into()
        }
        other => other,
    }
}
