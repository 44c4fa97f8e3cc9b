//! `multipart/form-data` as Django's parser reads it, for bodies that are in memory already.
//!
//! A body is at most a few kilobytes here, so a scan over its bytes does what a streaming parser would, without one
//! more dependency. Files are noticed and dropped: no operation takes one.

use super::json::Value;

/// The longest boundary of RFC 2046 and of Django.
const LONGEST_BOUNDARY: usize = 200;

/// The fields of a form, in order.
///
/// # Errors
/// Django's message.
pub(super) fn parse(body: &[u8], boundary: Option<&str>) -> Result<Vec<(String, Value)>, String> {
    let valid = boundary.filter(|boundary| {
        let last = boundary.chars().last();
        boundary.len() <= LONGEST_BOUNDARY
            && boundary.chars().all(|c| c == ' ' || c.is_ascii_graphic())
            && last.is_some_and(|last| last != ' ')
    });
    let Some(boundary) = valid else {
        return Err(format!("Invalid boundary in multipart: {}", boundary.unwrap_or("None")));
    };
    let delimiter = format!("--{boundary}").into_bytes();
    let mut fields = Vec::new();
    let mut rest = body;
    // What stands before the first delimiter and behind the last is no part.
    let mut inside = false;
    while let Some(at) = find(rest, &delimiter) {
        let (part, behind) = (&rest[..at], &rest[at + delimiter.len()..]);
        if inside && let Some(field) = field(part) {
            fields.push(field);
        }
        inside = true;
        if behind.starts_with(b"--") {
            break;
        }
        rest = behind;
    }
    Ok(fields)
}

/// One part: headers, an empty line, the content, a line end.
fn field(part: &[u8]) -> Option<(String, Value)> {
    const HEADERS_END: &[u8] = b"\r\n\r\n";
    let end = find(part, HEADERS_END)?;
    let headers = String::from_utf8_lossy(&part[..end]);
    let content = &part[end + HEADERS_END.len()..];
    let content = content.strip_suffix(b"\r\n").or_else(|| content.strip_suffix(b"\n")).unwrap_or(content);
    let disposition = headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("content-disposition").then_some(value))?;
    let mut parameters = disposition.split(';');
    if !parameters.next()?.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let parameters: Vec<(String, &str)> = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"')))
        .collect();
    let parameter = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let name = parameter("name")?.to_owned();
    if parameter("filename").is_some_and(|file| !file.is_empty()) {
        return Some((name, Value::File));
    }
    Some((name, Value::Text(String::from_utf8_lossy(content).into_owned().into())))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_are_told_apart() {
        let body = b"preamble\r\n--xyz\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nada\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\
            \r\nx\r\n--xyz--\r\nepilogue";
        let fields = parse(body, Some("xyz")).unwrap();
        let ada = Value::Text("ada".to_owned().into());
        assert_eq!(fields, [("username".to_owned(), ada), ("photo".to_owned(), Value::File)]);
    }

    #[test]
    fn a_missing_boundary_is_refused_and_a_wrong_one_finds_nothing() {
        assert_eq!(parse(b"x", None).unwrap_err(), "Invalid boundary in multipart: None");
        assert_eq!(parse(b"--abc\r\n\r\n--abc--", Some("xyz")).unwrap(), []);
    }
}
