//! Work that judges a guess: admitted by the throttle first, and its outcome told to it.

use std::{net::IpAddr, ops::ControlFlow};

use actix_web::HttpRequest;
use countersign_core::{Auth, AuthError, Guess, Request, throttle::Attempt};

use crate::{adapter::Adapter, mount::Use};

/// A guess that may be judged; what judges it is run through this.
///
/// ```text
/// let attempt = mount.guess(&request, Guess::Login(&credentials.identifier))?;
/// let issued = attempt.hashing(move |auth| auth.login(&credentials, &grant)).await?;
/// ```
#[must_use = "the guess counts as wrong until it is judged"]
pub struct Guarded<'a, A: Adapter> {
    mount: &'a Use<A>,
    attempt: Attempt,
}

impl<A: Adapter> Use<A> {
    /// Admits a guess. The answer comes before anything is hashed, and is the same whether or not it could be right.
    ///
    /// # Errors
    /// [`AuthError::Throttled`].
    pub fn guess(&self, request: &HttpRequest, guess: Guess<'_>) -> Result<Guarded<'_, A>, AuthError> {
        let (client, now) = (self.site.proxies.client(request), self.auth.realm().steady());
        let attempt = self.site.throttle.attempt(guess, client, now);
        let attempt = attempt.inspect_err(|_| refused(A::NAME, request, client))?;
        Ok(Guarded { mount: self, attempt })
    }

    /// Counts what a client may do a few times only.
    ///
    /// # Errors
    /// [`AuthError::Throttled`].
    pub fn count(&self, request: &HttpRequest, counted: Request<'_>) -> Result<(), AuthError> {
        let (client, now) = (self.site.proxies.client(request), self.auth.realm().steady());
        let admitted = self.site.throttle.count(counted, client, now);
        admitted.inspect_err(|_| refused(A::NAME, request, client))
    }
}

impl<A: Adapter> Guarded<'_, A> {
    /// [`Use::hashing`].
    ///
    /// # Errors
    /// As there.
    pub async fn hashing<T, W>(self, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce(&Auth) -> Result<T, AuthError> + Send + 'static,
    {
        let outcome = self.mount.hashing(work).await;
        self.attempt.settle(&outcome);
        outcome
    }

    /// [`Use::blocking`].
    ///
    /// # Errors
    /// As there.
    pub async fn blocking<T, W>(self, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce(&Auth) -> Result<T, AuthError> + Send + 'static,
    {
        let outcome = self.mount.blocking(work).await;
        self.attempt.settle(&outcome);
        outcome
    }

    /// [`Use::blocking`], and by [`Use::hashing`] what that leaves to be hashed.
    ///
    /// # Errors
    /// As there.
    pub async fn blocking_then_hashing<T, U, F, W>(self, look: F, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnOnce(&Auth) -> Result<ControlFlow<T, U>, AuthError> + Send + 'static,
        W: FnOnce(&Auth, U) -> Result<T, AuthError> + Send + 'static,
    {
        let outcome = match self.mount.blocking(look).await {
            Ok(ControlFlow::Break(found)) => Ok(found),
            Ok(ControlFlow::Continue(left)) => self.mount.hashing(move |auth| work(auth, left)).await,
            Err(error) => Err(error),
        };
        self.attempt.settle(&outcome);
        outcome
    }
}

fn refused(dialect: &str, request: &HttpRequest, client: IpAddr) {
    tracing::info!(dialect, path = request.path(), %client, "throttled");
}
