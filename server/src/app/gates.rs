//! Every credential of every mount, for the server's own paths: who sent this request, whom does this token speak for?

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use countersign_adapters::{executor::Executor, gateway::Gate, mount::Site, plain};
use countersign_core::{Abilities, Auth, AuthError, TokenFault, Verified, model::Inspected};
use futures_util::future::Either;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use utoipa::{
    Modify, ToSchema,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::mounts::Mounts;

/// What is percent-encoded: what is no ASCII, what ends a line, and the sign itself.
pub(super) const HIDDEN: &AsciiSet = &CONTROLS.add(b'%');
/// In an item of a list its separators as well.
const IN_LIST: &AsciiSet = &HIDDEN.add(b',').add(b' ');

/// The scheme of most tokens.
const BEARER: &str = "Bearer";

/// The gates and doors of all mounts, in the order of the configuration.
pub(super) struct Gates {
    senders: Vec<Gate>,
    doors: Arc<[Auth]>,
    executor: Executor,
    /// The longest body that is read, and how long it may take.
    pub(super) limits: (usize, Duration),
    /// The schemes that some mount takes.
    schemes: Vec<HeaderValue>,
}

/// Why somebody was not let through (RFC 6750, section 3.1).
#[derive(Serialize, ToSchema)]
#[schema(as = server::Refusal)]
pub(super) struct Refusal {
    /// `invalid_token`, `insufficient_scope`, `invalid_request` or `temporarily_unavailable`.
    #[schema(value_type = String, example = "invalid_token")]
    error: &'static str,
}

/// Puts the schemes of the header into the document.
pub(super) struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token of any mount."));
        let token =
            ApiKeyValue::with_description("Authorization", "`Token ` and a token of Djoser's, where that is mounted.");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("server_bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("server_token", SecurityScheme::ApiKey(ApiKey::Header(token)));
    }
}

impl Gates {
    pub(super) fn of(mounts: &Mounts, site: &Site) -> Self {
        let wired = || mounts.list.iter().map(|mount| &mount.wired);
        let takes_token = mounts.list.iter().any(|mount| mount.dialect.name == "djoser");
        let schemes = [BEARER, "Token"].into_iter().filter(|scheme| *scheme == BEARER || takes_token);
        Self {
            senders: wired().map(|wired| Arc::clone(wired.gate())).collect(),
            doors: wired().flat_map(|wired| wired.doors().iter().cloned()).collect(),
            executor: site.executor.clone(),
            limits: (site.body_limit, site.body_timeout),
            schemes: schemes.map(HeaderValue::from_static).collect(),
        }
    }

    /// Who sent `request`, by whatever credential it has: what is at hand first, then what the store knows.
    ///
    /// # Errors
    /// If no mount knows it: trouble with the store before [`AuthError::Forbidden`] before [`AuthError::Token`].
    pub(super) async fn sender(&self, request: &HttpRequest) -> Result<Arc<Verified>, AuthError> {
        let mut refused = AuthError::Token(TokenFault::Missing);
        let mut coming = Vec::new();
        for gate in &self.senders {
            match gate(request) {
                Either::Left(at_hand) => match at_hand.into_inner() {
                    Ok(verified) => return Ok(verified),
                    Err(error) => refused = worse(refused, error),
                },
                Either::Right(answer) => coming.push(answer),
            }
        }
        for answer in coming {
            match answer.await {
                Ok(verified) => return Ok(verified),
                // The next would ask the same store, and wait as long for it.
                Err(error @ AuthError::Store(_)) => return Err(error),
                Err(error) => refused = worse(refused, error),
            }
        }
        Err(refused)
    }

    /// Whom `token` speaks for, access or refresh token of any mount.
    ///
    /// # Errors
    /// [`AuthError::Token`] if it is none of ours; [`AuthError::Store`].
    pub(super) async fn inspect(&self, token: String) -> Result<Inspected, AuthError> {
        let doors = Arc::clone(&self.doors);
        let look = move || {
            let mut refused = AuthError::Token(TokenFault::Unknown);
            for door in doors.iter() {
                match door.inspect(&token) {
                    Ok(inspected) => return Ok(inspected),
                    Err(error) => refused = worse(refused, error),
                }
            }
            Err(refused)
        };
        self.executor.blocking(look).await
    }

    /// 401, 403, or 503 if nobody knows. A token that has expired is told from any other: its client can refresh it.
    pub(super) fn refuse(&self, error: &AuthError) -> HttpResponse {
        match error {
            AuthError::Token(fault) => {
                let mut answer = HttpResponse::Unauthorized();
                for scheme in &self.schemes {
                    let expired = *fault == TokenFault::Expired && scheme == BEARER;
                    answer.append_header((
                        WWW_AUTHENTICATE,
                        if expired { HeaderValue::from_static(plain::EXPIRED) } else { scheme.clone() },
                    ));
                }
                answer.json(Refusal { error: "invalid_token" })
            }
            AuthError::Forbidden => forbidden(),
            error => {
                tracing::error!(%error, "cannot say who is asking");
                let seconds = plain::retry_seconds(plain::STORE_RETRY);
                let mut answer = HttpResponse::ServiceUnavailable();
                answer.insert_header((RETRY_AFTER, seconds)).json(Refusal { error: "temporarily_unavailable" })
            }
        }
    }
}

/// Somebody who is known, and may not.
pub(super) fn forbidden() -> HttpResponse {
    HttpResponse::Forbidden().json(Refusal { error: "insufficient_scope" })
}

/// A request that is not what is read here.
pub(super) fn misused() -> HttpResponse {
    HttpResponse::BadRequest().json(Refusal { error: "invalid_request" })
}

/// The names of abilities in one text.
pub(super) fn listed(abilities: &Abilities, separator: &str) -> String {
    let names = abilities.0.iter().map(|name| utf8_percent_encode(name, IN_LIST).to_string());
    names.collect::<Vec<_>>().join(separator)
}

/// Of two refusals the one that must not be taken for the other: who may be let in later is not refused, whose request
/// was forged is not unknown, and a token that has expired is one of ours.
fn worse(one: AuthError, other: AuthError) -> AuthError {
    let rank = |error: &AuthError| match error {
        AuthError::Token(TokenFault::Expired) => 1,
        AuthError::Token(_) => 0,
        AuthError::Forbidden => 2,
        _ => 3,
    };
    if rank(&other) > rank(&one) { other } else { one }
}
