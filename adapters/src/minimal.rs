//! The minimal API: a login and a password in, a token out.
//!
//! Every error is its status's reason phrase (RFC 9110) in one member. Recovery is the owner's alone: the document has
//! no route for it, the command line does it.

mod error;
mod socket;

use actix_web::{HttpRequest, HttpResponse, ResponseError as _, http::Method, post, web::Bytes, web::Json};
use countersign_core::{
    Credentials, Grant, Guess, Registration, Request, Secret, StrategyKind, TokenFault,
    identifier::{self, Key, Kind},
    password::PasswordRules,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        ComponentsBuilder, OpenApi, OpenApiBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    adapter::Adapter,
    body::{Body, BodyError, Parse},
    django, document,
    mount::{Neighbours, Use},
    plain::{self, Cause},
    settings::{Span, between},
    sockets::Limits,
};

pub use error::{Error, Failure};

/// The tag, and the name that tokens of this mount carry in lists.
const NAME: &str = "minimal";
/// The security scheme of the document.
const BEARER: &str = "minimal_bearer";

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct Minimal;

crate::settings! {
    /// The minimal API: its WebSocket.
    pub struct MinimalOptions {
        /// How many sockets may be open at once, over all users. Beside them a tenth as many, at least 16, may be waiting
        /// for their token, a quarter of these from one address.
        pub max_sockets: usize = 10_000, check = between(1, 1_000_000),
        /// How many sockets one user may have open at once.
        pub max_sockets_per_user: usize = 50, check = between(1, 1_000_000),
        /// How long a socket may stay open without a token: who brings none in the handshake sends it as the first
        /// message.
        pub socket_login: Span = Span::seconds(5), check = between(Span::seconds(1), Span::seconds(60)),
        /// How often a socket is pinged; it is closed when it was silent for twice as long.
        pub socket_ping: Span = Span::seconds(30), check = between(Span::seconds(1), Span::seconds(3600)),
        /// How many bytes may wait on one socket for a client that reads slowly. What does not fit is not sent; who takes
        /// nothing for five seconds is closed.
        pub socket_queue: usize = 65_536, check = between(1_024, 16_777_216),
    }
}

impl MinimalOptions {
    fn limits(&self) -> Limits {
        Limits { users: self.max_sockets, one_user: self.max_sockets_per_user }
    }
}

impl Adapter for Minimal {
    const NAME: &'static str = NAME;
    const PREFIX: &'static str = "";
    const STRATEGY: StrategyKind = StrategyKind::SanctumPat;
    const PASSWORD_RULES: PasswordRules = PasswordRules::None;

    type Options = MinimalOptions;
    type Error = Error;

    /// One token is all that the wire hands out, and any strategy has one; of a JWT pair it is the access token.
    fn serves(_: StrategyKind) -> Result<(), &'static str> {
        Ok(())
    }

    fn routes(cfg: &mut ServiceConfig, _: &MinimalOptions, _: &Neighbours) {
        cfg.service(create_token).service(register).service(socket::open_socket);
    }

    fn describe() -> OpenApi {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The token of `POST /auth`."));
        OpenApiBuilder::new()
            .info(document::info(
                "Minimal API",
                "Registration and login with a login and a password; the token authorises the WebSocket.",
            ))
            .components(Some(
                ComponentsBuilder::new().security_scheme(BEARER, SecurityScheme::Http(bearer.build())).build(),
            ))
            .build()
    }

    fn credential(request: &HttpRequest) -> Result<&str, TokenFault> {
        plain::bearer(request.headers())
    }

    fn unserved(_: &HttpRequest, allowed: &[Method]) -> HttpResponse {
        Error::from(Cause::unserved(allowed)).error_response()
    }
}

/// A login and a password; the one object that both routes read.
#[derive(ToSchema)]
#[schema(as = minimal::Login)]
pub struct Login {
    /// The login; an e-mail address or a phone number in international form may be one.
    #[schema(example = "login", min_length = 1, max_length = 255)]
    login: String,
    /// The password, as typed.
    #[schema(value_type = String, format = Password, example = "password", min_length = 1)]
    password: Secret,
}

