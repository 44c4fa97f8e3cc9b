//! A small validator: the rules that these routes use, with Laravel's order and English messages.

mod address;
mod date;

use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

pub use address::is_address;
pub use date::moment;

use super::input::Input;

/// One rule of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Sent and not blank; nothing else is said about a field that is not.
    Required,
    /// Null is fine, and nothing else is asked of it.
    Nullable,
    /// A text.
    Text,
    /// A text, or a number or a boolean, which PHP takes for one. Where Laravel has no rule and fails with a type error
    /// on a list, this is said instead.
    Printable,
    /// An e-mail address.
    Email,
    /// No capital letters.
    Lowercase,
    /// No control characters. Laravel has no such rule; these texts go into lists and logs.
    Visible,
    /// At most so many characters; of a list, items, which Laravel calls characters as well.
    Max(usize),
    /// Equal to the field with `_confirmation`.
    Confirmed,
    /// A whole number, as a number or in its one spelling as a text.
    Integer,
    /// What is an array to PHP: a list or an object.
    Array,
    /// A moment that [`moment`] reads.
    Date,
}

/// What is wrong with the input: the messages of each field, in the order in which the fields were checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors(Vec<(String, Vec<String>)>);

impl Errors {
    /// One message about one field.
    pub fn one(field: &str, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    /// Adds a message.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        let at = self.0.iter().position(|(name, _)| name == field).unwrap_or_else(|| {
            self.0.push((field.to_owned(), Vec::new()));
            self.0.len() - 1
        });
        self.0[at].1.push(message.into());
    }

    /// Is anything wrong with `field`?
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| name == field)
    }

    /// Is nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, then `others`, about other fields.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// `Err` with them, if there are any.
    ///
    /// # Errors
    /// Itself, if it is not empty.
    pub fn verdict(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The first message, and how many more there are.
    fn summary(&self) -> String {
        let mut messages = self.0.iter().flat_map(|(_, messages)| messages);
        let first = messages.next().map_or("The given data was invalid.", String::as_str);
        match messages.count() {
            0 => first.to_owned(),
            1 => format!("{first} (and 1 more error)"),
            more => format!("{first} (and {more} more errors)"),
        }
    }
}

impl Serialize for Errors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, messages)| (name, messages)))
    }
}

/// Input that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = laravel::ValidationError)]
pub struct ValidationError<'a> {
    /// The first message, and how many more there are.
    #[schema(example = "The email field is required. (and 1 more error)")]
    message: String,
    /// The messages of each field.
    #[schema(value_type = std::collections::HashMap<String, Vec<String>>)]
    errors: &'a Errors,
}

impl<'a> From<&'a Errors> for ValidationError<'a> {
    fn from(errors: &'a Errors) -> Self {
        Self { message: errors.summary(), errors }
    }
}

/// Checks `field` of `input`, and adds what is wrong to `errors`.
pub fn check(input: &Input, field: &str, rules: &[Rule], errors: &mut Errors) {
    let value = input.get(field);
    if rules.contains(&Rule::Required) && is_blank(value) {
        return errors.add(field, format!("The {} field is required.", label(field)));
    }
    let Some(value) = value.filter(|value| !is_blank_text(value)) else { return };
    if value.is_null() && rules.contains(&Rule::Nullable) {
        return;
    }
    for rule in rules {
        if let Some(complaint) = complaint(*rule, value, input, field) {
            errors.add(field, format!("The {} field {complaint}.", label(field)));
        }
    }
}

