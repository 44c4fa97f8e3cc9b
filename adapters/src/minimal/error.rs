//! What the minimal API says when it says no: the status, and its reason phrase.

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE},
    },
};
use countersign_core::AuthError;
use serde::Serialize;
use utoipa::ToSchema;

use super::socket::VERSION;
use crate::{body::BodyError, plain::Cause};

/// What is said to who sends a token in the address (RFC 6750, section 3).
const TOKEN_IN_ADDRESS: &str = "Bearer error=\"invalid_request\", \
     error_description=\"a token in the address is not accepted: send it as header, subprotocol or first message\"";

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// For a reason that other dialects know as well.
    #[error(transparent)]
    Plain(#[from] Cause),
    /// Only a WebSocket client can come in here.
    #[error("upgrade required")]
    UpgradeRequired,
    /// A token in the address, which is refused whatever it is.
    #[error("a token in the address")]
    TokenInAddress,
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
    /// The body is not what the operation takes.
    pub(super) const BAD_REQUEST: Self = Self::Plain(Cause::BadRequest);

    /// Status and reason phrase.
    const fn wire(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Plain(cause) => match cause {
                Cause::BadRequest | Cause::MalformedJson => (StatusCode::BAD_REQUEST, "Bad Request"),
                Cause::WrongCredentials | Cause::Token(_) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
                Cause::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
                Cause::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
                Cause::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
                Cause::Timeout => (StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
                Cause::Taken => (StatusCode::CONFLICT, "Conflict"),
                Cause::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large"),
                Cause::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"),
                Cause::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
                Cause::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            },
            Self::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "Upgrade Required"),
            Self::TokenInAddress => (StatusCode::UNAUTHORIZED, "Unauthorized"),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.wire().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, error) = self.wire();
        let mut response = match self {
            Self::Plain(cause) => cause.response(status),
            Self::UpgradeRequired => {
                // RFC 9110, section 15.5.22; RFC 6455, section 4.4.
                let mut response = HttpResponse::build(status);
                response.insert_header((UPGRADE, "websocket")).insert_header((SEC_WEBSOCKET_VERSION, VERSION));
                response
            }
            Self::TokenInAddress => HttpResponse::build(status),
        };
        if status == StatusCode::UNAUTHORIZED {
            let challenge = if *self == Self::TokenInAddress { TOKEN_IN_ADDRESS } else { "Bearer" };
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        response.json(Failure { error })
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        Cause::from(error).into()
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Cause::from(error).into()
    }
}
