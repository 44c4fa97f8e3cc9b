//! A front end's session at a gateway: its cookie opens what a token opens, and what changes something needs the CSRF
//! token.

use std::{future::ready, sync::Arc};

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use countersign_core::{AuthError, TokenFault};
use futures_util::future::Either;

use super::{csrf, mismatch, session::Sessions};
use crate::{
    adapter::Adapter,
    caller::{self, Authentication},
    gateway::{self, Gate},
    mount::Use,
};

/// [`Adapter::gate`] of tokens alone: nobody is counted who only passes by.
pub fn of_tokens<A: Adapter>(mount: &Use<A>) -> Gate {
    let mount = mount.clone();
    Arc::new(move |request| caller::by_credential(request, &mount))
}

/// [`Adapter::gate`] of tokens and sessions. Who sends an `Authorization` is judged by it alone. A device that is remembered
/// opens no session here: the gateway would keep its cookie.
pub fn of_sessions<A: Adapter>(mount: &Use<A>, sessions: Sessions) -> Gate {
    let mount = mount.clone();
    Arc::new(move |request| {
        if request.headers().contains_key(AUTHORIZATION) {
            caller::by_credential(request, &mount)
        } else {
            by_session(request, &mount, &sessions)
        }
    })
}

fn by_session<A: Adapter>(request: &HttpRequest, mount: &Use<A>, sessions: &Sessions) -> Authentication {
    let (visit, arrival) = sessions.read(request);
    let Some(session) = visit.session.clone() else { return caller::refused(TokenFault::Missing) };
    if !gateway::is_safe(request)
        && let Err(failure) = csrf::check(sessions, request.headers(), (&visit, arrival), None)
    {
        mismatch::refused(sessions, request.headers(), failure);
        return Either::Left(ready(Err(AuthError::Forbidden)));
    }
    caller::lookup_session(mount, session)
}
