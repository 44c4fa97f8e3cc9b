//! What a wire does in front of the router: for every path of its mounts, served or not.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use futures_util::future::LocalBoxFuture;

/// A request on its way to the router, or an answer that needs none.
pub type Admission = LocalBoxFuture<'static, Result<ServiceRequest, ServiceResponse>>;

/// The front of a wire. It is asked about a request only if that is a POST, an OPTIONS, or has a path that ends with a slash
/// or is encoded; all others go straight to the router.
#[derive(Clone, Copy)]
pub struct Front {
    /// How this wire's router reads a path, in the spelling under which it is registered; `None` if it is that.
    pub spelling: fn(&str) -> Option<String>,
    /// Lets a request in, with method and body as the router is to see them, or answers it.
    pub admit: fn(ServiceRequest) -> Admission,
}

/// Stands in the extensions of an answer whose dialect has decided by itself which pages may read it.
#[derive(Debug, Clone, Copy)]
pub struct CorsDecided;

/// Stands in the extensions of a HEAD, which the router sees as a GET.
#[derive(Debug, Clone, Copy)]
pub struct HeadAsked;
