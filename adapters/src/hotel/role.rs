//! "Which methods are available depends on the role": an extractor for an application's own routes.

use std::{marker::PhantomData, ops::Deref};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use countersign_core::{Role, Verified};
use futures_util::{FutureExt as _, future::Map};

use super::{Hotel, error::Error};
use crate::{caller::Caller, plain::Cause};

/// Who may do something; see [`Permitted`].
pub trait Roles: 'static {
    /// Any of these.
    const ROLES: &'static [Role];
}

/// The caller, if their role is one of `R`; 401 or 403 in the hotel API's words otherwise. The role is that of the user as the
/// store has it, never one that a token says: who is given another role has it from the next request on, with the
/// same token (in another process when that has read the log of revocations).
///
/// ```
/// use actix_web::web;
/// use countersign_adapters::{
///     Use,
///     hotel::{Hotel, Permitted, Roles},
/// };
/// use countersign_core::Role;
///
/// struct Hoteliers;
///
/// impl Roles for Hoteliers {
///     const ROLES: &'static [Role] = &[Role::Hotelier, Role::Admin];
/// }
///
/// async fn add_room(caller: Permitted<Hoteliers>) -> String {
///     format!("a room of {}", caller.user.first_name)
/// }
///
/// // `mount` is `app.mounted::<Hotel>()`.
/// fn routes(cfg: &mut web::ServiceConfig, mount: Use<Hotel>) {
///     cfg.service(web::resource("/rooms").app_data(mount).route(web::post().to(add_room)));
/// }
/// ```
pub struct Permitted<R> {
    caller: Caller<Hotel>,
    roles: PhantomData<fn() -> R>,
}

impl<R> Deref for Permitted<R> {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.caller
    }
}

/// What is known of a caller.
type Known = Result<Caller<Hotel>, Error>;

impl<R: Roles> FromRequest for Permitted<R> {
    type Error = Error;
    type Future = Map<<Caller<Hotel> as FromRequest>::Future, fn(Known) -> Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        Caller::<Hotel>::from_request(request, payload).map(permit)
    }
}

fn permit<R: Roles>(known: Known) -> Result<Permitted<R>, Error> {
    let caller = known?;
    if R::ROLES.contains(&caller.user.role) {
        Ok(Permitted { caller, roles: PhantomData })
    } else {
        Err(Cause::Forbidden.into())
    }
}
