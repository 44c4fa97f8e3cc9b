//! The method that a POST stands for, because forms know no other: a header or the field `_method` names it. (Symfony's
//! `Request::getMethod`, with what Laravel turns on in it.)

use actix_web::{
    HttpRequest,
    http::{Method, header::HeaderName},
};
use serde_json::{Map, Value};

use super::input::{self, content_type};
use crate::body::BodyError;

/// The field, of the body or else of the query.
const FIELD: &str = "_method";
/// The header, which comes before the field.
const HEADER: HeaderName = HeaderName::from_static("x-http-method-override");

/// What was given is no method, and cannot be meant as one.
#[derive(Debug, PartialEq, Eq)]
pub struct NoMethod;

/// The method that the header of a POST names.
///
/// # Errors
/// [`NoMethod`].
pub fn in_header(request: &HttpRequest) -> Result<Option<Method>, NoMethod> {
    // What PHP takes for false is not there.
    let given = request.headers().get(HEADER).filter(|name| !name.is_empty() && *name != "0");
    given.map(|name| named(name.as_bytes())).transpose()
}

/// The method that a field of a POST names, whose body this is; without one it is what it is.
///
/// # Errors
/// [`NoMethod`].
pub fn in_fields(request: &HttpRequest, body: &[u8]) -> Result<Method, NoMethod> {
    let query = field(input::query_fields(request.query_string()))?;
    let body = field(input::fields(content_type(request.headers()), body))?;
    let is_array = |given: &Option<Value>| matches!(given, Some(Value::Array(_) | Value::Object(_)));
    if is_array(&query) || is_array(&body) {
        return Err(NoMethod);
    }
    match body.or(query) {
        Some(Value::String(name)) => named(name.as_bytes()),
        _ => Ok(Method::POST),
    }
}

/// What else is wrong with the input is the handler's to say.
fn field(fields: Result<Map<String, Value>, BodyError>) -> Result<Option<Value>, NoMethod> {
    match fields {
        Ok(mut fields) => Ok(fields.remove(FIELD)),
        Err(BodyError::Nul { field }) if field == FIELD => Err(NoMethod),
        Err(_) => Ok(None),
    }
}

/// Letters, whatever their case.
fn named(name: &[u8]) -> Result<Method, NoMethod> {
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_alphabetic);
    let method = is_name.then(|| Method::from_bytes(&name.to_ascii_uppercase()).ok());
    method.flatten().ok_or(NoMethod)
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::CONTENT_TYPE, test::TestRequest};

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";

    fn of(query: &str, kind: &str, body: &str) -> Result<Method, NoMethod> {
        let request = TestRequest::post().uri(&format!("/x?{query}")).insert_header((CONTENT_TYPE, kind));
        in_fields(&request.to_http_request(), body.as_bytes())
    }

    #[test]
    fn the_body_comes_before_the_query() {
        assert_eq!(of("_method=PATCH", FORM, "_method=put"), Ok(Method::PUT));
        assert_eq!(of("_method=PATCH", FORM, "x=y"), Ok(Method::PATCH));
        assert_eq!(of("", FORM, "x=y"), Ok(Method::POST));
        assert_eq!(of("", JSON, r#"{"_method": "Delete"}"#), Ok(Method::DELETE));
        assert_eq!(
            of(
                "",
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nPUT\r\n--b--\r\n"
            ),
            Ok(Method::PUT)
        );
        assert_eq!(of("", "text/plain", "_method=put"), Ok(Method::POST));
    }

    #[test]
    fn what_is_no_text_names_nothing_and_hides_the_query() {
        for body in [r#"{"_method": null}"#, r#"{"_method": 5}"#, r#"{"_method": true}"#] {
            assert_eq!(of("_method=PUT", JSON, body), Ok(Method::POST), "{body}");
        }
        assert_eq!(of("", JSON, "{\"_method\": \"PUT\""), Ok(Method::POST));
    }

    #[test]
    fn what_is_no_method_is_refused() {
        for body in ["_method=", "_method=%20PUT", "_method=P-T", "_method=P%C3%9CT", "_method=PUT%00", "_method[]=PUT"]
        {
            assert_eq!(of("", FORM, body), Err(NoMethod), "{body}");
        }
        assert_eq!(of("_method[]=PUT", FORM, "_method=PUT"), Err(NoMethod));
        assert_eq!(of("", JSON, r#"{"_method": ["PUT"]}"#), Err(NoMethod));
        assert_eq!(of("", FORM, "_method=fancy"), Ok(Method::from_bytes(b"FANCY").unwrap()));
    }

    #[test]
    fn the_header_counts_unless_php_takes_it_for_false() {
        let header =
            |name: &'static str| in_header(&TestRequest::post().insert_header((HEADER, name)).to_http_request());
        assert_eq!(header("patch"), Ok(Some(Method::PATCH)));
        assert_eq!((header(""), header("0")), (Ok(None), Ok(None)));
        assert_eq!((header("a b"), header("00")), (Err(NoMethod), Err(NoMethod)));
    }
}
