//! JSON as these wires accept it: no duplicate keys, no NUL, no bottomless nesting.
//!
//! `serde_json` stops at a depth of 128 and refuses lone surrogates by itself; of two equal keys it silently keeps the
//! last one, and it lets NUL through, which PostgreSQL cannot store.

use std::fmt;

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
    },
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::body::BodyError;

/// An answer in JSON.
pub fn answer<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    match bytes(body) {
        Ok(bytes) => HttpResponse::build(status).insert_header((CONTENT_TYPE, JSON)).body(bytes),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// The body of an answer in JSON.
///
/// # Errors
/// A value that JSON has no form for.
pub fn bytes<T: Serialize>(body: &T) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(body)
}

/// Reads a whole document.
///
/// # Errors
/// [`BodyError::Syntax`], [`BodyError::DuplicateKey`], [`BodyError::Nul`].
pub fn value(bytes: &[u8]) -> Result<Value, BodyError> {
    let Strict(value) = serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix(DUPLICATE).and_then(|rest| rest.rsplit_once(" at line")) {
            Some((key, _)) => BodyError::DuplicateKey { key: key.to_owned() },
            None => BodyError::Syntax { detail: text },
        }
    })?;
    match nul(&value, "") {
        Some(field) => Err(BodyError::Nul { field }),
        None => Ok(value),
    }
}

/// Reads a whole document into `T`.
///
/// # Errors
/// As [`value`]; [`BodyError::Shape`] if it is not a `T`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyError> {
    serde_json::from_value(value(bytes)?).map_err(|error| BodyError::Shape { detail: error.to_string() })
}

/// The first field (by its top-level name) that holds a NUL.
fn nul(value: &Value, field: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(|| field.to_owned()),
        Value::Array(items) => items.iter().find_map(|item| nul(item, field)),
        Value::Object(map) => map.iter().find_map(|(key, item)| {
            let field = if field.is_empty() { key.as_str() } else { field };
            if key.contains('\0') { Some(field.replace('\0', "")) } else { nul(item, field) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// How the visitor says that a key came twice.
const DUPLICATE: &str = "duplicate key ";

/// A value whose objects have distinct keys.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

impl<'de> DeserializeSeed<'de> for StrictVisitor {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Value, S::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(StrictVisitor)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut entries: M) -> Result<Value, M::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(M::Error::custom(format_args!("{DUPLICATE}{key}")));
            }
            let value = entries.next_value_seed(StrictVisitor)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_documents_are_read() {
        assert_eq!(value(br#"{"a":[1,-2,0.5,null,true,"x"]}"#).unwrap()["a"][5], "x");
    }

    #[test]
    fn a_key_that_comes_twice_is_refused_however_it_is_written() {
        for text in [r#"{"role":1,"role":2}"#, r#"{"role":1,"\u0072ole":2}"#, r#"{"x":{"role":1,"role":2}}"#] {
            let error = value(text.as_bytes()).unwrap_err();
            assert!(matches!(error, BodyError::DuplicateKey { ref key } if key == "role"), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_nul_is_refused_wherever_it_is() {
        for text in [r#"{"login":"a\u0000b"}"#, r#"{"login":["\u0000"]}"#, r#"{"login\u0000":1}"#] {
            let error = value(text.as_bytes()).unwrap_err();
            assert!(matches!(error, BodyError::Nul { ref field } if field == "login"), "{text}: {error:?}");
        }
    }

    #[test]
    fn nesting_garbage_and_surrogates_are_syntax_errors() {
        let deep = "[".repeat(100_000);
        for text in [deep.as_str(), "{", "", "NaN", r#""\ud800""#, "1 2", "{}x"] {
            assert!(matches!(value(text.as_bytes()), Err(BodyError::Syntax { .. })));
        }
    }
}
