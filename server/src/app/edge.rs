//! What happens to every request and answer, whatever the dialect.

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    },
};
use futures_util::{
    FutureExt as _,
    future::{Either, Future, ready},
};

use super::{
    cors::{self, Origin},
    failures::Failures,
    verify,
};

/// The log is the process's, and so is its patience.
static FAILURES: Failures = Failures::new();

/// A HEAD is answered as its GET would be: the router has no routes for it, and the connection leaves the body out by
/// itself. Answers that say nothing else are not to be stored or sniffed (ASVS 5.0, 14.3.2): they depend on a proof.
/// A preflight goes no further, and every other answer is made readable for the front ends.
pub fn edge<S, B>(
    mut request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let origin = Origin::of(&request);
    if cors::is_preflight(&request) && !verify::is_asked(request.path()) {
        let answer = origin.allow(request.headers());
        let mut response = request.into_response(answer).map_into_right_body();
        finish(&mut response, origin);
        return Either::Left(ready(Ok(response)));
    }
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    Either::Right(service.call(request).map(|answered| {
        answered.map(|response| {
            let mut response = response.map_into_left_body();
            finish(&mut response, origin);
            response
        })
    }))
}

fn finish<B>(response: &mut ServiceResponse<B>, origin: Origin) {
    const DEFAULTS: [(HeaderName, HeaderValue); 2] = [
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    for (name, value) in DEFAULTS {
        if !response.headers().contains_key(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    origin.mark(response.headers_mut());
    if response.status().is_server_error() {
        FAILURES.log(response);
    }
}
