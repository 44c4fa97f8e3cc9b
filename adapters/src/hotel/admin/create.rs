//! Registration by an administrator, who gives the role.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post, web::Bytes};
use countersign_core::{Registration, Role};
use utoipa::ToSchema;

use super::{
    Account, Administrators, Hotel, NAME, Permitted, RoleName,
    error::{Error, Failure},
};
use crate::{
    body::{Parse, Unread},
    hotel::{
        input::Fields,
        register::{self, Register},
    },
    mount::Use,
};

/// Somebody new, and the role that they get.
struct Create(Register, Role);

/// Somebody new with a role. At least one of address and number is needed; both log in.
#[derive(ToSchema)]
#[schema(as = hotel::NewAccount)]
#[expect(dead_code, reason = "a description only")]
struct NewAccount {
    /// E-mail address.
    #[schema(required = false, example = "user@example.com", max_length = 255)]
    email: Option<String>,
    /// Phone number in international form.
    #[schema(required = false, example = "+79991234567", max_length = 255)]
    phone: Option<String>,
    /// The password, as typed.
    #[schema(format = Password, example = "secure_password", min_length = 1)]
    password: String,
    /// First name.
    #[schema(required = false, example = "Имя", max_length = 255)]
    first_name: String,
    /// Last name.
    #[schema(required = false, example = "Фамилия", max_length = 255)]
    last_name: String,
    /// What the user is to the application.
    role: RoleName,
}

impl Parse<Hotel> for Create {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let mut fields = Fields::json(request, &body)?;
        let register = Register::read(&mut fields);
        let role = fields.role();
        fields.verdict()?;
        Ok(Self(register, role))
    }
}

/// Register a user
///
/// For administrators, who give any role; marks of other dialects (`is_staff`, `is_superuser`) are the server owner's alone.
/// Nobody is logged in by this.
#[utoipa::path(
    operation_id = "hotel_create_user",
    tag = NAME,
    request_body = NewAccount,
    responses(
        (status = 201, description = "Registered", body = Account),
        (status = 400, description = "Not a JSON object", body = Failure),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 403, description = "The user is no administrator", body = Failure),
        (status = 408, description = "The body took too long", body = Failure),
        (status = 413, description = "The body is too long", body = Failure),
        (status = 415, description = "The body is not JSON", body = Failure),
        (status = 422, description = "Missing, mistyped, weak or taken fields", body = Failure),
        (status = 503, description = "Overloaded or without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = []), ("hotel_password" = [])),
)]
#[post("/admin/users")]
pub async fn create_user(
    request: HttpRequest,
    mount: Use<Hotel>,
    caller: Permitted<Administrators>,
    body: Unread<Hotel>,
) -> Result<HttpResponse, Error> {
    let Create(register, role) = body.read().await?;
    let by = caller.user.id;
    let created = mount.hashing(&request, move |auth| {
        auth.check_free(&register.wanted())?;
        auth.register_by(by, &Registration { role, ..register.into() })
    });
    let user = created.await.map_err(register::refused)?;
    tracing::info!(dialect = NAME, administrator = %by, user = %user.id, %role, "an administrator registered a user");
    Ok(HttpResponse::build(StatusCode::CREATED).json(Account::from(&user)))
}
