//! What a new password must be. Each dialect has its own rules, and a mount may choose others.

use super::common::is_common;
use crate::{digits::is_digit, secret::Secret};

/// The rules of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordRules {
    /// Any password up to the length cap.
    #[default]
    None,
    /// Laravel's `Password::defaults()`: at least eight characters.
    Laravel,
    /// Django's four validators: similarity, length of eight, the common list, all digits.
    Django,
}

/// Why a password was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordFlaw {
    /// Over [`super::MAX_BYTES`].
    TooLong {
        /// The cap in bytes.
        max_bytes: usize,
    },
    /// Fewer characters than the rules ask for.
    TooShort {
        /// The least number of characters.
        min: usize,
    },
    /// It resembles an attribute of the user, given by Django's verbose name (`username`, `email address` …).
    TooSimilar {
        /// Which attribute.
        attribute: &'static str,
    },
    /// It is on the common list.
    TooCommon,
    /// Digits only.
    EntirelyNumeric,
}

/// The attributes that a password must not resemble.
#[derive(Debug, Clone, Copy, Default)]
pub struct PasswordOwner<'a> {
    /// The user name.
    pub username: &'a str,
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// The e-mail address.
    pub email: &'a str,
}

/// Both frameworks ask for eight characters.
const MIN_LENGTH: usize = 8;
/// `UserAttributeSimilarityValidator`'s default `max_similarity`.
const MAX_SIMILARITY: f64 = 0.7;

impl PasswordRules {
    /// All that is wrong with `password`, in the order in which Django's validators run; empty if it may be used.
    pub fn check(self, password: &Secret, owner: &PasswordOwner<'_>) -> Vec<PasswordFlaw> {
        let password = password.expose();
        if password.len() > super::MAX_BYTES {
            return vec![PasswordFlaw::TooLong { max_bytes: super::MAX_BYTES }];
        }
        let mut flaws = Vec::new();
        if self == Self::Django
            && let Some(attribute) = resembles(password, owner)
        {
            flaws.push(PasswordFlaw::TooSimilar { attribute });
        }
        if self != Self::None && password.chars().count() < MIN_LENGTH {
            flaws.push(PasswordFlaw::TooShort { min: MIN_LENGTH });
        }
        if self == Self::Django {
            if is_common(password) {
                flaws.push(PasswordFlaw::TooCommon);
            }
            if !password.is_empty() && password.chars().all(is_digit) {
                flaws.push(PasswordFlaw::EntirelyNumeric);
            }
        }
        flaws
    }
}

/// The first attribute of which the whole or a word resembles the password.
fn resembles(password: &str, owner: &PasswordOwner<'_>) -> Option<&'static str> {
    let password: Vec<char> = password.to_lowercase().chars().collect();
    let attributes = [
        ("username", owner.username),
        ("first name", owner.first_name),
        ("last name", owner.last_name),
        ("email address", owner.email),
    ];
    attributes.into_iter().find_map(|(name, value)| {
        let value = value.to_lowercase();
        let words = value.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.chain([value.as_str()]).any(|word| is_similar(&password, word)).then_some(name)
    })
}

/// Python's `SequenceMatcher.quick_ratio() >= 0.7`, which counts letters, with Django's guard against long passwords.
fn is_similar(password: &[char], word: &str) -> bool {
    let word: Vec<char> = word.chars().collect();
    let bound = MAX_SIMILARITY / 2.0 * as_f64(password.len());
    if password.len() >= 10 * word.len() && as_f64(word.len()) < bound {
        return false;
    }
    let mut letters = std::collections::HashMap::new();
    for letter in &word {
        *letters.entry(*letter).or_insert(0_usize) += 1;
    }
    let mut common = 0_usize;
    for letter in password {
        if let Some(left) = letters.get_mut(letter).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    let total = password.len() + word.len();
    total == 0 || 2.0 * as_f64(common) / as_f64(total) >= MAX_SIMILARITY
}

#[expect(clippy::cast_precision_loss, reason = "lengths below the cap of 16_384 are exact in a double")]
fn as_f64(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn django(password: &str) -> Vec<PasswordFlaw> {
        let owner = PasswordOwner { username: "valeriand", email: "val@example.com", ..PasswordOwner::default() };
        PasswordRules::Django.check(&Secret::from(password), &owner)
    }

    #[test]
    fn django_names_every_flaw_in_order() {
        assert_eq!(django("Zx9-quokka-77"), []);
        assert_eq!(django("VALERIAND"), [PasswordFlaw::TooSimilar { attribute: "username" }]);
        assert_eq!(
            django("123"),
            [PasswordFlaw::TooShort { min: 8 }, PasswordFlaw::TooCommon, PasswordFlaw::EntirelyNumeric]
        );
        assert_eq!(django("١٢٣٤٥٦٧²"), [PasswordFlaw::EntirelyNumeric]);
        assert_eq!(django("½½½½½½½½"), []);
    }

    #[test]
    fn laravel_counts_characters_and_minimal_nothing() {
        let owner = PasswordOwner::default();
        assert_eq!(PasswordRules::Laravel.check(&Secret::from("password"), &owner), []);
        assert_eq!(PasswordRules::Laravel.check(&Secret::from("ключ"), &owner), [PasswordFlaw::TooShort { min: 8 }]);
        assert_eq!(PasswordRules::None.check(&Secret::from("x"), &owner), []);
        assert_eq!(
            PasswordRules::None.check(&Secret::new("x".repeat(16_385)), &owner),
            [PasswordFlaw::TooLong { max_bytes: 16_384 }]
        );
    }
}
