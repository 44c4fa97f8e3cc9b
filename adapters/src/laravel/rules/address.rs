//! What Laravel's `email` rule takes for an address: the form of RFC 5322 and 6531, a domain of one label included.

/// Is `text` an e-mail address?
pub fn is_address(text: &str) -> bool {
    // The domain has no `@`; a quoted local part may have one.
    text.rsplit_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain))
}

fn is_local(local: &str) -> bool {
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => is_quoted(quoted),
        None => local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_letter)),
    }
}

/// RFC 5322, 3.2.3, and everything printable beyond ASCII (RFC 6531).
fn is_atom_letter(letter: char) -> bool {
    if letter.is_ascii() {
        letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter)
    } else {
        !letter.is_control() && !letter.is_whitespace()
    }
}

/// The inside of a quoted string: no control characters, quotes and backslashes only behind a backslash.
fn is_quoted(text: &str) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let fits = match letter {
            '\\' => letters.next().is_some_and(|escaped| !escaped.is_control()),
            '"' => false,
            other => !other.is_control(),
        };
        if !fits {
            return false;
        }
    }
    !text.is_empty()
}

fn is_domain(domain: &str) -> bool {
    // RFC 1035, 2.3.4, without the length bytes at both ends.
    const LONGEST: usize = 253;
    let is_label = |label: &str| {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || !letter.is_ascii();
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| fits(letter) && !letter.is_control() && !letter.is_whitespace())
    };
    domain.len() <= LONGEST && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses() {
        for text in [
            "alice@example.com",
            "alice@example",
            "frank.o'neil@example.com",
            "zoë@example.com",
            "alice@bücher.example",
            "\"a b@c\"@example.org",
            "a+b@example.org",
        ] {
            assert!(is_address(text), "{text}");
        }
    }

    #[test]
    fn no_addresses() {
        for text in [
            "",
            "new",
            "alice@",
            "@example.com",
            "Alice <alice@example.com>",
            "a@b@c",
            "a..b@example.com",
            ".a@example.com",
            "a@-x.org",
            "a@x..org",
            "a b@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "\"a\r\n\"@example.com",
            "a@example.com\u{2028}x",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
