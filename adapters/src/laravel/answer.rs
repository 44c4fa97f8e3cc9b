//! Answers as PHP writes them: JSON with its escapes, redirects and pages.

use std::io;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION},
    },
};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Symfony's default for an answer that says nothing else about caches.
const CACHING: HeaderValue = HeaderValue::from_static("no-cache, private");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: &str = "text/html; charset=UTF-8";
/// Symfony's redirect names the same type in other letters.
const REDIRECT_HTML: &str = "text/html; charset=utf-8";

/// Compact JSON, as PHP's `json_encode` writes it: slashes and everything beyond ASCII escaped.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    match bytes(body) {
        Ok(bytes) => begin(status).insert_header((CONTENT_TYPE, JSON)).body(bytes),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            message(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
        }
    }
}

/// The body of [`json`].
///
/// # Errors
/// A value that JSON has no form for.
pub fn bytes<T: Serialize>(body: &T) -> serde_json::Result<Vec<u8>> {
    encode(body, Php { slashes: true })
}

/// The one member that an exception shows, pretty-printed as Laravel's exception handler does.
pub fn message(status: StatusCode, message: &str) -> HttpResponse {
    // Only a broken writer could fail, and a vector is none.
    let quoted = encode(&message, Php { slashes: false }).unwrap_or_default();
    let body = [b"{\n    \"message\": ".as_slice(), &quoted, b"\n}"].concat();
    begin(status).insert_header((CONTENT_TYPE, JSON)).body(body)
}

/// Nothing to say.
pub fn no_content() -> HttpResponse {
    begin(StatusCode::NO_CONTENT).finish()
}

/// HTML as it is.
pub fn html(status: StatusCode, body: String) -> HttpResponse {
    begin(status).insert_header((CONTENT_TYPE, HTML)).body(body)
}

/// A page that says a status, for people.
pub fn page(status: StatusCode, title: &str) -> HttpResponse {
    shown(status, title, &status.as_u16().to_string(), title)
}

/// The page of a status that Laravel has none for: with the title of Symfony's.
pub fn plain_page(status: StatusCode, reason: &str) -> HttpResponse {
    let title = format!("An Error Occurred: {reason}");
    shown(status, &title, &title, &format!("The server returned a \"{} {reason}\".", status.as_u16()))
}

fn shown(status: StatusCode, title: &str, heading: &str, text: &str) -> HttpResponse {
    let [title, heading, text] = [title, heading, text].map(escape);
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        \
         <title>{title}</title>\n    </head>\n    <body>\n        <h1>{heading}</h1>\n        <p>{text}</p>\n    \
         </body>\n</html>\n"
    );
    html(status, body)
}

/// 302 to `to`, with the page that Symfony sends along.
pub fn redirect(to: &str) -> HttpResponse {
    let link = escape(to);
    let body = format!(
        "<!DOCTYPE html>\n<html>\n    <head>\n        <meta charset=\"UTF-8\" />\n        \
         <meta http-equiv=\"refresh\" content=\"0;url='{link}'\" />\n\n        \
         <title>Redirecting to {link}</title>\n    </head>\n    <body>\n        \
         Redirecting to <a href=\"{link}\">{link}</a>.\n    </body>\n</html>"
    );
    let mut response = begin(StatusCode::FOUND);
    response.insert_header((CONTENT_TYPE, REDIRECT_HTML)).insert_header((LOCATION, to)).body(body)
}

/// `text` where HTML or an attribute may hold it.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#039;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn begin(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, CACHING));
    response
}

fn encode<T: Serialize>(body: &T, format: Php) -> serde_json::Result<Vec<u8>> {
    // Most answers are a user or a token.
    const USUAL: usize = 256;
    let mut bytes = Vec::with_capacity(USUAL);
    body.serialize(&mut Serializer::with_formatter(&mut bytes, format))?;
    Ok(bytes)
}

/// `json_encode`'s way with strings.
struct Php {
    /// Are slashes escaped? Laravel's exception handler turns that off.
    slashes: bool,
}

impl Formatter for Php {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Without a branch a byte: most texts have nothing to escape.
        let found = fragment.bytes().fold(0, |found, byte| found | (byte & 0x80) | u8::from(byte == b'/'));
        if found == 0 {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let special = |byte: u8| !byte.is_ascii() || (byte == b'/' && self.slashes);
        let mut rest = fragment;
        while let Some(at) = rest.bytes().position(special) {
            let (before, from) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, before)?;
            let mut letters = from.chars();
            match letters.next() {
                Some('/') => writer.write_all(b"\\/")?,
                Some(letter) => {
                    for unit in letter.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
                None => {}
            }
            rest = letters.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_php_does() {
        let compact = encode(&"Zoë a/b \"c\" \u{1f5fc}\n", Php { slashes: true }).unwrap();
        assert_eq!(String::from_utf8(compact).unwrap(), r#""Zo\u00eb a\/b \"c\" \ud83d\uddfc\n""#);
        let pretty = encode(&"a/ë", Php { slashes: false }).unwrap();
        assert_eq!(String::from_utf8(pretty).unwrap(), r#""a/\u00eb""#);
    }

    #[actix_web::test]
    async fn a_message_is_pretty_printed() {
        let response = message(StatusCode::NOT_FOUND, "The route a/b could not be found.");
        assert_eq!(response.headers().get("cache-control").unwrap(), "no-cache, private");
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        assert_eq!(body, "{\n    \"message\": \"The route a/b could not be found.\"\n}");
    }

    #[test]
    fn what_html_would_read_is_escaped() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#039;x&#039;&gt;&amp;&quot;");
    }
}
