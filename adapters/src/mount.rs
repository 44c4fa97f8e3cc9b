//! A mounted adapter: its door to the realm, its options, and where its work runs.

use std::{future::Ready, net::IpAddr, ops::Deref, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, error::ErrorInternalServerError};
use countersign_core::{Auth, AuthError, Throttle, model::Timestamp};

use crate::{
    adapter::Adapter,
    client::Proxies,
    executor::Executor,
    laravel::{cors::Cors, settings::LaravelSettings},
    mail::Postman,
    sockets::Sockets,
};

/// What a mount is made of.
pub struct Mount<A: Adapter> {
    /// The door to the realm, under the mount's strategy and password rules.
    pub auth: Auth,
    /// The door under the JWT pair, if the wire takes it beside the mount's own strategy.
    pub pair: Option<Auth>,
    /// The adapter's own settings.
    pub options: A::Options,
    /// Where the mount's paths begin: `""` or `/…`.
    pub prefix: String,
    /// What is mounted beside it.
    pub beside: Neighbours,
    /// What every mount of the server is told.
    pub site: Arc<Site>,
}

/// What the server tells every mount; application data of the whole server, as `Arc<Site>`.
#[derive(Debug)]
pub struct Site {
    /// The address under which clients reach the server, such as `https://auth.example.org`; no slash at the end.
    /// Links are built from this and never from a header.
    pub base_url: String,
    /// The origins of the front ends, normalised: `https://app.example.org`, `http://localhost:3000`.
    pub front_ends: Vec<String>,
    /// The longest body that is read, in bytes.
    pub body_limit: usize,
    /// The longest time that a body may take to arrive.
    pub body_timeout: std::time::Duration,
    /// Where slow and blocking work runs.
    pub executor: Executor,
    /// The open sockets of all mounts.
    pub sockets: Sockets,
    /// Who may try again, and when.
    pub throttle: Throttle,
    /// Whose word counts on where a request comes from.
    pub proxies: Proxies,
    /// What the Laravel dialects share.
    pub laravel: LaravelSettings,
    /// Which pages may read their answers.
    pub cors: Cors,
    /// Takes the mails of all mounts.
    pub postman: Arc<dyn Postman>,
}

/// The names and prefixes of all mounts of the server, in the order of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Neighbours(Arc<[(String, String)]>);

impl Neighbours {
    /// A list of (adapter, prefix).
    pub fn new(mounts: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(mounts.into_iter().collect())
    }

    /// Is `adapter` mounted at `prefix`?
    pub fn has(&self, adapter: &str, prefix: &str) -> bool {
        self.0.iter().any(|(name, at)| name == adapter && at == prefix)
    }

    /// Are `one` and `other` mounted at the same prefix somewhere?
    pub fn share(&self, one: &str, other: &str) -> bool {
        self.0.iter().any(|(name, at)| name == one && self.has(other, at))
    }
}

/// The mount that serves this request: `Use<Djoser>` in a handler's arguments. Cheap to clone.
pub struct Use<A: Adapter>(Arc<Mount<A>>);

impl<A: Adapter> Clone for Use<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Adapter> Deref for Use<A> {
    type Target = Mount<A>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: Adapter> Use<A> {
    /// The mount of `request`; `None` if its routes were registered without [`Use::data`].
    pub fn of(request: &HttpRequest) -> Option<&Self> {
        request.app_data()
    }

    /// The application data that a scope needs so that [`Use`] is found in it.
    pub fn data(mount: Mount<A>) -> Self {
        Self(Arc::new(mount))
    }

    /// Runs work that hashes a password, on the hashing lane, where the clients are served in turns. A failed login comes
    /// back no sooner than the lane's floor, whatever the reason.
    ///
    /// # Errors
    /// What `work` fails with; [`AuthError::Busy`] if too much is waiting.
    pub async fn hashing<T, W>(&self, request: &HttpRequest, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce(&Auth) -> Result<T, AuthError> + Send + 'static,
    {
        self.hashing_for(self.site.proxies.client(request), work).await
    }

    /// [`Use::hashing`] for a client whose address is known.
    pub(crate) async fn hashing_for<T, W>(&self, client: IpAddr, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce(&Auth) -> Result<T, AuthError> + Send + 'static,
    {
        let auth = self.auth.clone();
        self.site.executor.hashing(client, move || work(&auth)).await
    }

    /// The moment by which limits count, which goes on evenly; where several processes count together the throttle makes the
    /// store's time of it.
    pub(crate) fn counting(&self) -> Timestamp {
        self.auth.realm().steady()
    }

    /// Runs work that asks the store, on a blocking thread.
    ///
    /// # Errors
    /// What `work` fails with.
    pub async fn blocking<T, W>(&self, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce(&Auth) -> Result<T, AuthError> + Send + 'static,
    {
        let auth = self.auth.clone();
        self.site.executor.blocking(move || work(&auth)).await
    }
}

impl<A: Adapter> FromRequest for Use<A> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A mistake of whoever assembled the server, not of the client.
        std::future::ready(
            Self::of(request).cloned().ok_or_else(|| ErrorInternalServerError("adapter is not mounted here")),
        )
    }
}
