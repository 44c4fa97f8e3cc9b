//! What happens to every request and answer, whatever the dialect.

use std::{
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{
    Error, HttpMessage as _,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{
        Method,
        header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    },
};
use countersign_adapters::front::{CorsDecided, Front, HeadAsked};
use futures_util::{
    FutureExt as _, TryFutureExt as _,
    future::{Either, LocalBoxFuture, MapOk},
};

use super::{
    cors::{self, Origin},
    failures::Failures,
    paths, verify,
};

/// The log is the process's, and so is its patience.
static FAILURES: Failures = Failures::new();

/// The outermost layer of the application.
///
/// A HEAD is answered as its GET would be: the router has no routes for it, and the connection leaves the body out by
/// itself. Answers that say nothing else are not to be stored or sniffed (ASVS 5.0, 14.3.2): they depend on a proof.
/// A preflight goes no further, and every other answer is made readable for the front ends. The front of a dialect comes
/// before both, for the paths of that dialect.
#[derive(Debug, Clone, Copy)]
pub struct Edge;

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = AtEdge<S>;
    type InitError = ();
    type Future = Ready<Result<AtEdge<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AtEdge { service: Rc::new(service) }))
    }
}

/// Everything that is served, and the edge around it.
pub struct AtEdge<S> {
    service: Rc<S>,
}

/// What becomes of an answer on its way out.
type Finished<B> = fn(ServiceResponse<B>) -> ServiceResponse<EitherBody<B>>;
/// An answer that is on its way.
type Coming<B> = LocalBoxFuture<'static, Result<ServiceResponse<EitherBody<B>>, Error>>;

impl<S, B> Service<ServiceRequest> for AtEdge<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Either<MapOk<S::Future, Finished<B>>, Coming<B>>;

    forward_ready!(service);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        if may_concern_front(&request) {
            match paths::front(&mut request) {
                Some(front) => return Either::Right(behind(front, Rc::clone(&self.service), request).boxed_local()),
                None if cors::is_preflight(request.request()) && !verify::is_asked(request.path()) => {
                    let answer = Origin::of(request.request()).allow(request.headers());
                    let response = finish(request.into_response(answer).map_into_right_body());
                    return Either::Right(ready(Ok(response)).boxed_local());
                }
                None => {}
            }
        }
        Either::Left(route(self.service.as_ref(), request))
    }
}

/// [`Front`] says which requests these are.
fn may_concern_front(request: &ServiceRequest) -> bool {
    let (method, path) = (request.method(), request.path().as_bytes());
    path.ends_with(b"/") || path.contains(&b'%') || method == Method::POST || method == Method::OPTIONS
}

/// Answers a request of a dialect that has a front.
async fn behind<S, B>(
    front: Front,
    service: Rc<S>,
    request: ServiceRequest,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    match (front.admit)(request).await {
        Ok(request) => route(service.as_ref(), request).await,
        Err(answer) => Ok(finish(answer.map_into_right_body())),
    }
}

fn route<S, B>(service: &S, mut request: ServiceRequest) -> MapOk<S::Future, Finished<B>>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadAsked);
    }
    service.call(request).map_ok(|response| finish(response.map_into_left_body()))
}

fn finish<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    const DEFAULTS: [(HeaderName, HeaderValue); 2] = [
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    for (name, value) in DEFAULTS {
        if !response.headers().contains_key(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    let origin = Origin::of(response.request());
    if !matches!(origin, Origin::Irrelevant) && !response.response().extensions().contains::<CorsDecided>() {
        origin.mark(response.headers_mut());
    }
    if response.status().is_server_error() {
        FAILURES.log(&response);
    }
    response
}
