//! The input of a request, as a controller of Laravel sees it: one bag of fields, whatever their format.
//!
//! Credentials in the query string are not part of it: secrets do not belong into addresses.

mod form;
mod trim;

use actix_web::{
    HttpRequest,
    http::header::{CONTENT_TYPE, HeaderMap},
    web::{Bytes, Query},
};
use serde_json::{Map, Value};

use crate::{
    adapter::Adapter,
    body::{BodyError, Parse},
    json,
    laravel::number,
    multipart::{self, Part},
};

/// The fields of a request after Laravel's `TrimStrings` and `ConvertEmptyStringsToNull`.
#[derive(Debug, Clone, Default)]
pub struct Input(Map<String, Value>);

/// The fields that are left as they were typed.
const UNTRIMMED: [&str; 3] = ["current_password", "password", "password_confirmation"];

impl Input {
    /// Reads a body of `content_type`; of any type but JSON and forms, nothing is read.
    ///
    /// # Errors
    /// [`BodyError::Nul`] and [`BodyError::DuplicateKey`]. Laravel takes both and lets the database decide on the one,
    /// and the last value on the other; here they are refused as an invalid field (422).
    pub fn read(content_type: &str, body: &[u8]) -> Result<Self, BodyError> {
        let fields = fields(content_type, body)?;
        let clean = fields.into_iter().map(|(name, value)| {
            let trims = !UNTRIMMED.contains(&name.as_str());
            (name, cleaned(value, trims))
        });
        Ok(Self(clean.collect()))
    }

    /// The same with a text in lower case, as Fortify writes addresses (`lowercase_usernames`); a number is a text then.
    #[must_use]
    pub fn lowered(mut self, name: &str) -> Self {
        if let Some(text) = self.text(name) {
            self.0.insert(name.to_owned(), Value::String(text.to_lowercase()));
        }
        self
    }

    /// A field; `None` if it was not sent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A field as PHP would print it: a text, or a number or a boolean as text.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number::printed(number)),
            Value::Bool(true) => Some("1".to_owned()),
            Value::Bool(false) => Some(String::new()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// How long a field is to Laravel: a text in characters, a number or a boolean as it is printed, an array in items.
    pub fn size(&self, name: &str) -> usize {
        match self.get(name) {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(map)) => map.len(),
            _ => self.text(name).map_or(0, |text| text.chars().count()),
        }
    }

    /// A whole number: one of JSON, or a text with the number's one spelling.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => number::canonical(digits),
            _ => None,
        }
    }

    /// The items of what is an array to PHP, each with its key: a list, or a JSON object.
    pub fn items(&self, name: &str) -> Option<Vec<(String, &Value)>> {
        match self.get(name)? {
            Value::Array(items) => Some(items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()),
            Value::Object(map) => Some(map.iter().map(|(key, item)| (key.clone(), item)).collect()),
            _ => None,
        }
    }
}

impl<A: Adapter> Parse<A> for Input {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, A::Error> {
        Self::read(content_type(request.headers()), &body).map_err(|error| A::refuse(request, error.into()))
    }
}

/// The fields of a body as they were sent; of any type but JSON and forms there are none.
///
/// # Errors
/// As [`Input::read`].
pub fn fields(content_type: &str, body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    match Format::of(content_type) {
        Some(Format::Json) => match json::value(body) {
            Ok(Value::Object(fields)) => Ok(fields),
            // Laravel decodes to nothing what it cannot decode, and a list or a scalar has no fields.
            Ok(_) | Err(BodyError::Syntax { .. }) => Ok(Map::new()),
            Err(refused) => Err(refused),
        },
        Some(Format::Form) => form::fields(pairs(&String::from_utf8_lossy(body))),
        Some(Format::Multipart) => form::fields(parts(content_type, body)),
        None => Ok(Map::new()),
    }
}

/// How the fields of a body are written.
enum Format {
    Json,
    Form,
    Multipart,
}

impl Format {
    /// Laravel looks for JSON in the header as it came, PHP for forms up to what may follow the type.
    fn of(content_type: &str) -> Option<Self> {
        if content_type.contains("/json") || content_type.contains("+json") {
            return Some(Self::Json);
        }
        let media_type = content_type.split([';', ',', ' ']).next().unwrap_or_default();
        match media_type.to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "multipart/form-data" => Some(Self::Multipart),
            _ => None,
        }
    }
}

/// The fields of a query as they were sent.
///
/// # Errors
/// As [`Input::read`].
pub fn query_fields(query: &str) -> Result<Map<String, Value>, BodyError> {
    form::fields(pairs(query))
}

/// The content type as it was sent, with its parameters.
pub fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|header| header.to_str().ok()).unwrap_or_default()
}

/// PHP's `max_input_vars`: what is beyond is not read.
const MOST_FIELDS: usize = 1000;

/// The pairs of a URL-encoded form; PHP stops behind the first one too many.
fn pairs(text: &str) -> Vec<(String, Value)> {
    let pairs: Vec<(String, String)> = Query::from_query(text).map(Query::into_inner).unwrap_or_default();
    pairs.into_iter().take(MOST_FIELDS + 1).map(|(name, text)| (name, Value::String(text))).collect()
}

