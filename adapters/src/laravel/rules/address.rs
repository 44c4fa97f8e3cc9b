//! What Laravel's `email` rule takes for an address: whatever the parser of `egulias/email-validator` reads as one of RFC
//! 5322 and 6531, with its slips. Comments and quotes pass where it looks for them, a domain of one label does, a literal in
//! brackets does whatever it holds, and nothing behind its bracket is looked at.

use icu_properties::{CodePointMapData, props::GeneralCategory};
use unicode_normalization::UnicodeNormalization as _;

/// RFC 1035, 2.3.4, without the length bytes at both ends.
const LONGEST_DOMAIN: usize = 253;
/// The same. The dot in front of a label is counted along, but for the first one.
const LONGEST_LABEL: usize = 63;

/// Is `text` an e-mail address?
pub fn is_address(text: &str) -> bool {
    let tokens = tokens(text);
    // What is no text is refused wherever it is, and line ends already by the rule itself.
    if text.contains(['\r', '\n']) || tokens.iter().any(|token| token.kind == Kind::Invalid) {
        return false;
    }
    let mut reader = Reader { tokens: &tokens, at: 0 };
    reader.kind() != Kind::Sign('@') && reader.local_part().is_some() && reader.domain().is_some()
}

/// What a piece of an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is none: in front of the first, or behind the last one.
    Nothing,
    /// Letters, digits, or one character beyond ASCII.
    Text,
    /// A character with a name of its own.
    Sign(char),
    /// `::`, which is not `:`.
    DoubleColon,
    /// `IPv6` in these letters, which is no text.
    Tag,
    /// A symbol or a control character.
    Invalid,
}

/// A piece of an address.
#[derive(Debug)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
}

/// The characters that are no text, whatever they are good for elsewhere.
const SIGNS: &str = "{}()<>[]:;@\\/,.'`\"- \t\0*!&^$%~|_=\u{bf}+?#\u{a1}";

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = |fits: fn(&char) -> bool| rest.chars().take_while(fits).count();
        let (kind, length) = if first.is_ascii_alphabetic() {
            let letters = run(char::is_ascii_alphabetic);
            // The tags of address literals are words with a digit.
            let length = letters + usize::from(rest[letters..].starts_with(['4', '6']));
            (if &rest[..length] == "IPv6" { Kind::Tag } else { Kind::Text }, length)
        } else if first.is_ascii_digit() {
            (Kind::Text, run(char::is_ascii_digit))
        } else if rest.starts_with("::") {
            (Kind::DoubleColon, 2)
        } else if SIGNS.contains(first) {
            (Kind::Sign(first), first.len_utf8())
        } else {
            (if is_text(first) { Kind::Text } else { Kind::Invalid }, first.len_utf8())
        };
        let (token, behind) = rest.split_at(length);
        tokens.push(Token { kind, text: token });
        rest = behind;
    }
    tokens
}

/// Neither a symbol (S) nor a control character, a format character, or one that nobody has given a meaning (C).
fn is_text(letter: char) -> bool {
    use GeneralCategory as Category;
    !matches!(
        CodePointMapData::<Category>::new().get(letter),
        Category::MathSymbol
            | Category::CurrencySymbol
            | Category::ModifierSymbol
            | Category::OtherSymbol
            | Category::Control
            | Category::Format
            | Category::Unassigned
            | Category::PrivateUse
            | Category::Surrogate
    )
}

/// A place in an address. Each reader of a part gives `None` for what is no such part.
struct Reader<'a> {
    tokens: &'a [Token<'a>],
    /// The piece that is looked at; behind the last one there is nothing, however far.
    at: usize,
}

