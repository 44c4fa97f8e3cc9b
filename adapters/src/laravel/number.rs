//! Numbers as clients write them: a row has one spelling.

/// The number that `digits` write: no sign, no blanks, no zeros in front, nothing beyond 64 bits.
pub fn canonical(digits: &str) -> Option<i64> {
    let is_canonical = digits == "0" || !digits.starts_with('0');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_canonical && is_number).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::canonical;

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
