//! What Laravel does in front of its router: its global middleware, and how the router reads path and method.

use std::sync::Arc;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
};
use futures_util::{FutureExt as _, future::ok, stream};

use super::{
    cors,
    fault::{self, Fault},
    method::{self, NoMethod},
    path,
};
use crate::{
    body,
    front::{Admission, Front},
    mount::Site,
};

/// [`crate::Adapter::FRONT`] of both dialects.
pub const FRONT: Front = Front { spelling: path::routed, admit };

/// Stands in the extensions of a request that came as a POST and means HEAD: it is routed as a GET.
#[derive(Debug, Clone, Copy)]
pub struct MeansHead;

impl MeansHead {
    /// Does it stand in this request's?
    pub fn is_in(request: &HttpRequest) -> bool {
        request.extensions().contains::<Self>()
    }
}

/// Why a request is not let in.
enum Refused {
    /// In front of `HandleCors`, so that no page may read it.
    Early(Fault),
    /// Behind it.
    Late(Fault),
}

impl From<NoMethod> for Refused {
    fn from(NoMethod: NoMethod) -> Self {
        Self::Early(Fault::Status(StatusCode::BAD_REQUEST, "Bad request.".into()))
    }
}

fn admit(mut request: ServiceRequest) -> Admission {
    async move {
        let Some(site) = request.app_data::<Arc<Site>>().cloned() else { return Ok(request) };
        if let Err(refused) = check(&mut request, &site).await {
            return Err(said(request, &site, &refused));
        }
        match cors::preflight(&site, request.request()) {
            Some(answer) => Err(request.into_response(answer)),
            None => Ok(request),
        }
    }
    .boxed_local()
}

/// `ValidatePathEncoding`, and the method that is meant.
async fn check(request: &mut ServiceRequest, site: &Site) -> Result<(), Refused> {
    if !path::is_text(request.request()) {
        return Err(Refused::Early(Fault::Status(StatusCode::BAD_REQUEST, "Malformed URL.".into())));
    }
    if request.method() == Method::POST {
        let method = meant(request, site).await?;
        if method == Method::HEAD {
            request.extensions_mut().insert(MeansHead);
        }
        request.head_mut().method = if method == Method::HEAD { Method::GET } else { method };
    }
    Ok(())
}

/// The method that a POST means. Its body is read, which Laravel has whole by now too (`ValidatePostSize`), and put back for
/// the handler.
async fn meant(request: &mut ServiceRequest, site: &Site) -> Result<Method, Refused> {
    let in_header = method::in_header(request.request())?;
    let payload = request.take_payload();
    let read = body::read(request.request(), payload, site.body_limit, site.body_timeout).await;
    let bytes = read.map_err(|error| Refused::Late(Fault::Body(error)))?;
    let method = match in_header {
        Some(method) => method,
        None => method::in_fields(request.request(), &bytes)?,
    };
    request.set_payload(Payload::Stream { payload: Box::pin(stream::once(ok(bytes))) });
    Ok(method)
}

fn said(request: ServiceRequest, site: &Site, refused: &Refused) -> ServiceResponse {
    let asked = request.request();
    let response: HttpResponse = match refused {
        Refused::Early(fault) => cors::unreadable(asked, fault::said_to(asked, site, fault)),
        Refused::Late(fault) => {
            let mut response = fault::said_to(asked, site, fault);
            cors::mark(site, asked, &mut response);
            response
        }
    };
    request.into_response(response)
}
