//! Laravel Sanctum's personal access tokens: a password in, a token out, and the user behind a token.

mod tokens;

use actix_web::{HttpRequest, HttpResponse, get, http::Method, http::StatusCode, post};
use countersign_core::{Grant, Guess, Issued, Rate, StrategyKind, TokenFault, TokenKind, password::PasswordRules};
use serde::Serialize;
use utoipa::{ToSchema, openapi::OpenApi};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    adapter::Adapter,
    body::Body,
    caller::{Authentication, Caller},
    front::Front,
    gateway::Gate,
    laravel::{
        answer, bearer, document,
        fault::{self, Fault},
        front, gate, guard,
        input::Input,
        login::{Fields, Login},
        remember,
        rules::{Rule, ValidationError},
        stateful::Group,
        throttle::{self, Throttled, at_least_one},
        user::ShownUser,
        visitor::Visitor,
    },
    mount::{Neighbours, Use},
    settings::when_set,
    shortcut::{self, Shortcut},
};

/// The tag of the operations.
const NAME: &str = "sanctum";
/// What wrong credentials are told (Sanctum's documentation, "Issuing Mobile API Tokens").
const WRONG_CREDENTIALS: &str = "The provided credentials are incorrect.";
/// The name of a token whose client gave none.
const TOKEN_NAME: &str = "api";
/// The width of the name column.
const NAME_LENGTH: usize = 255;

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct Sanctum;

crate::settings! {
    /// Personal access tokens as Laravel Sanctum has them; how they look and live is in `[sanctum]`.
    pub struct SanctumOptions {
        /// How often a user may ask the API, and how often a client that is not logged in: Laravel's `throttle:api`, such as
        /// "60/min". Without it nothing is limited, as in a new project, whose `bootstrap/app.php` does not call
        /// `throttleApi()`.
        pub throttle_api: Option<Rate> = None, check = when_set(at_least_one),
    }
}

impl Throttled for SanctumOptions {
    fn api(&self) -> Option<Rate> {
        self.throttle_api
    }
}

impl Adapter for Sanctum {
    const NAME: &'static str = NAME;
    const PREFIX: &'static str = "";
    const STRATEGY: StrategyKind = StrategyKind::SanctumPat;
    const PASSWORD_RULES: PasswordRules = PasswordRules::Laravel;
    const FRONT: Option<Front> = Some(front::FRONT);

    type Options = SanctumOptions;
    type Error = Fault;

    fn serves(strategy: StrategyKind) -> Result<(), &'static str> {
        match strategy {
            StrategyKind::SanctumPat => Ok(()),
            StrategyKind::DjoserToken => Err("its users hold several named tokens, and djoser_token has one a user"),
            StrategyKind::JwtPair => Err("its answers have no place for a refresh token"),
        }
    }

    fn often(cfg: &mut ServiceConfig) {
        cfg.service(show_user);
    }

    fn routes(cfg: &mut ServiceConfig, _: &SanctumOptions, _: &Neighbours) {
        cfg.service(create_token).service(create_device_token).service(delete_current_token);
        cfg.service(tokens::list_tokens).service(tokens::delete_tokens);
        cfg.service(tokens::create_named_token).service(tokens::delete_token);
    }

    /// A request without a page and without cookies has no session.
    fn shortcut(mount: &Use<Self>) -> Option<Shortcut> {
        let is_counted = mount.options.api().is_some();
        (!is_counted).then(|| {
            Shortcut::new(mount, "/api/user", |mount, headers| {
                let caller = mount.auth.known(bearer::token(headers).ok()?)?;
                answer::bytes(&ShownUser::from(&caller.user)).ok()
            })
        })
    }

    fn describe() -> OpenApi {
        document::describe("Sanctum API", "Personal access tokens as Laravel Sanctum has them.")
    }

    fn credential(request: &HttpRequest) -> Result<&str, TokenFault> {
        bearer::token(request.headers())
    }

    fn authenticate(request: &HttpRequest, mount: &Use<Self>) -> Authentication {
        throttle::caller(request, mount, guard::authenticate(request, mount))
    }

    fn gate(mount: &Use<Self>) -> Gate {
        gate::of_tokens(mount)
    }

    fn unserved(request: &HttpRequest, allowed: &[Method]) -> HttpResponse {
        fault::unserved(request, allowed)
    }
}

/// Credentials.
#[derive(ToSchema)]
#[schema(as = sanctum::Credentials)]
#[expect(dead_code, reason = "it describes the fields that `Login` reads")]
struct CredentialsInput {
    /// The e-mail address; a user name or a phone number will do.
    #[schema(example = "your-email@example.com")]
    email: String,
    /// The password.
    #[schema(format = Password, example = "your-password")]
    password: String,
    /// The name of the token in lists; `api` without it.
    #[schema(required = false, max_length = 255, example = "iPhone")]
    device_name: Option<String>,
}

/// Credentials, and a name for the token.
#[derive(ToSchema)]
#[schema(as = sanctum::DeviceCredentials)]
#[expect(dead_code, reason = "it describes the fields that `Login` reads")]
struct DeviceCredentials {
    /// The e-mail address; a user name or a phone number will do.
    #[schema(example = "your-email@example.com")]
    email: String,
    /// The password.
    #[schema(format = Password, example = "your-password")]
    password: String,
    /// The name of the token in lists.
    #[schema(max_length = 255, example = "iPhone")]
    device_name: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(as = sanctum::Token)]
