//! What the hotel API says when it says no: a code for the program, a sentence for the person.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::WWW_AUTHENTICATE},
};
use countersign_core::{AuthError, TokenFault};
use serde::Serialize;
use utoipa::ToSchema;

use super::oauth::GrantFailure;
use crate::{body::BodyError, plain::Cause};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// For a reason that other dialects know as well.
    #[error(transparent)]
    Plain(#[from] Cause),
    /// Nobody would be left to administer.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// Fields that are missing, of the wrong type or not acceptable: (field, sentence).
    #[error("not valid: {fields:?}")]
    Validation {
        /// In the order of the document.
        fields: Vec<(&'static str, &'static str)>,
    },
    /// A form of OAuth 2.0 was granted nothing.
    #[error("not granted: {0:?}")]
    Grant(GrantFailure),
}

/// The code of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = hotel::ErrorCode)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 401: there was no token.
    Unauthenticated,
    /// 401: the token is expired, revoked or forged.
    InvalidToken,
    /// 403: the role may not do this.
    Forbidden,
    /// 422: wrong identifier or password.
    InvalidCredentials,
    /// 422: see `fields`.
    ValidationFailed,
    /// 400: not JSON.
    MalformedJson,
    /// 400: well-formed, but not an object that can be read.
    BadRequest,
    /// 404.
    NotFound,
    /// 409: nobody would be left to administer.
    LastAdmin,
    /// 405: see the header `Allow`.
    MethodNotAllowed,
    /// 408.
    RequestTimeout,
    /// 413.
    ContentTooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 429: see the header `Retry-After`.
    TooManyRequests,
    /// 503: see the header `Retry-After`.
    ServiceUnavailable,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = hotel::Error)]
pub struct Failure {
    /// For the program.
    error: Code,
    /// For the person.
    #[schema(value_type = String, example = "The given identifier or password is wrong.")]
    message: &'static str,
    /// Only with `validation_failed`: what is wrong with which field.
    #[schema(value_type = BTreeMap<String, Vec<String>>, required = false)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Error {
    /// For the person.
    pub(super) const fn sentence(&self) -> &'static str {
        self.wire().2
    }

    /// Status, code and sentence.
    const fn wire(&self) -> (StatusCode, Code, &'static str) {
        match self {
            Self::Plain(cause) => plain(cause),
            Self::LastAdministrator => {
                (StatusCode::CONFLICT, Code::LastAdmin, "The last active administrator stays: there is no other.")
            }
            Self::Validation { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, Code::ValidationFailed, "Some fields are missing or not valid.")
            }
            // Has a body of its own.
            Self::Grant(_) => (StatusCode::BAD_REQUEST, Code::BadRequest, "Nothing was granted."),
        }
    }
}

/// Status, code and sentence of a cause.
const fn plain(cause: &Cause) -> (StatusCode, Code, &'static str) {
    match cause {
        Cause::Token(TokenFault::Missing) => {
            (StatusCode::UNAUTHORIZED, Code::Unauthenticated, "A bearer token is required.")
        }
        Cause::Token(TokenFault::Expired) => (StatusCode::UNAUTHORIZED, Code::InvalidToken, "The token has expired."),
        Cause::Token(
            TokenFault::Malformed
            | TokenFault::Claims(_)
            | TokenFault::Unknown
            | TokenFault::Spent
            | TokenFault::Replayed(_)
            | TokenFault::UserInactive,
        ) => (StatusCode::UNAUTHORIZED, Code::InvalidToken, "The token is not valid."),
        Cause::Forbidden => (StatusCode::FORBIDDEN, Code::Forbidden, "Your role does not permit this."),
        Cause::WrongCredentials => {
            (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidCredentials, "The given identifier or password is wrong.")
        }
        Cause::MalformedJson => (StatusCode::BAD_REQUEST, Code::MalformedJson, "The body is not well-formed JSON."),
        // What is taken is said of its field.
        Cause::BadRequest | Cause::Taken => {
            (StatusCode::BAD_REQUEST, Code::BadRequest, "The body is not an object that can be read.")
        }
        Cause::NotFound => (StatusCode::NOT_FOUND, Code::NotFound, "There is nothing here."),
        Cause::MethodNotAllowed { .. } => {
            (StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, "This method is not served here.")
        }
        Cause::Timeout => (StatusCode::REQUEST_TIMEOUT, Code::RequestTimeout, "The body took too long to arrive."),
        Cause::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Code::ContentTooLarge, "The body is too long."),
        Cause::UnsupportedMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::UnsupportedMediaType,
            "The body must be sent as application/json or application/x-www-form-urlencoded.",
        ),
        Cause::Throttled { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests, "Too many attempts. Please try again later.")
        }
        Cause::Unavailable { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, Code::ServiceUnavailable, "Please try again in a moment.")
        }
    }
}

/// `WWW-Authenticate` (RFC 6750, section 3): no error code for who sent no token, and an expired token is told from a
/// forged one.
const fn challenge(fault: TokenFault) -> &'static str {
    match fault {
        TokenFault::Missing => r#"Bearer realm="countersign""#,
        TokenFault::Malformed | TokenFault::Claims(_) => {
            r#"Bearer realm="countersign", error="invalid_token", error_description="malformed""#
        }
        TokenFault::Expired => r#"Bearer realm="countersign", error="invalid_token", error_description="expired""#,
        TokenFault::Unknown | TokenFault::Spent | TokenFault::Replayed(_) | TokenFault::UserInactive => {
            r#"Bearer realm="countersign", error="invalid_token", error_description="revoked or unknown""#
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.wire().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, error, message) = self.wire();
        let mut fields: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut response = match self {
            Self::Plain(cause) => cause.response(status),
            Self::Grant(failure) => return failure.response(),
            Self::LastAdministrator => HttpResponse::build(status),
            Self::Validation { fields: wrong } => {
                for (field, sentence) in wrong {
                    fields.entry(*field).or_default().push(*sentence);
                }
                HttpResponse::build(status)
            }
        };
        if let Self::Plain(Cause::Token(fault)) = self {
            response.insert_header((WWW_AUTHENTICATE, challenge(*fault)));
        }
        response.json(Failure { error, message, fields })
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::LastAdministrator => Self::LastAdministrator,
            error => Cause::from(error).into(),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Cause::from(error).into()
    }
}
