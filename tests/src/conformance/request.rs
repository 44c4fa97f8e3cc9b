//! The exact bytes of a request.

use std::{fmt, net::Ipv4Addr};

use super::{json::Json, suite::Request, values::Values};

/// What separates the parts of a multipart body.
const BOUNDARY: &str = "----conformance-7f3a";

/// A request that is ready to be sent.
pub struct Prepared {
    /// The method, for telling whether the answer has a body.
    pub method: String,
    /// The address that it comes from.
    pub client: Option<Ipv4Addr>,
    /// Head and body.
    pub bytes: Vec<u8>,
}

/// The request line, the headers that a step chose, and the body: for a report.
impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EVERYWHERE: [&str; 6] = [
            "Host: ",
            "Accept: */*",
            "User-Agent: ",
            "Content-Length: ",
            "Connection: ",
            "Content-Type: application/json",
        ];
        let text = String::from_utf8_lossy(&self.bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let told = head.split("\r\n").filter(|line| !EVERYWHERE.iter().any(|known| line.starts_with(known)));
        let told: Vec<&str> = told.map(|line| line.trim_end_matches(" HTTP/1.1")).collect();
        write!(f, "{} {body}", told.join(" | "))
    }
}

/// Fills the templates in, and adds what every client sends; `own` are the headers that the client's cookies make.
pub fn prepare(request: &Request, host: &str, values: &Values, own: Vec<(String, Vec<u8>)>) -> Prepared {
    let (method, path) = (request.method.clone(), values.text(&request.path));
    let (content_type, body) = body(request, values);
    let mut headers = vec![("Accept".to_owned(), b"*/*".to_vec())];
    if let Some(content_type) = content_type {
        headers.push(("Content-Type".to_owned(), content_type.into_bytes()));
    }
    if let Some(token) = &request.token {
        headers.push(("Authorization".to_owned(), format!("Token {}", values.text(token)).into_bytes()));
    }
    headers.extend(own);
    for (name, value) in request.headers.members() {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if let Some(template) = value.as_text() {
            let text = values.text(template);
            let bytes = text.strip_prefix("hex:").map_or_else(|| text.clone().into_bytes(), unhex);
            headers.push((name.clone(), bytes));
        }
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        headers.insert(0, ("Host".to_owned(), host.into()));
    }
    headers.push(("User-Agent".to_owned(), b"conformance".to_vec()));
    if body.is_some() || matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE") {
        let length = body.as_ref().map_or(0, Vec::len);
        headers.push(("Content-Length".to_owned(), length.to_string().into_bytes()));
    }
    headers.push(("Connection".to_owned(), b"close".to_vec()));

    let mut bytes = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend([name.as_bytes(), b": ", value.as_slice(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body.unwrap_or_default());
    Prepared { method, client: request.client, bytes }
}

/// The body, and the type that goes with it.
fn body(request: &Request, values: &Values) -> (Option<String>, Option<Vec<u8>>) {
    if let Some(document) = &request.json {
        return (Some("application/json".to_owned()), Some(values.document(document).to_string().into_bytes()));
    }
    if let Some(form) = &request.form {
        let encoded = urlencoded(form, values).into_bytes();
        return (Some("application/x-www-form-urlencoded".to_owned()), Some(encoded));
    }
    if let Some(parts) = &request.multipart {
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        return (Some(content_type), Some(multipart(parts, values).into_bytes()));
    }
    let raw = request.raw.as_ref().map(|raw| values.text(raw).into_bytes());
    (None, raw.or_else(|| request.raw_hex.as_deref().map(unhex)))
}

fn urlencoded(form: &Json, values: &Values) -> String {
    let mut encoder = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form.members() {
        encoder.append_pair(name, &filled(value, values));
    }
    for pair in form.items() {
        let [name, value] = pair.items() else { panic!("not a pair: {pair}") };
        encoder.append_pair(&filled(name, values), &filled(value, values));
    }
    encoder.finish()
}

fn multipart(parts: &Json, values: &Values) -> String {
    let mut body = String::new();
    for (name, value) in parts.members() {
        let (file, content) = match (value.get("filename"), value.get("content")) {
            (Some(file), Some(content)) => {
                let file = file.as_text().unwrap_or_default();
                (format!("; filename=\"{file}\"\r\nContent-Type: text/plain"), content)
            }
            _ => (String::new(), value),
        };
        let content = filled(content, values);
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}");
        body.extend([head.as_str(), "\r\n\r\n", &content, "\r\n"]);
    }
    body + &format!("--{BOUNDARY}--\r\n")
}

fn filled(value: &Json, values: &Values) -> String {
    value.as_text().map_or_else(|| value.to_string(), |template| values.text(template))
}

/// The bytes of hex digits.
pub fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}
