//! What a Django dialect says when it says no: one `match` from every cause to status and body.

use std::time::Duration;

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

use super::{authorization::Unauthenticated, language::Language, message::Message, pages};
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
    Refused(Message),
    /// One sentence.
    #[error("{status}: {detail}")]
    Detail {
        /// The status.
        status: StatusCode,
        /// The sentence.
        detail: Message,
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
    pub fn detail(status: StatusCode, detail: impl Into<Message>) -> Self {
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
        let detail = Message::new("Method \"{method}\" not allowed.").with("method", method);
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// 400 for the request as a whole.
    pub fn non_field(message: impl Into<Message>) -> Self {
        Self::field(NON_FIELD, message)
    }

    /// 400 for one field.
    pub fn field(name: &'static str, message: impl Into<Message>) -> Self {
        Self::Invalid(FieldErrors(vec![(name, vec![message.into()])]))
    }
}

impl Error {
    /// The answer in a language.
    pub(super) fn answer(&self, language: Language) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::Invalid(errors) => response.json(Said(errors, language)),
            Self::Refused(message) => response.json([language.text(message)]),
            Self::Detail { detail, .. } => response.json(Detail { detail: &language.text(detail) }),
            Self::Unauthenticated(why) => response.insert_header((WWW_AUTHENTICATE, "Token")).json(why.body(language)),
            Self::Throttled { wait } => {
                let seconds = retry_seconds(*wait);
                let detail = throttled(seconds, language);
                response.insert_header((RETRY_AFTER, seconds)).json(Detail { detail: &detail })
            }
            Self::Unavailable { retry_after } => response
                .insert_header((RETRY_AFTER, retry_seconds(*retry_after)))
                .json(Detail { detail: "Service temporarily unavailable, try again later." }),
            Self::Page(status) => pages::page(*status),
        }
    }
}

/// Messages by field, in the order of the serializer's fields.
#[derive(Debug, Default)]
pub struct FieldErrors(pub Vec<(&'static str, Vec<Message>)>);

impl FieldErrors {
    /// Is everything in order?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message for `field`, which in the serializer stands right behind `predecessor`.
    pub fn insert(&mut self, predecessor: &str, field: &'static str, message: impl Into<Message>) {
        let at = self.0.iter().position(|(name, _)| *name == predecessor).map_or(0, |at| at + 1);
        self.0.insert(at, (field, vec![message.into()]));
    }
}

/// The messages in a language, as they are sent.
struct Said<'a>(&'a FieldErrors, Language);

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(FieldErrors(fields), language) = self;
        let said =
            |messages: &'_ [Message]| messages.iter().map(|message| language.text(message).into_owned()).collect();
        serializer.collect_map(fields.iter().map(|(field, messages)| -> (_, Vec<String>) { (field, said(messages)) }))
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

    /// In English; where another language is asked for, [`super::dispatch`] writes the answer again.
    fn error_response(&self) -> HttpResponse {
        self.answer(Language::ENGLISH)
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::WrongCredentials => Self::non_field("Unable to log in with provided credentials."),
            AuthError::Token(fault) => Self::Unauthenticated(match fault {
                TokenFault::Missing => Unauthenticated::Missing,
                TokenFault::UserInactive => Unauthenticated::Inactive,
                TokenFault::Malformed
                | TokenFault::Unknown
                | TokenFault::Expired
                | TokenFault::Spent
                | TokenFault::Replayed(_)
                | TokenFault::Claims(_) => Unauthenticated::Unknown,
            }),
            AuthError::Forbidden | AuthError::LastAdministrator => Self::forbidden(),
            // A look before found them free, so another spelling or another request holds them: Djoser's answer to a
            // violated constraint.
            AuthError::Taken(_) => Self::Refused(Message::new("Unable to create account.")),
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
            BodyError::TooLarge { .. } => {
                Self::detail(StatusCode::PAYLOAD_TOO_LARGE, Message::verbatim("Request body is too large."))
            }
            BodyError::TooSlow { .. } => {
                Self::detail(StatusCode::REQUEST_TIMEOUT, Message::verbatim("Request body took too long."))
            }
            BodyError::UnsupportedMediaType { media_type } => Self::detail(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Message::new("Unsupported media type \"{media_type}\" in request.").with("media_type", media_type),
            ),
            BodyError::Broken
            | BodyError::Syntax { .. }
            | BodyError::DuplicateKey { .. }
            | BodyError::Nul { .. }
            | BodyError::Shape { .. } => Self::detail(StatusCode::BAD_REQUEST, "Malformed request."),
        }
    }
}

/// What the framework says to somebody who has to wait: two sentences, each translated by itself. By their number no
/// language but English is asked.
fn throttled(seconds: u64, language: Language) -> String {
    let until = match seconds {
        1 => "Expected available in {wait} second.",
        _ => "Expected available in {wait} seconds.",
    };
    let (refusal, until) =
        (Message::new("Request was throttled."), Message::new(until).with("wait", seconds.to_string()));
    format!("{} {}", language.text(&refusal), language.text(&until))
}

/// The messages of Django's password validators.
pub fn password_messages(flaws: &[PasswordFlaw]) -> Vec<Message> {
    let message = |flaw: &PasswordFlaw| match flaw {
        PasswordFlaw::TooSimilar { attribute } => Message::new("The password is too similar to the %(verbose_name)s.")
            .with("verbose_name", Message::new(attribute)),
        PasswordFlaw::TooShort { min } => Message::counted(
            "This password is too short. It must contain at least %d character.",
            "This password is too short. It must contain at least %d characters.",
            *min as u64,
        ),
        PasswordFlaw::TooCommon => Message::new("This password is too common."),
        PasswordFlaw::EntirelyNumeric => Message::new("This password is entirely numeric."),
        PasswordFlaw::TooLong { max_bytes } => {
            Message::verbatim(format!("This password is too long. It must contain at most {max_bytes} bytes."))
        }
    };
    flaws.iter().map(message).collect()
}
