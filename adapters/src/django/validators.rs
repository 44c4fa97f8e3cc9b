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
        && address.rsplit_once('@').is_some_and(|(local, domain)| {
            is_local_part(local)
                && (domain == "localhost"
                    || is_domain(domain)
                    || idna::domain_to_ascii(domain).is_ok_and(|ascii| is_domain(&ascii)))
        });
    (!fits).then_some(INVALID_EMAIL)
}

fn is_local_part(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || "-!#$%&'*+/=?^_`{}|~".contains(c))
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
            chars.next().is_some_and(|c| matches!(c, '\u{1}'..='\u{9}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{7f}'))
        } else {
            control || matches!(c, '!' | '#'..='[' | ']'..='\u{7f}')
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
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // The last label may begin with a hyphen, but has two characters.
    let is_top = |label: &str| label.len() >= 2 && is_label(label.trim_start_matches('-'));
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
        ] {
            assert_eq!(email(address), Some(INVALID_EMAIL), "{address}");
        }
    }
}
