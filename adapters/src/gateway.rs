//! Requests that a gateway asks about before it lets them through: nginx's `auth_request`, forward auth, `ext_authz`.
//!
//! The question has the headers of the request in doubt. What that was is in its own method or in a header beside it: a
//! gateway that always asks with GET says it there.

use std::sync::Arc;

use actix_web::{HttpRequest, http::Method};

use crate::caller::Authentication;

/// Who sent the request in doubt, if its credential is one of a mount's.
///
/// [`AuthError::Forbidden`](countersign_core::AuthError::Forbidden) is whose credential is good and whose request was
/// forged.
pub type Gate = Arc<dyn Fn(&HttpRequest) -> Authentication + Send + Sync>;

/// The headers that name the method of the request in doubt: nginx's custom, and that of Traefik and Caddy.
const METHODS: [&str; 2] = ["X-Original-Method", "X-Forwarded-Method"];

/// Does the request in doubt change nothing (RFC 9110, section 9.2.1)? It does if any of the methods that are named
/// would.
pub fn is_safe(request: &HttpRequest) -> bool {
    let is_safe = |method: &[u8]| {
        let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE];
        safe.iter().any(|safe| safe.as_str().as_bytes() == method)
    };
    let named = METHODS.into_iter().flat_map(|name| request.headers().get_all(name));
    is_safe(request.method().as_str().as_bytes()) && { named }.all(|method| is_safe(method.as_bytes()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn one_unsafe_method_is_enough() {
        let asked = |method: Method, headers: &[(&'static str, &'static str)]| {
            let request = TestRequest::default().method(method);
            let request = headers.iter().fold(request, |request, header| request.append_header(*header));
            is_safe(&request.to_http_request())
        };
        assert!(asked(Method::GET, &[]) && asked(Method::OPTIONS, &[]));
        assert!(asked(Method::GET, &[("X-Original-Method", "HEAD"), ("X-Forwarded-Method", "GET")]));
        assert!(!asked(Method::DELETE, &[("X-Original-Method", "GET")]));
        assert!(!asked(Method::GET, &[("X-Original-Method", "POST")]));
        assert!(!asked(Method::GET, &[("X-Original-Method", "GET"), ("X-Original-Method", "POST")]));
        assert!(!asked(Method::GET, &[("X-Original-Method", "GET"), ("X-Forwarded-Method", "PATCH")]));
        assert!(
            !asked(Method::GET, &[("X-Original-Method", "get")]) && !asked(Method::GET, &[("X-Original-Method", "")])
        );
    }
}
