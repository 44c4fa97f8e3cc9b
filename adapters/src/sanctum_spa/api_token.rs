//! The api-token of document 001: made anew at login, registration and purchase, shown in a meta tag.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue, VARY, X_FRAME_OPTIONS},
    },
    post,
};
use countersign_core::{Auth, AuthError, UserId};
use serde_json::Value;
use utoipa::ToSchema;

use super::{NAME, SanctumSpa};
use crate::{
    abilities,
    body::Unread,
    caller::Caller,
    laravel::{
        answer, document,
        fault::{Fault, Message},
        guard,
        input::Input,
        rules::{Errors, Rule, ValidationError, check, label},
        stateful::Group,
    },
    mount::Use,
};

/// What a backend's token must be able to do. It must be named: see [`abilities::allow`].
const ABILITY: &str = "tokens:rotate";
/// A reason is for the log, not for essays.
const LONGEST_REASON: usize = 255;

/// The meta tag
///
/// For the logged-in session: an HTML fragment with the api-token, to be put into the page's head.
#[utoipa::path(
    operation_id = "sanctum_spa_show_meta_tag",
    tag = NAME,
    responses(
        (status = 200, description = "The meta tag; its content is empty if the api-token was revoked",
            body = String, content_type = "text/html", example = "<meta name=\"api-token\" content=\"1|Okb…\">"),
        document::Unauthenticated,
        document::Unavailable,
    ),
    security(("laravel_session" = [])),
)]
#[get("/meta/api-token", wrap = "Group::Web")]
pub async fn show_meta_tag(request: HttpRequest, mount: Use<SanctumSpa>) -> Result<HttpResponse, Fault> {
    let session = guard::session(&request, &mount).await?;
    let user = session.user.id;
    let token = mount.blocking(move |auth| auth.api_token(user)).await?;
    let token = token.as_ref().map_or("", |token| token.expose());
    let tag = format!("<meta name=\"api-token\" content=\"{}\">", answer::escape(token));
    let mut response = answer::html(StatusCode::OK, tag);
    // It holds a secret, and another one for each session. (What Laravel itself answers has none of these headers.)
    for (name, value) in [(CACHE_CONTROL, "no-store"), (VARY, "Cookie"), (X_FRAME_OPTIONS, "DENY")] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// A purchase that is reported.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::Rotation)]
#[expect(dead_code, reason = "it describes the fields that `read_rotation` reads")]
struct RotationInput {
    /// The user's e-mail address, or another identifier; needed without `user_id`, and with it of the same user.
    #[schema(required = false, example = "alice@example.com")]
    email: Option<String>,
    /// The user's number; needed without `email`.
    #[schema(required = false, example = 7)]
    user_id: Option<i64>,
    /// What happened, for the log.
    #[schema(max_length = 255, example = "course_purchase")]
    reason: String,
}

/// Whose api-token is replaced.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    Identifier(String),
    Number(UserId),
    /// They must name the same user.
    Both(String, UserId),
}

impl Whose {
    /// The field that is refused if there is no such user.
    const fn field(&self) -> &'static str {
        match self {
            Self::Identifier(_) => "email",
            Self::Number(_) | Self::Both(..) => "user_id",
        }
    }

    fn user(&self, auth: &Auth) -> Result<UserId, AuthError> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Identifier(identifier) => Ok(auth.find_user(identifier)?.id),
            Self::Both(identifier, number) => {
                let named = auth.find_user(identifier)?.id;
                if named == *number { Ok(named) } else { Err(AuthError::NotFound) }
            }
        }
    }
}

/// Replace an api-token
///
/// For a trusted backend: the user bought a course or paid a tariff. The caller's token must have been given the
/// ability `tokens:rotate` by name. The new token is not in the answer: the user's page finds it in the meta tag.
#[utoipa::path(
    operation_id = "sanctum_spa_rotate_api_token",
    tag = NAME,
    request_body(content(
        (RotationInput = "application/json"),
        (RotationInput = "application/x-www-form-urlencoded"),
        (RotationInput = "multipart/form-data"),
    )),
    responses(
        (status = 204, description = "Replaced"),
        (status = 403, description = "The token may not do this", body = Message),
        (status = 422, description = "Not what is expected, or no such user", body = ValidationError),
        document::Unauthenticated,
        document::Changing,
        document::Unavailable,
    ),
    security(("laravel_bearer" = [])),
)]
#[post("/api/auth/token/rotate", wrap = "Group::Api")]
pub async fn rotate(
    mount: Use<SanctumSpa>,
    caller: Caller<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    if !abilities::allow(&caller.token.abilities, ABILITY) {
        return Err(Fault::Status(StatusCode::FORBIDDEN, "Invalid ability provided.".into()));
    }
    let (whose, reason) = read_rotation(&body.read().await?)?;
    let field = whose.field();
    let replaces = mount.options.api_token_replaces;
    let owner = mount.blocking(move |auth| {
        let subject = auth.subject_by_owner(whose.user(auth)?)?;
        auth.rotate_api_token(&subject, replaces.into()).map(|issued| issued.user.id)
    });
    let user = owner.await.map_err(|error| match error {
        // Nobody, or somebody who is disabled.
        AuthError::NotFound | AuthError::WrongCredentials | AuthError::Token(_) => {
            let label = label(field);
            Errors::one(field, format!("The selected {label} is invalid.")).into()
        }
        other => Fault::from(other),
    })?;
    tracing::info!(%user, ?reason, by = %caller.token.id, "api-token replaced");
    Ok(answer::no_content())
}

fn read_rotation(input: &Input) -> Result<(Whose, String), Errors> {
    let mut errors = Errors::default();
    check(input, "email", &[Rule::Nullable, Rule::Text], &mut errors);
    check(input, "user_id", &[Rule::Nullable, Rule::Integer], &mut errors);
    let identifier = input.get("email").and_then(Value::as_str).map(str::to_owned);
    let number = input.integer("user_id").map(UserId);
    let whose = match (identifier, number) {
        (Some(identifier), Some(number)) => Some(Whose::Both(identifier, number)),
        (Some(identifier), None) => Some(Whose::Identifier(identifier)),
        (None, Some(number)) => Some(Whose::Number(number)),
        (None, None) => None,
    };
    if whose.is_none() && errors.is_empty() {
        errors.add("email", "The email field is required when user id is not present.");
        errors.add("user_id", "The user id field is required when email is not present.");
    }
    check(input, "reason", &[Rule::Required, Rule::Text, Rule::Visible, Rule::Max(LONGEST_REASON)], &mut errors);
    match (whose, input.text("reason")) {
        (Some(whose), Some(reason)) if errors.is_empty() => Ok((whose, reason)),
        _ => Err(errors),
    }
}
