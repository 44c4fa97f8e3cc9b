//! The passwords that everybody guesses first: the same 20,000 that Django 5.2 refuses, as data.

/// Sorted by byte value, one a line, lower case.
const LIST: &str = include_str!("../../data/common-passwords.txt");

/// Is `password` (in any case, outer blanks aside) on the list?
pub(super) fn is_common(password: &str) -> bool {
    let wanted = password.to_lowercase();
    let wanted = wanted.trim();
    let (mut low, mut high) = (0, LIST.len());
    // A binary search over byte offsets: each probe is moved back to the start of its line.
    while low < high {
        let middle = usize::midpoint(low, high);
        let start = LIST.as_bytes()[..middle].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let end = LIST.as_bytes()[middle..].iter().position(|&b| b == b'\n').map_or(LIST.len(), |at| middle + at);
        match LIST[start..end].cmp(wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_nothing_between() {
        assert!(LIST.lines().is_sorted());
        for line in LIST.lines() {
            assert!(is_common(line), "{line:?}");
            assert!(!is_common(&format!("{line}\u{1}")));
        }
        assert!(is_common("PassWord"));
        assert!(is_common(" password\n"));
        assert!(!is_common(""));
        assert!(!is_common("zx9-quokka-77"));
    }
}
