//! Who is calling: the session first, if the request has one, then the bearer token. (Sanctum's guard.)

use std::{future::ready, sync::Arc};

use actix_web::HttpRequest;
use countersign_core::{AuthError, TokenFault, Verified};
use futures_util::future::Either;

use super::visitor::Visitor;
use crate::{
    adapter::Adapter,
    caller::{self, Authentication},
    mount::Use,
};

/// [`Adapter::authenticate`] of both dialects. A request without a session, which most API calls are, costs one look
/// into its extensions more than a bare bearer.
pub fn authenticate<A: Adapter>(request: &HttpRequest, mount: &Use<A>) -> Authentication {
    let Some(visitor) = Visitor::of(request) else { return caller::by_credential(request, mount) };
    let Some(session) = visitor.session() else { return caller::by_credential(request, mount) };
    if let Some(verified) = mount.auth.cached_session(session.expose()) {
        return Either::Left(ready(Ok(verified)));
    }
    let (request, mount) = (request.clone(), mount.clone());
    caller::coming(async move {
        match signed_in(&request, &mount).await? {
            Some(verified) => Ok(verified),
            None => match caller::by_credential(&request, &mount) {
                Either::Left(at_hand) => at_hand.into_inner(),
                Either::Right(coming) => coming.await,
            },
        }
    })
}

/// Who is logged in by the session alone. A session that is dead is forgotten.
///
/// # Errors
/// [`AuthError::Store`].
pub async fn signed_in<A: Adapter>(request: &HttpRequest, mount: &Use<A>) -> Result<Option<Arc<Verified>>, AuthError> {
    let Some(visitor) = Visitor::of(request) else { return Ok(None) };
    let Some(session) = visitor.session() else { return Ok(None) };
    if let Some(verified) = mount.auth.cached_session(session.expose()) {
        return Ok(Some(verified));
    }
    match mount.blocking(move |auth| auth.verify_session(session.expose())).await {
        Ok(verified) => Ok(Some(verified)),
        Err(AuthError::Token(_)) => {
            visitor.restart(None, mount.auth.realm().random());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// [`signed_in`], for routes that a bearer token does not open.
///
/// # Errors
/// [`TokenFault::Missing`] if nobody is; [`AuthError::Store`].
pub async fn session<A: Adapter>(request: &HttpRequest, mount: &Use<A>) -> Result<Arc<Verified>, AuthError> {
    signed_in(request, mount).await?.ok_or(AuthError::Token(TokenFault::Missing))
}
