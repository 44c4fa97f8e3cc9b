//! Work that judges a guess: admitted by the throttle first, and its outcome told to it.

use std::{net::IpAddr, ops::ControlFlow};

use actix_web::{HttpRequest, rt::spawn};
use countersign_core::{
    Auth, AuthError, Guess, Request,
    throttle::{Asked, Attempt, Lockout},
};

use crate::{adapter::Adapter, mount::Use, trial::Trial};

/// A guess that may be judged; what judges it is run through this.
///
/// ```text
/// let attempt = mount.guess(&request, Guess::Login(&credentials.identifier)).await?;
/// let issued = attempt.hashing(move |auth| auth.login(&credentials, &grant)).await?;
/// ```
///
/// What counts is what the work comes to, also if the client hangs up or is told before that the store is silent.
#[must_use = "the guess counts as wrong until it is judged"]
pub struct Guarded<'a, A: Adapter> {
    mount: &'a Use<A>,
    client: IpAddr,
    attempt: Attempt,
    lock: Option<Lockout>,
}

impl<A: Adapter> Use<A> {
    /// Admits a guess. The answer comes before anything is hashed, and is the same whether or not it could be right.
    ///
    /// # Errors
    /// [`AuthError::Throttled`]; [`AuthError::Store`] where counters are shared.
    pub async fn guess(&self, request: &HttpRequest, guess: Guess<'_>) -> Result<Guarded<'_, A>, AuthError> {
        let (client, now) = (self.site.proxies.client(request), self.counting());
        let asked = self.site.throttle.attempt(guess, client, now);
        let attempt = self.asked(asked).await.inspect_err(|error| refused(A::NAME, request, client, error))?;
        Ok(Guarded { mount: self, client, attempt, lock: None })
    }

    /// What the throttle says, if need be from a thread that may wait for the store.
    ///
    /// # Errors
    /// What it says; [`AuthError::Store`] where counters are shared.
    pub async fn asked<T: Send + 'static>(&self, asked: Asked<T>) -> Result<T, AuthError> {
        match asked {
            Asked::Known(answer) => answer,
            Asked::Question(question) => {
                let (ask, otherwise) = question.into_parts();
                otherwise.instead_of(self.site.executor.blocking(ask).await)
            }
        }
    }

    /// Tells the throttle what became of a guess. Where that fails it is told again, every second until it succeeds.
    pub async fn settled(&self, settled: Asked<()>) {
        if let Err(error) = self.asked(settled).await {
            tracing::warn!(dialect = A::NAME, %error, "cannot tell the throttle what became of a guess");
        }
    }

    /// [`Use::settled`] behind work that came to `outcome`: who waited for a store that failed does not wait for it once more.
    pub async fn settled_after<T>(&self, outcome: &Result<T, AuthError>, settled: Asked<()>) {
        if matches!(outcome, Err(AuthError::Store(_))) {
            let mount = self.clone();
            spawn(async move { mount.settled(settled).await });
        } else {
            self.settled(settled).await;
        }
    }

    /// The end of a trial whose handler was told this outcome.
    async fn judged<T>(&self, trial: Trial, outcome: Result<T, AuthError>) -> Result<T, AuthError> {
        for settled in trial.end() {
            self.settled_after(&outcome, settled).await;
        }
        outcome
    }

    /// Counts what a client may do a few times only.
    ///
    /// # Errors
    /// [`AuthError::Throttled`]; [`AuthError::Store`] where counters are shared.
    pub async fn count(&self, request: &HttpRequest, counted: Request<'_>) -> Result<(), AuthError> {
        let (client, now) = (self.site.proxies.client(request), self.counting());
        let admitted = self.asked(self.site.throttle.count(counted, client, now)).await;
        admitted.inspect_err(|error| refused(A::NAME, request, client, error))
    }
}

impl<A: Adapter> Guarded<'_, A> {
    /// The form's own lock, which is told the same.
    pub fn behind(self, lock: Lockout) -> Self {
        Self { lock: Some(lock), ..self }
    }

    /// [`Use::hashing`].
    ///
    /// # Errors
    /// As there.
    pub async fn hashing<T, W>(self, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce(&Auth) -> Result<T, AuthError> + Send + 'static,
    {
        let Self { mount, client, attempt, lock } = self;
        let trial = Trial::begin(attempt, lock);
        let judge = trial.judge();
        let outcome = mount.hashing_for(client, move |auth| judge.hears(work(auth))).await;
        mount.judged(trial, outcome).await
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
        let Self { mount, attempt, lock, .. } = self;
        let trial = Trial::begin(attempt, lock);
        let judge = trial.judge();
        let outcome = mount.blocking(move |auth| judge.hears(work(auth))).await;
        mount.judged(trial, outcome).await
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
        let Self { mount, client, attempt, lock } = self;
        let trial = Trial::begin(attempt, lock);
        let judge = trial.judge();
        let looked = mount.blocking(move |auth| match look(auth) {
            Ok(ControlFlow::Continue(left)) => Ok(ControlFlow::Continue(left)),
            found => judge.hears(found),
        });
        let outcome = match looked.await {
            Ok(ControlFlow::Break(found)) => Ok(found),
            Ok(ControlFlow::Continue(left)) => {
                let judge = trial.judge();
                mount.hashing_for(client, move |auth| judge.hears(work(auth, left))).await
            }
            Err(error) => Err(error),
        };
        mount.judged(trial, outcome).await
    }
}

fn refused(dialect: &str, request: &HttpRequest, client: IpAddr, error: &AuthError) {
    if matches!(error, AuthError::Throttled { .. }) {
        tracing::info!(dialect, path = request.path(), %client, "throttled");
    }
}
