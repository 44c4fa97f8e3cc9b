//! What the OpenAPI documents of the Laravel dialects have in common.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema as _, ToSchema,
    openapi::{
        ComponentsBuilder, Header, HeaderBuilder, OpenApi, OpenApiBuilder, RefOr, Response, ResponseBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{csrf::XSRF_HEADER, fault::Message, session::SESSION_COOKIE};
use crate::document;

/// The security scheme of a personal access token.
const BEARER: &str = "laravel_bearer";
/// The security scheme of the session cookie.
const SESSION: &str = "laravel_session";
/// The security scheme of the header that goes with it on unsafe methods.
const XSRF: &str = "laravel_xsrf";

/// The description of a Laravel dialect. Each names the schemes of both, because beside each other they take both.
pub fn describe(title: &str, description: &str) -> OpenApi {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A personal access token."));
    let cookie = ApiKeyValue::with_description(
        SESSION_COOKIE,
        "The session of a front end, where a cookie login is mounted; the setting session_cookie renames it.",
    );
    let header = ApiKeyValue::with_description(XSRF_HEADER, "The value of the XSRF-TOKEN cookie.");
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(bearer.build()))
        .security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .security_scheme(XSRF, SecurityScheme::ApiKey(ApiKey::Header(header)))
        .schema(Message::name(), Message::schema());
    OpenApiBuilder::new().info(document::info(title, description)).components(Some(components.build())).build()
}

/// The refusals of whoever is not logged in.
pub struct Unauthenticated;

impl IntoResponses for Unauthenticated {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let redirect = "Who does not ask for JSON is sent to the login form, or back to a form that was refused";
        let redirect = ResponseBuilder::new().description(redirect).build();
        BTreeMap::from([
            ("302".to_owned(), redirect.into()),
            document::refusal::<Message>(401, "Nobody is logged in", None),
        ])
    }
}

/// The refusals of whatever changes something: its body is read, if only for the CSRF token of a front end.
pub struct Changing;

impl IntoResponses for Changing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let reason = HeaderBuilder::new().schema(Some(String::schema())).description(Some("The reason")).build();
        BTreeMap::from([
            document::refusal::<Message>(400, "The body did not arrive whole", None),
            document::refusal::<Message>(408, "The body took too long", None),
            document::refusal::<Message>(413, "The body is too long", None),
            document::refusal::<Message>(
                419,
                "A front end sent no CSRF token, or another",
                Some(("X-CSRF-Failure", reason)),
            ),
        ])
    }
}

/// The refusal of whoever guesses, registers or asks too often.
pub struct Throttled;

impl IntoResponses for Throttled {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([document::refusal::<Message>(429, "Too often; nothing was done", Some(retry_after()))])
    }
}

/// The refusal of whatever asks the store.
pub struct Unavailable;

impl IntoResponses for Unavailable {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let description = "Overloaded or without a database; nothing was done";
        BTreeMap::from([document::refusal::<Message>(503, description, Some(retry_after()))])
    }
}

fn retry_after() -> (&'static str, Header) {
    let seconds = HeaderBuilder::new().schema(Some(u64::schema())).description(Some("Seconds"));
    ("Retry-After", seconds.build())
}
