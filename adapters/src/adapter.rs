//! What makes a dialect: its name, its routes, its words.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, ResponseError, http::Method};
use countersign_core::{AuthError, JwtForm, StrategyKind, password::PasswordRules};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    body::BodyError,
    caller::{self, Authentication},
    front::Front,
    gateway::Gate,
    laravel::session::Sessions,
    mount::{Neighbours, Use},
    shortcut::Shortcut,
};

/// One wire format: a mapping between a document's requests and answers and the use cases of core.
///
/// ```text
/// struct Minimal;
/// impl Adapter for Minimal {
///     const NAME: &'static str = "minimal";
///     …
///     fn routes(cfg: &mut ServiceConfig, _: &MinimalOptions, _: &Neighbours) {
///         cfg.service(create_token).service(register);
///     }
/// }
/// ```
pub trait Adapter: Sized + 'static {
    /// The name in the configuration, and the tag of its operations.
    const NAME: &'static str;
    /// Where the document has it: `""` for the root, otherwise `/…` without a slash at the end.
    const PREFIX: &'static str;
    /// The strategy that the document describes.
    const STRATEGY: StrategyKind;
    /// The rules for new passwords that clients of this dialect expect.
    const PASSWORD_RULES: PasswordRules;
    /// What this wire does in front of the router; most do nothing.
    const FRONT: Option<Front> = None;

    /// The settings of a mount.
    type Options: crate::settings::Section + Clone + Default + Send + Sync + 'static;
    /// This wire's bodies and statuses.
    type Error: ResponseError + From<AuthError> + From<BodyError> + 'static;

    /// Can this wire be served by `strategy`?
    ///
    /// # Errors
    /// The reason why not, as a clause that completes "cannot be mounted with this strategy: …".
    fn serves(strategy: StrategyKind) -> Result<(), &'static str>;

    /// What is wrong with options that are right one by one, as (key, what is wrong); most options never are.
    fn contradictions(options: &Self::Options) -> Vec<(&'static str, &'static str)> {
        let _ = options;
        Vec::new()
    }

    /// Does the mount's own credential count, beside a JWT pair? Most wires have no other.
    fn takes_token(options: &Self::Options) -> bool {
        let _ = options;
        true
    }

    /// The scheme that the options give the mount's own credential, on a wire where they can; its case does not count.
    fn token_scheme(options: &Self::Options) -> Option<&str> {
        let _ = options;
        None
    }

    /// Is the JWT pair taken beside the mount's own strategy?
    fn takes_pair(options: &Self::Options) -> bool {
        let _ = options;
        false
    }

    /// How the JWT pair looks on this wire, as the mount's strategy or beside it.
    fn jwt_form(options: &Self::Options) -> JwtForm {
        let _ = options;
        JwtForm::Hotel
    }

    /// Registers what is asked with every request of somebody else's application: who is calling? The router tries one path
    /// after the other, so these stand in front of all others, of whichever mount; each with a path without variable parts.
    fn often(cfg: &mut ServiceConfig) {
        let _ = cfg;
    }

    /// What of [`Adapter::often`] can be answered without the router.
    fn shortcut(mount: &Use<Self>) -> Option<Shortcut> {
        let _ = mount;
        None
    }

    /// Registers the other handlers, relative to the mount's prefix; each with `#[utoipa::path]` and an actix route macro. Which
    /// there are may depend on the mount's settings and on what is mounted beside it.
    fn routes(cfg: &mut ServiceConfig, options: &Self::Options, beside: &Neighbours);

    /// Title, description and security schemes of the adapter's OpenAPI document; paths and schemas are collected. Where a
    /// password flow of OAuth 2.0 leads is told relative to the mount, as `/login`.
    fn describe() -> OpenApi;

    /// The credential that the request carries, in this wire's scheme.
    ///
    /// # Errors
    /// [`countersign_core::TokenFault`], most often `Missing`.
    fn credential(request: &HttpRequest) -> Result<&str, countersign_core::TokenFault>;

    /// Who is calling. Most wires leave this as it is: the credential, looked up under the mount's strategy.
    fn authenticate(request: &HttpRequest, mount: &Use<Self>) -> Authentication {
        caller::by_credential(request, mount)
    }

    /// Who sent a request to somebody else, which a gateway asks about. It has no session and is not counted.
    fn gate(mount: &Use<Self>) -> Gate {
        let mount = mount.clone();
        Arc::new(move |request| Self::authenticate(request, &mount))
    }

    /// The sessions that its cookies hold, which are known in the whole server; most wires have none.
    fn sessions(mount: &Use<Self>) -> Option<Arc<Sessions>> {
        let _ = mount;
        None
    }

    /// Turns a refusal into this wire's error; a wire whose answer depends on the request (its `Accept`, its
    /// language) looks at it here.
    fn refuse(request: &HttpRequest, refusal: Refusal) -> Self::Error {
        let _ = request;
        match refusal {
            Refusal::Auth(error) => error.into(),
            Refusal::Body(error) => error.into(),
        }
    }

    /// Registers what this mount lends to other mounts of the server, as application data; most lend nothing. Called
    /// before [`Adapter::routes`].
    fn lend(cfg: &mut ServiceConfig, mount: &Use<Self>) {
        let _ = (cfg, mount);
    }

    /// The answer for a path below the mount that nothing serves: 404, or 405 if `allowed` names the methods that the
    /// path is served with.
    fn unserved(request: &HttpRequest, allowed: &[Method]) -> HttpResponse;
}

/// Why a request got no further.
#[derive(Debug)]
pub enum Refusal {
    /// The use case refused.
    Auth(AuthError),
    /// The body could not be read.
    Body(BodyError),
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}