impl Parse<Minimal> for Login {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let mut object = plain::object(request, &body)?;
        let mut text = |field: &str| match object.remove(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(BodyError::Shape { detail: format!("{field} is no text") }),
        };
        Ok(Self { login: text("login")?, password: text("password")?.into() })
    }
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(as = minimal::Token)]
struct Token {
    /// What the client sends from now on, as `Authorization: Bearer …`.
    #[schema(example = "1|Zq3vX7…")]
    token: String,
}

/// The user exists now.
#[derive(Serialize, ToSchema)]
#[schema(as = minimal::Registered)]
struct Registered {
    /// Always true.
    #[schema(example = true)]
    success: bool,
}

/// Log in
///
/// Each login makes a token of its own; those before it stay valid.
#[utoipa::path(
    operation_id = "minimal_create_token",
    tag = NAME,
    request_body = Login,
    responses(
        (status = 200, description = "A new token", body = Token),
        (status = 400, description = "Not the object that is expected", body = Failure),
        (status = 401, description = "Wrong login or password", body = Failure,
            headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 408, description = "The body took too long", body = Failure),
        (status = 413, description = "The body is too long", body = Failure),
        (status = 415, description = "The body is not JSON", body = Failure),
        (status = 429, description = "Too many wrong guesses; nothing was done", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "Overloaded or without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(()),
)]
#[post("/auth")]
async fn create_token(
    request: HttpRequest,
    mount: Use<Minimal>,
    body: Body<Minimal, Login>,
) -> Result<Json<Token>, Error> {
    let Login { login, password } = body.into_inner();
    let credentials = Credentials::new(login, password);
    let attempt = mount.guess(&request, Guess::Login(&credentials.identifier)).await?;
    let issued = attempt.hashing(move |auth| auth.login(&credentials, &Grant::named(NAME))).await?;
    Ok(Json(Token { token: issued.access.expose().to_owned() }))
}

/// Register
///
/// A login that is an e-mail address or a phone number becomes the user's address or number as well. It must not begin
/// or end with a blank; the password may.
#[utoipa::path(
    operation_id = "minimal_register_user",
    tag = NAME,
    request_body = Login,
    responses(
        (status = 200, description = "Registered", body = Registered),
        (status = 400, description = "Not the object that is expected, too long, or a login with a blank at either end", body = Failure),
        (status = 408, description = "The body took too long", body = Failure),
        (status = 409, description = "The login is taken", body = Failure),
        (status = 413, description = "The body is too long", body = Failure),
        (status = 415, description = "The body is not JSON", body = Failure),
        (status = 429, description = "Too many registrations; nothing was done", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "Overloaded or without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(()),
)]
#[post("/register")]
async fn register(
    request: HttpRequest,
    mount: Use<Minimal>,
    body: Body<Minimal, Login>,
) -> Result<Json<Registered>, Error> {
    let Login { login, password } = body.into_inner();
    // The other dialects trim what their users type, and would never find it.
    if plain::trimmed(&login) != login {
        return Err(Error::BAD_REQUEST);
    }
    let registration = registration(login, password);
    // Compatibility folding makes some names longer than they are typed.
    if !wanted(&registration).iter().all(|(_, key)| key.fits()) {
        return Err(Error::BAD_REQUEST);
    }
    mount.count(&request, Request::Registration).await?;
    mount
        .hashing(&request, move |auth| {
            auth.check_free(&wanted(&registration))?;
            auth.register(&registration)
        })
        .await?;
    Ok(Json(Registered { success: true }))
}

/// The user that a login makes: found by the same text through the e-mail and phone fields of the other dialects.
fn registration(login: String, password: Secret) -> Registration {
    Registration {
        email: django::email_flaw(&login).is_none().then(|| login.clone()),
        phone: identifier::e164(&login),
        username: Some(login),
        ..Registration::new(password)
    }
}

/// The identifiers of a registration, to ask for before the slow hash.
fn wanted(registration: &Registration) -> Vec<(Kind, Key)> {
    let username = registration.username.as_deref().map(|name| (Kind::Username, Key::username(name)));
    let email = registration.email.as_deref().map(|address| (Kind::Email, Key::email(address)));
    let phone = registration.phone.as_deref().map(|number| (Kind::Phone, Key::phone(number)));
    [username, email, phone].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
