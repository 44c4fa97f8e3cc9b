//! The bodies of the hotel API. All fields are looked at before anything is refused, so that a form can mark each.

use actix_web::{HttpRequest, web::Bytes};
use countersign_core::Secret;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Hotel, error::Error};
use crate::{body::Parse, plain};

/// The body of a login.
#[derive(ToSchema)]
#[schema(as = hotel::Login)]
pub struct Login {
    /// E-mail address, phone number in international form, or user name.
    #[schema(example = "user@example.com", min_length = 1)]
    pub(super) identifier: String,
    /// The password, as typed.
    #[schema(value_type = String, format = Password, example = "secure_password", min_length = 1)]
    pub(super) password: Secret,
}

/// The body of a refresh.
#[derive(ToSchema)]
#[schema(as = hotel::Refresh)]
pub struct Refresh {
    /// The refresh token of the login.
    #[schema(value_type = String, example = "your_refresh_token_here", min_length = 1)]
    pub(super) refresh_token: Secret,
}

impl Parse<Hotel> for Login {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let mut fields = Fields::of(plain::object(request, &body)?);
        let (identifier, password) = (fields.text("identifier"), fields.text("password"));
        fields.verdict()?;
        Ok(Self { identifier, password: password.into() })
    }
}

impl Parse<Hotel> for Refresh {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let mut fields = Fields::of(plain::object(request, &body)?);
        let refresh_token = fields.text("refresh_token").into();
        fields.verdict()?;
        Ok(Self { refresh_token })
    }
}

/// The fields of a body, and what was found wrong with them so far.
struct Fields {
    given: Map<String, Value>,
    wrong: Vec<(&'static str, &'static str)>,
}

impl Fields {
    fn of(given: Map<String, Value>) -> Self {
        Self { given, wrong: Vec::new() }
    }

    /// A required text; empty if it is not there, and then the verdict is an error.
    fn text(&mut self, field: &'static str) -> String {
        let wrong = match self.given.remove(field) {
            Some(Value::String(text)) if !text.is_empty() => return text,
            Some(Value::String(_)) => "This field must not be empty.",
            None | Some(Value::Null) => "This field is required.",
            Some(_) => "This field must be a string.",
        };
        self.wrong.push((field, wrong));
        String::new()
    }

    fn verdict(self) -> Result<(), Error> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Error::Validation { fields: self.wrong }) }
    }
}
