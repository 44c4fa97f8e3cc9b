//! Which requests have a session, and what that brings: the CSRF check before the handler, both cookies after it.
//!
//! Laravel does this in middleware that runs behind the router, so that an unknown route is 404 before any check.
//! Every handler of the two dialects is wrapped in its [`Group`].

use std::{
    future::{Ready, ready},
    iter::once,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform},
    http::{
        Method, StatusCode,
        header::{HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER},
    },
    web,
};
use countersign_core::{AuthError, TokenFault};
use futures_util::{
    FutureExt as _, TryFutureExt as _,
    future::{Either, LocalBoxFuture, MapOk, ok},
    stream,
};

use super::{
    bearer, client, cors,
    csrf::{self, Failure},
    fault::{self, Fault},
    front::MeansHead,
    input::Input,
    mismatch,
    session::{Arrival, Sessions},
    throttle,
    visitor::Visitor,
};
use crate::{
    body::{self, BodyError},
    front::HeadAsked,
    mount::Site,
};

/// The header that names the reason of a 419.
const FAILURE_HEADER: HeaderName = HeaderName::from_static("x-csrf-failure");
/// Laravel's own status for a session that is gone; HTTP has no name for it.
const PAGE_EXPIRED: u16 = 419;

/// Laravel's two groups of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Always answered with a session.
    Web,
    /// Answered with a session if a front end asks, and an SPA is mounted.
    Api,
}

impl<S, B> Transform<S, ServiceRequest> for Group
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = Stateful<S>;
    type InitError = ();
    type Future = Ready<Result<Stateful<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Stateful { service: Rc::new(service), group: *self }))
    }
}

/// A handler in its group.
pub struct Stateful<S> {
    service: Rc<S>,
    group: Group,
}

/// How the answer of a handler is passed on without a session.
type Finished<B> = fn(ServiceResponse<B>) -> ServiceResponse<EitherBody<B>>;
/// An answer that is on its way.
type Coming<B> = LocalBoxFuture<'static, Result<ServiceResponse<EitherBody<B>>, Error>>;

impl<S, B> Service<ServiceRequest> for Stateful<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Either<MapOk<S::Future, Finished<B>>, Coming<B>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let headers = request.headers();
        let of_page = |sessions: &Sessions| page(headers).is_some_and(|page| sessions.is_front_end(page));
        let sessions = Sessions::of(request.request())
            .filter(|sessions| self.group == Group::Web || of_page(sessions) && !is_by_token(sessions, headers));
        match sessions.cloned() {
            None => Either::Left(self.service.call(request).map_ok(finished)),
            Some(sessions) => {
                Either::Right(answer(Rc::clone(&self.service), request, sessions, self.group).boxed_local())
            }
        }
    }
}

/// The answer of a handler; a [`Fault`] is put into words here, the same for every handler and extractor.
fn finished<B: MessageBody + 'static>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let said = response.response().error().and_then(Error::as_error::<Fault>).and_then(|fault| {
        let site = response.request().app_data::<Arc<Site>>()?;
        if matches!(fault, Fault::Auth(AuthError::Token(_))) && Visitor::of(response.request()).is_none() {
            mismatch::ignored(response.request());
        }
        Some(fault::said_to(response.request(), site, fault))
    });
    let mut response = match said {
        Some(said) => response.into_response(said.map_into_right_body()),
        None => response.map_into_left_body(),
    };
    if MeansHead::is_in(response.request()) {
        response = response.map_body(|_, _| EitherBody::right(BoxBody::new(())));
    }
    throttle::tell(&mut response);
    readable(response)
}

/// Says which pages may read an answer.
fn readable<B>(response: ServiceResponse<B>) -> ServiceResponse<B> {
    let (request, mut response) = response.into_parts();
    if let Some(site) = request.app_data::<Arc<Site>>() {
        cors::mark(site, &request, &mut response);
    }
    ServiceResponse::new(request, response)
}

/// Does the bearer token that came speak for the request, whatever its page is?
fn is_by_token(sessions: &Sessions, headers: &HeaderMap) -> bool {
    sessions.site.laravel.bearer_first && !matches!(bearer::token(headers), Err(TokenFault::Missing))
}

/// The page that sent the request: its Referer, without one its Origin.
fn page(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(REFERER).filter(|referer| !referer.is_empty()).or_else(|| headers.get(ORIGIN))?;
    str::from_utf8(header.as_bytes()).ok()
}

/// Answers a request that has a session.
async fn answer<S, B>(
    service: Rc<S>,
    mut request: ServiceRequest,
    sessions: web::Data<Sessions>,
    group: Group,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let (visit, arrival) = sessions.read(request.request());
    let visitor = Visitor::new(visit, group);
    request.extensions_mut().insert(visitor.clone());
    if !is_safe(request.method()) {
        match forged(&sessions, &visitor, arrival, &mut request).await {
            Ok(None) => {}
            Ok(Some(failure)) => {
                mismatch::refused(&sessions, request.headers(), failure);
                let mut response = mismatch(&request, &sessions.site, failure);
                sessions.send_session(&visitor.visit(), response.headers_mut());
                return Ok(readable(request.into_response(response).map_into_right_body()));
            }
            Err(error) => {
                let response = fault::said_to(request.request(), &sessions.site, &Fault::Body(error));
                return Ok(readable(request.into_response(response).map_into_right_body()));
            }
        }
    }
    let mut response = finished(service.call(request).await?);
    let asked = response.request();
    let is_head = MeansHead::is_in(asked) || asked.extensions().contains::<HeadAsked>();
    if asked.method() == Method::GET && !is_head && client::is_looked_at(asked.headers()) {
        visitor.arrived_at(asked);
    }
    visitor.answered();
    sessions.send_both(&visitor.visit(), response.headers_mut());
    if let Some(device) = visitor.device() {
        sessions.send_device(&device, response.headers_mut());
    }
    Ok(response)
}

fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Why the request may not have been meant by the visitor; `None` if it was.
async fn forged(
    sessions: &Sessions,
    visitor: &Visitor,
    arrival: Arrival,
    request: &mut ServiceRequest,
) -> Result<Option<Failure>, BodyError> {
    let field = token_field(&sessions.site, request).await?;
    let visit = visitor.visit();
    Ok(csrf::check(sessions, request.headers(), (&visit, arrival), field.as_deref()).err())
}

/// The token in the request's body, which is put back for the handler.
async fn token_field(site: &Site, request: &mut ServiceRequest) -> Result<Option<String>, BodyError> {
    let payload = request.take_payload();
    let bytes = body::read(request.request(), payload, site.body_limit, site.body_timeout).await?;
    let input = Input::of(request.request(), site, &bytes);
    request.set_payload(Payload::Stream { payload: Box::pin(stream::once(ok(bytes))) });
    // What is wrong with the input is the handler's to say.
    Ok(input.ok().and_then(|input| csrf::field(&input)))
}

fn mismatch(request: &ServiceRequest, site: &Site, failure: Failure) -> HttpResponse {
    let status = StatusCode::from_u16(PAGE_EXPIRED).unwrap_or(StatusCode::FORBIDDEN);
    let fault = Fault::Status(status, "CSRF token mismatch.".into());
    let mut response = fault::said_to(request.request(), site, &fault);
    response.headers_mut().insert(FAILURE_HEADER, HeaderValue::from_static(failure.code()));
    response
}

/// The hosts whose pages have sessions: the front ends and the server itself.
pub fn hosts(site: &Site) -> impl Iterator<Item = String> + '_ {
    site.front_ends.iter().chain(once(&site.base_url)).filter_map(|origin| authority(origin))
}

/// Is this address of a page below one of `hosts`? Letter by letter, as Sanctum compares (`fromFrontend`): browsers send
/// hosts in lower case and without their default port.
pub fn is_below(page: &str, hosts: &[String]) -> bool {
    let page = page.replacen("https://", "", 1).replacen("http://", "", 1);
    hosts
        .iter()
        .any(|host| page.strip_prefix(host.as_str()).is_some_and(|path| path.is_empty() || path.starts_with('/')))
}

/// Host and port of an address, in lower case and without the scheme's default port; Sanctum does not compare schemes.
pub fn authority(url: &str) -> Option<String> {
    let (rest, default_port) = match url.split_once("://") {
        Some(("https", rest)) => (rest, ":443"),
        Some(("http", rest)) => (rest, ":80"),
        _ => (url, ""),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].to_ascii_lowercase();
    let host = if default_port.is_empty() { &host } else { host.strip_suffix(default_port).unwrap_or(&host) };
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{authority, is_below};

    #[test]
    fn scheme_path_case_and_default_port_do_not_matter() {
        for url in [
            "https://App.example.org",
            "https://app.example.org/",
            "https://app.example.org:443/x?y#z",
            "http://app.example.org:80",
            "app.example.org/",
        ] {
            assert_eq!(authority(url).as_deref(), Some("app.example.org"), "{url}");
        }
        assert_eq!(authority("http://localhost:3000").as_deref(), Some("localhost:3000"));
    }

    #[test]
    fn what_only_starts_like_it_is_another() {
        for url in [
            "http://localhost:3000.evil.example",
            "http://localhost:3000@evil.example",
            "http://sub.localhost:3000",
            "https://evil.example/localhost:3000",
            "http://localhost:3001",
        ] {
            assert_ne!(authority(url).as_deref(), Some("localhost:3000"), "{url}");
        }
        assert_eq!(authority("http://"), None);
        assert_eq!(authority("null").as_deref(), Some("null"));
    }

    #[test]
    fn a_page_is_below_a_host_to_the_letter() {
        let hosts = ["localhost:3000".to_owned(), "app.example.org".to_owned()];
        for page in [
            "http://localhost:3000",
            "https://localhost:3000/",
            "http://localhost:3000/dash?x#y",
            "http://localhost:3000/\u{e9}",
            "localhost:3000",
            "https://http://app.example.org/x",
        ] {
            assert!(is_below(page, &hosts), "{page}");
        }
        for page in [
            "http://LOCALHOST:3000",
            "http://localhost:3000?x",
            "http://localhost:3000:80",
            "http://localhost:30000",
            "http://localhost:3000.evil.example/",
            "http://localhost:3000@evil.example/",
            "http://evil.example/localhost:3000/",
            "https://app.example.org:443/",
            "http://sub.app.example.org/",
            "null",
            "",
        ] {
            assert!(!is_below(page, &hosts), "{page}");
        }
    }
}
