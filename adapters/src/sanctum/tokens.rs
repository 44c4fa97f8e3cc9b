//! A user's own tokens: list, make, delete.

use actix_web::{HttpResponse, delete, get, http::StatusCode, post, web};
use countersign_core::{Abilities, AuthError, Grant, Token, TokenFault, TokenId, TokenKind, store::Revoke};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{NAME, NAME_LENGTH, Sanctum, Token as IssuedToken};
use crate::{
    abilities,
    body::Unread,
    caller::Caller,
    laravel::{
        answer, document,
        fault::{Fault, Message},
        input::Input,
        number,
        rules::{Errors, Rule, ValidationError, check, moment},
        stateful::Group,
        user::Moment,
    },
    mount::Use,
};

/// The class that Laravel names as the owner of a token.
const TOKENABLE_TYPE: &str = "App\\Models\\User";
/// The class that Laravel says it found no row of.
const TOKEN_MODEL: &str = "Laravel\\Sanctum\\PersonalAccessToken";

/// A token as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = sanctum::ListedToken)]
struct ListedToken<'a> {
    /// Its number.
    id: i64,
    /// Always `App\Models\User`.
    #[schema(value_type = String, example = "App\\Models\\User")]
    tokenable_type: &'static str,
    /// The user's number.
    tokenable_id: i64,
    /// The name that it was given.
    #[schema(value_type = String, example = "iPhone")]
    name: &'a str,
    /// What it may do; `*` is everything.
    #[schema(value_type = Vec<String>)]
    abilities: &'a [String],
    /// The last use, true to a minute.
    #[schema(value_type = Option<String>, required, format = DateTime)]
    last_used_at: Option<Moment>,
    /// Its end; null for none.
    #[schema(value_type = Option<String>, required, format = DateTime)]
    expires_at: Option<Moment>,
    /// When it was made; null if nobody knows.
    #[schema(value_type = Option<String>, required, format = DateTime)]
    created_at: Option<Moment>,
    /// When it was used last; nothing else changes a token.
    #[schema(value_type = Option<String>, required, format = DateTime)]
    updated_at: Option<Moment>,
}

impl<'a> From<&'a Token> for ListedToken<'a> {
    fn from(token: &'a Token) -> Self {
        Self {
            id: token.id.0,
            tokenable_type: TOKENABLE_TYPE,
            tokenable_id: token.user_id.0,
            name: &token.name,
            abilities: &token.abilities.0,
            last_used_at: token.last_used_at.map(Moment),
            expires_at: token.expires_at.map(Moment),
            created_at: token.created_at.map(Moment),
            updated_at: token.last_used_at.or(token.created_at).map(Moment),
        }
    }
}

/// List the tokens
///
/// The user's personal access tokens, the oldest first. Their secrets are not shown. The api-token of the SPA's pages is
/// not among them.
#[utoipa::path(
    operation_id = "sanctum_list_tokens",
    tag = NAME,
    responses(
        (status = 200, description = "The tokens", body = Vec<ListedToken>),
        document::Unauthenticated,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_bearer" = []), ("laravel_session" = [])),
)]
#[get("/api/tokens", wrap = "Group::Api")]
pub async fn list_tokens(mount: Use<Sanctum>, caller: Caller<Sanctum>) -> Result<HttpResponse, Fault> {
    let user = caller.user.id;
    let tokens = mount.blocking(move |auth| auth.named_tokens(user)).await?;
    Ok(answer::json(StatusCode::OK, &tokens.iter().map(ListedToken::from).collect::<Vec<_>>()))
}

/// A token to be made.
#[derive(ToSchema)]
#[schema(as = sanctum::NewToken)]
#[expect(dead_code, reason = "it describes the fields that `wanted` reads")]
struct NewTokenInput {
    /// Its name in lists.
    #[schema(max_length = 255, example = "laptop")]
    token_name: String,
    /// What it may do; without it as much as the caller's token.
    #[schema(value_type = Vec<String>, required = false, example = json!(["check-status"]))]
    abilities: Option<Vec<String>>,
    /// Its end; none without it.
    #[schema(required = false, format = DateTime, example = "2037-06-01T12:00:00Z")]
    expires_at: Option<String>,
}