struct Token<'a> {
    /// What the client sends from now on, as `Authorization: Bearer …`. It is shown this once.
    #[schema(value_type = String, example = "1|OkBBfrrfCeSXcwH63uolX0ktIgYlHgHuyk8oo7zT19c8c821")]
    token: &'a str,
}

/// Create a token
///
/// Each call makes a token of its own; those before it stay valid.
#[utoipa::path(
    operation_id = "sanctum_create_token",
    tag = NAME,
    request_body(content(
        (CredentialsInput = "application/json"),
        (CredentialsInput = "application/x-www-form-urlencoded"),
        (CredentialsInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "A new token", body = Token),
        (status = 302, description = "Who does not ask for JSON is sent to where it came from"),
        (status = 422, description = "Wrong credentials, or not what is expected", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(()),
)]
#[post("/api/auth/token", wrap = "Group::Api")]
async fn create_token(
    request: HttpRequest,
    mount: Use<Sanctum>,
    body: Body<Sanctum, Input>,
) -> Result<HttpResponse, Fault> {
    let issued =
        issue(&request, &mount, body, &[Rule::Nullable, Rule::Printable, Rule::Visible, Rule::Max(NAME_LENGTH)])
            .await?;
    Ok(answer::json(StatusCode::OK, &Token { token: issued.access.expose() }))
}

/// Create a token for a device
///
/// As Sanctum's own documentation has it: the token is the whole body.
#[utoipa::path(
    operation_id = "sanctum_create_device_token",
    tag = NAME,
    request_body(content(
        (DeviceCredentials = "application/json"),
        (DeviceCredentials = "application/x-www-form-urlencoded"),
        (DeviceCredentials = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "A new token", body = String, content_type = "text/html"),
        (status = 302, description = "Who does not ask for JSON is sent to where it came from"),
        (status = 422, description = "Wrong credentials, or not what is expected", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(()),
)]
#[post("/sanctum/token", wrap = "Group::Api")]
async fn create_device_token(
    request: HttpRequest,
    mount: Use<Sanctum>,
    body: Body<Sanctum, Input>,
) -> Result<HttpResponse, Fault> {
    let issued =
        issue(&request, &mount, body, &[Rule::Required, Rule::Printable, Rule::Visible, Rule::Max(NAME_LENGTH)])
            .await?;
    Ok(answer::html(StatusCode::OK, issued.access.expose().to_owned()))
}

/// Checks the credentials in `body` and issues a token under the name of the device.
async fn issue(
    request: &HttpRequest,
    mount: &Use<Sanctum>,
    body: Body<Sanctum, Input>,
    name_rules: &[Rule],
) -> Result<Issued, Fault> {
    throttle::anybody(request, mount).await?;
    let login = Login::read(&body.input, Fields::Loose, WRONG_CREDENTIALS, &[("device_name", name_rules)]);
    let (credentials, refusal) = login?.into_parts();
    let grant = Grant::named(body.input.text("device_name").unwrap_or_else(|| TOKEN_NAME.to_owned()));
    let attempt = mount.guess(request, Guess::Login(&credentials.identifier)).await?;
    let issued = attempt.hashing(move |auth| auth.login(&credentials, &grant)).await;
    issued.map_err(|error| Login::refused(refusal, error))
}

/// Show the user
///
/// The user whose token or session this is.
#[utoipa::path(
    operation_id = "sanctum_show_user",
    tag = NAME,
    responses(
        (status = 200, description = "The user", body = ShownUser),
        document::Unauthenticated,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_bearer" = []), ("laravel_session" = [])),
)]
#[get("/api/user", wrap = "Group::Api")]
async fn show_user(caller: Caller<Sanctum>) -> HttpResponse {
    shortcut::opened(answer::json(StatusCode::OK, &ShownUser::from(&caller.user)))
}

/// Log out
///
/// Deletes the token that the request came with, or ends its session.
#[utoipa::path(
    operation_id = "sanctum_delete_current_token",
    tag = NAME,
    responses(
        (status = 204, description = "It is gone"),
        document::Unauthenticated,
        document::Throttled,
        document::Changing,
        document::Unavailable,
    ),
    security(("laravel_bearer" = []), ("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/api/auth/logout", wrap = "Group::Api")]
async fn delete_current_token(
    request: HttpRequest,
    mount: Use<Sanctum>,
    caller: Caller<Sanctum>,
) -> Result<HttpResponse, Fault> {
    let verified = caller.verified();
    let visitor = Visitor::of(&request).filter(|_| caller.token.kind == TokenKind::Session);
    let is_session = visitor.is_some();
    let ended = mount.blocking(move |auth| {
        auth.logout(&verified)?;
        if is_session { auth.forget_devices(verified.user.id) } else { Ok(()) }
    });
    ended.await?;
    if let Some(visitor) = visitor {
        remember::leave(&request, &mount, &visitor);
    }
    Ok(answer::no_content())
}
