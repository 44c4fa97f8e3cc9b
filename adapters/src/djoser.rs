//! Djoser: token login for Django REST framework, as djoser 2.3 speaks it, by default with its default settings.
//!
//! One token a user, the same at each login until a logout. What the framework does around a view is in
//! [`crate::django`]; here are the views.

mod accounts;
mod activation;
mod address;
mod jwt;
mod links;
mod mails;
mod me;
mod options;
mod password;
mod reset_password;
mod responses;
mod schema;
mod tokens;
mod username;
mod users;

use std::{future::ready, sync::Arc};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::{Next, from_fn},
    web,
};
use countersign_core::{JwtForm, StrategyKind, TokenFault, Verified, password::PasswordRules};
use futures_util::future::Either;
use utoipa::openapi::{
    OpenApi, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, SecurityScheme},
};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    adapter::Adapter,
    caller::{self, Authentication},
    django::{self, Error, Presented, View},
    document,
    minimal::Minimal,
    mount::{Neighbours, Use},
    shortcut::Shortcut,
};

pub use options::DjoserOptions;
use options::{SCHEME, TokenModel};

/// The tag, and the name that tokens of this mount carry in lists.
const NAME: &str = "djoser";
/// The security scheme of the document.
const TOKEN: &str = "djoser_token";

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct Djoser;

impl Adapter for Djoser {
    const NAME: &'static str = NAME;
    const PREFIX: &'static str = "/auth";
    const STRATEGY: StrategyKind = StrategyKind::DjoserToken;
    const PASSWORD_RULES: PasswordRules = PasswordRules::Django;

    type Options = DjoserOptions;
    type Error = Error;

    /// One token is all that `token/login/` hands out, and any strategy has one; of a JWT pair it is the access token.
    fn serves(_: StrategyKind) -> Result<(), &'static str> {
        Ok(())
    }

    fn contradictions(options: &DjoserOptions) -> Vec<(&'static str, &'static str)> {
        options.contradictions()
    }

    fn takes_token(options: &DjoserOptions) -> bool {
        options.token_model == TokenModel::Default
    }

    fn token_scheme(options: &DjoserOptions) -> Option<&str> {
        Some(&options.auth_header_prefix)
    }

    fn takes_pair(options: &DjoserOptions) -> bool {
        options.jwt
    }

    fn jwt_form(options: &DjoserOptions) -> JwtForm {
        JwtForm::Simple(options.simple_jwt())
    }

    fn often(cfg: &mut ServiceConfig) {
        me::often(cfg);
    }

    fn routes(cfg: &mut ServiceConfig, _: &DjoserOptions, beside: &Neighbours) {
        me::routes(cfg);
        tokens::routes(cfg);
        jwt::routes(cfg);
        users::routes(cfg);
        password::routes(cfg);
        activation::routes(cfg);
        reset_password::routes(cfg);
        username::routes(cfg);
        accounts::routes(cfg);
        // The minimal dialect at the root has a path of its own where this mount's prefix would be redirected.
        let redirected = if beside.has(Minimal::NAME, "") { None } else { Some("") };
        cfg.map(|cfg| {
            for pattern in users::WITHOUT_SLASH.into_iter().chain(redirected) {
                cfg.route(pattern, web::to(django::add_slash::<Self>));
            }
            cfg
        });
    }

    fn shortcut(mount: &Use<Self>) -> Option<Shortcut> {
        me::shortcut(mount)
    }

    fn describe() -> OpenApi {
        let info = document::info(
            "Djoser",
            "Token authentication: `Authorization: Token …`. As Django does, a path of users without its slash is answered \
             with 301 to the path with it, and a path without a view, or a form with too many fields, with a page of HTML \
             (404, 400).",
        );
        let header = "`Token`, a blank, and the `auth_token` of `POST /auth/token/login/`; or `Bearer` or `JWT`, a blank, and \
                      an access token of `POST /auth/jwt/create/`.";
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", header)));
        let components = responses::schemas().security_scheme(TOKEN, scheme).build();
        OpenApiBuilder::new().info(info).components(Some(components)).build()
    }

    fn credential(request: &HttpRequest) -> Result<&str, TokenFault> {
        let scheme = Use::<Self>::of(request).map_or(SCHEME, |mount| &mount.options.auth_header_prefix);
        let presented = django::presented(request.headers(), scheme).map_err(|_| TokenFault::Malformed)?;
        presented.map(Presented::text).ok_or(TokenFault::Missing)
    }

    /// Behind [`django::dispatch`] the caller is known already.
    fn authenticate(request: &HttpRequest, mount: &Use<Self>) -> Authentication {
        if let Some(verified) = request.extensions().get::<Arc<Verified>>() {
            return Either::Left(ready(Ok(Arc::clone(verified))));
        }
        match django::accepted(request.headers(), mount) {
            Ok(Some((presented, door))) => caller::lookup(mount, door, presented.text()),
            Ok(None) => caller::refused(TokenFault::Missing),
            Err(_) => caller::refused(TokenFault::Malformed),
        }
    }

    /// A view answers for all methods of its path (see `close`): what gets here has none.
    fn unserved(request: &HttpRequest, _: &[Method]) -> HttpResponse {
        django::not_found::<Self>(request)
    }
}

/// Answers the methods of a view that have no handler; to be called behind those that have one.
fn close(cfg: &mut ServiceConfig, view: &'static View) {
    let around = from_fn(move |request, next| django::dispatch::<Djoser, _>(view, request, next));
    cfg.map(|cfg| cfg.service(django::rest_with(view, users::described).wrap(around)));
}

/// [`close`] for a view that only some settings have.
fn close_if(cfg: &mut ServiceConfig, view: &'static View, is_served: fn(&DjoserOptions) -> bool) {
    let around = from_fn(move |request, next| dispatch_if(is_served, view, request, next));
    cfg.map(|cfg| cfg.service(django::rest_with(view, users::described).wrap(around)));
}

/// [`django::dispatch`], or the page of a path without a view where the settings have none.
async fn dispatch_if<B: MessageBody + 'static>(
    is_served: fn(&DjoserOptions) -> bool,
    view: &'static View,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if Use::<Djoser>::of(request.request()).is_some_and(|mount| !is_served(&mount.options)) {
        let page = django::not_found::<Djoser>(request.request());
        return Ok(request.into_response(page));
    }
    django::dispatch::<Djoser, B>(view, request, next).await
}
