//! `jwt/create/`, `jwt/refresh/` and `jwt/verify/`: simplejwt's views, which djoser includes; all also without the slash.
//!
//! They have no authentication classes: whatever `Authorization` holds is not read.

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::{Next, from_fn},
    post,
    web::{Bytes, Json},
};
use countersign_core::{Auth, AuthError, ClaimFault, Credentials, Grant, Guess, Secret, Spelling, TokenFault};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, NAME,
    responses::{Answering, Reading, Unsigned},
    schema::{PairErrors, RefreshErrors, VerifyErrors},
};
use crate::{
    body::{Body, Parse},
    django::{self, Action, CharField, Data, Error, Field, Form, Guests, Unauthenticated, View, dispatch, not_found},
    mount::Use,
};

/// `TokenObtainPairView`. The patterns of these three views have no end: whatever follows belongs to the view.
static JWT_CREATE: View = View {
    pattern: "/jwt/create{rest:(?s:.*)}",
    allow: "POST, OPTIONS",
    guests: Guests::Unasked,
    name: "Token Obtain Pair",
    description: "Takes a set of user credentials and returns an access and refresh JSON web\n\
                  token pair to prove the authentication of those credentials.",
    action: Some(Action {
        method: "POST",
        fields: &[
            Field::new("username", "string", "Username").required(),
            Field::new("password", "string", "Password").required(),
        ],
    }),
};

/// `TokenRefreshView`.
static JWT_REFRESH: View = View {
    pattern: "/jwt/refresh{rest:(?s:.*)}",
    allow: "POST, OPTIONS",
    guests: Guests::Unasked,
    name: "Token Refresh",
    description: "Takes a refresh type JSON web token and returns an access type JSON web\n\
                  token if the refresh token is valid.",
    action: Some(Action {
        method: "POST",
        fields: &[
            Field::new("refresh", "string", "Refresh").required(),
            Field::new("access", "string", "Access").read_only(),
        ],
    }),
};

/// `TokenVerifyView`.
static JWT_VERIFY: View = View {
    pattern: "/jwt/verify{rest:(?s:.*)}",
    allow: "POST, OPTIONS",
    guests: Guests::Unasked,
    name: "Token Verify",
    description: "Takes a token and indicates if it is valid.  This view provides no\n\
                  information about a token's fitness for a particular use.",
    action: Some(Action { method: "POST", fields: &[Field::new("token", "string", "Token").required()] }),
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create_jwt);
    close(cfg, &JWT_CREATE);
    cfg.service(refresh_jwt);
    close(cfg, &JWT_REFRESH);
    cfg.service(verify_jwt);
    close(cfg, &JWT_VERIFY);
}

/// [`django::rest`], where there are JSON Web Tokens.
fn close(cfg: &mut ServiceConfig, view: &'static View) {
    let rest: Resource = django::rest(view);
    let around = from_fn(move |request, next| where_taken(view, request, next));
    cfg.map(|cfg| cfg.service(rest.wrap(around)));
}

/// [`dispatch`], or the page of a path without a view where the mount takes no JSON Web Tokens.
async fn where_taken<B: MessageBody + 'static>(
    view: &'static View,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if Use::<Djoser>::of(request.request()).is_some_and(|mount| mount.pair.is_none()) {
        let page = not_found::<Djoser>(request.request());
        return Ok(request.into_response(page));
    }
    dispatch::<Djoser, B>(view, request, next).await
}

/// The door under the pair.
fn pair(mount: &Use<Djoser>) -> Result<Auth, Error> {
    mount.pair.clone().ok_or(Error::Page(StatusCode::NOT_FOUND))
}

/// A user name and a password.
#[derive(ToSchema)]
#[schema(as = djoser::JwtLogin)]
struct JwtLogin {
    /// The user name as registered: the address or the phone number of who registered with that.
    #[schema(example = "your_username")]
    username: String,
    /// The password.
    #[schema(value_type = String, format = Password, example = "your_password")]
    password: Secret,
}

impl Parse<Djoser> for JwtLogin {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let mut form = Form::new(&data)?;
        let username = form.text(&CharField::new("username"));
        let password = form.text(&CharField::new("password")).map(Secret::new);
        match (username, password) {
            (Some(username), Some(password)) => Ok(Self { username, password }),
            _ => Err(Error::Invalid(form.into_errors())),
        }
    }
}

/// The only field of a body.
fn one_field(request: &HttpRequest, body: &Bytes, name: &'static str) -> Result<Secret, Error> {
    let data = Data::parse(request, body)?;
    let mut form = Form::new(&data)?;
    form.text(&CharField::new(name)).map(Secret::new).ok_or_else(|| Error::Invalid(form.into_errors()))
}

/// A refresh token.
#[derive(ToSchema)]
#[schema(as = djoser::Refresh)]
struct Refresh {
    /// The `refresh` of `jwt/create/`.
    #[schema(value_type = String)]
    refresh: Secret,
}

impl Parse<Djoser> for Refresh {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        Ok(Self { refresh: one_field(request, &body, "refresh")? })
    }
}

/// A token of either type.
#[derive(ToSchema)]
#[schema(as = djoser::Verify)]
struct Verify {
    /// An access or a refresh token.
    #[schema(value_type = String)]
    token: Secret,
}

impl Parse<Djoser> for Verify {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        Ok(Self { token: one_field(request, &body, "token")? })
    }
}

/// Both tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::JwtPair)]
struct JwtPair {
    /// What makes the next access tokens, for a day.
    refresh: String,
    /// What the client sends from now on, as `Authorization: Bearer …`, for five minutes.
    access: String,
}

/// The next access token.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::Access)]
struct Access {
    /// The access token.
    access: String,
    /// Only with `rotate_refresh_tokens`: the next refresh token.
    #[schema(required = false, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<String>,
}

