//! Whole numbers as Python's `int()` reads them, which is what Django does with every key of a user that a client sends.

use countersign_core::digits::decimal;

/// Python reads no more digits than these (CVE-2020-10735).
const MOST_DIGITS: usize = 4300;

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Int {
    /// One that a database can hold.
    Of(i64),
    /// One beyond.
    Beyond,
}

/// Reads `text`; `None` if it is no whole number. A sign, blanks around it and single underscores between digits are
/// allowed.
pub fn int(text: &str) -> Option<Int> {
    let text = stripped(text);
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let (mut value, mut count, mut may_part) = (Some(0_i64), 0, false);
    for c in digits.chars() {
        if c == '_' && may_part {
            may_part = false;
            continue;
        }
        let digit = i64::from(decimal(c)?);
        let digit = if negative { -digit } else { digit };
        value = value.and_then(|value| value.checked_mul(10)?.checked_add(digit));
        (count, may_part) = (count + 1, true);
    }
    (may_part && count <= MOST_DIGITS).then(|| value.map_or(Int::Beyond, Int::Of))
}

/// Of a text in ASCII only what C calls blank is stripped; of any other, what Unicode does.
fn stripped(text: &str) -> &str {
    let in_c = |c| matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ');
    let is_blank = |c: char| in_c(c) || c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    if text.is_ascii() { text.trim_matches(in_c) } else { text.trim_matches(is_blank) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_python_takes_for_one() {
        for (text, number) in [
            ("6", 6),
            (" 6 ", 6),
            ("\u{a0}6\u{2003}", 6),
            ("+6", 6),
            ("-6", -6),
            ("006", 6),
            ("1_0", 10),
            ("\u{ff16}", 6),
            ("٠٦", 6),
            ("𝟔", 6),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(int(text), Some(Int::Of(number)), "{text}");
        }
        for text in ["9223372036854775808", &"9".repeat(4300)] {
            assert_eq!(int(text), Some(Int::Beyond), "{text}");
        }
        let long = "9".repeat(4301);
        for text in [
            "", "abc", "0x1", "1e3", "1.0", "\0", "6\0", "-", "--6", "+ 6", "1 1", "_1", "1_", "1__0", "²", "①",
            "\u{1c}6", &long,
        ] {
            assert_eq!(int(text), None, "{text:?}");
        }
    }
}