/// The fields of a multipart form. A file is something, and neither a text nor an array; no route here takes one. What has
/// no file's name is a file that was not chosen.
fn parts(content_type: &str, body: &[u8]) -> Vec<(String, Value)> {
    let boundary = multipart::parameter(content_type, "boundary").unwrap_or_default();
    let parts = if boundary.is_empty() { Vec::new() } else { multipart::parts(body, &boundary) };
    let value = |part: Part| match part.filename.as_deref() {
        None => (part.name, Value::String(part.content)),
        Some("") => (part.name, Value::Null),
        Some(_) => (part.name, Value::Bool(true)),
    };
    parts.into_iter().take(MOST_FIELDS).map(value).collect()
}

/// Trims the texts in a value, and makes empty ones null.
fn cleaned(value: Value, trims: bool) -> Value {
    match value {
        Value::String(text) => {
            let trimmed = if trims { trim::trim(&text) } else { &text };
            if trimmed.is_empty() { Value::Null } else { Value::String(trimmed.to_owned()) }
        }
        // The fields that are left are named whole: what an array holds is none of them.
        Value::Array(items) => Value::Array(items.into_iter().map(|item| cleaned(item, true)).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(name, item)| (name, cleaned(item, true))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json_input(body: &str) -> Input {
        Input::read("application/json", body.as_bytes()).unwrap()
    }

    #[test]
    fn texts_are_trimmed_and_passwords_are_not() {
        let input = json_input("{\"email\": \"\u{a0} ada@example.org \u{200b}\\n\", \"password\": \" x \"}");
        assert_eq!(input.text("email").as_deref(), Some("ada@example.org"));
        assert_eq!(input.text("password").as_deref(), Some(" x "));
    }

    #[test]
    fn an_empty_text_is_null() {
        let input = json_input(r#"{"email": "   ", "password": ""}"#);
        assert_eq!(input.get("email"), Some(&Value::Null));
        assert_eq!(input.get("password"), Some(&Value::Null));
    }

    #[test]
    fn what_cannot_be_decoded_is_no_input() {
        for body in ["{\"email\": \"a\", ", "", "[1,2]", "\"x\"", "null"] {
            assert!(json_input(body).0.is_empty(), "{body}");
        }
        for media_type in ["text/plain", "Application/JSON", ""] {
            assert!(Input::read(media_type, br#"{"email":"a"}"#).unwrap().0.is_empty(), "{media_type}");
        }
        for media_type in ["application/vnd.api+json", "text/json;charset=utf-8", "text/plain; x=/json"] {
            assert_eq!(Input::read(media_type, br#"{"email":"a"}"#).unwrap().text("email").as_deref(), Some("a"));
        }
    }

    #[test]
    fn a_form_has_a_thousand_fields_and_no_files() {
        let many: Vec<String> = (0..=MOST_FIELDS + 1).map(|at| format!("a{at}=x")).collect();
        let input = Input::read("Application/x-www-form-urlencoded,x", many.join("&").as_bytes()).unwrap();
        assert_eq!((input.0.len(), input.get("a1000"), input.get("a1001")), (1001, Some(&json!("x")), None));
        let part = |name: &str| format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\nfile\r\n");
        let body = [part("a; filename=b"), part("c; filename=\"\""), part("d"), "--x--\r\n".to_owned()].concat();
        let input = Input::read("multipart/form-data; boundary=x", body.as_bytes()).unwrap();
        assert_eq!(json!(input.0), json!({"a": true, "c": null, "d": "file"}));
    }

    #[test]
    fn what_is_an_array_to_php_has_items() {
        let (b_c, a) = (json!("b c"), json!("a"));
        let list = vec![("0".to_owned(), &a), ("1".to_owned(), &b_c)];
        for body in ["abilities%5B%5D=a&abilities[]=b+c", "abilities[1]=b+c&abilities%5B0%5D=a"] {
            let input = Input::read("application/x-www-form-urlencoded", body.as_bytes()).unwrap();
            assert_eq!(input.items("abilities").unwrap(), list, "{body}");
        }
        assert_eq!(json_input(r#"{"abilities": ["a", "b c"]}"#).items("abilities").unwrap(), list);
        assert_eq!(json_input(r#"{"abilities": {"0": "a", "1": "b c"}}"#).items("abilities").unwrap(), list);
        assert_eq!(json_input(r#"{"abilities": "a"}"#).items("abilities"), None);
    }

    #[test]
    fn a_nul_or_a_second_value_is_refused() {
        for body in ["email=a%00b", "email=a&email=b", "a=x&a[]=y"] {
            let read = Input::read("application/x-www-form-urlencoded", body.as_bytes());
            assert!(matches!(read, Err(BodyError::Nul { .. } | BodyError::DuplicateKey { .. })), "{body}");
        }
        let read = Input::read("application/json", br#"{"email":"a","email":"b"}"#);
        assert_eq!(read.unwrap_err(), BodyError::DuplicateKey { key: "email".to_owned() });
    }

    #[test]
    fn an_integer_has_one_spelling() {
        let input = json_input(r#"{"a": 7, "b": "7", "c": true, "d": 3.0, "e": "+3", "f": "03", "g": [7]}"#);
        let read = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| input.integer(name));
        assert_eq!(read, [Some(7), Some(7), None, None, None, None, None, None]);
    }

    #[test]
    fn scalars_count_as_text_where_php_would_print_them() {
        let input = json_input(r#"{"a": 12345, "b": true, "c": false, "d": [1], "e": 0, "f": 2.50}"#);
        let texts = ["a", "b", "c", "d", "e", "f"].map(|name| input.text(name));
        let expected = [Some("12345"), Some("1"), Some(""), None, Some("0"), Some("2.5")];
        assert_eq!(texts, expected.map(|text| text.map(str::to_owned)));
    }
}
