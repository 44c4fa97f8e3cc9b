//! Numbers as clients write them: a row has one spelling. And as PHP prints them.

use serde_json::Number;

/// The number that `digits` write: no sign, no blanks, no zeros in front, nothing beyond 64 bits.
pub fn canonical(digits: &str) -> Option<i64> {
    let is_canonical = digits == "0" || !digits.starts_with('0');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_canonical && is_number).then(|| digits.parse().ok()).flatten()
}

/// A number of JSON as PHP prints it: one that is not whole, or beyond 64 bits, with fourteen digits (`precision`).
pub fn printed(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(fraction)) => with_fourteen_digits(fraction),
        (None, None) => number.to_string(),
    }
}

/// C's `%.14G`, whose powers of ten have a decimal point in PHP.
fn with_fourteen_digits(value: f64) -> String {
    const DIGITS: i32 = 14;
    let scientific = format!("{value:.13e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..DIGITS).contains(&exponent) {
        let digits = digits.trim_end_matches('0');
        let digits = if digits.ends_with('.') { format!("{digits}0") } else { digits.to_owned() };
        return format!("{digits}E{exponent:+}");
    }
    let decimals = usize::try_from(DIGITS - 1 - exponent).unwrap_or_default();
    let plain = format!("{value:.decimals$}");
    if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.').to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_php_does() {
        let print = |text: &str| printed(&serde_json::from_str(text).unwrap());
        for (text, expected) in [
            ("5", "5"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("12345678901234567890", "1.2345678901235E+19"),
            ("1.0", "1"),
            ("-2.50", "-2.5"),
            ("0.1234567890123456", "0.12345678901235"),
            ("0.0001", "0.0001"),
            ("0.00001", "1.0E-5"),
            ("1e13", "10000000000000"),
            ("1e14", "1.0E+14"),
            ("-0.0", "-0"),
            ("1e25", "1.0E+25"),
            ("0.0", "0"),
        ] {
            assert_eq!(print(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(
            ["0", "7", "16", "9223372036854775807"].map(canonical),
            [Some(0), Some(7), Some(16), Some(i64::MAX)]
        );
        for text in ["", "+16", "-1", "016", "00", " 16", "16 ", "1e3", "3.0", "0x10", "٣", "9223372036854775808"] {
            assert_eq!(canonical(text), None, "{text:?}");
        }
    }
}
