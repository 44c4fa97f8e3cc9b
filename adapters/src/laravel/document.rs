//! What the OpenAPI documents of the Laravel dialects have in common.

use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::csrf::XSRF_HEADER;

/// The security scheme of a personal access token.
pub const BEARER: &str = "laravel_bearer";
/// The security scheme of the session cookie.
pub const SESSION: &str = "laravel_session";
/// The security scheme of the header that goes with it on unsafe methods.
pub const XSRF: &str = "laravel_xsrf";

/// The description of a Laravel dialect, with `session_cookie` if it has sessions.
pub fn describe(title: &str, description: &str, session_cookie: Option<&str>) -> OpenApi {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A personal access token."));
    let mut components = ComponentsBuilder::new().security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
    if let Some(cookie) = session_cookie {
        let header = ApiKeyValue::with_description(XSRF_HEADER, "The value of the XSRF-TOKEN cookie.");
        components = components
            .security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie))))
            .security_scheme(XSRF, SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title(title)
                .description(Some(description))
                .version(env!("CARGO_PKG_VERSION"))
                .license(Some(license))
                .build(),
        )
        .components(Some(components.build()))
        .build()
}
