//! `/introspect`: whom a token speaks for, asked by a service that was sent it (RFC 7662).

use actix_web::{HttpRequest, HttpResponse, post, web};
use countersign_adapters::{abilities, body, plain};
use countersign_core::{
    AuthError, TokenKind, Verified,
    model::{Inspected, TokenUse},
};
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
    /// `access_token` or `refresh_token`. Not needed: every kind is looked for, whatever it says (RFC 7662, section 2.1).
    #[schema(required = false)]
    token_type_hint: String,
}

/// What is known of a token; of one that is not live nothing but that.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = server::Introspection)]
struct Introspection {
    /// Is the token good?
    active: bool,
    /// What it may do, separated by blanks; what is no visible ASCII is percent-encoded. Not there for a refresh token, which
    /// lets nobody do anything.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The scheme that it is sent with: `Bearer` or `Token`. Not there for a refresh token, which is not sent with requests.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// `access_token`, or `refresh_token`: whoever is sent one of these with a request refuses it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_use: Option<&'static str>,
    /// The end of its life, in seconds since 1970; not there if it has none.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// When it was issued, in seconds since 1970.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// The user's UUID.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// Whom a JSON Web Token of the hotel API is for.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// Who made it, by the same.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// The id of a JSON Web Token.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// The user name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// The user's number.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    /// The address.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The role.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

impl Introspection {
    fn of(inspected: Inspected) -> Self {
        let Verified { user, token, expires_at } = inspected.holder.as_ref();
        let is_access = inspected.token_use == TokenUse::Access;
        let scheme = if matches!(token.kind, TokenKind::Djoser | TokenKind::Knox) { "Token" } else { "Bearer" };
        Self {
            active: true,
            scope: is_access.then(|| gates::listed(&token.abilities, " ")),
            token_type: is_access.then_some(scheme),
            token_use: Some(if is_access { "access_token" } else { "refresh_token" }),
            exp: expires_at.map(|end| end.timestamp()),
            iat: inspected.issued_at.map(|moment| moment.timestamp()),
            sub: Some(user.uuid.to_string()),
            aud: inspected.audience,
            iss: inspected.issuer,
            jti: inspected.id,
            username: Some(user.username.clone()),
            user_id: Some(user.id.0),
            email: user.email.clone(),
            role: Some(user.role.as_str()),
        }
    }
}

/// Introspect a token
///
/// For services: whom does a token speak for, and what may it do? Any access or refresh token that some mount takes; asking
/// exchanges nothing and ends nothing. The service comes with a token of its own that has the ability `tokens:introspect` by
/// name. Of what is not live the answer is `{"active":false}`.
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
    match gates.inspect(token).await {
        Ok(inspected) => HttpResponse::Ok().json(Introspection::of(inspected)),
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
