//! The hotel API: an access token for an hour, a refresh token for a month, and seven roles.
//!
//! The document gives statuses but no error bodies; here an error is a code, a sentence and, for wrong fields, what is
//! wrong with each.

mod admin;
mod error;
mod input;
mod oauth;
mod register;
mod role;
mod sessions;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _, get,
    http::{
        Method, StatusCode,
        header::{CACHE_CONTROL, PRAGMA},
    },
    post,
};
use countersign_core::{
    AuthError, Credentials, Grant, Guess, Role, StrategyKind, TokenFault, User, model::Issued, password::PasswordRules,
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        ComponentsBuilder, OpenApi, OpenApiBuilder,
        security::{Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme},
    },
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::fmt::Hyphenated;

use crate::{
    adapter::Adapter,
    body::Body,
    caller::Caller,
    document, json,
    mount::{Neighbours, Use},
    plain::{self, Cause},
    shortcut::{self, Shortcut},
};

pub use error::{Code, Error, Failure};
use input::{Grant as Asked, PasswordGrant, RefreshGrant};
pub use input::{Login, Refresh};
use oauth::BadRequest;
pub use oauth::{GrantCode, GrantFailure};
pub use register::Register;
pub use role::{Permitted, Roles};

/// The tag, and the name that logins of this mount carry in lists.
const NAME: &str = "hotel";
/// The security scheme of the document.
const BEARER: &str = "hotel_bearer";
/// The same token, with what a program needs to fetch it by itself.
const PASSWORD: &str = "hotel_password";
/// `token_type`, in the document's spelling.
const TOKEN_TYPE: &str = "bearer";

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct Hotel;

crate::settings! {
    /// The hotel API has no settings of its own; the lives of its tokens are in `[jwt]`.
    pub struct HotelOptions {}
}

impl Adapter for Hotel {
    const NAME: &'static str = NAME;
    const PREFIX: &'static str = "/auth";
    const STRATEGY: StrategyKind = StrategyKind::JwtPair;
    const PASSWORD_RULES: PasswordRules = PasswordRules::None;

    type Options = HotelOptions;
    type Error = Error;

    fn serves(strategy: StrategyKind) -> Result<(), &'static str> {
        match strategy {
            StrategyKind::JwtPair => Ok(()),
            StrategyKind::SanctumPat | StrategyKind::DjoserToken => {
                Err("its login answers with a refresh token, which only jwt_pair issues")
            }
        }
    }

    fn often(cfg: &mut ServiceConfig) {
        cfg.service(show_user);
    }

    fn routes(cfg: &mut ServiceConfig, _: &HotelOptions, _: &Neighbours) {
        cfg.service(create_tokens).service(refresh_token).service(logout);
        cfg.service(register::register_user);
        cfg.service(sessions::logout_all).service(sessions::list_sessions).service(sessions::delete_session);
        admin::routes(cfg);
    }

    fn shortcut(mount: &Use<Self>) -> Option<Shortcut> {
        Some(Shortcut::new(mount, "/me", |mount, headers| {
            let caller = mount.auth.known(plain::bearer(headers).ok()?)?;
            json::bytes(&Profile::from(&caller.user)).ok()
        }))
    }

    fn describe() -> OpenApi {
        let info = document::info(
            "Hotel management API: authentication",
            "Login with e-mail or phone; access tokens are JSON Web Tokens, refresh tokens are opaque.",
        );
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token of `POST /auth/login`."))
            .build();
        let flow = Password::with_refresh_url("/login", Scopes::new(), "/refresh");
        let password = OAuth2::with_description([Flow::Password(flow)], "The same, fetched by the login as a form.");
        let components = ComponentsBuilder::new()
            .security_scheme(BEARER, SecurityScheme::Http(bearer))
            .security_scheme(PASSWORD, SecurityScheme::OAuth2(password));
        OpenApiBuilder::new().info(info).components(Some(components.build())).build()
    }

    fn credential(request: &HttpRequest) -> Result<&str, TokenFault> {
        plain::bearer(request.headers())
    }

    fn unserved(_: &HttpRequest, allowed: &[Method]) -> HttpResponse {
        Error::from(Cause::unserved(allowed)).error_response()
    }
}

