//! Registration, which the document does not describe: fields in its manner, and the answer of a login, because who
//! registers wants to be in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post, web::Bytes};
use countersign_core::{
    AuthError, Grant, Registration, Request, Secret,
    identifier::{self, Key, Kind},
    password::PasswordFlaw,
};
use utoipa::ToSchema;

use super::{
    Hotel, NAME, Tokens,
    error::{Error, Failure},
    input::Fields,
    never_stored,
};
use crate::{
    body::{Body, Parse},
    django,
    mount::Use,
};

/// Somebody new. At least one of address and number is needed; both log in.
#[derive(ToSchema)]
#[schema(as = hotel::Registration)]
pub struct Register {
    /// E-mail address.
    #[schema(required = false, example = "user@example.com", max_length = 255)]
    email: Option<String>,
    /// Phone number in international form.
    #[schema(required = false, example = "+79991234567", max_length = 255)]
    phone: Option<String>,
    /// The password, as typed.
    #[schema(value_type = String, format = Password, example = "secure_password", min_length = 1)]
    password: Secret,
    /// First name.
    #[schema(value_type = String, required = false, example = "Имя", max_length = 255)]
    first_name: String,
    /// Last name.
    #[schema(value_type = String, required = false, example = "Фамилия", max_length = 255)]
    last_name: String,
}

impl Parse<Hotel> for Register {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let mut fields = Fields::json(request, &body)?;
        let register = Self::read(&mut fields);
        fields.verdict()?;
        Ok(register)
    }
}

impl Register {
    /// What is wrong is noted in `fields`, whose verdict is still to be asked for.
    pub(super) fn read(fields: &mut Fields) -> Self {
        let (email, phone) = (fields.optional("email"), fields.optional("phone"));
        let password = fields.text("password");
        let first_name = fields.optional("first_name").unwrap_or_default();
        let last_name = fields.optional("last_name").unwrap_or_default();
        if email.is_none() && phone.is_none() && !fields.is_wrong("email") && !fields.is_wrong("phone") {
            fields.wrong("email", "An e-mail address or a phone number is required.");
        }
        if email.as_deref().is_some_and(|email| django::email_flaw(email).is_some() || !Key::email(email).fits()) {
            fields.wrong("email", "This is not an e-mail address.");
        }
        if phone.as_deref().is_some_and(|phone| identifier::e164(phone).is_none()) {
            fields.wrong("phone", "This is not a phone number in international form, such as +79991234567.");
        }
        Self { email, phone, password: password.into(), first_name, last_name }
    }

    /// The identifiers, to ask for before the slow hash.
    pub(super) fn wanted(&self) -> Vec<(Kind, Key)> {
        let email = self.email.as_deref().map(|email| (Kind::Email, Key::email(email)));
        let phone = self.phone.as_deref().and_then(identifier::e164).map(|phone| (Kind::Phone, Key::phone(&phone)));
        [email, phone].into_iter().flatten().collect()
    }
}

impl From<Register> for Registration {
    fn from(register: Register) -> Self {
        let Register { email, phone, password, first_name, last_name } = register;
        Self { email, phone, first_name, last_name, ..Self::new(password) }
    }
}

/// Register
///
/// Everybody who registers is a tourist, whatever else the body says; an administrator gives other roles. The answer is that
/// of a login.
#[utoipa::path(
    operation_id = "hotel_register_user",
    tag = NAME,
    request_body = Register,
    responses(
        (status = 201, description = "Registered and logged in", body = Tokens,
            headers(("Cache-Control" = String, description = "`no-store`"))),
        (status = 400, description = "Not a JSON object", body = Failure),
        (status = 408, description = "The body took too long", body = Failure),
        (status = 413, description = "The body is too long", body = Failure),
        (status = 415, description = "The body is not JSON", body = Failure),
        (status = 422, description = "Missing, mistyped, weak or taken fields", body = Failure),
        (status = 429, description = "Too many registrations; nothing was done", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "Overloaded or without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(()),
)]
#[post("/register")]
pub async fn register_user(
    request: HttpRequest,
    mount: Use<Hotel>,
    body: Body<Hotel, Register>,
) -> Result<HttpResponse, Error> {
    let register = body.into_inner();
    mount.count(&request, Request::Registration).await?;
    let entered = mount.hashing(&request, move |auth| {
        auth.check_free(&register.wanted())?;
        auth.enter(&auth.register(&register.into())?, &Grant::named(NAME))
    });
    let issued = entered.await.map_err(refused)?;
    Ok(never_stored(StatusCode::CREATED, &Tokens::of(&issued, &mount)?))
}

/// What core finds wrong is wrong with a field.
pub(super) fn refused(error: AuthError) -> Error {
    let fields = match error {
        AuthError::Taken(taken) => taken.0.into_iter().map(taken_field).collect(),
        AuthError::WeakPassword(flaws) => flaws.iter().map(|flaw| ("password", flaw_sentence(flaw))).collect(),
        AuthError::Invalid { field } => vec![(field, "This field is not valid.")],
        other => return other.into(),
    };
    Error::Validation { fields }
}

const fn taken_field(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Phone => ("phone", "This phone number is already registered."),
        Kind::Email | Kind::Username => ("email", "This e-mail address is already registered."),
    }
}

const fn flaw_sentence(flaw: &PasswordFlaw) -> &'static str {
    match flaw {
        PasswordFlaw::TooLong { .. } => "This password is too long.",
        PasswordFlaw::TooShort { .. } => "This password is too short.",
        PasswordFlaw::TooSimilar { .. } => "This password is too similar to the other fields.",
        PasswordFlaw::TooCommon => "This password is too common.",
        PasswordFlaw::EntirelyNumeric => "This password has digits only.",
    }
}
