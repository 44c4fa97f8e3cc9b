//! Routes of an application's own, behind Sanctum's guard: what Laravel writes as
//! `Route::get('/orders', …)->middleware(['auth:sanctum', 'abilities:check-status,place-orders'])`.

use actix_web::{
    HttpRequest, Route,
    http::{Method, StatusCode},
    web::{self, ServiceConfig},
};
use countersign_core::Verified;

use super::{
    fault::{self, Fault},
    stateful::Group,
};
use crate::{adapter::Adapter, mount::Use};

/// What Sanctum's two middlewares refuse with.
const INVALID_ABILITY: &str = "Invalid ability provided.";
/// What Laravel's and Breeze's middleware `verified` refuse with.
const UNVERIFIED: &str = "Your email address is not verified.";

/// How somebody is refused whose address is not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unverified {
    /// 409, as Breeze's API stack does it.
    Conflict,
    /// 403, as the framework itself does it.
    Forbidden,
}

/// Registers a path of an application's own in Laravel's group `api`, outside of the mount's prefix: its callers
/// (`Caller<Sanctum>`) are known by the sessions and tokens of `mount`, and refusals ([`Fault`]) are said in Laravel's
/// words. A method that is not in `handlers` is answered 405.
///
/// ```text
/// async fn orders(caller: Caller<Sanctum>) -> Result<HttpResponse, Fault> {
///     own::abilities(&caller, &["check-status", "place-orders"])?;
///     Ok(answer::json(StatusCode::OK, &json!({"ok": true})))
/// }
///
/// own::route(cfg, &sanctum, "/api/orders", [(Method::GET, web::to(orders))]);
/// ```
pub fn route<A: Adapter<Error = Fault>>(
    cfg: &mut ServiceConfig,
    mount: &Use<A>,
    path: &str,
    handlers: impl IntoIterator<Item = (Method, Route)>,
) {
    let mut resource = web::resource(path).app_data(mount.clone());
    let mut methods = Vec::new();
    for (method, handler) in handlers {
        resource = resource.route(handler.method(method.clone()).wrap(Group::Api));
        methods.push(method);
    }
    let others = move |request: HttpRequest| std::future::ready(fault::unserved(&request, &methods));
    cfg.service(resource.default_service(web::to(others)));
}

/// Refuses a token that lacks one of these abilities (`abilities:a,b`). A session has them all.
///
/// # Errors
/// 403, "Invalid ability provided."
pub fn abilities(caller: &Verified, wanted: &[&str]) -> Result<(), Fault> {
    let has_all = wanted.iter().all(|ability| caller.token.abilities.can(ability));
    if has_all { Ok(()) } else { Err(Fault::Status(StatusCode::FORBIDDEN, INVALID_ABILITY.into())) }
}

/// Refuses a token that has none of these abilities (`ability:a,b`). A session has them all.
///
/// # Errors
/// 403, "Invalid ability provided."
pub fn any_ability(caller: &Verified, wanted: &[&str]) -> Result<(), Fault> {
    let has_one = wanted.iter().any(|ability| caller.token.abilities.can(ability));
    if has_one { Ok(()) } else { Err(Fault::Status(StatusCode::FORBIDDEN, INVALID_ABILITY.into())) }
}

/// Refuses somebody whose address is not confirmed (`verified`).
///
/// # Errors
/// 409 or 403, "Your email address is not verified."
pub fn verified(caller: &Verified, otherwise: Unverified) -> Result<(), Fault> {
    match (caller.user.email_verified_at, otherwise) {
        (Some(_), _) => Ok(()),
        (None, Unverified::Conflict) => Err(Fault::Said(StatusCode::CONFLICT, UNVERIFIED)),
        (None, Unverified::Forbidden) => Err(Fault::Status(StatusCode::FORBIDDEN, UNVERIFIED.into())),
    }
}
