//! Reading a login: an address and a password, or another identifier in the place of the address.

use countersign_core::{AuthError, Credentials, Secret};
use serde_json::Value;

use super::{
    fault::Fault,
    input::Input,
    rules::{Errors, Rule, check, is_address},
};

/// A login that may be tried.
#[derive(Debug)]
pub struct Login {
    /// Who wants in.
    pub credentials: Credentials,
    /// What is said if they are wrong.
    refusal: Errors,
}

impl Login {
    /// Reads `email` and `password`. Laravel takes an address only. Here a user may have come through another dialect
    /// and have a user name or a phone number: a text that is no address is tried as such, and only if that fails it is
    /// refused for its form, if the fields have one. `words` refuse what has the right form and the wrong password; `more` are checked along with the two.
    ///
    /// # Errors
    /// What is wrong with the fields.
    pub fn read(input: &Input, fields: Fields, words: &str, more: &[(&str, &[Rule])]) -> Result<Self, Errors> {
        let (email_rules, password_rules): (&[Rule], &[Rule]) = match fields {
            Fields::Strict => (&[Rule::Required, Rule::Text, Rule::Email], &[Rule::Required, Rule::Text]),
            Fields::Loose => (&[Rule::Required, Rule::Email], &[Rule::Required, Rule::Printable]),
            Fields::Texts => (&[Rule::Required, Rule::Text], &[Rule::Required, Rule::Text]),
        };
        let mut form = Errors::default();
        check(input, "email", email_rules, &mut form);
        let identifier = input.get("email").and_then(Value::as_str);
        let is_other = identifier.is_some_and(|text| !is_address(text));

        let (mut rest, mut own) = (Errors::default(), Errors::default());
        let others = [("password", password_rules)];
        for (field, rules) in others.iter().chain(more) {
            let (ours, laravels): (Vec<Rule>, Vec<Rule>) = rules.iter().partition(|rule| rule.is_own());
            check(input, field, &laravels, &mut rest);
            if input.get(field).is_some_and(|value| !value.is_null()) {
                check(input, field, &ours, &mut own);
            }
        }

        let is_sound = rest.is_empty() && own.is_empty();
        match (identifier, input.text("password")) {
            (Some(identifier), Some(password)) if is_sound && (is_other || form.is_empty()) => {
                let credentials = Credentials::new(identifier.to_owned(), Secret::new(password));
                let refusal = if form.is_empty() { Errors::one("email", words) } else { form };
                Ok(Self { credentials, refusal })
            }
            // Where these are refused, Laravel has nothing to say and fails.
            _ if form.is_empty() && rest.is_empty() => Err(own),
            _ => Err(form.and(rest)),
        }
    }

    /// The refusal of a use case that was tried with these credentials.
    pub fn refused(refusal: Errors, error: AuthError) -> Fault {
        match error {
            AuthError::WrongCredentials => refusal.into(),
            other => other.into(),
        }
    }

    /// The credentials, and what to say if they are wrong.
    pub fn into_parts(self) -> (Credentials, Errors) {
        (self.credentials, self.refusal)
    }
}

/// Which rules a login form has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// Breeze's: both must be texts.
    Strict,
    /// Sanctum's documentation: a number is a password too.
    Loose,
    /// Fortify's: what is no address is wrong like any other.
    Texts,
}
