//! The middleware `throttle`: how often somebody may ask the API for anything at all (`throttle:api`), and for what a route
//! limits by itself (`throttle:6,1`).
//!
//! A user is counted over all their clients, and who is nobody by their address, in the fixed window of Laravel's
//! `RateLimiter`. It stands behind authentication, so that a 401 is neither counted nor told what is left; every other
//! answer that came through it is.

use std::future::ready;

use actix_web::{
    HttpMessage as _, HttpRequest,
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use countersign_core::{
    AuthError, Rate, UserId,
    model::Timestamp,
    throttle::{Asked, Who},
};
use futures_util::{FutureExt as _, future::Either};

use super::guard;
use crate::{adapter::Adapter, caller::Authentication, mount::Use, plain::retry_seconds};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// The limiter's name, and that of its counters: mounts at one prefix are one application and share them.
const API: &str = "api";

/// The settings of a mount whose API may be throttled.
pub trait Throttled {
    /// The rate of the limiter `api`; none if nothing is limited.
    fn api(&self) -> Option<Rate>;
}

/// A check: a limit that lets somebody pass.
///
/// # Errors
/// What is wrong with the rate.
pub fn at_least_one(rate: &Rate) -> Result<(), String> {
    if rate.requests() > 0 {
        Ok(())
    } else {
        Err("would let nobody in; write at least one, such as \"5/min\"".to_owned())
    }
}

/// What the answer tells about the limit that its request came through. It is in the request's extensions.
#[derive(Debug, Clone, Copy)]
struct Told {
    limit: usize,
    remaining: usize,
    /// The second in which there will be a place again, for who is refused.
    reset: Option<i64>,
}

/// Counts who is calling as soon as that is known.
pub fn caller<A>(request: &HttpRequest, mount: &Use<A>, who: Authentication) -> Authentication
where
    A: Adapter<Options: Throttled>,
{
    let Some(rate) = mount.options.api() else { return who };
    match who {
        Either::Left(at_hand) => {
            let caller = match at_hand.into_inner() {
                Ok(caller) => caller,
                Err(error) => return Either::Left(ready(Err(error))),
            };
            let now = mount.counting();
            match ask(request, mount, (API, rate), Some(caller.user.id), now) {
                Asked::Known(counted) => {
                    Either::Left(ready(note(request, rate, mount.auth.realm().now(), counted).map(|()| caller)))
                }
                asked @ Asked::Question(_) => {
                    let (request, mount) = (request.clone(), mount.clone());
                    let counted = async move {
                        note(&request, rate, mount.auth.realm().now(), mount.asked(asked).await).map(|()| caller)
                    };
                    Either::Right(counted.boxed_local())
                }
            }
        }
        Either::Right(coming) => {
            let (request, mount) = (request.clone(), mount.clone());
            let counted = async move {
                let caller = coming.await?;
                count(&request, &mount, rate, Some(caller.user.id)).await.map(|()| caller)
            };
            Either::Right(counted.boxed_local())
        }
    }
}

/// Counts whoever asks for what is open to everybody: the user of the session, if there is one, or else the client. A
/// bearer token is not looked at there, as in Laravel, whose guard of such routes is that of the sessions.
///
/// # Errors
/// [`AuthError::Throttled`], [`AuthError::Store`].
pub async fn anybody<A>(request: &HttpRequest, mount: &Use<A>) -> Result<(), AuthError>
where
    A: Adapter<Options: Throttled>,
{
    let Some(rate) = mount.options.api() else { return Ok(()) };
    let user = guard::signed_in(request, mount).await?.map(|caller| caller.user.id);
    count(request, mount, rate, user).await
}

async fn count<A: Adapter>(
    request: &HttpRequest,
    mount: &Use<A>,
    rate: Rate,
    user: Option<UserId>,
) -> Result<(), AuthError> {
    let now = mount.counting();
    let counted = mount.asked(ask(request, mount, (API, rate), user, now)).await;
    note(request, rate, mount.auth.realm().now(), counted)
}

/// Asks whether a user may, or whoever it is at their address.
fn ask<A: Adapter>(
    request: &HttpRequest,
    mount: &Use<A>,
    (name, rate): (&str, Rate),
    user: Option<UserId>,
    now: Timestamp,
) -> Asked<usize> {
    let who = user.map_or_else(|| Who::Client(mount.site.proxies.client(request)), Who::User);
    mount.site.throttle.hit(rate, (&mount.prefix, name), who, now)
}

/// Counts whoever it is under a limit of a route's own (`throttle:login`, `throttle:6,1`), and notes what the answer tells
/// of it. Routes that name one limit share it.
///
/// # Errors
/// [`AuthError::Throttled`].
pub async fn hit<A: Adapter>(
    request: &HttpRequest,
    mount: &Use<A>,
    (name, rate): (&str, Rate),
    who: Who<'_>,
) -> Result<(), AuthError> {
    let now = mount.counting();
    let counted = mount.asked(mount.site.throttle.hit(rate, (&mount.prefix, name), who, now)).await;
    note(request, rate, mount.auth.realm().now(), counted)
}

/// Leaves in the request what its answer tells of the limit.
fn note(request: &HttpRequest, rate: Rate, now: Timestamp, counted: Result<usize, AuthError>) -> Result<(), AuthError> {
    let limit = rate.requests();
    let told = match &counted {
        Ok(remaining) => Some(Told { limit, remaining: *remaining, reset: None }),
        Err(AuthError::Throttled { retry_after }) => {
            let seconds = i64::try_from(retry_seconds(*retry_after)).unwrap_or(i64::MAX);
            Some(Told { limit, remaining: 0, reset: Some(now.timestamp().saturating_add(seconds)) })
        }
        Err(_) => None,
    };
    if let Some(told) = told {
        request.extensions_mut().insert(told);
    }
    counted.map(drop)
}

/// Writes into an answer what is left of the limit that its request came through, if it came through one. Laravel refuses
/// a body that is too long in front of everything.
pub fn tell<B>(response: &mut ServiceResponse<B>) {
    let told = response.request().extensions().get().copied();
    let Some(Told { limit, remaining, reset }) = told.filter(|_| response.status() != StatusCode::PAYLOAD_TOO_LARGE)
    else {
        return;
    };
    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(limit));
    headers.insert(REMAINING, HeaderValue::from(remaining));
    if let Some(reset) = reset {
        headers.insert(RESET, HeaderValue::from(reset));
    }
}
