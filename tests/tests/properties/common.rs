//! How the properties are tried, and small changes of texts.

use countersign_tests::properties::runner;
use proptest::{
    prelude::{Strategy, any},
    test_runner::{TestCaseError, TestCaseResult},
};

/// Tries `property` with `cases` inputs, or with as many as the environment says.
pub fn hold<S: Strategy>(cases: u32, inputs: &S, property: impl Fn(S::Value) -> TestCaseResult) {
    if let Err(wrong) = runner("COUNTERSIGN_TEST_CASES", cases).run(inputs, property) {
        panic!("{wrong}");
    }
}

/// This, or the input is a counterexample.
pub fn ensure(is_true: bool, or: impl FnOnce() -> String) -> TestCaseResult {
    if is_true { Ok(()) } else { Err(TestCaseError::fail(or())) }
}

/// A small change of a text.
#[derive(Debug, Clone)]
pub struct Change {
    at: u16,
    what: u8,
    letter: char,
}

/// A change with a letter from these.
pub fn change(letters: &'static str) -> impl Strategy<Value = Change> {
    let letter = any::<proptest::sample::Index>().prop_map(|at| letters.chars().nth(at.index(letters.len())).unwrap());
    (any::<u16>(), 0..6_u8, letter).prop_map(|(at, what, letter)| Change { at, what, letter })
}

impl Change {
    /// The text, changed; the same where there was nothing to change.
    pub fn of(&self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        if letters.is_empty() {
            return self.letter.to_string();
        }
        let at = usize::from(self.at) % letters.len();
        match self.what {
            0 => letters[at] = self.letter,
            1 => letters.insert(at, self.letter),
            2 => drop(letters.remove(at)),
            3 => letters.truncate(at),
            4 => letters.push(self.letter),
            _ => {
                let other = if letters[at].is_lowercase() {
                    letters[at].to_ascii_uppercase()
                } else {
                    letters[at].to_ascii_lowercase()
                };
                letters[at] = other;
            }
        }
        letters.into_iter().collect()
    }
}
