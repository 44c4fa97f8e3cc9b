//! `request.data`: the body by its content type, as JSON, a form or a multipart form.

use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
    },
};

use super::{
    error::Error,
    json::{self, Value},
    media::MediaType,
    multipart, utf8,
};
use crate::body::BodyError;

/// What is read, in the order in which DRF looks for a parser: all three are `DEFAULT_PARSER_CLASSES`.
pub(super) const MEDIA_TYPES: [&str; 3] =
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
/// `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
const MOST_FIELDS: usize = 1000;

/// A parsed body.
#[derive(Debug)]
pub struct Data {
    pub(super) value: Value,
    /// From a form, where an empty text may stand for an absent field.
    pub(super) is_form: bool,
}

impl Data {
    /// Parses; an empty body is an empty object whatever its type.
    ///
    /// # Errors
    /// 415, or 400 with the parser's message, or Django's page for a form with too many fields.
    pub fn parse(request: &HttpRequest, body: &[u8]) -> Result<Self, Error> {
        let raw = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let raw = String::from_utf8_lossy(raw);
        let media_type = MediaType::parse(&raw);
        let kind =
            MEDIA_TYPES.iter().position(|known| known.split_once('/').is_some_and(|known| media_type.covers(known)));
        if body.is_empty() {
            return Ok(Self { value: Value::Object(Vec::new()), is_form: matches!(kind, Some(1 | 2)) });
        }
        let charset = media_type.parameter("charset");
        match kind {
            Some(0) => {
                let value = utf8::decode(body, charset).and_then(|text| json::decode(&text));
                let value = value.map_err(|error| parse_error("JSON", &error))?;
                Ok(Self { value, is_form: false })
            }
            Some(1) => {
                if body.split(|byte| *byte == b'&').count() > MOST_FIELDS {
                    return Err(Error::Page(StatusCode::BAD_REQUEST));
                }
                let text = |text: &str| Value::Text(text.to_owned().into());
                let fields = form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), text(&value)));
                Ok(Self { value: Value::Object(fields.collect()), is_form: true })
            }
            Some(_) => {
                let fields = multipart::parse(body, media_type.parameter("boundary"))
                    .map_err(|error| parse_error("Multipart form", &error))?;
                if fields.len() > MOST_FIELDS {
                    return Err(Error::Page(StatusCode::BAD_REQUEST));
                }
                Ok(Self { value: Value::Object(fields), is_form: true })
            }
            None => Err(BodyError::UnsupportedMediaType { media_type: raw.into_owned() }.into()),
        }
    }
}

fn parse_error(what: &str, error: &str) -> Error {
    Error::detail(StatusCode::BAD_REQUEST, format!("{what} parse error - {error}"))
}
