//! Refusals in the words of OAuth 2.0 (RFC 6749, section 5.2), for what came as one of its forms: by them its clients know
//! whether to ask for the password again.

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, PRAGMA},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    error::{Error, Failure},
    input,
};
use crate::plain::Cause;

/// The parameter that says which form it is.
pub(super) const GRANT_TYPE: &str = "grant_type";
/// What is said of it if it is another one.
pub(super) const OTHER_GRANT: &str = "This operation does not serve this grant type.";

/// Why nothing was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = hotel::GrantErrorCode)]
#[serde(rename_all = "snake_case")]
pub enum GrantCode {
    /// A parameter is missing, comes twice or cannot be read.
    InvalidRequest,
    /// Wrong identifier or password, or a refresh token that is unknown, expired or revoked.
    InvalidGrant,
    /// Another `grant_type`.
    UnsupportedGrantType,
}

/// The body of a 400 to a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = hotel::GrantError)]
pub struct GrantFailure {
    /// For the program.
    error: GrantCode,
    /// For the person.
    #[schema(value_type = String, example = "The given identifier or password is wrong.")]
    error_description: Cow<'static, str>,
}

/// The body of a 400 to a login or a refresh.
#[derive(ToSchema)]
#[schema(as = hotel::BadRequest)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description only")]
pub(super) enum BadRequest {
    /// To JSON.
    Json(Failure),
    /// To a form.
    Form(GrantFailure),
}

/// The refusal of a login or a refresh, as its sender understands it. What says nothing about the grant (too long, too
/// often, not now) is the same to everybody.
pub(super) fn refusal(request: &HttpRequest, refused: Error) -> Error {
    if input::is_form(request) { granting_nothing(refused) } else { refused }
}

/// The refusal of a form.
pub(super) fn granting_nothing(refused: Error) -> Error {
    let (error, error_description) = match &refused {
        Error::Plain(Cause::WrongCredentials | Cause::Token(_)) => (GrantCode::InvalidGrant, refused.sentence().into()),
        Error::Plain(Cause::BadRequest) => (GrantCode::InvalidRequest, "The form cannot be read.".into()),
        Error::Validation { fields } if fields.contains(&(GRANT_TYPE, OTHER_GRANT)) => {
            (GrantCode::UnsupportedGrantType, OTHER_GRANT.into())
        }
        Error::Validation { fields } => {
            let wrong: Vec<_> = fields.iter().map(|(field, sentence)| format!("{field}: {sentence}")).collect();
            (GrantCode::InvalidRequest, wrong.join(" ").into())
        }
        _ => return refused,
    };
    Error::Grant(GrantFailure { error, error_description })
}

impl GrantFailure {
    /// 400: with 401 a client would be told that it has to authenticate itself, which none does here.
    pub(super) fn response(&self) -> HttpResponse {
        HttpResponse::BadRequest()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"))
            .json(self)
    }
}
