//! What the minimal API says when it says no: the status, and its reason phrase.

use std::time::Duration;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        Method, StatusCode,
        header::{ALLOW, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE},
    },
};
use countersign_core::AuthError;
use serde::Serialize;
use utoipa::ToSchema;

use super::socket::VERSION;
use crate::{
    body::BodyError,
    plain::{STORE_RETRY, retry_seconds},
};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The body is not what the operation takes.
    #[error("bad request")]
    BadRequest,
    /// Wrong login or password, or a token that speaks for nobody.
    #[error("unauthorized")]
    Unauthorized,
    /// Known, but not permitted.
    #[error("forbidden")]
    Forbidden,
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
    /// The login belongs to somebody.
    #[error("conflict")]
    Conflict,
    /// The body is too long.
    #[error("content too large")]
    TooLarge,
    /// The body is not JSON.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// Only a WebSocket client can come in here.
    #[error("upgrade required")]
    UpgradeRequired,
    /// Not now.
    #[error("service unavailable")]
    Unavailable {
        /// When it may be worth another try.
        retry_after: Duration,
    },
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = minimal::Error)]
pub struct Failure {
    /// The reason phrase of the status (RFC 9110, section 15).
    #[schema(value_type = String, example = "Unauthorized")]
    error: &'static str,
}

impl Error {
    /// Status and reason phrase.
    const fn wire(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
            Self::Conflict => (StatusCode::CONFLICT, "Conflict"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"),
            Self::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "Upgrade Required"),
            Self::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.wire().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, error) = self.wire();
        let mut response = HttpResponse::build(status);
        match self {
            Self::Unauthorized => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            Self::MethodNotAllowed { allowed } => {
                let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
                response.insert_header((ALLOW, allowed.join(", ")));
            }
            Self::UpgradeRequired => {
                // RFC 9110, section 15.5.22; RFC 6455, section 4.4.
                response.insert_header((UPGRADE, "websocket")).insert_header((SEC_WEBSOCKET_VERSION, VERSION));
            }
            Self::Unavailable { retry_after } => {
                response.insert_header((RETRY_AFTER, retry_seconds(*retry_after)));
            }
            _ => {}
        }
        response.json(Failure { error })
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::WrongCredentials | AuthError::Token(_) => Self::Unauthorized,
            AuthError::Forbidden => Self::Forbidden,
            AuthError::Taken(_) => Self::Conflict,
            AuthError::Invalid { .. } | AuthError::WeakPassword(_) => Self::BadRequest,
            AuthError::NotFound | AuthError::Unsupported(_) => Self::NotFound,
            AuthError::Busy { retry_after } => Self::Unavailable { retry_after },
            AuthError::Store(cause) => {
                tracing::error!(%cause, "minimal: answered 503");
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
            BodyError::Broken
            | BodyError::Syntax { .. }
            | BodyError::DuplicateKey { .. }
            | BodyError::Nul { .. }
            | BodyError::Shape { .. } => Self::BadRequest,
        }
    }
}