/// The end of the sentence that says what `rule` finds wrong.
fn complaint(rule: Rule, value: &Value, input: &Input, field: &str) -> Option<String> {
    let text = value.as_str();
    let (fits, complaint) = match rule {
        Rule::Required | Rule::Nullable => return None,
        Rule::Text => (text.is_some(), "must be a string"),
        Rule::Printable => (input.text(field).is_some(), "must be a string"),
        Rule::Email => (text.is_some_and(is_address), NOT_AN_ADDRESS),
        Rule::Lowercase => (text.is_some_and(|text| text.to_lowercase() == text), "must be lowercase"),
        Rule::Confirmed => (input.get(&format!("{field}_confirmation")) == Some(value), "confirmation does not match"),
        Rule::Integer => (input.integer(field).is_some(), "must be an integer"),
        Rule::Array => (value.is_array() || value.is_object(), "must be an array"),
        Rule::Date => {
            let written = input.text(field).filter(|_| !value.is_boolean());
            (written.as_deref().and_then(moment).is_some(), "must be a valid date")
        }
        Rule::Visible => {
            (text.is_none_or(|text| !text.contains(char::is_control)), "must not contain control characters")
        }
        Rule::Max(most) => {
            let fits = input.size(field) <= most;
            return (!fits).then(|| format!("must not be greater than {most} characters"));
        }
    };
    (!fits).then(|| complaint.to_owned())
}

/// What [`Rule::Email`] complains of.
const NOT_AN_ADDRESS: &str = "must be a valid email address";

/// A field's name as messages have it.
pub fn label(field: &str) -> String {
    field.replace('_', " ")
}

/// Does [`Rule::Required`] refuse this?
pub fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(value) => is_blank_text(value),
    }
}

/// A text of nothing but what PHP's `trim` takes away.
fn is_blank_text(value: &Value) -> bool {
    const BLANKS: [char; 6] = [' ', '\n', '\r', '\t', '\u{b}', '\0'];
    value.as_str().is_some_and(|text| text.trim_matches(BLANKS).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: [Rule; 3] = [Rule::Required, Rule::Text, Rule::Email];

    fn errors(body: &str, fields: &[(&str, &[Rule])]) -> String {
        let input = Input::read("application/json", body.as_bytes()).unwrap();
        let mut errors = Errors::default();
        for (field, rules) in fields {
            check(&input, field, rules, &mut errors);
        }
        serde_json::to_string(&ValidationError::from(&errors)).unwrap()
    }

    #[test]
    fn a_missing_field_is_only_missing() {
        let fields = [("email", LOGIN.as_slice()), ("token_name", &[Rule::Required, Rule::Text])];
        assert_eq!(
            errors("{}", &fields),
            r#"{"message":"The email field is required. (and 1 more error)","errors":{"email":["The email field is required."],"token_name":["The token name field is required."]}}"#
        );
    }

    #[test]
    fn every_other_rule_is_checked() {
        let fields = [("email", LOGIN.as_slice()), ("password", &[Rule::Required, Rule::Text])];
        assert_eq!(
            errors(r#"{"email": 5, "password": 5}"#, &fields),
            r#"{"message":"The email field must be a string. (and 2 more errors)","errors":{"email":["The email field must be a string.","The email field must be a valid email address."],"password":["The password field must be a string."]}}"#
        );
    }

    #[test]
    fn what_is_not_sent_is_not_checked_and_null_only_where_it_may_be() {
        let fields = [("abilities", [Rule::Array].as_slice()), ("expires_at", &[Rule::Nullable, Rule::Date])];
        let fine = r#"{"message":"The given data was invalid.","errors":{}}"#;
        assert_eq!(errors("{}", &fields), fine);
        assert_eq!(errors(r#"{"abilities": [], "expires_at": null}"#, &fields), fine);
        assert_eq!(
            errors(r#"{"abilities": null, "expires_at": "y"}"#, &fields),
            r#"{"message":"The abilities field must be an array. (and 1 more error)","errors":{"abilities":["The abilities field must be an array."],"expires_at":["The expires at field must be a valid date."]}}"#
        );
    }

    #[test]
    fn a_confirmation_must_be_equal() {
        let fields = [("password", [Rule::Required, Rule::Confirmed].as_slice())];
        let differs = r#"{"message":"The password field confirmation does not match.","errors":{"password":["The password field confirmation does not match."]}}"#;
        assert_eq!(errors(r#"{"password": "x"}"#, &fields), differs);
        assert_eq!(errors(r#"{"password": "x", "password_confirmation": "y"}"#, &fields), differs);
    }
}
