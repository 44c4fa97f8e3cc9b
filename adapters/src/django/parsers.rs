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
    media::{MOST_FIELDS, MediaType},
    message::Message,
    utf8,
};
use crate::{
    body::BodyError,
    multipart::{self, Part},
};

/// What is read, in the order in which DRF looks for a parser: all three are `DEFAULT_PARSER_CLASSES`.
pub(super) const MEDIA_TYPES: [&str; 3] =
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
/// Django takes a boundary longer than RFC 2046 has it.
const LONGEST_BOUNDARY: usize = 201;

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
                // A body that is no UTF-8 as it stands is read as Latin-1; what its percent signs stand for is UTF-8.
                let latin = || body.iter().copied().map(char::from).collect::<String>().into_bytes();
                let body = std::str::from_utf8(body).map_or_else(|_| latin(), |text| text.as_bytes().to_owned());
                let text = |text: &str| Value::Text(text.to_owned().into());
                let fields = form_urlencoded::parse(&body).map(|(name, value)| (name.into_owned(), text(&value)));
                Ok(Self { value: Value::Object(fields.collect()), is_form: true })
            }
            Some(_) => {
                let boundary = boundary(&raw).map_err(|error| parse_error("Multipart form", &error))?;
                let fields: Vec<_> = multipart::parts(body, &boundary).into_iter().map(field).collect();
                if fields.len() > MOST_FIELDS {
                    return Err(Error::Page(StatusCode::BAD_REQUEST));
                }
                Ok(Self { value: Value::Object(fields), is_form: true })
            }
            None => Err(BodyError::UnsupportedMediaType { media_type: raw.into_owned() }.into()),
        }
    }
}

/// The boundary that `content_type` names.
///
/// # Errors
/// Django's message.
fn boundary(content_type: &str) -> Result<String, String> {
    if !content_type.is_ascii() {
        return Err(format!("Invalid non-ASCII Content-Type in multipart: {content_type}"));
    }
    let boundary = multipart::parameter(content_type, "boundary");
    let is_valid = |boundary: &String| {
        (1..=LONGEST_BOUNDARY).contains(&boundary.len())
            && boundary.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic())
            && !boundary.ends_with(' ')
    };
    match boundary {
        Some(boundary) if is_valid(&boundary) => Ok(boundary),
        other => Err(format!("Invalid boundary in multipart: {}", other.as_deref().unwrap_or("None"))),
    }
}

/// A field of a form; a file without a name is none to Django.
fn field(part: Part) -> (String, Value) {
    let is_file = part.filename.is_some_and(|filename| !filename.is_empty());
    (part.name, if is_file { Value::File } else { Value::Text(part.content.into()) })
}

fn parse_error(what: &str, error: &str) -> Error {
    Error::detail(StatusCode::BAD_REQUEST, Message::verbatim(format!("{what} parse error - {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_checked_as_django_does() {
        assert_eq!(boundary("multipart/form-data; boundary=\"a;b\"").as_deref(), Ok("a;b"));
        for (content_type, wrong) in [
            ("multipart/form-data", "Invalid boundary in multipart: None"),
            ("multipart/form-data; boundary=", "Invalid boundary in multipart: "),
            (
                "multipart/form-data; boundary=é",
                "Invalid non-ASCII Content-Type in multipart: multipart/form-data; boundary=é",
            ),
        ] {
            assert_eq!(boundary(content_type).unwrap_err(), wrong);
        }
        let longest = "x".repeat(LONGEST_BOUNDARY);
        assert_eq!(boundary(&format!("multipart/form-data; boundary={longest}")).as_deref(), Ok(longest.as_str()));
        assert!(boundary(&format!("multipart/form-data; boundary={longest}x")).is_err());
        let ends_with_a_blank = boundary("multipart/form-data; boundary=\"x \"");
        assert_eq!(ends_with_a_blank.unwrap_err(), "Invalid boundary in multipart: x ");
    }

    #[test]
    fn a_part_is_a_file_if_it_has_the_name_of_one() {
        let part = |filename: Option<&str>| {
            let part = Part { name: "a".to_owned(), filename: filename.map(str::to_owned), content: "x".to_owned() };
            field(part).1
        };
        let text = Value::Text("x".to_owned().into());
        assert_eq!(
            [part(None), part(Some("")), part(Some("a.txt"))],
            [text, Value::Text("x".to_owned().into()), Value::File]
        );
    }
}
