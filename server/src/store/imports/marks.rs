//! Short marks of values: by them a later run sees which value changed at the source and which here, without a copy of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_core::Digest;

/// Letters of a mark: 36 bits, so that one of 69 thousand million changes goes unseen.
const LETTERS: usize = 6;
/// What stands before the marks of a row that is not in the source any more.
const GONE: &str = "gone:";

/// The marks of a row's values, in an order that is fixed for its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks(String);

impl Marks {
    /// The marks of these values; `None` is another value than an empty text.
    pub fn of<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut marks = String::new();
        for value in values {
            let digest = match value {
                Some(text) => Digest::of(text.as_bytes()),
                None => Digest::of(b"\0none"),
            };
            marks.push_str(&BASE64.encode(&digest.as_bytes()[..LETTERS])[..LETTERS]);
        }
        Self(marks)
    }

    /// Reads what is stored: the marks, and whether the row was gone.
    pub fn read(stored: &str) -> (Self, bool) {
        match stored.strip_prefix(GONE) {
            Some(marks) => (Self(marks.to_owned()), true),
            None => (Self(stored.to_owned()), false),
        }
    }

    /// The stored form.
    pub fn stored(&self) -> String {
        self.0.clone()
    }

    /// The stored form for a row that is not in the source any more.
    pub fn stored_gone(&self) -> String {
        format!("{GONE}{}", self.0)
    }

    /// Is this the value whose mark stands at this place?
    pub fn is_of(&self, at: usize, value: Option<&str>) -> bool {
        self.0.get(at * LETTERS..(at + 1) * LETTERS) == Some(Self::of([value]).0.as_str())
    }

    /// Is the value at this place another one than there?
    pub fn differ(&self, other: &Self, at: usize) -> bool {
        let part = |marks: &Self| marks.0.get(at * LETTERS..(at + 1) * LETTERS).map(str::to_owned);
        part(self) != part(other)
    }

    /// The same marks, but at this place those of the other: what was not taken over is looked at again by the next run.
    #[must_use]
    pub fn with_part_of(&self, other: &Self, at: usize) -> Self {
        let range = at * LETTERS..(at + 1) * LETTERS;
        let mut marks = self.0.clone();
        if let (Some(_), Some(part)) = (marks.get(range.clone()), other.0.get(range.clone())) {
            marks.replace_range(range, part);
        }
        Self(marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_own_mark() {
        let (before, after) = (Marks::of([Some("a"), Some(""), None]), Marks::of([Some("a"), None, None]));
        assert!(!before.differ(&after, 0) && before.differ(&after, 1) && !before.differ(&after, 2));
        assert!(before.is_of(2, None) && before.is_of(1, Some("")) && !before.is_of(1, None) && !before.is_of(3, None));
        assert_eq!(after.with_part_of(&before, 1), before);
        assert_eq!(Marks::read(&before.stored_gone()), (before.clone(), true));
        assert_eq!(Marks::read(&before.stored()), (before, false));
    }
}
