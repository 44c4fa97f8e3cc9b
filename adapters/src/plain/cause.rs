//! Why a request to hotel or minimal failed, as far as both know the reason; each says it in words of its own.

use std::time::Duration;

use actix_web::{
    HttpResponseBuilder,
    http::{
        Method, StatusCode,
        header::{ALLOW, RETRY_AFTER},
    },
};
use countersign_core::{AuthError, TokenFault};

use super::{STORE_RETRY, retry_seconds};
use crate::body::BodyError;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Wrong login data.
    #[error("wrong credentials")]
    WrongCredentials,
    /// A token that is missing, or that speaks for nobody.
    #[error("token refused: {0}")]
    Token(TokenFault),
    /// Known, but not permitted.
    #[error("forbidden")]
    Forbidden,
    /// An identifier belongs to somebody else.
    #[error("taken")]
    Taken,
    /// The body is no JSON.
    #[error("malformed JSON")]
    MalformedJson,
    /// The body can be read, but is not what the operation takes.
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
    /// The body is of a type that the operation does not read.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// Too often.
    #[error("too many requests")]
    Throttled {
        /// How long nothing will be done.
        retry_after: Duration,
    },
    /// Not now.
    #[error("service unavailable")]
    Unavailable {
        /// When it may be worth another try.
        retry_after: Duration,
    },
}

impl Cause {
    /// For a path that nothing serves, or that is served with the methods `allowed`.
    pub fn unserved(allowed: &[Method]) -> Self {
        if allowed.is_empty() { Self::NotFound } else { Self::MethodNotAllowed { allowed: allowed.to_vec() } }
    }

    /// A response with `status` and the headers that go with this cause: `Allow`, `Retry-After`.
    pub fn response(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut response = HttpResponseBuilder::new(status);
        match self {
            Self::MethodNotAllowed { allowed } => {
                let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
                response.insert_header((ALLOW, allowed.join(", ")));
            }
            Self::Throttled { retry_after } | Self::Unavailable { retry_after } => {
                response.insert_header((RETRY_AFTER, retry_seconds(*retry_after)));
            }
            _ => {}
        }
        response
    }
}

impl From<AuthError> for Cause {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::WrongCredentials => Self::WrongCredentials,
            AuthError::Token(fault) => Self::Token(fault),
            AuthError::Forbidden | AuthError::LastAdministrator => Self::Forbidden,
            AuthError::Taken(_) => Self::Taken,
            AuthError::Invalid { .. } | AuthError::WeakPassword(_) => Self::BadRequest,
            AuthError::NotFound | AuthError::Unsupported(_) => Self::NotFound,
            AuthError::Throttled { retry_after } => Self::Throttled { retry_after },
            AuthError::Busy { retry_after } => Self::Unavailable { retry_after },
            AuthError::Store(cause) => {
                tracing::error!(%cause, "answered 503");
                Self::Unavailable { retry_after: STORE_RETRY }
            }
        }
    }
}

impl From<BodyError> for Cause {
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
