//! Who is calling: the session first, if the request has one, then the bearer token. (Sanctum's guard.)

use std::{future::ready, sync::Arc};

use actix_web::HttpRequest;
use countersign_core::{AuthError, Secret, TokenFault, Verified};
use futures_util::future::Either;

use super::{remember, visitor::Visitor};
use crate::{
    adapter::Adapter,
    caller::{self, Authentication},
    mount::Use,
};

/// [`Adapter::authenticate`] of both dialects. A request without a session, which most API calls are, costs one look
/// into its extensions more than a bare bearer.
pub fn authenticate<A: Adapter>(request: &HttpRequest, mount: &Use<A>) -> Authentication {
    let Some(visitor) = Visitor::of(request) else { return caller::by_credential(request, mount) };
    match visitor.session() {
        Some(_) if visitor.is_over() => {}
        Some(session) => {
            if let Some(Ok(verified)) = mount.auth.session_at_once(session.expose()) {
                return Either::Left(ready(Ok(verified)));
            }
        }
        None if remember::is_sent(request) => {}
        None => return caller::by_credential(request, mount),
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

/// Who is logged in by the session alone, or by a new one if the device is remembered. A session that is dead is
/// forgotten, by the device as well.
///
/// # Errors
/// [`TokenFault::Unknown`] for a session that the API ends because it changed the password; [`AuthError::Store`].
pub async fn signed_in<A: Adapter>(request: &HttpRequest, mount: &Use<A>) -> Result<Option<Arc<Verified>>, AuthError> {
    let Some(visitor) = Visitor::of(request) else { return Ok(None) };
    let Some(session) = visitor.session() else { return remember::recall(request, mount, &visitor).await };
    if visitor.is_over() {
        end(mount, session).await?;
        remember::leave(request, mount, &visitor);
        visitor.flush(mount.auth.realm().random());
        return Err(TokenFault::Unknown.into());
    }
    let found = match mount.auth.session_at_once(session.expose()) {
        Some(answer) => answer,
        None => mount.blocking(move |auth| auth.verify_session(session.expose())).await,
    };
    match found {
        Ok(verified) => Ok(Some(verified)),
        Err(AuthError::Token(_)) => {
            let recalled = remember::recall(request, mount, &visitor).await?;
            if recalled.is_none() {
                remember::leave(request, mount, &visitor);
            }
            Ok(recalled)
        }
        Err(error) => Err(error),
    }
}

/// Ends a session.
async fn end<A: Adapter>(mount: &Use<A>, session: Secret) -> Result<(), AuthError> {
    let ended = mount.blocking(move |auth| auth.logout(&*auth.verify_session(session.expose())?));
    match ended.await {
        // It had ended already.
        Err(AuthError::Token(_)) => Ok(()),
        outcome => outcome,
    }
}

/// [`signed_in`], for routes that a bearer token does not open.
///
/// # Errors
/// [`TokenFault::Missing`] if nobody is; [`AuthError::Store`].
pub async fn session<A: Adapter>(request: &HttpRequest, mount: &Use<A>) -> Result<Arc<Verified>, AuthError> {
    signed_in(request, mount).await?.ok_or(AuthError::Token(TokenFault::Missing))
}
