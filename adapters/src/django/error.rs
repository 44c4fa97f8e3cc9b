//! What a Django dialect says when it says no: one `match` from every cause to status and body.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use countersign_core::{AuthError, TokenFault, password::PasswordFlaw};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{authorization::Unauthenticated, pages};
use crate::{
    body::BodyError,
    plain::{STORE_RETRY, retry_seconds},
};

/// The key of errors that belong to no field.
const NON_FIELD: &str = "non_field_errors";

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the fields that are wrong.
    #[error("invalid: {0:?}")]
    Invalid(FieldErrors),
    /// 400: a refusal from behind the validation, which DRF renders as a bare list.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// One sentence.
    #[error("{status}: {detail}")]
    Detail {
        /// The status.
        status: StatusCode,
        /// The sentence.
        detail: Cow<'static, str>,
    },
    /// 401.
    #[error("unauthenticated: {0:?}")]
    Unauthenticated(Unauthenticated),
    /// 429.
    #[error("throttled")]
    Throttled {
        /// How long nothing will be done.
        wait: Duration,
    },
    /// 503.
    #[error("service unavailable")]
    Unavailable {
        /// When it may be worth another try.
        retry_after: Duration,
    },
    /// Refused by Django itself, before the framework on top of it: an HTML page.
    #[error("{0}")]
    Page(StatusCode),
}

impl Error {
    /// One sentence under a status.
    pub fn detail(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Detail { status, detail: detail.into() }
    }

    /// 404 by a view (a path without a view has a page).
    pub fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// 403.
    pub fn forbidden() -> Self {
        Self::detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.")
    }

    /// 405; `Allow` is on every answer of a view anyway.
    pub fn method_not_allowed(method: &str) -> Self {
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{method}\" not allowed."))
    }

    /// 400 for the request as a whole.
    pub fn non_field(message: impl Into<String>) -> Self {
        Self::field(NON_FIELD, message)
    }

    /// 400 for one field.
    pub fn field(name: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(FieldErrors(vec![(name, vec![message.into()])]))
    }
}

/// Messages by field, in the order of the serializer's fields.
#[derive(Debug, Default)]
pub struct FieldErrors(pub Vec<(&'static str, Vec<String>)>);

impl FieldErrors {
    /// Is everything in order?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message for `field`, which in the serializer stands right behind `predecessor`.
    pub fn insert(&mut self, predecessor: &str, field: &'static str, message: &str) {
        let at = self.0.iter().position(|(name, _)| *name == predecessor).map_or(0, |at| at + 1);
        self.0.insert(at, (field, vec![message.to_owned()]));
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, messages)| (field, messages)))
    }
}

/// One sentence that says what is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = django::Detail)]
pub struct Detail<'a> {
    /// The sentence.
    #[schema(example = "Invalid token.")]
    detail: &'a str,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::Refused(_) => StatusCode::BAD_REQUEST,
            Self::Detail { status, .. } | Self::Page(status) => *status,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::Invalid(errors) => response.json(errors),
            Self::Refused(message) => response.json([message]),
            Self::Detail { detail, .. } => response.json(Detail { detail }),
            Self::Unauthenticated(why) => response.insert_header((WWW_AUTHENTICATE, "Token")).json(why.body()),
            Self::Throttled { wait } => {
                let seconds = retry_seconds(*wait);
                response.insert_header((RETRY_AFTER, seconds)).json(Detail { detail: &throttled(seconds) })
            }
            Self::Unavailable { retry_after } => response
                .insert_header((RETRY_AFTER, retry_seconds(*retry_after)))
                .json(Detail { detail: "Service temporarily unavailable, try again later." }),
            Self::Page(status) => pages::page(*status),
        }
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::WrongCredentials => Self::non_field("Unable to log in with provided credentials."),
            AuthError::Token(fault) => Self::Unauthenticated(match fault {
                TokenFault::Missing => Unauthenticated::Missing,
                TokenFault::UserInactive => Unauthenticated::Inactive,
                TokenFault::Malformed | TokenFault::Unknown | TokenFault::Expired => Unauthenticated::Unknown,
            }),
            AuthError::Forbidden => Self::forbidden(),
            // A look before found them free, so another spelling or another request holds them: Djoser's answer to a
            // violated constraint.
            AuthError::Taken(_) => Self::Refused("Unable to create account."),
            AuthError::Invalid { field } => Self::field(field, "Enter a valid value."),
            AuthError::WeakPassword(flaws) => Self::Invalid(FieldErrors(vec![("password", password_messages(&flaws))])),
            AuthError::NotFound | AuthError::Unsupported(_) => Self::not_found(),
            AuthError::Throttled { retry_after } => Self::Throttled { wait: retry_after },
            AuthError::Busy { retry_after } => Self::Unavailable { retry_after },
            AuthError::Store(cause) => {
                tracing::error!(%cause, "django: answered 503");
                Self::Unavailable { retry_after: STORE_RETRY }
            }
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { .. } => Self::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large."),
            BodyError::TooSlow { .. } => Self::detail(StatusCode::REQUEST_TIMEOUT, "Request body took too long."),
            BodyError::UnsupportedMediaType { media_type } => Self::detail(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Unsupported media type \"{media_type}\" in request."),
            ),
            BodyError::Broken
            | BodyError::Syntax { .. }
            | BodyError::DuplicateKey { .. }
            | BodyError::Nul { .. }
            | BodyError::Shape { .. } => Self::detail(StatusCode::BAD_REQUEST, "Malformed request."),
        }
    }
}

/// What the framework says to somebody who has to wait.
fn throttled(seconds: u64) -> String {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    format!("Request was throttled. Expected available in {seconds} {unit}.")
}

/// The messages of Django's password validators.
pub fn password_messages(flaws: &[PasswordFlaw]) -> Vec<String> {
    let message = |flaw: &PasswordFlaw| match flaw {
        PasswordFlaw::TooSimilar { attribute } => format!("The password is too similar to the {attribute}."),
        PasswordFlaw::TooShort { min } => {
            format!("This password is too short. It must contain at least {min} characters.")
        }
        PasswordFlaw::TooCommon => "This password is too common.".to_owned(),
        PasswordFlaw::EntirelyNumeric => "This password is entirely numeric.".to_owned(),
        PasswordFlaw::TooLong { max_bytes } => {
            format!("This password is too long. It must contain at most {max_bytes} bytes.")
        }
    };
    flaws.iter().map(message).collect()
}
