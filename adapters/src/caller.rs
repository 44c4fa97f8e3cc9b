//! Who is calling: an extractor that is ready at once when nobody has to be waited for.

use std::{
    future::{Future, Ready, ready},
    marker::PhantomData,
    ops::Deref,
    sync::Arc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use countersign_core::{Auth, AuthError, Secret, TokenFault, Verified, store::StoreError};
use futures_util::{
    FutureExt as _, TryFutureExt as _,
    future::{Either, LocalBoxFuture},
};

use crate::{adapter::Adapter, mount::Use};

/// An answer to "who is calling?": at hand, or on its way from the store.
pub type Authentication =
    Either<Ready<Result<Arc<Verified>, AuthError>>, LocalBoxFuture<'static, Result<Arc<Verified>, AuthError>>>;

/// The caller, or the adapter's own 401.
pub struct Caller<A: Adapter> {
    verified: Arc<Verified>,
    adapter: PhantomData<fn() -> A>,
}

impl<A: Adapter> Caller<A> {
    /// The verified credential, to hand on to a worker.
    pub fn verified(&self) -> Arc<Verified> {
        Arc::clone(&self.verified)
    }
}

impl<A: Adapter> Deref for Caller<A> {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.verified
    }
}

impl<A: Adapter> FromRequest for Caller<A> {
    type Error = A::Error;
    type Future = Either<Ready<Result<Self, A::Error>>, LocalBoxFuture<'static, Result<Self, A::Error>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let wrap = |verified| Self { verified, adapter: PhantomData };
        let Some(mount) = Use::<A>::of(request) else {
            let unmounted = AuthError::Store(StoreError::new("adapter is not mounted here"));
            return Either::Left(ready(Err(A::refuse(request, unmounted.into()))));
        };
        match A::authenticate(request, mount) {
            Either::Left(at_hand) => {
                let answer = at_hand.into_inner().map(wrap);
                Either::Left(ready(answer.map_err(|error| A::refuse(request, error.into()))))
            }
            Either::Right(coming) => {
                let request = request.clone();
                let answer = coming.map_ok(wrap).map_err(move |error| A::refuse(&request, error.into()));
                Either::Right(answer.boxed_local())
            }
        }
    }
}

/// Looks the request's credential up: what needs no waiting on this thread, the rest on a blocking one.
pub fn by_credential<A: Adapter>(request: &HttpRequest, mount: &Use<A>) -> Authentication {
    match A::credential(request) {
        Ok(credential) => lookup(mount, &mount.auth, credential),
        Err(fault) => refused(fault),
    }
}

/// Looks `credential` up behind `door`, one of the mount's: what needs no waiting on this thread, the rest on a blocking one.
pub fn lookup<A: Adapter>(mount: &Use<A>, door: &Auth, credential: &str) -> Authentication {
    if let Some(answer) = door.at_once(credential) {
        return Either::Left(ready(answer));
    }
    let (mount, door, credential) = (mount.clone(), door.clone(), credential.to_owned());
    coming(async move { mount.site.executor.blocking(move || door.verify(&credential)).await })
}

/// Looks a session up by its secret, as [`lookup`].
pub fn lookup_session<A: Adapter>(mount: &Use<A>, secret: Secret) -> Authentication {
    if let Some(answer) = mount.auth.session_at_once(secret.expose()) {
        return Either::Left(ready(answer));
    }
    let mount = mount.clone();
    coming(async move { mount.blocking(move |auth| auth.verify_session(secret.expose())).await })
}

/// An answer that is on its way.
pub fn coming(answer: impl Future<Output = Result<Arc<Verified>, AuthError>> + 'static) -> Authentication {
    Either::Right(answer.boxed_local())
}

/// A refusal that needs no look-up.
pub fn refused(fault: TokenFault) -> Authentication {
    Either::Left(ready(Err(fault.into())))
}
