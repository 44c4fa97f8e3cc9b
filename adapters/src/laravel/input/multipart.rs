//! `multipart/form-data` (RFC 7578), as far as fields go: files are passed over, no route here takes one.

/// The fields of a body, in their order; what is malformed ends it.
pub fn fields(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    // RFC 2046, 5.1.1.
    const LONGEST_BOUNDARY: usize = 70;
    let boundary = parameter(content_type, "boundary").filter(|boundary| boundary.len() <= LONGEST_BOUNDARY);
    let Some(boundary) = boundary else { return Vec::new() };
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // The first delimiter stands at the beginning, without the line end that belongs to the others.
    let Some(mut rest) = body.strip_prefix(&delimiter[2..]) else { return Vec::new() };
    let mut fields = Vec::new();
    // After a delimiter comes a line end and a part; after the last one two hyphens.
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some((content, after)) = split(part, &delimiter) else { break };
        fields.extend(field(content));
        rest = after;
    }
    fields
}

/// The name and the value of a part; `None` for a file.
fn field(part: &[u8]) -> Option<(String, String)> {
    let (head, value) = split(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(head);
    let is_disposition = |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
    let disposition = head.split("\r\n").find(is_disposition)?;
    if parameter(disposition, "filename").is_some() {
        return None;
    }
    Some((parameter(disposition, "name")?, String::from_utf8_lossy(value).into_owned()))
}

/// A parameter of a header, with or without quotes.
fn parameter(header: &str, name: &str) -> Option<String> {
    let value = header.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })?;
    let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some(unquoted.unwrap_or(value).to_owned()).filter(|value| !value.is_empty())
}

/// What stands before and after the first `separator`.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::fields;

    const TYPE: &str = "multipart/form-data; boundary=x-1";

    #[test]
    fn fields_are_read_and_files_are_not() {
        let body = "--x-1\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nada@example.org\r\n\
                    --x-1\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nfile\r\n\
                    --x-1\r\nContent-Disposition: form-data; name=note\r\nContent-Type: text/plain\r\n\r\na\r\n\r\nb\r\n--x-1--\r\n";
        let read = fields(TYPE, body.as_bytes());
        let expected = [("email", "ada@example.org"), ("note", "a\r\n\r\nb")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_malformed_has_no_fields() {
        let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nb";
        for body in ["", "--x-1", "--x-1--", &format!("--x-1\r\n{part}"), &format!("--x-2\r\n{part}\r\n--x-2--")] {
            assert_eq!(fields(TYPE, body.as_bytes()), [], "{body}");
        }
        assert_eq!(fields("multipart/form-data", format!("--\r\n{part}\r\n----").as_bytes()), []);
    }
}
