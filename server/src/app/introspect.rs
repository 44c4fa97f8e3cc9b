//! `/introspect`: whom a token speaks for, asked by a service that was sent it (RFC 7662).

use actix_web::{HttpRequest, HttpResponse, post, web};
use countersign_adapters::{abilities, body, plain};
use countersign_core::{AuthError, TokenKind, Verified};
use serde::Serialize;
use utoipa::ToSchema;

use super::gates::{self, Gates};

/// What the asking service's token must be able to do. It must be named: see [`abilities::allow`].
const ABILITY: &str = "tokens:introspect";
/// The type of the body (RFC 7662, section 2.1).
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(introspect);
}

/// What is asked.
#[derive(ToSchema)]
#[schema(as = server::IntrospectionRequest)]
#[expect(dead_code, reason = "it describes the fields that `read_token` reads")]
struct Question {
    /// The token as its client sends it, without the scheme.
    token: String,
    /// Not needed, and not looked at.
    #[schema(required = false)]
    token_type_hint: String,
}

/// What is known of a token; of one that is not live nothing but that.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = server::Introspection)]
struct Introspection {
    /// Is the token good?
    active: bool,
    /// What it may do, separated by blanks; what is no visible ASCII is percent-encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The scheme that it is sent with: `Bearer` or `Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// The end of its life, in seconds since 1970; not there if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// When it was issued, in seconds since 1970; not there for a JSON Web Token, which says so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// The user's UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// The user's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The role.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

impl Introspection {
    fn of(holder: &Verified) -> Self {
        let Verified { user, token, expires_at } = holder;
        let is_jwt = token.kind == TokenKind::Jwt;
        Self {
            active: true,
            scope: Some(gates::listed(&token.abilities, " ")),
            token_type: Some(if token.kind == TokenKind::Djoser { "Token" } else { "Bearer" }),
            exp: expires_at.map(|end| end.timestamp()),
            iat: token.created_at.filter(|_| !is_jwt).map(|moment| moment.timestamp()),
            sub: Some(user.uuid.to_string()),
            username: Some(user.username.clone()),
            user_id: Some(user.id.0),
            email: user.email.clone(),
            role: Some(user.role.as_str()),
        }
    }
}

/// Introspect a token
///
/// For services: whom does a token speak for, and what may it do? Any access token that some mount takes. The service comes
/// with a token of its own that has the ability `tokens:introspect` by name.
#[utoipa::path(
    operation_id = "server_introspect_token",
    tag = "server",
    request_body(content = Question, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What is known", body = Introspection),
        (status = 400, description = "No form with one token", body = gates::Refusal),
        (status = 401, description = "The service's own token is not good", body = gates::Refusal,
            headers(("WWW-Authenticate" = String, description = "A scheme that is taken"))),
        (status = 403, description = "It lacks the ability", body = gates::Refusal),
        (status = 503, description = "Without a database", body = gates::Refusal,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("server_bearer" = []), ("server_token" = [])),
)]
#[post("/introspect")]
pub(super) async fn introspect(request: HttpRequest, payload: web::Payload, gates: web::Data<Gates>) -> HttpResponse {
    match gates.sender(&request).await {
        Ok(service) if abilities::allow(&service.token.abilities, ABILITY) => {}
        Ok(_) => return gates::forbidden(),
        Err(error) => return gates.refuse(&error),
    }
    let Some(token) = read_token(&request, payload, &gates).await else { return gates::misused() };
    match gates.holder(token).await {
        Ok(holder) => HttpResponse::Ok().json(Introspection::of(&holder)),
        Err(AuthError::Token(_)) => HttpResponse::Ok().json(Introspection::default()),
        Err(error) => gates.refuse(&error),
    }
}

/// The token in a form that has it once.
async fn read_token(request: &HttpRequest, payload: web::Payload, gates: &Gates) -> Option<String> {
    if body::media_type(request) != FORM {
        return None;
    }
    let (limit, time) = gates.limits;
    let bytes = body::read(request, payload.into_inner(), limit, time).await.ok()?;
    let mut fields = plain::form(&bytes).ok()?;
    fields.remove("token")?.as_str().filter(|token| !token.is_empty()).map(str::to_owned)
}
