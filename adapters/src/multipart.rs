//! `multipart/form-data` (RFC 7578) for bodies that are in memory already, which every dialect with forms reads alike.
//!
//! A body is at most a few kilobytes here, so a scan over its bytes does what a streaming parser would, without one
//! more dependency.

/// One part with a name.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The name of the field.
    pub name: String,
    /// The name of the file, where the part says that it is one; it may be empty.
    pub filename: Option<String>,
    /// The content as text.
    pub content: String,
}

/// The parts of a body, in their order. What stands before the first delimiter or behind the last one is none, and
/// neither is a part that nothing ends.
pub fn parts(body: &[u8], boundary: &str) -> Vec<Part> {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut next = delimiter_in(body, 0, &delimiter);
    while let Some(Delimiter { end, is_last: false, .. }) = next {
        next = delimiter_in(body, end, &delimiter);
        if let Some(closing) = &next {
            parts.extend(part(&body[end..closing.start]));
        }
    }
    parts
}

/// A line that separates two parts.
struct Delimiter {
    /// Where the part before it ends: at the line end that belongs to the delimiter.
    start: usize,
    /// Where the part behind it begins.
    end: usize,
    is_last: bool,
}

/// The first delimiter in `body` from `from` on, which is the beginning of a line (RFC 2046, 5.1.1): the same text within
/// a line, or at the beginning of a longer one, is content.
fn delimiter_in(body: &[u8], from: usize, delimiter: &[u8]) -> Option<Delimiter> {
    let mut line = from;
    loop {
        if let Some(rest) = body[line..].strip_prefix(delimiter) {
            // At the very beginning there is no line end before it; an empty part has only the one of its headers.
            let start = if line >= from + LINE_END.len() { line - LINE_END.len() } else { line };
            if rest.starts_with(b"--") {
                return Some(Delimiter { start, end: body.len(), is_last: true });
            }
            let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            if rest[padding..].starts_with(LINE_END) {
                let end = line + delimiter.len() + padding + LINE_END.len();
                return Some(Delimiter { start, end, is_last: false });
            }
        }
        line += find(&body[line..], LINE_END)? + LINE_END.len();
    }
}

const LINE_END: &[u8] = b"\r\n";

/// Headers, an empty line, the content; `None` without a name.
fn part(bytes: &[u8]) -> Option<Part> {
    const HEADERS_END: &[u8] = b"\r\n\r\n";
    let end = find(bytes, HEADERS_END)?;
    let headers = String::from_utf8_lossy(&bytes[..end]);
    let disposition = headers
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("content-disposition").then_some(value))?;
    if !disposition.split(';').next()?.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let name = parameter(disposition, "name").filter(|name| !name.is_empty())?;
    let content = String::from_utf8_lossy(&bytes[end + HEADERS_END.len()..]).into_owned();
    Some(Part { name, filename: parameter(disposition, "filename"), content })
}

/// A parameter of a header's value, with or without quotes; within quotes a semicolon is a character like any other, and
/// a backslash takes the meaning from a quote and from another backslash.
pub fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, behind) = rest.split_at(rest.find(['=', ';']).unwrap_or(rest.len()));
        let (given, behind) = match behind.strip_prefix('=').map(str::trim_start) {
            Some(quoted) if quoted.starts_with('"') => unquoted(&quoted[1..]),
            Some(plain) => {
                let (plain, behind) = plain.split_at(plain.find(';').unwrap_or(plain.len()));
                (plain.trim_end().to_owned(), behind)
            }
            None => (String::new(), behind),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(given);
        }
        rest = behind.split_once(';')?.1;
    }
}

/// The text up to the closing quote, and what stands behind it.
fn unquoted(text: &str) -> (String, &str) {
    let mut inside = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' if letters.as_str().starts_with(['"', '\\']) => inside.extend(letters.next()),
            other => inside.push(other),
        }
    }
    (inside, letters.as_str())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<(String, String)> {
        parts(body.as_bytes(), "x-1").into_iter().map(|part| (part.name, part.content)).collect()
    }

    fn form(contents: &[(&str, &str)]) -> String {
        let part = |(name, content): &(&str, &str)| {
            format!("--x-1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
        };
        contents.iter().map(part).collect::<String>() + "--x-1--\r\n"
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
    }

    #[test]
    fn parts_are_read_in_their_order_and_files_are_told_apart() {
        let body = "preamble\r\n--x-1\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nada@example.org\r\n\
                    --x-1 \t\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nfile\r\n\
                    --x-1\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name=note\r\n\r\na\r\n\r\nb\r\n\
                    --x-1--\r\nepilogue";
        let part = |name: &str, filename: Option<&str>, content: &str| Part {
            name: name.to_owned(),
            filename: filename.map(str::to_owned),
            content: content.to_owned(),
        };
        let expected = [
            part("email", None, "ada@example.org"),
            part("f", Some("a.txt"), "file"),
            part("note", None, "a\r\n\r\nb"),
        ];
        assert_eq!(parts(body.as_bytes(), "x-1"), expected);
    }

    #[test]
    fn a_delimiter_is_a_whole_line() {
        for content in
            ["a--x-1b", "a--x-1--", "--x-1", "\r\n--x-12", "\r\n --x-1", "\n--x-1\n", "\r\n-x-1\r\n", "", "\r\n"]
        {
            let fields = [("before", "1"), ("password", content), ("after", "2")];
            // The first of a line is a delimiter unless something follows it.
            let content_is_safe = content != "--x-1";
            assert_eq!(texts(&form(&fields)) == pairs(&fields), content_is_safe, "{content:?}");
        }
    }

    #[test]
    fn what_is_malformed_has_no_parts() {
        let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nb";
        for body in [
            "",
            "--x-1",
            "--x-1--",
            "--x-1\r\n--x-1--",
            "--x-1\r\n\r\n--x-1--",
            &format!("--x-1\r\n{part}"),
            &format!("--x-2\r\n{part}\r\n--x-2--"),
            &format!("--x-1\r\n{}\r\n--x-1--", part.replace("form-data", "attachment")),
            &format!("--x-1\r\n{}\r\n--x-1--", part.replace("\"a\"", "\"\"")),
        ] {
            assert_eq!(texts(body), [], "{body:?}");
        }
    }

    #[test]
    fn an_empty_content_needs_no_line_of_its_own() {
        let body = "--x-1\r\nContent-Disposition: form-data; name=a\r\n\r\n--x-1--";
        assert_eq!(texts(body), []);
        assert_eq!(texts(&form(&[("a", "")])), pairs(&[("a", "")]));
    }

    #[test]
    fn parameters_may_be_quoted() {
        let header = r#"form-data; Name="a;b=\"c\\" ; filename=x.txt; empty=; bare; last = "z" "#;
        let read = |name| parameter(header, name);
        assert_eq!(read("name").as_deref(), Some("a;b=\"c\\"));
        assert_eq!(read("filename").as_deref(), Some("x.txt"));
        assert_eq!((read("empty").as_deref(), read("bare").as_deref()), (Some(""), Some("")));
        assert_eq!(read("last").as_deref(), Some("z"));
        assert_eq!(read("b"), None);
        assert_eq!(parameter("form-data", "name"), None);
        assert_eq!(parameter("multipart/form-data; boundary=\"unclosed", "boundary").as_deref(), Some("unclosed"));
    }
}