impl Reader<'_> {
    fn kind_at(&self, at: Option<usize>) -> Kind {
        at.and_then(|at| self.tokens.get(at)).map_or(Kind::Nothing, |token| token.kind)
    }

    fn kind(&self) -> Kind {
        self.kind_at(Some(self.at))
    }

    fn before(&self) -> Kind {
        self.kind_at(self.at.checked_sub(1))
    }

    fn next(&self) -> Kind {
        self.kind_at(Some(self.at + 1))
    }

    fn is(&self, sign: char) -> bool {
        self.kind() == Kind::Sign(sign)
    }

    fn next_is(&self, sign: char) -> bool {
        self.next() == Kind::Sign(sign)
    }

    /// Is there such a sign further on?
    fn comes(&self, sign: char) -> bool {
        self.tokens.iter().skip(self.at + 1).any(|token| token.kind == Kind::Sign(sign))
    }

    /// Goes on; is there something behind where it arrives?
    fn step(&mut self) -> bool {
        self.at += 1;
        self.next() != Kind::Nothing
    }

    /// Does a backslash take the meaning from this piece?
    fn is_escaped(&self) -> bool {
        self.before() == Kind::Sign('\\') && self.kind() != Kind::Text
    }

    fn is_between_dots(&self) -> bool {
        self.is('.') && self.next_is('.')
    }

    /// Reads up to the `@`.
    fn local_part(&mut self) -> Option<()> {
        while !self.is('@') && self.kind() != Kind::Nothing {
            let is_first_dot = self.is('.') && self.before() == Kind::Nothing;
            if is_first_dot {
                return None;
            }
            if self.is('"') {
                self.quoted()?;
            }
            if self.is('(') || self.is(')') {
                self.comment('@')?;
            }
            let is_misplaced = self.is_between_dots()
                || self.is('.') && self.next_is('@')
                || self.is('\\') && self.next() == Kind::Text
                || matches!(self.kind(), Kind::Sign(',' | ']' | '[' | '>' | '<' | ':' | ';'))
                || self.is_blank_in_text();
            if is_misplaced {
                return None;
            }
            self.step();
        }
        Some(())
    }

    /// A blank with text behind it, but at the beginning of the domain.
    fn is_blank_in_text(&self) -> bool {
        let is_blank = matches!(self.kind(), Kind::Sign(' ' | '\t')) && !self.is_escaped();
        is_blank && self.next() == Kind::Text && self.before() != Kind::Sign('@')
    }

    /// Reads a quoted string up to its last quote.
    fn quoted(&mut self) -> Option<()> {
        self.may_be_quoted()?;
        self.step();
        while !self.is('"') && self.kind() != Kind::Nothing {
            if self.is('\\') && self.next_is('"') {
                self.step();
            }
            self.step();
            if !self.is_escaped() && matches!(self.kind(), Kind::Sign('\0' | '\t')) {
                return None;
            }
        }
        if self.before() == Kind::Sign('\\') { self.may_be_quoted() } else { self.next_is('@').then_some(()) }
    }

    /// A quote ends somewhere, and does not stand between two texts.
    fn may_be_quoted(&self) -> Option<()> {
        let is_within_text = self.before() == Kind::Text && self.next() == Kind::Text;
        (!is_within_text && self.comes('"')).then_some(())
    }

    /// Reads a comment up to the parenthesis in front of `end`: the `@` behind a local part, a dot in a domain.
    fn comment(&mut self, end: char) -> Option<()> {
        if self.is(')') || !self.comes(')') {
            return None;
        }
        let (mut open, mut goes_on) = (1_i32, true);
        while goes_on && !(self.next_is(end) && (end == '@' || open == 0)) {
            match self.next() {
                Kind::Sign('(') => open += 1,
                Kind::Sign(')') => open -= 1,
                _ => {}
            }
            goes_on = self.step();
        }
        (open == 0 && self.next_is(end)).then_some(())
    }

    /// Reads what is behind the `@`.
    fn domain(&mut self) -> Option<()> {
        self.step();
        let first = self.at;
        let is_missing = match self.kind() {
            Kind::Nothing | Kind::Sign('.' | '-' | '@') => true,
            Kind::Sign(' ') => self.next() != Kind::Text,
            _ => false,
        };
        if is_missing {
            return None;
        }
        self.labels()?;
        let ends_well = !matches!(self.before(), Kind::Sign('.' | '-')) && !self.is(' ');
        let read = self.tokens.iter().take(self.at + 1).skip(first);
        let length: usize = read.map(|token| token.text.len()).sum();
        (ends_well && length <= LONGEST_DOMAIN).then_some(())
    }

    fn labels(&mut self) -> Option<()> {
        let mut label = String::new();
        let mut has_comment = false;
        while self.kind() != Kind::Nothing {
            if self.is('\\') || self.is('/') {
                return None;
            }
            if self.is('(') || self.is(')') {
                has_comment = true;
                self.comment('.')?;
            }
            if self.is_between_dots() {
                return None;
            }
            if self.is('[') {
                return if self.comes(']') { self.literal() } else { None };
            }
            if self.is('.') && is_too_long(&std::mem::take(&mut label)) {
                return None;
            }
            label.push_str(self.tokens.get(self.at).map_or("", |token| token.text));
            let fits = match self.kind() {
                Kind::Text | Kind::Sign('.') => true,
                Kind::Sign('-') => !self.next_is('.'),
                Kind::Sign('(' | ')') => has_comment,
                _ => false,
            };
            if !fits {
                return None;
            }
            self.step();
        }
        (!is_too_long(&label)).then_some(())
    }

    /// Reads an address in brackets.
    fn literal(&mut self) -> Option<()> {
        loop {
            if self.is('\0') || self.is('\\') || self.next_is('[') {
                return None;
            }
            if self.is(']') || !self.step() {
                return Some(());
            }
        }
    }
}

