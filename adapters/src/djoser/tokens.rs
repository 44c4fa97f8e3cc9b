//! `token/login/` and `token/logout/`: both also without the slash.

use actix_web::{HttpRequest, HttpResponse, middleware::from_fn, post, web::Bytes, web::Json};
use countersign_core::{
    Auth, AuthError, Credentials, Grant, Guess, Secret, Spelling, TokenKind, Verified, store::Revoke,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, DjoserOptions, NAME, dispatch_if,
    options::{LoginField, TokenModel},
    responses::{Answering, Guarded, Open, Reading},
    schema::LoginErrors,
};
use crate::{
    body::{Body, Parse},
    caller::Caller,
    django::{Action, CharField, Data, Error, Field, Form, Guests, View},
    mount::Use,
};

/// What a login takes.
pub(super) const LOGIN_FIELDS: &[Field] =
    &[Field::new("password", "string", "Password"), Field::new("username", "string", "Username")];

/// The same by address.
pub(super) const LOGIN_BY_EMAIL_FIELDS: &[Field] =
    &[Field::new("password", "string", "Password"), Field::new("email", "string", "Email")];

/// `TokenCreateView`.
pub(super) static TOKEN_CREATE: View = View {
    pattern: "/token/login{tail:/?}",
    allow: "POST, OPTIONS",
    guests: Guests::All,
    name: "Token Create",
    description: "Use this endpoint to obtain user authentication token.",
    action: Some(Action { method: "POST", fields: LOGIN_FIELDS }),
};

/// `TokenDestroyView`.
pub(super) static TOKEN_DESTROY: View = View {
    pattern: "/token/logout{tail:/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[]),
    name: "Token Destroy",
    description: "Use this endpoint to logout user (remove user authentication token).",
    action: None,
};

/// Is there anything to log in for?
const HAS_TOKENS: fn(&DjoserOptions) -> bool = |options| options.token_model == TokenModel::Default;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create_token);
    super::close_if(cfg, &TOKEN_CREATE, HAS_TOKENS);
    cfg.service(delete_token);
    super::close_if(cfg, &TOKEN_DESTROY, HAS_TOKENS);
}

/// A user name, or an address, and a password.
#[derive(ToSchema)]
#[schema(as = djoser::Login)]
struct Login {
    /// The user name as registered: the address or the phone number of who registered with that.
    #[schema(value_type = String, example = "your_username")]
    username: Option<String>,
    /// The address, instead of the user name, where the settings say so.
    #[schema(value_type = String, required = false, format = Email)]
    email: Option<String>,
    /// The password.
    #[schema(value_type = String, format = Password, example = "your_password")]
    password: Option<Secret>,
}

impl Parse<Djoser> for Login {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let mut form = Form::new(&data)?;
        let password = form.text(&CharField::optional("password")).map(Secret::new);
        let by_email = Use::<Djoser>::of(request).is_some_and(|mount| mount.options.login_field == LoginField::Email);
        let identifier = form.text(&CharField::optional(if by_email { "email" } else { "username" }));
        form.finish()?;
        let (email, username) = if by_email { (identifier, None) } else { (None, identifier) };
        Ok(Self { username, email, password })
    }
}

/// The token.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::Token)]
struct AuthToken {
    /// What the client sends from now on, as `Authorization: Token …`.
    #[schema(example = "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b")]
    auth_token: String,
}

/// Log in
///
/// Answers the user's token: the same at each login, until a logout.
#[utoipa::path(
    operation_id = "djoser_create_token",
    tag = NAME,
    path = "/token/login/",
    request_body(
        content((Login = "application/json"), (Login = "application/x-www-form-urlencoded"), (Login = "multipart/form-data")),
    ),
    responses(
        (status = 200, description = "The token", body = AuthToken),
        (status = 400, description = "Wrong user name or password, or not the object that is expected", body = LoginErrors),
        Open,
        Reading,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[post(
    "/token/login{tail:/?}",
    wrap = "from_fn(|request, next| dispatch_if(HAS_TOKENS, &TOKEN_CREATE, request, next))"
)]
async fn create_token(
    request: HttpRequest,
    mount: Use<Djoser>,
    body: Body<Djoser, Login>,
) -> Result<Json<AuthToken>, Error> {
    let (identifier, spelling, password) = match body.into_inner() {
        Login { email: Some(email), password: Some(password), .. } => (email, Spelling::Address, password),
        Login { username: Some(username), password: Some(password), .. } => (username, Spelling::AsStored, password),
        _ => return Err(AuthError::WrongCredentials.into()),
    };
    let credentials = Credentials { identifier, spelling, password };
    let attempt = mount.guess(&request, Guess::Login(&credentials.identifier)).await?;
    let issued = attempt.hashing(move |auth| auth.login(&credentials, &Grant::named(NAME))).await?;
    Ok(Json(AuthToken { auth_token: issued.access.expose().to_owned() }))
}

/// Log out
///
/// Deletes the user's token; the next login makes another. JSON Web Tokens go on. With an imported token of Knox, that one alone
/// is deleted. The body is not read.
#[utoipa::path(
    operation_id = "djoser_delete_token",
    tag = NAME,
    path = "/token/logout/",
    responses(
        (status = 204, description = "The token is dead"),
        Guarded,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[post(
    "/token/logout{tail:/?}",
    wrap = "from_fn(|request, next| dispatch_if(HAS_TOKENS, &TOKEN_DESTROY, request, next))"
)]
async fn delete_token(mount: Use<Djoser>, caller: Caller<Djoser>) -> Result<HttpResponse, Error> {
    let verified = caller.verified();
    mount.blocking(move |auth| auth.revoke_many(verified.user.id, ended_by_logout(auth, &verified))).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The token of whoever asks, whatever they came with; of a device with a token of Knox's, that one.
pub(super) fn ended_by_logout(auth: &Auth, caller: &Verified) -> Revoke {
    match auth.strategy().token_kind() {
        kind @ TokenKind::Djoser if !matches!(caller.token.kind, TokenKind::Djoser | TokenKind::Knox) => {
            Revoke::Kind(kind)
        }
        _ => Revoke::One(caller.token.id),
    }
}