/// Nothing is wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::Live)]
struct Live {}

/// Log in with JSON Web Tokens
///
/// Each login has a pair of its own. It counts as the user's last login only with `update_last_login`.
#[utoipa::path(
    operation_id = "djoser_create_jwt",
    tag = NAME,
    path = "/jwt/create/",
    request_body(
        content((JwtLogin = "application/json"), (JwtLogin = "application/x-www-form-urlencoded"), (JwtLogin = "multipart/form-data")),
    ),
    responses(
        (status = 200, description = "The pair", body = JwtPair),
        (status = 400, description = "The fields that are wrong", body = PairErrors),
        Unsigned,
        Reading,
        Answering,
    ),
    security(()),
)]
#[post("/jwt/create{rest:(?s:.*)}", wrap = "from_fn(|request, next| where_taken(&JWT_CREATE, request, next))")]
async fn create_jwt(
    request: HttpRequest,
    mount: Use<Djoser>,
    body: Body<Djoser, JwtLogin>,
) -> Result<Json<JwtPair>, Error> {
    let JwtLogin { username, password } = body.into_inner();
    let pair = pair(&mount)?;
    let credentials = Credentials { identifier: username, spelling: Spelling::AsStored, password };
    let attempt = mount.guess(&request, Guess::Login(&credentials.identifier)).await?;
    let counts = mount.options.update_last_login;
    let log_in = move |_: &Auth| {
        let (subject, grant) = (pair.authenticate(&credentials)?, Grant::named(NAME));
        if counts { pair.enter(&subject, &grant) } else { pair.issue(&subject, &grant) }
    };
    let issued = attempt.hashing(log_in).await;
    let issued = issued.map_err(|error| match error {
        AuthError::WrongCredentials => no_active_account("No active account found with the given credentials"),
        error => error.into(),
    })?;
    let refresh = issued.refresh.map(|refresh| refresh.expose().to_owned()).unwrap_or_default();
    Ok(Json(JwtPair { refresh, access: issued.access.expose().to_owned() }))
}

/// Make the next access token
///
/// The refresh token stays as it is until its own end. With `rotate_refresh_tokens` there is another one in the answer, and
/// with `blacklist_after_rotation` the one that was sent is spent.
#[utoipa::path(
    operation_id = "djoser_refresh_jwt",
    tag = NAME,
    path = "/jwt/refresh/",
    request_body(
        content((Refresh = "application/json"), (Refresh = "application/x-www-form-urlencoded"), (Refresh = "multipart/form-data")),
    ),
    responses(
        (status = 200, description = "The access token", body = Access),
        (status = 400, description = "Not the object that is expected", body = RefreshErrors),
        Unsigned,
        Reading,
        Answering,
    ),
    security(()),
)]
#[post("/jwt/refresh{rest:(?s:.*)}", wrap = "from_fn(|request, next| where_taken(&JWT_REFRESH, request, next))")]
async fn refresh_jwt(
    request: HttpRequest,
    mount: Use<Djoser>,
    body: Body<Djoser, Refresh>,
) -> Result<Json<Access>, Error> {
    let Refresh { refresh } = body.into_inner();
    let pair = pair(&mount)?;
    let issued = mount.blocking(move |_| pair.refresh(refresh.expose())).await.map_err(|error| match error {
        AuthError::Token(TokenFault::UserInactive | TokenFault::Claims(ClaimFault::UnknownUser)) => {
            no_active_account("No active account found for the given token.")
        }
        AuthError::Token(TokenFault::Replayed(user)) => {
            let client = mount.site.proxies.client(&request);
            tracing::warn!(dialect = NAME, %user, %client, "a spent refresh token came back: its login was ended");
            refused(error)
        }
        error => refused(error),
    })?;
    let refresh = issued.refresh.map(|next| next.expose().to_owned());
    Ok(Json(Access { access: issued.access.expose().to_owned(), refresh }))
}

/// Ask whether a token is live
///
/// An access token is as good as a refresh token, and whom it names is not asked.
#[utoipa::path(
    operation_id = "djoser_verify_jwt",
    tag = NAME,
    path = "/jwt/verify/",
    request_body(
        content((Verify = "application/json"), (Verify = "application/x-www-form-urlencoded"), (Verify = "multipart/form-data")),
    ),
    responses(
        (status = 200, description = "It is", body = Live),
        (status = 400, description = "Not the object that is expected", body = VerifyErrors),
        Unsigned,
        Reading,
        Answering,
    ),
    security(()),
)]
#[post("/jwt/verify{rest:(?s:.*)}", wrap = "from_fn(|request, next| where_taken(&JWT_VERIFY, request, next))")]
async fn verify_jwt(mount: Use<Djoser>, body: Body<Djoser, Verify>) -> Result<HttpResponse, Error> {
    let Verify { token } = body.into_inner();
    let pair = pair(&mount)?;
    mount.blocking(move |_| pair.check_token(token.expose())).await.map_err(|error| match error {
        // simplejwt's serializer finds it, not the token itself.
        AuthError::Token(TokenFault::Spent) => Error::non_field("Token is blacklisted"),
        error => refused(error),
    })?;
    Ok(HttpResponse::Ok().json(Live {}))
}

/// 401 without a code: `exceptions.AuthenticationFailed` of DRF.
fn no_active_account(detail: &'static str) -> Error {
    Error::detail(StatusCode::UNAUTHORIZED, detail)
}

/// A token in a body that is not taken.
fn refused(error: AuthError) -> Error {
    match error {
        AuthError::Token(fault) => Error::Unauthenticated(Unauthenticated::SentJwt(fault)),
        error => error.into(),
    }
}