/// Is a label longer than the domain name system has them? One beyond ASCII is as long as its form in ASCII.
fn is_too_long(label: &str) -> bool {
    const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    if label.is_ascii() {
        return label.len() > LONGEST_LABEL;
    }
    let folded: String = label.to_lowercase().nfkc().collect();
    let fits = |part: &str| match idna::punycode::encode_str(part) {
        _ if part.is_ascii() => part.len() <= LONGEST_LABEL,
        Some(encoded) => "xn--".len() + encoded.len() <= LONGEST_LABEL,
        None => false,
    };
    !folded.split(DOTS).all(fits)
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses() {
        let long_label = format!("a@{}", "b".repeat(63));
        let long_domain = format!("a@{}{}", "b.".repeat(126), "c");
        for text in [
            "alice@example.com",
            "alice@example",
            "frank.o'neil@example.com",
            "zo\u{eb}@example.com",
            "alice@b\u{fc}cher.example",
            "\"a b@c\"@example.org",
            "\"\"@example.org",
            "\"a\\\"b\"@example.org",
            "a.\"b\"@example.org",
            "a+b@example.org",
            "(comment)a@example.org",
            "a(b(c))@example.org",
            "a@b(c).org",
            "a @b",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@[whatever]x",
            &long_label,
            &long_domain,
        ] {
            assert!(is_address(text), "{text}");
        }
    }

    #[test]
    fn no_addresses() {
        let long_label = format!("a@b.{}", "c".repeat(63));
        let long_domain = format!("a@{}{}", "b.".repeat(126), "cc");
        let long_in_ascii = format!("a@{}", "\u{e9}".repeat(60));
        for text in [
            "",
            "new",
            "alice@",
            "@example.com",
            "Alice <alice@example.com>",
            "a@b@c",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@-x.org",
            "a@x-.org",
            "a@x-",
            "a@x.",
            "a@x..org",
            "a@x_y.org",
            "a b@example.com",
            "a\"b\"@example.com",
            "\"a\\\"@example.com",
            "a(b@example.com",
            "a)b@example.com",
            "a@b(c)",
            "a@[1",
            "a@[1.]",
            "a@example.com\r\nBcc: b@example.com",
            "\"a\r\n\"@example.com",
            "a@example.com\u{2028}x ",
            "a\u{200b}@example.com",
            "\u{1f600}@example.com",
            &long_label,
            &long_domain,
            &long_in_ascii,
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
