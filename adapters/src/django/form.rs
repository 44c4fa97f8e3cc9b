//! A serializer's text fields: what DRF's `CharField` and `EmailField` take, and in what words they refuse.

use super::{
    error::{Error, FieldErrors},
    json::{Text, Value},
    message::Message,
    parsers::Data,
    validators,
};

/// Says what is wrong with a text, if anything is.
type Validator = fn(&str) -> Option<&'static str>;

/// A text field.
pub struct CharField {
    /// Its name on the wire.
    pub name: &'static str,
    /// May it be left out?
    pub required: bool,
    /// May it be empty?
    pub allow_blank: bool,
    /// The longest text after trimming, in characters.
    pub max_length: Option<usize>,
    /// The message for what is no text.
    pub invalid: &'static str,
    /// Checks of the model's field, before those of length and characters.
    pub before: Option<Validator>,
    /// Checks of the serializer's field, after them.
    pub after: Option<Validator>,
}

impl CharField {
    /// A required field that takes any text.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            required: true,
            allow_blank: false,
            max_length: None,
            invalid: "Not a valid string.",
            before: None,
            after: None,
        }
    }

    /// The same, but it may be left out.
    pub const fn optional(name: &'static str) -> Self {
        Self { required: false, ..Self::new(name) }
    }

    fn check(&self, value: &Value) -> Result<String, Vec<Message>> {
        let text = match value {
            Value::Null => return Err(vec!["This field may not be null.".into()]),
            Value::Text(text) => text.clone(),
            Value::Integer(digits) | Value::Float(digits) => Text::from(digits.clone()),
            Value::Bool | Value::List | Value::Object(_) | Value::File => return Err(vec![self.invalid.into()]),
        };
        let trimmed = strip(&text.text);
        if trimmed.is_empty() {
            return if self.allow_blank { Ok(String::new()) } else { Err(vec!["This field may not be blank.".into()]) };
        }
        let mut wrong: Vec<Message> = Vec::new();
        wrong.extend(self.before.and_then(|check| check(trimmed)).map(Message::new));
        if let Some(most) = self.max_length.filter(|most| trimmed.chars().count() > *most) {
            let message = Message::new("Ensure this field has no more than {max_length} characters.");
            wrong.push(message.with("max_length", most.to_string()));
        }
        if trimmed.contains('\0') {
            wrong.push("Null characters are not allowed.".into());
        }
        if let Some(unit) = text.surrogate {
            let message = Message::new("Surrogate characters are not allowed: U+{code_point:X}.");
            wrong.push(message.with("code_point", format!("{unit:X}")));
        }
        wrong.extend(self.after.and_then(|check| check(trimmed)).map(Message::new));
        if wrong.is_empty() { Ok(trimmed.to_owned()) } else { Err(wrong) }
    }
}

/// Django's `email` of a user: optional, as the model has it.
pub const EMAIL_FIELD: CharField = CharField {
    allow_blank: true,
    max_length: Some(254),
    invalid: validators::INVALID_EMAIL,
    after: Some(validators::email),
    ..CharField::optional("email")
};

/// An `EmailField` of a serializer of its own: required, of any length.
pub const ADDRESS_FIELD: CharField =
    CharField { invalid: validators::INVALID_EMAIL, after: Some(validators::email), ..CharField::new("email") };

/// The fields of one request, read one by one in the order of the serializer.
pub struct Form<'a> {
    fields: &'a [(String, Value)],
    html: bool,
    errors: FieldErrors,
}

impl<'a> Form<'a> {
    /// Over a body that is an object.
    ///
    /// # Errors
    /// 400 for any other.
    pub fn new(data: &'a Data) -> Result<Self, Error> {
        let found = match &data.value {
            Value::Object(fields) => {
                return Ok(Self { fields, html: data.is_form, errors: FieldErrors::default() });
            }
            Value::Null => return Err(Error::non_field(Message::verbatim("No data provided"))),
            Value::Bool => "bool",
            Value::Integer(_) => "int",
            Value::Float(_) => "float",
            Value::Text(_) | Value::File => "str",
            Value::List => "list",
        };
        let message = Message::new("Invalid data. Expected a dictionary, but got {datatype}.");
        Err(Error::non_field(message.with("datatype", found)))
    }

    /// Reads a field; `None` if it is absent or wrong, which [`Form::finish`] tells apart. Of several the last counts.
    pub fn text(&mut self, field: &CharField) -> Option<String> {
        let given = self.fields.iter().rev().find(|(name, _)| name == field.name).map(|(_, value)| value);
        // An empty input of an HTML form is how a browser leaves an optional field out.
        let may_stand_for_absent = self.html && !field.required && !field.allow_blank;
        let is_empty = |value: &Value| matches!(value, Value::Text(text) if text.text.is_empty());
        let given = given.filter(|value| !(may_stand_for_absent && is_empty(value)));
        let outcome = match given {
            None if field.required => Err(vec!["This field is required.".into()]),
            None => return None,
            Some(value) => field.check(value),
        };
        outcome.map_err(|messages| self.errors.0.push((field.name, messages))).ok()
    }

    /// A text as it was sent, whether or not the serializer has such a field: DRF's `initial_data`. `None` if it is absent
    /// or no text.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        match self.fields.iter().rev().find(|(known, _)| known == name) {
            Some((_, Value::Text(text))) => Some(&text.text),
            _ => None,
        }
    }

    /// What was wrong, in the order of reading.
    pub fn into_errors(self) -> FieldErrors {
        self.errors
    }

    /// `Ok` if nothing was wrong.
    ///
    /// # Errors
    /// 400 with all that was.
    pub fn finish(self) -> Result<(), Error> {
        if self.errors.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.errors)) }
    }
}

/// Python's `str.strip`: beside Unicode's white space it takes the four separators of ASCII.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}
