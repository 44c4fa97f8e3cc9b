//! Every refusal of the Laravel dialects, and the one place that says it.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        Method, StatusCode,
        header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use countersign_core::{AuthError, identifier::Kind, password::PasswordFlaw};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer, client, cors,
    front::MeansHead,
    path,
    rules::{Errors, ValidationError, label},
    visitor::Visitor,
};
use crate::{
    body::BodyError,
    mount::Site,
    plain::{STORE_RETRY, retry_seconds},
};

/// What a wrong password at a form is told (`lang/en/auth.php`).
pub const NO_SUCH_CREDENTIALS: &str = "These credentials do not match our records.";

/// What went wrong.
#[derive(Debug)]
pub enum Fault {
    /// The use case refused.
    Auth(AuthError),
    /// The body could not be read.
    Body(BodyError),
    /// The input is not what the operation takes.
    Invalid(Errors),
    /// A status with a message of its own.
    Status(StatusCode, Cow<'static, str>),
    /// A message that no exception made: compact JSON, whatever the client takes.
    Said(StatusCode, &'static str),
}

impl From<AuthError> for Fault {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<Errors> for Fault {
    fn from(errors: Errors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

/// How a refusal is said.
#[derive(Debug)]
enum Manner {
    Json,
    Page {
        /// Where who is not logged in is sent.
        login: String,
        /// Where a form is sent back.
        back: String,
    },
}

impl Manner {
    fn of(request: &HttpRequest, site: &Site) -> Self {
        if client::expects_json(request.headers()) {
            Self::Json
        } else {
            let back = Visitor::back(request, site);
            Self::Page { login: format!("{}/login", site.base_url), back }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth(error) => error.fmt(f),
            Self::Body(error) => error.fmt(f),
            Self::Invalid(_) => f.write_str("invalid input"),
            Self::Status(status, message) => write!(f, "{status}: {message}"),
            Self::Said(status, message) => write!(f, "{status}: {message}"),
        }
    }
}

/// A refusal that is no list of errors.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = laravel::Message)]
pub struct Message {
    /// What is wrong.
    #[schema(value_type = String, example = "Unauthenticated.")]
    message: &'static str,
}

/// A refusal as it goes over the wire.
enum Wire<'a> {
    /// 401, or the way to the login form.
    Unauthenticated,
    /// 422, or the way back to the form.
    Invalid(Cow<'a, Errors>),
    /// A status and its message.
    Status(StatusCode, Cow<'a, str>),
    /// The same as compact JSON.
    Said(StatusCode, &'static str),
    /// 429 with the time after which another try is admitted.
    Throttled(Duration),
    /// 503 with the time after which another try may be worth it.
    Unavailable(Duration),
}

impl Fault {
    /// The one `match` between what happened and what is said.
    fn wire(&self) -> Wire<'_> {
        let status = |status, message| Wire::Status(status, Cow::Borrowed(message));
        let invalid = |errors| Wire::Invalid(Cow::Owned(errors));
        match self {
            Self::Invalid(errors) => Wire::Invalid(Cow::Borrowed(errors)),
            Self::Status(code, message) => Wire::Status(*code, Cow::Borrowed(message)),
            Self::Said(code, message) => Wire::Said(*code, message),
            Self::Auth(error) => match error {
                AuthError::Token(_) => Wire::Unauthenticated,
                AuthError::WrongCredentials => invalid(Errors::one("email", NO_SUCH_CREDENTIALS)),
                AuthError::Forbidden | AuthError::LastAdministrator => {
                    status(StatusCode::FORBIDDEN, "This action is unauthorized.")
                }
                AuthError::NotFound => status(StatusCode::NOT_FOUND, "Not Found"),
                AuthError::Taken(taken) => {
                    let field = if taken.has(Kind::Phone) { "phone" } else { "email" };
                    invalid(Errors::one(field, format!("The {field} has already been taken.")))
                }
                AuthError::Invalid { field } => invalid(unusable(field)),
                AuthError::WeakPassword(flaws) => {
                    let mut errors = Errors::default();
                    for flaw in flaws {
                        errors.add("password", flaw_message(flaw));
                    }
                    invalid(errors)
                }
                AuthError::Throttled { retry_after } => Wire::Throttled(*retry_after),
                AuthError::Busy { retry_after } => Wire::Unavailable(*retry_after),
                AuthError::Store(_) => Wire::Unavailable(STORE_RETRY),
                AuthError::Unsupported(_) => status(StatusCode::INTERNAL_SERVER_ERROR, "Server Error"),
            },
            Self::Body(error) => match error {
                BodyError::TooLarge { .. } => status(StatusCode::PAYLOAD_TOO_LARGE, "The POST data is too large."),
                BodyError::TooSlow { .. } => status(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
                BodyError::UnsupportedMediaType { .. } => {
                    status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type")
                }
                // A form knows what to do with the error of a field, and Laravel has no other words for bad input.
                BodyError::DuplicateKey { key: field } | BodyError::Nul { field } => invalid(unusable(field)),
                BodyError::Broken | BodyError::Syntax { .. } | BodyError::Shape { .. } => {
                    status(StatusCode::BAD_REQUEST, "Bad Request")
                }
            },
        }
    }

    /// The log keeps what the client is not told.
    fn log(&self) {
        match self {
            Self::Auth(error @ (AuthError::Store(_) | AuthError::Unsupported(_))) => {
                tracing::error!(%error, "request failed");
            }
            Self::Auth(error) => tracing::debug!(%error, "request refused"),
            Self::Body(error) => tracing::debug!(%error, "body refused"),
            Self::Invalid(_) | Self::Status(..) | Self::Said(..) => {}
        }
    }
}

fn unusable(field: &str) -> Errors {
    Errors::one(field, format!("The {} field is invalid.", label(field)))
}

/// What a new password is told; the first as Laravel has it, the others in its manner.
pub fn flaw_message(flaw: &PasswordFlaw) -> String {
    match flaw {
        PasswordFlaw::TooShort { min } => format!("The password field must be at least {min} characters."),
        PasswordFlaw::TooLong { max_bytes } => {
            format!("The password field must not be greater than {max_bytes} bytes.")
        }
        PasswordFlaw::TooSimilar { attribute } => format!("The password field is too similar to the {attribute}."),
        PasswordFlaw::TooCommon => "The password field is too common.".to_owned(),
        PasswordFlaw::EntirelyNumeric => "The password field must not be entirely numeric.".to_owned(),
    }
}

/// The status alone: how a fault is said depends on the request, which only [`said_to`] sees. Every handler is wrapped in
/// its [`super::stateful::Group`], which replaces this answer.
impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self.wire() {
            Wire::Unauthenticated => StatusCode::UNAUTHORIZED,
            Wire::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Wire::Status(status, _) | Wire::Said(status, _) => status,
            Wire::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Wire::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// `fault` as the sender of `request` wants to hear it.
pub fn said_to(request: &HttpRequest, site: &Site, fault: &Fault) -> HttpResponse {
    fault.log();
    match (fault.wire(), Manner::of(request, site)) {
        (Wire::Unauthenticated, Manner::Page { login, .. }) if !site.laravel.json_unauthenticated => {
            Visitor::sent_to_login(request, site);
            answer::redirect(&login)
        }
        (Wire::Unauthenticated, _) => unauthenticated(site),
        (Wire::Invalid(errors), Manner::Json) => {
            answer::json(StatusCode::UNPROCESSABLE_ENTITY, &ValidationError::from(errors.as_ref()))
        }
        (Wire::Invalid(_), Manner::Page { back, .. }) => answer::redirect(&back),
        (Wire::Said(status, message), _) => answer::json(status, &Message { message }),
        (Wire::Status(status, message), manner) => said(status, &message, matches!(manner, Manner::Json)),
        // Thrown by the middleware `throttle`.
        (Wire::Throttled(after), manner) => {
            later(StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts.", after, matches!(manner, Manner::Json))
        }
        (Wire::Unavailable(after), manner) => {
            later(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", after, matches!(manner, Manner::Json))
        }
    }
}

fn unauthenticated(site: &Site) -> HttpResponse {
    let mut response = answer::json(StatusCode::UNAUTHORIZED, &Message { message: "Unauthenticated." });
    if site.laravel.www_authenticate {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// [`said`], with the time after which to come back.
fn later(status: StatusCode, message: &str, after: Duration, as_json: bool) -> HttpResponse {
    let mut response = said(status, message, as_json);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_seconds(after)));
    response
}

/// A status with a message, or its page.
pub fn said(status: StatusCode, message: &str, as_json: bool) -> HttpResponse {
    if as_json { answer::message(status, message) } else { page(status) }
}

/// Laravel's page of a status, or Symfony's if Laravel has none.
fn page(status: StatusCode) -> HttpResponse {
    // Laravel's own number; HTTP has no name for it.
    const PAGE_EXPIRED: u16 = 419;
    let reason = status.canonical_reason().unwrap_or("Error");
    match status.as_u16() {
        PAGE_EXPIRED => answer::page(status, "Page Expired"),
        500 => answer::page(status, "Server Error"),
        401..=404 | 429 | 503 => answer::page(status, reason),
        // RFC 9110 renamed it.
        413 => answer::plain_page(status, "Content Too Large"),
        _ => answer::plain_page(status, reason),
    }
}

/// The order in which Laravel's router names methods.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// [`crate::Adapter::unserved`] of both dialects: what Laravel's router says when no route fits.
pub fn unserved(request: &HttpRequest, allowed: &[Method]) -> HttpResponse {
    let mut response = routed(request, allowed);
    if let Some(site) = request.app_data::<Arc<Site>>() {
        cors::mark(site, request, &mut response);
    }
    response
}

fn routed(request: &HttpRequest, allowed: &[Method]) -> HttpResponse {
    let as_json = client::expects_json(request.headers());
    let path = path::shown(request);
    if allowed.is_empty() {
        return said(StatusCode::NOT_FOUND, &format!("The route {path} could not be found."), as_json);
    }
    // Whatever is served for GET is served for HEAD.
    let serves =
        |name: &&str| allowed.iter().any(|method| method == name || (method == Method::GET && *name == "HEAD"));
    let methods: Vec<&str> = METHODS.into_iter().filter(serves).collect();
    if request.method() == Method::OPTIONS {
        let mut response = answer::html(StatusCode::OK, String::new());
        allow(&mut response, &methods.join(","));
        return response;
    }
    let methods = methods.join(", ");
    let method = if MeansHead::is_in(request) { &Method::HEAD } else { request.method() };
    let message = format!("The {method} method is not supported for route {path}. Supported methods: {methods}.");
    let mut response = said(StatusCode::METHOD_NOT_ALLOWED, &message, as_json);
    allow(&mut response, &methods);
    response
}

fn allow(response: &mut HttpResponse, methods: &str) {
    if let Ok(value) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(ALLOW, value);
    }
}