/// The answer to a login.
#[derive(Serialize, ToSchema)]
#[schema(as = hotel::Tokens)]
struct Tokens<'a> {
    /// A JSON Web Token, sent as `Authorization: Bearer …`.
    access_token: String,
    /// Buys the next access token; to be kept safe.
    refresh_token: String,
    /// Always `bearer`.
    #[schema(value_type = String, example = "bearer")]
    token_type: &'static str,
    /// The life of the access token in seconds: its `exp` minus its `iat`.
    #[schema(example = 3600)]
    expires_in: u64,
    /// Who logged in.
    user: Profile<'a>,
}

impl<'a> Tokens<'a> {
    /// Of a new login.
    fn of(issued: &'a Issued, mount: &Use<Hotel>) -> Result<Self, AuthError> {
        let refresh = issued.refresh.as_ref().ok_or(AuthError::Unsupported(mount.auth.strategy().kind()))?;
        Ok(Self {
            access_token: issued.access.expose().to_owned(),
            refresh_token: refresh.expose().to_owned(),
            token_type: TOKEN_TYPE,
            expires_in: expires_in(issued),
            user: Profile::from(&issued.user),
        })
    }
}

/// The answer to a refresh.
#[derive(Serialize, ToSchema)]
#[schema(as = hotel::AccessToken)]
struct Refreshed {
    /// A JSON Web Token, sent as `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    #[schema(value_type = String, example = "bearer")]
    token_type: &'static str,
    /// The life of the access token in seconds: its `exp` minus its `iat`.
    #[schema(example = 3600)]
    expires_in: u64,
    /// Only with `jwt.rotate_refresh`: takes the place of the refresh token that was sent.
    #[schema(required = false, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = hotel::User)]
struct Profile<'a> {
    /// The id, which is also the `sub` of the access token.
    #[schema(value_type = String, format = "uuid")]
    id: Hyphenated,
    /// The address; null for who registered with a phone number or a user name only.
    #[schema(value_type = Option<String>, required, example = "user@example.com")]
    email: Option<&'a str>,
    /// What the user is to the application.
    role: RoleName,
    /// First name; empty if unknown.
    #[schema(value_type = String, example = "Имя")]
    first_name: &'a str,
    /// Last name; empty if unknown.
    #[schema(value_type = String, example = "Фамилия")]
    last_name: &'a str,
}

/// The roles of the document.
#[derive(Serialize, ToSchema)]
#[schema(as = hotel::Role)]
#[serde(rename_all = "snake_case")]
enum RoleName {
    /// An ordinary user.
    Tourist,
    /// Owns or manages a hotel.
    Hotelier,
    /// Runs tours.
    TourOperator,
    /// Provides transfers.
    TransferProvider,
    /// Instructs in activities.
    Instructor,
    /// Owns or manages a restaurant.
    Restaurant,
    /// Administers the system.
    Admin,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Tourist => Self::Tourist,
            Role::Hotelier => Self::Hotelier,
            Role::TourOperator => Self::TourOperator,
            Role::TransferProvider => Self::TransferProvider,
            Role::Instructor => Self::Instructor,
            Role::Restaurant => Self::Restaurant,
            Role::Admin => Self::Admin,
        }
    }
}

impl<'a> From<&'a User> for Profile<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.uuid.hyphenated(),
            email: user.email.as_deref(),
            role: user.role.into(),
            first_name: &user.first_name,
            last_name: &user.last_name,
        }
    }
}

