//! What happens to every request and answer, whatever the dialect.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{
        Method,
        header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    },
};
use countersign_adapters::{
    front::{CorsDecided, Front, HeadAsked},
    mount::Site,
};
use futures_util::{
    FutureExt as _,
    future::{Either, LocalBoxFuture},
};

use super::{
    access::AccessLog,
    books::{Books, Entry},
    cors::{self, Origin},
    failures::Failures,
    paths,
    requests::Requests,
    verify,
};

/// The log is the process's, and so is its patience.
static FAILURES: Failures = Failures::new();

/// The outermost layer of the application: [`App::edge`](super::App::edge) makes one.
///
/// A HEAD is answered as its GET would be: the router has no routes for it, and the connection leaves the body out by
/// itself. Answers that say nothing else are not to be stored or sniffed (ASVS 5.0, 14.3.2): they depend on a proof.
/// A preflight goes no further, and every other answer is made readable for the front ends. The front of a dialect comes
/// before both, for the paths of that dialect. Every answer is counted, and told to the access log.
#[derive(Clone)]
pub struct Edge {
    pub(super) requests: Arc<Requests>,
    pub(super) access: Option<AccessLog>,
    pub(super) site: Arc<Site>,
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error, Future: Unpin> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = AtEdge<S>;
    type InitError = ();
    type Future = Ready<Result<AtEdge<S>, ()>>;

    /// Called once a worker.
    fn new_transform(&self, service: S) -> Self::Future {
        let books = Books::new(&self.requests, self.access.as_ref(), &self.site);
        ready(Ok(AtEdge { service: Rc::new(service), watch: Rc::new(Watch(books)) }))
    }
}

/// Everything that is served, and the edge around it.
pub struct AtEdge<S> {
    service: Rc<S>,
    watch: Rc<Watch>,
}

/// What is done with every answer of a worker.
struct Watch(Books);

/// An answer that is on its way.
type Coming<B> = LocalBoxFuture<'static, Result<ServiceResponse<EitherBody<B>>, Error>>;

/// The answer of the router, and what becomes of it on its way out.
pub struct Routed<F> {
    answer: F,
    watch: Rc<Watch>,
    began: Option<Instant>,
}

impl<F, B> Future for Routed<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>> + Unpin,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(Pin::new(&mut self.answer).poll(context))?;
        Poll::Ready(Ok(self.watch.finish(answer.map_into_left_body(), self.began)))
    }
}

impl<S, B> Service<ServiceRequest> for AtEdge<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error, Future: Unpin> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Either<Routed<S::Future>, Coming<B>>;

    forward_ready!(service);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let began = self.watch.0.begin();
        if may_concern_front(&request) {
            match paths::front(&mut request) {
                Some(front) => {
                    let (service, watch) = (Rc::clone(&self.service), Rc::clone(&self.watch));
                    return Either::Right(behind(front, service, watch, began, request).boxed_local());
                }
                None if cors::is_preflight(request.request()) && !verify::is_asked(request.path()) => {
                    let answer = Origin::of(request.request()).allow(request.headers());
                    let response = request.into_response(answer).map_into_right_body();
                    return Either::Right(ready(Ok(self.watch.finish(response, began))).boxed_local());
                }
                None => {}
            }
        }
        Either::Left(route(self.service.as_ref(), Rc::clone(&self.watch), began, request))
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
    watch: Rc<Watch>,
    began: Option<Instant>,
    request: ServiceRequest,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error, Future: Unpin> + 'static,
    B: MessageBody + 'static,
{
    match (front.admit)(request).await {
        Ok(request) => route(service.as_ref(), watch, began, request).await,
        Err(answer) => Ok(watch.finish(answer.map_into_right_body(), began)),
    }
}

fn route<S, B>(service: &S, watch: Rc<Watch>, began: Option<Instant>, mut request: ServiceRequest) -> Routed<S::Future>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadAsked);
    }
    Routed { answer: service.call(request), watch, began }
}

impl Watch {
    fn finish<B: MessageBody>(&self, mut response: ServiceResponse<B>, began: Option<Instant>) -> ServiceResponse<B> {
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
        self.tell(&response, began);
        response
    }

    fn tell<B: MessageBody>(&self, response: &ServiceResponse<B>, began: Option<Instant>) {
        let (request, status) = (response.request(), response.status());
        if status.is_server_error() {
            FAILURES.log(response);
        }
        let number = self.0.number(request.match_info().as_str());
        let entry = Entry { number, method: method(request), status, size: response.response().body().size() };
        self.0.enter(&entry, request.head(), began);
    }
}

/// The method that was asked for, if it is one that anybody knows: what else stands there is the client's own text.
fn method(request: &HttpRequest) -> &str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::HEAD,
        Method::TRACE,
        Method::CONNECT,
    ];
    if request.extensions().contains::<HeadAsked>() {
        "HEAD"
    } else if KNOWN.contains(request.method()) {
        request.method().as_str()
    } else {
        "OTHER"
    }
}
