//! Django's validators of user names and e-mail addresses.

use std::net::IpAddr;

use unicode_normalization::char::is_combining_mark;

/// `EmailValidator.message`.
pub(super) const INVALID_EMAIL: &str = "Enter a valid email address.";
/// `UnicodeUsernameValidator.message`.
const INVALID_USERNAME: &str =
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
/// The longest address that is looked at (RFC 3696, erratum 1690).
const LONGEST_EMAIL: usize = 320;
/// The longest label of a domain (RFC 1034, 3.1).
const LONGEST_LABEL: usize = 63;

/// `UnicodeUsernameValidator`: word characters of Python and `@ . + - _`.
pub fn username(name: &str) -> Option<&'static str> {
    let fits = |c: char| is_word(c) || "@.+-_".contains(c);
    (!name.chars().all(fits)).then_some(INVALID_USERNAME)
}

/// Python's `\w` without `_`: a letter or a number by general category. Rust's "alphabetic" holds vowel signs and
/// circled letters as well, which Python calls marks and symbols.
fn is_word(c: char) -> bool {
    let circled = matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f149}' | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}');
    c.is_alphanumeric() && !is_combining_mark(c) && !circled
}

/// `EmailValidator`.
pub fn email(address: &str) -> Option<&'static str> {
    let fits = address.chars().count() <= LONGEST_EMAIL
        && address
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_local_part(local) && (domain == "localhost" || is_domain(domain)));
    (!fits).then_some(INVALID_EMAIL)
}

/// What Python takes for a letter of ASCII where case does not count: also those that fold to `i`, `s` and `k`.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}')
}

fn is_local_part(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.chars().all(|c| is_letter(c) || c.is_ascii_digit() || "-!#$%&'*+/=?^_`{}|~".contains(c))
    };
    local.split('.').all(is_atom) || is_quoted(local)
}

/// A quoted string; a blank in it needs a backslash.
fn is_quoted(local: &str) -> bool {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let control = matches!(c, '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}');
        let fits = if c == '\\' {
            chars.next().is_some_and(|c| {
                matches!(c, '\u{1}'..='\u{9}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{7f}') || is_letter(c)
            })
        } else {
            control || matches!(c, '!' | '#'..='[' | ']'..='\u{7f}') || is_letter(c)
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Two labels or more, or an address in brackets.
fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<IpAddr>().is_ok();
    }
    // The range of the expression that Django calls Unicode letters; punctuation is in it, what needs four bytes is not.
    let is_alpha = |c: char| c.is_ascii_alphabetic() || ('\u{a1}'..='\u{ffff}').contains(&c);
    let is_whole = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.chars().count()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_label =
        |label: &str| is_whole(label) && label.chars().all(|c| is_alpha(c) || c.is_ascii_digit() || c == '-');
    // The last label has no digits, unless it is punycode, and two characters.
    let is_punycode = |label: &str| {
        label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"))
            && label[4..].chars().all(|c| is_letter(c) || c.is_ascii_digit())
    };
    let is_top = |label: &str| {
        let is_plain = label.chars().count() >= 2 && label.chars().all(|c| is_alpha(c) || c == '-');
        is_whole(label) && (is_plain || is_punycode(label))
    };
    domain.rsplit_once('.').is_some_and(|(labels, top)| is_top(top) && labels.split('.').all(is_label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_hold_letters_numbers_and_five_signs() {
        for name in ["a.b+c-d_e@f", "Мария", "Ünïcode", "用户", "u١٢٣", ".", "Ⅷ"] {
            assert_eq!(username(name), None, "{name}");
        }
        for name in ["two words", "a#b", "a/b", "a,b", "a\nb", "a\u{200b}", "e\u{301}", "Ⓐ", "\u{fffd}", "कि"] {
            assert_eq!(username(name), Some(INVALID_USERNAME), "{name:?}");
        }
    }

    #[test]
    fn addresses_are_judged_as_django_judges_them() {
        for address in [
            "a@example.com",
            "a+b@localhost",
            "a@[127.0.0.1]",
            "a@[::1]",
            "a@пример.рф",
            "a@example.com\u{200b}",
            "\"quoted\\ x\"@example.com",
            "a@example.xn--p1ai",
            "a@bücher.c-o",
            "İ\u{212a}@example.com",
            "a@example。org.com",
        ] {
            assert_eq!(email(address), None, "{address}");
        }
        for address in [
            "plain",
            "a@b",
            "a b@example.com",
            "@example.com",
            "a@",
            "a..b@example.com",
            ".a@example.com",
            "\"quoted x\"@example.com",
            "имя@example.com",
            "a@b@example.com",
            "a@-example.com",
            "a@example-.com",
            "a@example.c",
            "a@[300.0.0.1]",
            "a@example.123",
            "a@example.c0m",
            "a@example.-com",
            "a@example.xn--",
            "a@example。com",
            "a@😀.com",
        ] {
            assert_eq!(email(address), Some(INVALID_EMAIL), "{address}");
        }
    }
}
