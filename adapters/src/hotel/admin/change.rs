//! Roles, and who may log in at all.

use actix_web::{
    HttpRequest, post, put, web,
    web::{Bytes, Json},
};
use countersign_core::{
    Role,
    model::{Mandate, Step, UserChange},
};
use utoipa::ToSchema;

use super::{
    Account, Administrators, Hotel, NAME, Permitted, RoleName,
    error::{Error, Failure},
};
use crate::{
    body::{Parse, Unread},
    hotel::input::Fields,
    mount::Use,
};

/// A role to give.
#[derive(ToSchema)]
#[schema(as = hotel::NewRole)]
struct NewRole {
    /// What the user is to the application from now on.
    #[schema(value_type = RoleName)]
    role: Role,
}

impl Parse<Hotel> for NewRole {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let mut fields = Fields::json(request, &body)?;
        let role = fields.role();
        fields.verdict()?;
        Ok(Self { role })
    }
}

/// Makes the change on the caller's word.
async fn change(
    mount: &Use<Hotel>,
    caller: &Permitted<Administrators>,
    id: String,
    change: UserChange,
) -> Result<Json<Account>, Error> {
    let (by, step) = (caller.user.id, Step::Change(change));
    let said = format!("{step:?}");
    let changed = mount.blocking(move |auth| {
        auth.check_administrator(by)?;
        auth.administer(Mandate::Administrator(by), auth.user_by_uuid(&id)?.id, &step)
    });
    let user = changed.await?;
    tracing::info!(dialect = NAME, administrator = %by, user = %user.id, step = said, "an administrator changed a user");
    Ok(Json(Account::from(&user)))
}

/// Give a user another role
///
/// For administrators. It counts from the user's next request on, with the tokens that they have. The last active
/// administrator stays one.
#[utoipa::path(
    operation_id = "hotel_set_role",
    tag = NAME,
    params(("id" = String, Path, description = "The user's id")),
    request_body = NewRole,
    responses(
        (status = 200, description = "The user", body = Account),
        (status = 400, description = "Not a JSON object", body = Failure),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 403, description = "The user is no administrator", body = Failure),
        (status = 404, description = "There is no such user", body = Failure),
        (status = 408, description = "The body took too long", body = Failure),
        (status = 409, description = "Nobody would be left to administer (`last_admin`)", body = Failure),
        (status = 413, description = "The body is too long", body = Failure),
        (status = 415, description = "The body is not JSON", body = Failure),
        (status = 422, description = "The field is missing or no role", body = Failure),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = [])),
)]
#[put("/admin/users/{id}/role")]
pub async fn set_role(
    mount: Use<Hotel>,
    caller: Permitted<Administrators>,
    path: web::Path<String>,
    body: Unread<Hotel>,
) -> Result<Json<Account>, Error> {
    let NewRole { role } = body.read().await?;
    change(&mount, &caller, path.into_inner(), UserChange::Role(role)).await
}

/// Disable a user
///
/// For administrators. Every token, session and socket of the user is dead at once and stays so; there is no login, and no
/// mailed link enables the user. The last active administrator is not disabled.
#[utoipa::path(
    operation_id = "hotel_disable_user",
    tag = NAME,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The user", body = Account),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 403, description = "The user is no administrator", body = Failure),
        (status = 404, description = "There is no such user", body = Failure),
        (status = 409, description = "Nobody would be left to administer (`last_admin`)", body = Failure),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = [])),
)]
#[post("/admin/users/{id}/disable")]
pub async fn disable_user(
    mount: Use<Hotel>,
    caller: Permitted<Administrators>,
    path: web::Path<String>,
) -> Result<Json<Account>, Error> {
    change(&mount, &caller, path.into_inner(), UserChange::Active(false)).await
}

/// Enable a user
///
/// For administrators. The user may log in again; nothing from before comes back.
#[utoipa::path(
    operation_id = "hotel_enable_user",
    tag = NAME,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The user", body = Account),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 403, description = "The user is no administrator", body = Failure),
        (status = 404, description = "There is no such user", body = Failure),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = [])),
)]
#[post("/admin/users/{id}/enable")]
pub async fn enable_user(
    mount: Use<Hotel>,
    caller: Permitted<Administrators>,
    path: web::Path<String>,
) -> Result<Json<Account>, Error> {
    change(&mount, &caller, path.into_inner(), UserChange::Active(true)).await
}