/// Create another token
///
/// For whoever is logged in already. The new token may do no more and lives no longer than the one that the request came
/// with; a session may do everything. An ability that speaks for the server's owner (`tokens:…`) is only passed on by a
/// token that has it by name, and only if it is named.
#[utoipa::path(
    operation_id = "sanctum_create_named_token",
    tag = NAME,
    request_body(content(
        (NewTokenInput = "application/json"),
        (NewTokenInput = "application/x-www-form-urlencoded"),
        (NewTokenInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "A new token", body = IssuedToken),
        (status = 422, description = "Not what is expected", body = ValidationError),
        document::Unauthenticated,
        document::Throttled,
        document::Changing,
        document::Unavailable,
    ),
    security(("laravel_bearer" = []), ("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/api/tokens/create", wrap = "Group::Api")]
pub async fn create_named_token(
    mount: Use<Sanctum>,
    caller: Caller<Sanctum>,
    body: Unread<Sanctum>,
) -> Result<HttpResponse, Fault> {
    let grant = wanted(&body.read().await?, &caller.token.abilities)?;
    let verified = caller.verified();
    let issued = mount.blocking(move |auth| auth.issue_within(&verified, &grant)).await.map_err(changed_meanwhile)?;
    Ok(answer::json(StatusCode::OK, &IssuedToken { token: issued.access.expose() }))
}

/// Reads a token to be made by somebody who comes with `own` abilities.
fn wanted(input: &Input, own: &Abilities) -> Result<Grant, Errors> {
    let mut errors = Errors::default();
    check(input, "token_name", &[Rule::Required, Rule::Text, Rule::Visible, Rule::Max(NAME_LENGTH)], &mut errors);
    check(input, "abilities", &[Rule::Array], &mut errors);
    check(input, "expires_at", &[Rule::Nullable, Rule::Date], &mut errors);
    // Laravel puts what is within a field behind all fields.
    let abilities = match input.items("abilities") {
        Some(items) => given(&items, own, &mut errors),
        None => abilities::inherited(own),
    };
    errors.verdict()?;
    Ok(Grant {
        name: input.text("token_name").unwrap_or_default(),
        abilities,
        expires_at: input.text("expires_at").as_deref().and_then(moment),
    })
}

/// The abilities in `items`, as far as somebody who comes with `own` may give them; the others are errors.
fn given(items: &[(String, &Value)], own: &Abilities, errors: &mut Errors) -> Abilities {
    let mut abilities = Vec::new();
    for (key, item) in items {
        let field = format!("abilities.{key}");
        match item.as_str() {
            None => errors.add(&field, format!("The {field} field must be a string.")),
            Some(ability) if abilities::allow(own, ability) => abilities.push(ability.to_owned()),
            Some(_) => errors.add(&field, format!("The selected {field} is invalid.")),
        }
    }
    Abilities(abilities)
}

/// The user was disabled or changed between the look-up and the write: the credential is not good any more.
fn changed_meanwhile(error: AuthError) -> AuthError {
    match error {
        AuthError::WrongCredentials => TokenFault::UserInactive.into(),
        other => other,
    }
}

/// Delete a token
///
/// One of the user's own.
#[utoipa::path(
    operation_id = "sanctum_delete_token",
    tag = NAME,
    params(("id" = String, Path, description = "The token's number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "The user has no such token", body = Message),
        document::Unauthenticated,
        document::Throttled,
        document::Changing,
        document::Unavailable,
    ),
    security(("laravel_bearer" = []), ("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[delete("/api/tokens/{id}", wrap = "Group::Api")]
pub async fn delete_token(
    mount: Use<Sanctum>,
    caller: Caller<Sanctum>,
    path: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let given = path.into_inner();
    let (user, number) = (caller.user.id, number::canonical(&given).map(TokenId));
    let deleted = mount.blocking(move |auth| {
        let token = number.ok_or(AuthError::NotFound)?;
        auth.revoke_of_kind(token, user, TokenKind::Sanctum)
    });
    deleted.await.map_err(|error| match error {
        AuthError::NotFound => {
            Fault::Status(StatusCode::NOT_FOUND, format!("No query results for model [{TOKEN_MODEL}] {given}").into())
        }
        other => other.into(),
    })?;
    Ok(answer::no_content())
}

/// Delete all tokens
///
/// Every personal access token of the user, that of the request and the api-token of the SPA's pages included.
#[utoipa::path(
    operation_id = "sanctum_delete_tokens",
    tag = NAME,
    responses(
        (status = 204, description = "They are gone"),
        document::Unauthenticated,
        document::Throttled,
        document::Changing,
        document::Unavailable,
    ),
    security(("laravel_bearer" = []), ("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[delete("/api/tokens", wrap = "Group::Api")]
pub async fn delete_tokens(mount: Use<Sanctum>, caller: Caller<Sanctum>) -> Result<HttpResponse, Fault> {
    let user = caller.user.id;
    mount.blocking(move |auth| auth.revoke_many(user, Revoke::Kind(TokenKind::Sanctum))).await?;
    Ok(answer::no_content())
}
