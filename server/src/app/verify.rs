//! `/verify`: may a request pass that a gateway asks about, and who sent it?
//!
//! It answers 200, 401 or 403, because nginx makes a 500 of everything else; and 503 if the store has failed, where a 500
//! is right and a 401 would be a lie. Whoever is let through is described by headers that are always there and never empty:
//! a gateway that copies them replaces whatever a client has sent under these names.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderName, HeaderValue},
    web,
};
use countersign_adapters::abilities;
use countersign_core::{TokenId, Verified};
use percent_encoding::utf8_percent_encode;

use super::{
    gates::{self, Gates},
    paths::is_below,
};

/// The path, and everything below it: some gateways append that of the request in doubt.
const PATHS: [&str; 2] = ["/verify", "/verify/{path:.*}"];
/// What stands for nothing.
const NONE: &str = "none";

/// Registers the path itself, for every method.
pub(super) fn often(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource(PATHS[0]).route(web::route().to(verify)));
}

/// Registers what is below.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource(PATHS[1]).route(web::route().to(verify)));
}

/// Is `path` this one? A preflight there is a question like any other.
pub(super) fn is_asked(path: &str) -> bool {
    is_below(PATHS[0], path)
}

/// Verify a request
///
/// For gateways: who sent a request with this request's credential headers (`Authorization`, or the cookies of a front end)?
/// Any method, and any path below; a body is not read. `ability` must be held, each if there are several; `role` is one of
/// those that are named. With a cookie alone, a request that changes something must have the `X-XSRF-TOKEN`; its method is
/// this request's, or in `X-Original-Method` or `X-Forwarded-Method`.
///
/// In the headers what is not visible ASCII is percent-encoded, and what is not known is `none`.
#[utoipa::path(
    get,
    path = "/verify",
    operation_id = "server_verify_request",
    tag = "server",
    params(
        ("ability" = Option<Vec<String>>, Query, description = "What the credential must be able to do"),
        ("role" = Option<Vec<String>>, Query, description = "What the user may be"),
    ),
    responses(
        (status = 200, description = "Let it through", headers(
            ("X-Auth-User" = i64, description = "The user's number"),
            ("X-Auth-Uuid" = String, description = "The user's other id"),
            ("X-Auth-Username" = String, description = "The user name"),
            ("X-Auth-Email" = String, description = "The address"),
            ("X-Auth-Role" = String, description = "The role"),
            ("X-Auth-Abilities" = String, description = "What the credential may do, separated by commas"),
            ("X-Auth-Token" = i64, description = "The number of the token"),
            ("X-Auth-Kind" = String, description = "`sanctum`, `djoser`, `knox`, `jwt` or `session`"),
        )),
        (status = 401, description = "Nobody's credential", body = gates::Refusal,
            headers(("WWW-Authenticate" = String, description = "A scheme that is taken"))),
        (status = 403, description = "Somebody who may not, or a forged request", body = gates::Refusal),
        (status = 503, description = "Without a database", body = gates::Refusal,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("server_bearer" = []), ("server_token" = [])),
)]
pub(super) async fn verify(request: HttpRequest, gates: web::Data<Gates>) -> HttpResponse {
    match gates.sender(&request).await {
        Ok(sender) if may(&sender, request.query_string()) => admitted(&sender),
        Ok(_) => gates::forbidden(),
        Err(error) => gates.refuse(&error),
    }
}

/// Is the sender what the query asks for? What else it holds belongs to the request in doubt.
fn may(sender: &Verified, query: &str) -> bool {
    let (mut asks_role, mut has_role) = (false, false);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "ability" if !abilities::allow(&sender.token.abilities, &value) => return false,
            "role" => {
                asks_role = true;
                has_role |= sender.user.role.as_str() == value;
            }
            _ => {}
        }
    }
    has_role || !asks_role
}

fn admitted(sender: &Verified) -> HttpResponse {
    let Verified { user, token, .. } = sender;
    let identity = [
        ("x-auth-user", user.id.to_string()),
        ("x-auth-uuid", user.uuid.to_string()),
        ("x-auth-username", encoded(&user.username)),
        ("x-auth-email", user.email.as_deref().map(encoded).unwrap_or_default()),
        ("x-auth-role", user.role.as_str().to_owned()),
        ("x-auth-abilities", gates::listed(&token.abilities, ",")),
        ("x-auth-token", if token.id == TokenId::NONE { String::new() } else { token.id.to_string() }),
        ("x-auth-kind", token.kind.as_str().to_owned()),
    ];
    let mut answer = HttpResponse::Ok();
    for (name, text) in identity {
        let value = HeaderValue::try_from(text).ok().filter(|value| !value.as_bytes().trim_ascii().is_empty());
        answer.insert_header((HeaderName::from_static(name), value.unwrap_or(HeaderValue::from_static(NONE))));
    }
    answer.finish()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, gates::HIDDEN).to_string()
}
