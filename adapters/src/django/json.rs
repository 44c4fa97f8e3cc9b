//! JSON as Python's decoder reads it, with its messages.
//!
//! What a client may send to a Django API and `serde_json` would refuse or change: of two equal keys the last counts,
//! lone surrogates are characters (validators refuse them by number), whole numbers have any length and numbers keep
//! the text that `str()` gives them.

use super::float;

/// Deeper documents are refused; Python gives up near a thousand.
const DEEPEST: usize = 500;
/// `sys.int_info.default_max_str_digits`.
const LONGEST_INTEGER: usize = 4300;

/// A value, as far as a serializer looks into one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool,
    /// With the text that `str()` gives it.
    Integer(String),
    Float(String),
    Text(Text),
    List,
    Object(Vec<(String, Value)>),
    /// A file of a multipart form.
    File,
}

/// A text of Python, which unlike one of Rust may hold lone surrogates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text {
    /// With U+FFFD in the place of each lone surrogate.
    pub(super) text: String,
    /// The first lone surrogate.
    pub(super) surrogate: Option<u16>,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { text, surrogate: None }
    }
}

/// Reads a whole document.
///
/// # Errors
/// The message of Python's `JSONDecodeError` or `ValueError`.
pub(super) fn decode(document: &str) -> Result<Value, String> {
    let mut decoder = Decoder { chars: document.chars().collect(), at: 0, depth: 0 };
    if decoder.peek() == Some('\u{feff}') {
        return Err(decoder.error("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0));
    }
    decoder.blanks();
    let value = decoder.value()?;
    decoder.blanks();
    if decoder.at < decoder.chars.len() { Err(decoder.error("Extra data", decoder.at)) } else { Ok(value) }
}

struct Decoder {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Decoder {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.chars[self.at..].iter().copied().take(word.len()).eq(word.chars());
        if found {
            self.at += word.len();
        }
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    /// `message: line L column C (char N)`, counted in characters.
    fn error(&self, message: &str, at: usize) -> String {
        let before = &self.chars[..at];
        let line = 1 + before.iter().filter(|c| **c == '\n').count();
        let column = before.iter().rposition(|c| *c == '\n').map_or(at + 1, |newline| at - newline);
        format!("{message}: line {line} column {column} (char {at})")
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.peek() {
            Some('"') => self.string().map(Value::Text),
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::list),
            _ => self.scalar(),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        if self.depth == DEEPEST {
            return Err(self.error("Nested too deeply", self.at));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut members: Vec<(String, Value)> = Vec::new();
        self.blanks();
        if self.take('}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some('"') {
                return Err(self.error("Expecting property name enclosed in double quotes", self.at));
            }
            let key = self.string()?.text;
            self.blanks();
            if !self.take(':') {
                return Err(self.error("Expecting ':' delimiter", self.at));
            }
            self.blanks();
            let value = self.value()?;
            members.push((key, value));
            self.blanks();
            if self.take('}') {
                return Ok(Value::Object(members));
            }
            if !self.take(',') {
                return Err(self.error("Expecting ',' delimiter", self.at));
            }
            self.blanks();
        }
    }

    fn list(&mut self) -> Result<Value, String> {
        self.blanks();
        if self.take(']') {
            return Ok(Value::List);
        }
        loop {
            self.value()?;
            self.blanks();
            if self.take(']') {
                return Ok(Value::List);
            }
            if !self.take(',') {
                return Err(self.error("Expecting ',' delimiter", self.at));
            }
            self.blanks();
        }
    }

    fn scalar(&mut self) -> Result<Value, String> {
        for (word, value) in [("null", Value::Null), ("true", Value::Bool), ("false", Value::Bool)] {
            if self.take_word(word) {
                return Ok(value);
            }
        }
        for constant in ["NaN", "Infinity", "-Infinity"] {
            if self.take_word(constant) {
                return Err(format!("Out of range float values are not JSON compliant: '{constant}'"));
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        self.take('-');
        let whole = self.digits();
        if whole == 0 {
            self.at = start;
            return Err(self.error("Expecting value", start));
        }
        if self.chars[self.at - whole] == '0' {
            // A leading zero stands alone; what follows it is the next token.
            self.at -= whole - 1;
        }
        let end_of_whole = self.at;
        if self.take('.') && self.digits() == 0 {
            self.at = end_of_whole;
        }
        let end_of_fraction = self.at;
        if self.take('e') || self.take('E') {
            let _ = self.take('+') || self.take('-');
            if self.digits() == 0 {
                self.at = end_of_fraction;
            }
        }
        let text: String = self.chars[start..self.at].iter().collect();
        if self.at > end_of_whole {
            return Ok(Value::Float(float::repr(text.parse().unwrap_or(f64::INFINITY))));
        }
        let length = text.trim_start_matches('-').len();
        if length > LONGEST_INTEGER {
            return Err(format!(
                "Exceeds the limit ({LONGEST_INTEGER} digits) for integer string conversion: value has {length} \
                 digits; use sys.set_int_max_str_digits() to increase the limit"
            ));
        }
        Ok(Value::Integer(if text == "-0" { "0".to_owned() } else { text }))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<Text, String> {
        let opening = self.at;
        self.at += 1;
        let mut text = Text::default();
        loop {
            let Some(c) = self.peek() else {
                return Err(self.error("Unterminated string starting at", opening));
            };
            self.at += 1;
            match c {
                '"' => return Ok(text),
                '\\' => self.escape(opening, &mut text)?,
                c if c < ' ' => return Err(self.error("Invalid control character at", self.at - 1)),
                c => text.text.push(c),
            }
        }
    }

    fn escape(&mut self, opening: usize, text: &mut Text) -> Result<(), String> {
        let Some(c) = self.peek() else {
            return Err(self.error("Unterminated string starting at", opening));
        };
        self.at += 1;
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(text),
            _ => return Err(self.error("Invalid \\escape", self.at - 2)),
        };
        text.text.push(plain);
        Ok(())
    }

    /// `\uXXXX`, the cursor behind the `u`; a high surrogate takes the low one that follows it.
    fn unicode_escape(&mut self, text: &mut Text) -> Result<(), String> {
        let unit = self.code_unit()?;
        let mut units = vec![unit];
        if (0xd800..0xdc00).contains(&unit) {
            let start = self.at;
            if self.take('\\') && self.take('u') {
                let low = self.code_unit()?;
                if (0xdc00..0xe000).contains(&low) { units.push(low) } else { self.at = start }
            } else {
                self.at = start;
            }
        }
        for decoded in char::decode_utf16(units) {
            text.text.push(decoded.as_ref().copied().unwrap_or(char::REPLACEMENT_CHARACTER));
            if let Err(lone) = decoded {
                text.surrogate.get_or_insert(lone.unpaired_surrogate());
            }
        }
        Ok(())
    }

    fn code_unit(&mut self) -> Result<u16, String> {
        const DIGITS: usize = 4;
        let hex: Option<String> = self.chars.get(self.at..self.at + DIGITS).map(|digits| digits.iter().collect());
        let unit = hex.filter(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()));
        let unit = unit.and_then(|hex| u16::from_str_radix(&hex, 16).ok());
        let unit = unit.ok_or_else(|| self.error("Invalid \\uXXXX escape", self.at - 1))?;
        self.at += DIGITS;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(document: &str) -> Value {
        match decode(document) {
            Ok(Value::Object(mut members)) => members.pop().unwrap().1,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_are_told_in_pythons_words_and_counted_in_characters() {
        for (document, message) in [
            ("username=alice", "Expecting value: line 1 column 1 (char 0)"),
            ("   ", "Expecting value: line 1 column 4 (char 3)"),
            ("", "Expecting value: line 1 column 1 (char 0)"),
            ("{\"a\": 1,}", "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"),
            ("{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)"),
            ("{\"é\": 01}", "Expecting ',' delimiter: line 1 column 8 (char 7)"),
            ("{\n\"a\": }", "Expecting value: line 2 column 6 (char 7)"),
            ("{} // x", "Extra data: line 1 column 4 (char 3)"),
            ("[1,]", "Expecting value: line 1 column 4 (char 3)"),
            ("\"a", "Unterminated string starting at: line 1 column 1 (char 0)"),
            ("\"a\nb\"", "Invalid control character at: line 1 column 3 (char 2)"),
            ("{\"a\": \"\\x\"}", "Invalid \\escape: line 1 column 8 (char 7)"),
            ("\"\\u12g4\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"),
            ("\u{feff}{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
            ("[NaN]", "Out of range float values are not JSON compliant: 'NaN'"),
            ("-Infinity", "Out of range float values are not JSON compliant: '-Infinity'"),
            ("-", "Expecting value: line 1 column 1 (char 0)"),
        ] {
            assert_eq!(decode(document).unwrap_err(), message, "{document:?}");
        }
    }

    #[test]
    fn numbers_keep_the_text_that_python_gives_them() {
        assert_eq!(member("{\"a\": 12345678901234567890123}"), Value::Integer("12345678901234567890123".to_owned()));
        assert_eq!(member("{\"a\": -0}"), Value::Integer("0".to_owned()));
        assert_eq!(member("{\"a\": 1e3}"), Value::Float("1000.0".to_owned()));
        assert_eq!(member("{\"a\": -2.50}"), Value::Float("-2.5".to_owned()));
        assert_eq!(member("{\"a\": 1e999}"), Value::Float("inf".to_owned()));
    }

    #[test]
    fn pairs_of_surrogates_are_one_character_and_lone_ones_are_kept_by_number() {
        assert_eq!(member(r#"{"a": "\ud83d\ude00"}"#), Value::Text("😀".to_owned().into()));
        let lone = Text { text: "x\u{fffd}A".to_owned(), surrogate: Some(0xd83d) };
        assert_eq!(member(r#"{"a": "x\ud83d\u0041"}"#), Value::Text(lone));
    }

    #[test]
    fn a_bottomless_document_is_refused_and_a_deep_one_is_not() {
        assert!(decode(&"[".repeat(100_000)).unwrap_err().starts_with("Nested too deeply"));
        assert_eq!(decode(&format!("{}{}", "[".repeat(100), "]".repeat(100))), Ok(Value::List));
    }
}
