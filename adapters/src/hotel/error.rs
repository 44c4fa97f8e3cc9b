//! What the hotel API says when it says no: a code for the program, a sentence for the person.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        Method, StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use countersign_core::{AuthError, TokenFault};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    body::BodyError,
    plain::{STORE_RETRY, retry_seconds},
};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An access or refresh token that is missing, or that speaks for nobody.
    #[error("token refused: {0}")]
    Token(TokenFault),
    /// Known, but not permitted.
    #[error("forbidden")]
    Forbidden,
    /// Wrong login data.
    #[error("wrong credentials")]
    WrongCredentials,
    /// Fields that are missing or of the wrong type: (field, sentence).
    #[error("not valid: {fields:?}")]
    Validation {
        /// In the order of the document.
        fields: Vec<(&'static str, &'static str)>,
    },
    /// The body is no JSON.
    #[error("malformed JSON")]
    MalformedJson,
    /// The body is JSON, but not what the operation takes.
    #[error("bad request")]
    BadRequest,
    /// Nothing is here.
    #[error("not found")]
    NotFound,
    /// Something is here, for other methods.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// Those that are served.
        allowed: Vec<Method>,
    },
    /// The body took too long.
    #[error("request timeout")]
    Timeout,
    /// The body is too long.
    #[error("content too large")]
    TooLarge,
    /// The body is not JSON.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// Not now.
    #[error("service unavailable")]
    Unavailable {
        /// When it may be worth another try.
        retry_after: Duration,
    },
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
    /// 400: JSON, but not an object that can be read.
    BadRequest,
    /// 404.
    NotFound,
    /// 405: see the header `Allow`.
    MethodNotAllowed,
    /// 408.
    RequestTimeout,
    /// 413.
    ContentTooLarge,
    /// 415.
    UnsupportedMediaType,
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
    /// Status, code and sentence.
    const fn wire(&self) -> (StatusCode, Code, &'static str) {
        match self {
            Self::Token(TokenFault::Missing) => {
                (StatusCode::UNAUTHORIZED, Code::Unauthenticated, "A bearer token is required.")
            }
            Self::Token(TokenFault::Expired) => {
                (StatusCode::UNAUTHORIZED, Code::InvalidToken, "The token has expired.")
            }
            Self::Token(TokenFault::Malformed | TokenFault::Unknown | TokenFault::UserInactive) => {
                (StatusCode::UNAUTHORIZED, Code::InvalidToken, "The token is not valid.")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, Code::Forbidden, "Your role does not permit this."),
            Self::WrongCredentials => (
                StatusCode::UNPROCESSABLE_ENTITY,
                Code::InvalidCredentials,
                "The given identifier or password is wrong.",
            ),
            Self::Validation { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, Code::ValidationFailed, "Some fields are missing or not valid.")
            }
            Self::MalformedJson => (StatusCode::BAD_REQUEST, Code::MalformedJson, "The body is not well-formed JSON."),
            Self::BadRequest => {
                (StatusCode::BAD_REQUEST, Code::BadRequest, "The body is not a JSON object that can be read.")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, Code::NotFound, "There is nothing here."),
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, "This method is not served here.")
            }
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, Code::RequestTimeout, "The body took too long to arrive."),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Code::ContentTooLarge, "The body is too long."),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::UnsupportedMediaType,
                "The body must be sent as application/json.",
            ),
            Self::Unavailable { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, Code::ServiceUnavailable, "Please try again in a moment.")
            }
        }
    }
}

/// `WWW-Authenticate` (RFC 6750, section 3): no error code for who sent no token, and an expired token is told from a
/// forged one.
const fn challenge(fault: TokenFault) -> &'static str {
    match fault {
        TokenFault::Missing => r#"Bearer realm="countersign""#,
        TokenFault::Malformed => r#"Bearer realm="countersign", error="invalid_token", error_description="malformed""#,
        TokenFault::Expired => r#"Bearer realm="countersign", error="invalid_token", error_description="expired""#,
        TokenFault::Unknown | TokenFault::UserInactive => {
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
        let mut response = HttpResponse::build(status);
        let mut fields: BTreeMap<_, Vec<_>> = BTreeMap::new();
        match self {
            Self::Token(fault) => {
                response.insert_header((WWW_AUTHENTICATE, challenge(*fault)));
            }
            Self::MethodNotAllowed { allowed } => {
                let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
                response.insert_header((ALLOW, allowed.join(", ")));
            }
            Self::Unavailable { retry_after } => {
                response.insert_header((RETRY_AFTER, retry_seconds(*retry_after)));
            }
            Self::Validation { fields: wrong } => {
                for (field, sentence) in wrong {
                    fields.entry(*field).or_default().push(*sentence);
                }
            }
            _ => {}
        }
        response.json(Failure { error, message, fields })
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::WrongCredentials => Self::WrongCredentials,
            AuthError::Token(fault) => Self::Token(fault),
            AuthError::Forbidden => Self::Forbidden,
            AuthError::NotFound | AuthError::Unsupported(_) => Self::NotFound,
            AuthError::Taken(_) | AuthError::Invalid { .. } | AuthError::WeakPassword(_) => Self::BadRequest,
            AuthError::Busy { retry_after } => Self::Unavailable { retry_after },
            AuthError::Store(cause) => {
                tracing::error!(%cause, "hotel: answered 503");
                Self::Unavailable { retry_after: STORE_RETRY }
            }
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { .. } => Self::TooLarge,
            BodyError::TooSlow { .. } => Self::Timeout,
            BodyError::UnsupportedMediaType { .. } => Self::UnsupportedMediaType,
            BodyError::Syntax { .. } => Self::MalformedJson,
            BodyError::Broken | BodyError::DuplicateKey { .. } | BodyError::Nul { .. } | BodyError::Shape { .. } => {
                Self::BadRequest
            }
        }
    }
}
