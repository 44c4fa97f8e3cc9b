//! Whole numbers as Python's `int()` reads them, which is what Django does with every key of a user that a client sends.

/// The first of each ten digits that Unicode has (category Nd, Unicode 14): those of ASCII, of other scripts, and the
/// mathematical ones.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0,
    0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
    0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];
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
        let digit = digit(c)?;
        let digit = if negative { -digit } else { digit };
        value = value.and_then(|value| value.checked_mul(10)?.checked_add(digit));
        (count, may_part) = (count + 1, true);
    }
    (may_part && count <= MOST_DIGITS).then(|| value.map_or(Int::Beyond, Int::Of))
}

fn digit(c: char) -> Option<i64> {
    let code = u32::from(c);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    (code - zero < 10).then(|| i64::from(code - zero))
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
