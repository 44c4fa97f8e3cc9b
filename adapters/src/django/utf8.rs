//! Bytes as text, and what Python's codec says of bytes that are none.

/// Leading bytes of sequences of two to four.
const LEADING: std::ops::RangeInclusive<u8> = 0xc2..=0xf4;

/// Decodes by the charset of the content type; one that is not known counts as UTF-8.
///
/// # Errors
/// The message of Python's `UnicodeDecodeError`.
pub(super) fn decode(bytes: &[u8], charset: Option<&str>) -> Result<String, String> {
    let charset = charset.unwrap_or_default().to_ascii_lowercase().replace('_', "-");
    if matches!(charset.as_str(), "iso-8859-1" | "iso8859-1" | "latin-1" | "latin1" | "l1") {
        return Ok(bytes.iter().copied().map(char::from).collect());
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text.to_owned()),
        Err(error) => error,
    };
    let at = error.valid_up_to();
    let byte = bytes.get(at).copied().unwrap_or_default();
    let (length, reason) = match error.error_len() {
        None => (bytes.len() - at, "unexpected end of data"),
        Some(1) if !LEADING.contains(&byte) => (1, "invalid start byte"),
        Some(length) => (length, "invalid continuation byte"),
    };
    Err(if length == 1 {
        format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: {reason}")
    } else {
        format!("'utf-8' codec can't decode bytes in position {at}-{}: {reason}", at + length - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_told_as_python_tells_them() {
        assert_eq!(
            decode(b"ab\xff", None).unwrap_err(),
            "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte"
        );
        assert_eq!(
            decode(b"\xc3(", None).unwrap_err(),
            "'utf-8' codec can't decode byte 0xc3 in position 0: invalid continuation byte"
        );
        assert_eq!(
            decode(b"x\xe2\x82", None).unwrap_err(),
            "'utf-8' codec can't decode bytes in position 1-2: unexpected end of data"
        );
    }

    #[test]
    fn latin_1_is_read_as_such() {
        assert_eq!(decode(b"\xe9", Some("ISO-8859-1")).unwrap(), "é");
        assert_eq!(decode("é".as_bytes(), Some("klingon")).unwrap(), "é");
    }
}