/// Log in
///
/// The identifier is an e-mail address, a phone number in international form, or a user name; blanks at its ends do not
/// count. The form is that of OAuth 2.0's password grant, and its refusals are those of OAuth 2.0 (RFC 6749, section 5.2);
/// a form with `grant_type=refresh_token` is answered as by the refresh. An `Authorization` header is not looked at.
#[utoipa::path(
    operation_id = "hotel_create_tokens",
    tag = NAME,
    request_body(content((Login = "application/json"), (PasswordGrant = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "A new login", body = Tokens,
            headers(("Cache-Control" = String, description = "`no-store`"))),
        (status = 400, description = "Neither a JSON object nor a form; or a form that is refused", body = BadRequest),
        (status = 408, description = "The body took too long", body = Failure),
        (status = 413, description = "The body is too long", body = Failure),
        (status = 415, description = "The body is neither JSON nor a form", body = Failure),
        (status = 422, description = "Wrong login data (`invalid_credentials`), or missing or mistyped fields \
            (`validation_failed`)", body = Failure),
        (status = 429, description = "Too many wrong guesses; nothing was done", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "Overloaded or without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(()),
)]
#[post("/login")]
async fn create_tokens(
    request: HttpRequest,
    mount: Use<Hotel>,
    body: Body<Hotel, Asked>,
) -> Result<HttpResponse, Error> {
    let answer = match body.into_inner() {
        Asked::Password(login) => log_in(&request, &mount, login).await,
        Asked::Refresh(refresh) => exchange(&request, &mount, refresh).await,
    };
    answer.map_err(|refused| oauth::refusal(&request, refused))
}

async fn log_in(request: &HttpRequest, mount: &Use<Hotel>, login: Login) -> Result<HttpResponse, Error> {
    let Login { identifier, password } = login;
    let credentials = Credentials::new(identifier, password);
    let attempt = mount.guess(request, Guess::Login(&credentials.identifier)).await?;
    let issued = attempt.hashing(move |auth| auth.login(&credentials, &Grant::named(NAME))).await?;
    Ok(never_stored(StatusCode::OK, &Tokens::of(&issued, mount)?))
}

/// Exchange a refresh token
///
/// Answers with the next access token of the same login. If refresh tokens rotate, also with the next refresh token: the
/// one that was sent gets the same for a moment more, and ends the whole login when it comes after that. The form is that of
/// OAuth 2.0's refresh, and its refusals are those of OAuth 2.0 (RFC 6749, section 5.2). An `Authorization` header is not
/// looked at.
#[utoipa::path(
    operation_id = "hotel_refresh_token",
    tag = NAME,
    request_body(content((Refresh = "application/json"), (RefreshGrant = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The next access token", body = Refreshed,
            headers(("Cache-Control" = String, description = "`no-store`"))),
        (status = 400, description = "Neither a JSON object nor a form; or a form that is refused", body = BadRequest),
        (status = 401, description = "The refresh token is unknown, expired or revoked", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 408, description = "The body took too long", body = Failure),
        (status = 413, description = "The body is too long", body = Failure),
        (status = 415, description = "The body is neither JSON nor a form", body = Failure),
        (status = 422, description = "The field is missing or mistyped", body = Failure),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(()),
)]
#[post("/refresh")]
async fn refresh_token(
    request: HttpRequest,
    mount: Use<Hotel>,
    body: Body<Hotel, Refresh>,
) -> Result<HttpResponse, Error> {
    exchange(&request, &mount, body.into_inner()).await.map_err(|refused| oauth::refusal(&request, refused))
}

async fn exchange(request: &HttpRequest, mount: &Use<Hotel>, refresh: Refresh) -> Result<HttpResponse, Error> {
    let issued =
        mount.blocking(move |auth| auth.refresh(refresh.refresh_token.expose())).await.inspect_err(|error| {
            if let AuthError::Token(TokenFault::Replayed(user)) = error {
                let client = mount.site.proxies.client(request);
                tracing::warn!(dialect = NAME, %user, %client, "a spent refresh token came back: its login was ended");
            }
        })?;
    Ok(never_stored(
        StatusCode::OK,
        &Refreshed {
            access_token: issued.access.expose().to_owned(),
            token_type: TOKEN_TYPE,
            expires_in: expires_in(&issued),
            refresh_token: issued.refresh.map(|next| next.expose().to_owned()),
        },
    ))
}

/// Log out
///
/// The refresh token of this login and all its access tokens are dead at once; other logins live on.
#[utoipa::path(
    operation_id = "hotel_logout",
    tag = NAME,
    responses(
        (status = 204, description = "Logged out"),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = []), ("hotel_password" = [])),
)]
#[post("/logout")]
async fn logout(mount: Use<Hotel>, caller: Caller<Hotel>) -> Result<HttpResponse, Error> {
    let caller = caller.verified();
    mount.blocking(move |auth| auth.logout(&caller)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Show who is logged in
#[utoipa::path(
    operation_id = "hotel_show_user",
    tag = NAME,
    responses(
        (status = 200, description = "The user", body = Profile),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = []), ("hotel_password" = [])),
)]
#[get("/me")]
async fn show_user(caller: Caller<Hotel>) -> HttpResponse {
    shortcut::opened(json::answer(StatusCode::OK, &Profile::from(&caller.user)))
}

fn expires_in(issued: &Issued) -> u64 {
    issued.expires_in.map(|life| life.as_secs()).unwrap_or_default()
}

/// An answer with tokens in it (RFC 6749, section 5.1).
fn never_stored(status: StatusCode, answer: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(answer)
}

#[cfg(test)]
mod tests;
