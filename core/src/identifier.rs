//! The identifiers of a user: user name, e-mail and phone share one namespace, so that any dialect's login field
//! reaches at most one account.
//!
//! A key is what is compared, byte for byte, on every database. Django's user names differ by case (`alice` and
//! `ALICE` are two users; all are stored in NFKC), addresses do not. A user name
//! that looks like an address is compared as one: nobody can register `Ada@example.org` beside `ada@example.org`.

use unicode_normalization::UnicodeNormalization as _;

use crate::model::Spelling;

/// Longer identifiers belong to nobody: the width of the indexed column, in characters.
pub const MAX_LENGTH: usize = 255;

/// The compared form of an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// The key of a user name that is being stored. One that is a phone number is compared as one: nobody can register
    /// another spelling of somebody's number.
    pub fn username(name: &str) -> Self {
        let name = normal(name);
        Self(e164(&name).unwrap_or_else(|| fold(&name)))
    }

    /// The key of a user name that is stored as it is typed, as Django's change of a user name does: another Unicode form
    /// of it is another name.
    pub fn username_as_typed(name: &str) -> Self {
        Self(e164(&normal(name)).unwrap_or_else(|| fold(name)))
    }

    /// The key of an e-mail address.
    pub fn email(address: &str) -> Self {
        Self(address.to_lowercase())
    }

    /// The key of a phone number in E.164.
    pub fn phone(e164: &str) -> Self {
        Self(e164.to_owned())
    }

    /// Reads a stored key.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is it no longer than the column that holds it?
    pub fn fits(&self) -> bool {
        self.0.chars().count() <= MAX_LENGTH
    }

    /// What a login field may mean, in the order of preference: the text itself, its normal form, a phone number.
    pub fn candidates(input: &str) -> Vec<Self> {
        Self::spelled(input, Spelling::Any)
    }

    /// [`Key::candidates`], as far as the spelling lets them count.
    pub fn spelled(input: &str, spelling: Spelling) -> Vec<Self> {
        if input.is_empty() || input.contains('\0') || input.chars().count() > MAX_LENGTH {
            return Vec::new();
        }
        let other = match spelling {
            Spelling::Any => {
                let normal = normal(input);
                [Some(fold(&normal)), e164(&normal)]
            }
            Spelling::AsStored => [None, e164(input)],
            Spelling::Address => return vec![Self::email(input)],
        };
        let mut keys = vec![Self(fold(input))];
        for key in other.into_iter().flatten().map(Self) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

/// The form in which user names are stored: NFKC.
pub fn normal(name: &str) -> String {
    name.nfkc().collect()
}

/// Addresses are compared without case, everything else as it is.
fn fold(text: &str) -> String {
    if text.contains('@') { text.to_lowercase() } else { text.to_owned() }
}

/// Which of the three an identifier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user name or login.
    Username,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

impl Kind {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// An identifier that a new user wants.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which it is.
    pub kind: Kind,
    /// The compared form.
    pub key: Key,
    /// Without it there is no user; an optional one is left out if somebody else holds it.
    pub required: bool,
}

/// Required identifiers that somebody else holds; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken(pub Vec<Kind>);

impl Taken {
    /// Is `kind` among them?
    pub fn has(&self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }
}

/// A number in international form as E.164 (`+79991234567`), blanks, brackets and hyphens allowed; `None` otherwise.
pub fn e164(input: &str) -> Option<String> {
    const SHORTEST: usize = 8;
    let looks_like = input.trim_start().starts_with('+')
        && input.len() >= SHORTEST
        && input.chars().all(|c| c.is_ascii_digit() || " ()-.+".contains(c));
    if !looks_like {
        return None;
    }
    let number = phonenumber::parse(None, input).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_keep_their_case_and_addresses_do_not() {
        assert_ne!(Key::username("alice"), Key::username("ALICE"));
        assert_eq!(Key::username("ｆｕｌｌ"), Key::username("full"));
        assert_eq!(Key::username("Ada@Example.org"), Key::email("ada@example.org"));
        assert_eq!(Key::candidates("Ada@Example.org"), [Key::email("ada@example.org")]);
    }

    #[test]
    fn a_phone_number_is_found_however_it_is_written() {
        let stored = Key::phone("+79991234567");
        assert!(Key::candidates("+7 (999) 123-45-67").contains(&stored));
        assert_eq!(Key::candidates("+79991234567"), [stored]);
        assert_eq!(e164("alice"), None);
        assert_eq!(e164("+1"), None);
    }

    #[test]
    fn every_spelling_of_a_number_or_name_is_one_key() {
        assert_eq!(Key::username("+7-999-123-45-67"), Key::phone("+79991234567"));
        assert!(Key::candidates("cafe\u{301}").contains(&Key::username("café")));
        assert!(Key::candidates("ａlice").contains(&Key::username("alice")));
    }

    #[test]
    fn a_name_stored_as_typed_is_found_as_typed() {
        let wide = Key::username_as_typed("ｕｒｓ");
        assert_ne!(wide, Key::username("urs"));
        assert_eq!(Key::candidates("ｕｒｓ"), [wide.clone(), Key::username("urs")]);
        assert_eq!(Key::spelled("ｕｒｓ", Spelling::AsStored), [wide]);
        assert_eq!(Key::spelled("+7 999 123-45-67", Spelling::AsStored)[1], Key::phone("+79991234567"));
        assert_eq!(Key::username_as_typed("+７９９９１２３４５６７"), Key::phone("+79991234567"));
        assert_eq!(Key::spelled("Ada@Example.org", Spelling::Address), [Key::email("ada@example.org")]);
    }

    #[test]
    fn what_no_column_can_hold_belongs_to_nobody() {
        assert!(Key::candidates("").is_empty());
        assert!(Key::candidates("a\0b").is_empty());
        assert!(Key::candidates(&"x".repeat(256)).is_empty());
    }
}
