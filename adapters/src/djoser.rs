//! Djoser: token login for Django REST framework, as djoser 2.3 with its default settings speaks it.
//!
//! One token a user, the same at each login until a logout. What the framework does around a view is in
//! [`crate::django`]; here are the views.

mod accounts;
mod password;
mod responses;
mod schema;
mod tokens;
mod users;

use std::{future::ready, sync::Arc};

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, http::Method, middleware::from_fn, web};
use countersign_core::{Rate, StrategyKind, TokenFault, Verified, password::PasswordRules};
use futures_util::future::Either;
use utoipa::openapi::{
    OpenApi, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, SecurityScheme},
};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    adapter::Adapter,
    caller::{self, Authentication},
    django::{self, Error, Locale, Localized, Presented, Rates, Throttled, View},
    document,
    mount::{Neighbours, Use},
};

/// The tag, and the name that tokens of this mount carry in lists.
const NAME: &str = "djoser";
/// The security scheme of the document.
const TOKEN: &str = "djoser_token";

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct Djoser;

crate::choices! {
    /// Who chooses the language of the answers.
    pub enum LocaleSource {
        /// The server, for everybody.
        Off = "off",
        /// The client.
        AcceptLanguage = "accept-language",
    }
}

crate::settings! {
    /// Djoser as it behaves with its defaults, but for what is set here.
    pub struct DjoserOptions {
        /// "off" as in a stock project: every message and mail is in the language of `language_code`.
        /// "accept-language" as with Django's `LocaleMiddleware`: in the language that the client asks for, by the
        /// cookie `django_language` or the header `Accept-Language`.
        pub locale: LocaleSource = LocaleSource::Off,
        /// The language of whoever asks for none that exists, by Django's code: "de", "pt-br", "zh-hans" …
        pub language_code: String = django::STOCK_LANGUAGE.to_owned(), check = language_code,
        /// The rate of Django REST framework's `AnonRateThrottle`: how often a client that is not logged in may ask for
        /// anything, such as "100/day". Without it, as often as it likes.
        pub throttle_anon: Option<Rate> = None,
        /// The rate of its `UserRateThrottle`: how often a user may ask for anything, such as "1000/day"; a client that is
        /// not logged in is counted as well. Without it, as often as they like.
        pub throttle_user: Option<Rate> = None,
    }
}

fn language_code(code: &str) -> Result<(), String> {
    if django::is_language(code) {
        Ok(())
    } else {
        Err("is no language of Django; write a code such as \"en-us\", \"de\" or \"pt-br\"".to_owned())
    }
}

impl Localized for DjoserOptions {
    fn locale(&self) -> Locale {
        Locale::new(&self.language_code, self.locale == LocaleSource::AcceptLanguage)
    }
}

impl Adapter for Djoser {
    const NAME: &'static str = NAME;
    const PREFIX: &'static str = "/auth";
    const STRATEGY: StrategyKind = StrategyKind::DjoserToken;
    const PASSWORD_RULES: PasswordRules = PasswordRules::Django;

    type Options = DjoserOptions;
    type Error = Error;

    /// One token is all that the wire hands out, and any strategy has one; of a JWT pair it is the access token.
    fn serves(_: StrategyKind) -> Result<(), &'static str> {
        Ok(())
    }

    fn routes(cfg: &mut ServiceConfig, _: &Neighbours) {
        tokens::routes(cfg);
        users::routes(cfg);
        accounts::my_routes(cfg);
        password::routes(cfg);
        accounts::routes(cfg);
        cfg.map(|cfg| {
            for pattern in users::WITHOUT_SLASH {
                cfg.route(pattern, web::to(django::add_slash::<Self>));
            }
            cfg
        });
    }

    fn describe() -> OpenApi {
        let info = document::info(
            "Djoser",
            "Token authentication: `Authorization: Token …`. As Django does, a path of users without its slash is answered \
             with 301 to the path with it, and a path without a view, or a form with too many fields, with a page of HTML \
             (404, 400).",
        );
        let header = "`Token`, a blank, and the `auth_token` of `POST /auth/token/login/`.";
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", header)));
        let components = responses::schemas().security_scheme(TOKEN, scheme).build();
        OpenApiBuilder::new().info(info).components(Some(components)).build()
    }

    fn credential(request: &HttpRequest) -> Result<&str, TokenFault> {
        let presented = django::presented(request).map_err(|_| TokenFault::Malformed)?;
        presented.map(Presented::text).ok_or(TokenFault::Missing)
    }

    /// Behind [`django::dispatch`] the caller is known already.
    fn authenticate(request: &HttpRequest, mount: &Use<Self>) -> Authentication {
        if let Some(verified) = request.extensions().get::<Arc<Verified>>() {
            return Either::Left(ready(Ok(Arc::clone(verified))));
        }
        match django::accepted(request, mount.auth.strategy().kind()) {
            Ok(Some(presented)) => caller::lookup(mount, presented.text()),
            Ok(None) => caller::refused(TokenFault::Missing),
            Err(_) => caller::refused(TokenFault::Malformed),
        }
    }

    /// A view answers for all methods of its path (see `close`): what gets here has none.
    fn unserved(request: &HttpRequest, _: &[Method]) -> HttpResponse {
        django::not_found::<Self>(request)
    }
}

impl Throttled for DjoserOptions {
    fn rates(&self) -> Rates {
        Rates { anon: self.throttle_anon, user: self.throttle_user }
    }
}

/// Answers the methods of a view that have no handler; to be called behind those that have one.
fn close(cfg: &mut ServiceConfig, view: &'static View) {
    let around = from_fn(move |request, next| django::dispatch::<Djoser, _>(view, request, next));
    cfg.map(|cfg| cfg.service(django::rest(view).wrap(around)));
}
