//! The bodies of the hotel API. All fields are looked at before anything is refused, so that a form can mark each.
//!
//! Beside the document's JSON both are read as the forms that clients of OAuth 2.0 send (RFC 6749, sections 4.3 and 6):
//! what is answered is a token response already.

use actix_web::{HttpRequest, web::Bytes};
use countersign_core::{Role, Secret};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Hotel,
    error::Error,
    oauth::{self, GRANT_TYPE, OTHER_GRANT},
};
use crate::{
    body::{Parse, media_type},
    plain,
};

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

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

/// A login as a form of OAuth 2.0; other parameters of it, such as `scope`, are not looked at.
#[derive(ToSchema)]
#[schema(as = hotel::PasswordGrant)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct PasswordGrant {
    /// Always `password`.
    #[schema(pattern = "^password$", example = "password")]
    grant_type: String,
    /// The identifier.
    #[schema(example = "user@example.com", min_length = 1)]
    username: String,
    /// The password, as typed.
    #[schema(format = Password, example = "secure_password", min_length = 1)]
    password: String,
}

/// A refresh as a form of OAuth 2.0.
#[derive(ToSchema)]
#[schema(as = hotel::RefreshGrant)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct RefreshGrant {
    /// Always `refresh_token`.
    #[schema(pattern = "^refresh_token$", example = "refresh_token")]
    grant_type: String,
    /// The refresh token of the login.
    #[schema(example = "your_refresh_token_here", min_length = 1)]
    refresh_token: String,
}

/// What is sent to the path of logins. To a client of OAuth 2.0 that is the token endpoint (section 3.2), the only one
/// that most of them know: there they send refresh tokens as well.
pub(super) enum Grant {
    /// A login, as JSON or as a form.
    Password(Login),
    /// A refresh, as a form.
    Refresh(Refresh),
}

impl Parse<Hotel> for Grant {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        if !is_form(request) {
            return Login::read(Fields::json(request, &body)?, "identifier").map(Self::Password);
        }
        let granted = || {
            let mut fields = Fields::form(&body)?;
            match fields.text(GRANT_TYPE).as_str() {
                Refresh::GRANT => Refresh::read(fields).map(Self::Refresh),
                other => {
                    fields.serves(other, Login::GRANT);
                    Login::read(fields, "username").map(Self::Password)
                }
            }
        };
        granted().map_err(oauth::granting_nothing)
    }
}

impl Parse<Hotel> for Refresh {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        if !is_form(request) {
            return Self::read(Fields::json(request, &body)?);
        }
        let granted = || {
            let mut fields = Fields::form(&body)?;
            let grant = fields.text(GRANT_TYPE);
            fields.serves(&grant, Self::GRANT);
            Self::read(fields)
        };
        granted().map_err(oauth::granting_nothing)
    }
}

impl Login {
    const GRANT: &'static str = "password";

    fn read(mut fields: Fields, identifier: &'static str) -> Result<Self, Error> {
        let identifier = fields.trimmed(identifier);
        let password = fields.text("password");
        fields.verdict()?;
        Ok(Self { identifier, password: password.into() })
    }
}

impl Refresh {
    const GRANT: &'static str = "refresh_token";

    fn read(mut fields: Fields) -> Result<Self, Error> {
        let refresh_token = fields.text("refresh_token").into();
        fields.verdict()?;
        Ok(Self { refresh_token })
    }
}

/// Does it come as a form of OAuth 2.0?
pub(super) fn is_form(request: &HttpRequest) -> bool {
    media_type(request) == FORM
}

/// The fields of a body, and what was found wrong with them so far.
pub(super) struct Fields {
    given: Map<String, Value>,
    wrong: Vec<(&'static str, &'static str)>,
}

impl Fields {
    pub(super) fn json(request: &HttpRequest, body: &[u8]) -> Result<Self, Error> {
        Ok(Self { given: plain::object(request, body)?, wrong: Vec::new() })
    }

    fn form(body: &[u8]) -> Result<Self, Error> {
        Ok(Self { given: plain::form(body)?, wrong: Vec::new() })
    }

    /// Notes a grant type that is given and is not this one.
    fn serves(&mut self, given: &str, grant: &str) {
        if !given.is_empty() && given != grant {
            self.wrong.push((GRANT_TYPE, OTHER_GRANT));
        }
    }

    /// A required text; empty if it is not there, and then the verdict is an error.
    pub(super) fn text(&mut self, field: &'static str) -> String {
        let wrong = match self.given.remove(field) {
            Some(Value::String(text)) if !text.is_empty() => return text,
            Some(Value::String(_)) => "This field must not be empty.",
            None | Some(Value::Null) => "This field is required.",
            Some(_) => "This field must be a string.",
        };
        self.wrong.push((field, wrong));
        String::new()
    }

    /// A text that may be left out, without blanks at both ends; an empty one is none.
    pub(super) fn optional(&mut self, field: &'static str) -> Option<String> {
        match self.given.remove(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(plain::trimmed(&text).to_owned()).filter(|text| !text.is_empty()),
            Some(_) => {
                self.wrong.push((field, "This field must be a string."));
                None
            }
        }
    }

    /// The required field `role`; the humblest if it is none, and then the verdict is an error.
    pub(super) fn role(&mut self) -> Role {
        let given = self.text("role");
        given.parse().unwrap_or_else(|_| {
            if !given.is_empty() {
                self.wrong("role", "There is no such role.");
            }
            Role::default()
        })
    }

    /// Notes what is wrong with a field.
    pub(super) fn wrong(&mut self, field: &'static str, sentence: &'static str) {
        self.wrong.push((field, sentence));
    }

    /// Is something wrong with it?
    pub(super) fn is_wrong(&self, field: &str) -> bool {
        self.wrong.iter().any(|(wrong, _)| *wrong == field)
    }

    /// [`Fields::text`] without blanks at both ends.
    fn trimmed(&mut self, field: &'static str) -> String {
        if let Some(Value::String(text)) = self.given.get_mut(field) {
            *text = plain::trimmed(text).to_owned();
        }
        self.text(field)
    }

    pub(super) fn verdict(self) -> Result<(), Error> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Error::Validation { fields: self.wrong }) }
    }
}
