//! Keys that an owner writes into the configuration: what is refused as guessable, and which bytes are meant.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use countersign_core::{Secret, strategy::JwtKey};

/// RFC 7518 section 3.2: a key of HS256 has at least the size of its hash.
const LEAST_BYTES: usize = 32;

/// Marks a key that is written in base64, as Laravel does in `APP_KEY`.
const BASE64_PREFIX: &str = "base64:";

/// What examples and generators put where a key belongs.
const PLACEHOLDERS: [&str; 6] = ["changeme", "change-me", "change_me", "your-secret", "your_secret", "insecure"];

/// What to write instead.
const HINT: &str = "write at least 32 random bytes, such as the output of `openssl rand -base64 32`";

/// The bytes of a key: those of the text, or what stands behind `base64:`; `None` if that is not base64.
pub fn key_bytes(secret: &Secret) -> Option<Vec<u8>> {
    match secret.expose().strip_prefix(BASE64_PREFIX) {
        Some(encoded) => BASE64.decode(encoded).ok(),
        None => Some(secret.expose().as_bytes().to_vec()),
    }
}

/// Refuses a key that somebody could guess.
///
/// # Errors
/// What is wrong with it, without repeating it.
pub fn strong(secret: &Secret) -> Result<(), String> {
    let Some(bytes) = key_bytes(secret) else {
        return Err(format!("is not base64 behind \"{BASE64_PREFIX}\""));
    };
    let lower = secret.expose().to_lowercase();
    if bytes.len() < LEAST_BYTES {
        Err(format!("has {} bytes, too few to be safe; {HINT}", bytes.len()))
    } else if repeats(&bytes) || PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder)) {
        Err(format!("can be guessed; {HINT}"))
    } else {
        Ok(())
    }
}

/// [`strong`], and no key that others have the public half of, or the whole of.
///
/// # Errors
/// What is wrong with it, without repeating it.
pub fn no_key_of_others(secret: &Secret) -> Result<(), String> {
    strong(secret)?;
    let bytes = key_bytes(secret).unwrap_or_default();
    JwtKey::shared(&bytes).map(drop).map_err(|reason| format!("cannot be used: {reason}; {HINT}"))
}

/// Is it one piece again and again, such as a single character or a word?
fn repeats(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2).any(|period| bytes[period..].iter().zip(bytes).all(|(later, earlier)| later == earlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), String> {
        strong(&Secret::from(text))
    }

    #[test]
    fn a_random_key_is_taken_as_text_or_base64() {
        let text = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";
        assert_eq!(verdict(text), Ok(()));
        assert_eq!(key_bytes(&Secret::from(text)).unwrap(), text.as_bytes());
        let encoded = format!("base64:{}", BASE64.encode(text));
        assert_eq!(verdict(&encoded), Ok(()));
        assert_eq!(key_bytes(&Secret::new(encoded)).unwrap(), text.as_bytes());
    }

    #[test]
    fn a_public_key_signs_no_tokens() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----";
        for text in [pem, "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="] {
            let message = no_key_of_others(&Secret::from(text)).unwrap_err();
            assert!(message.contains("key of another algorithm") && !message.contains("MCow"), "{message}");
        }
        assert_eq!(no_key_of_others(&Secret::from("kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6")), Ok(()));
    }

    #[test]
    fn guessable_keys_are_refused_and_not_repeated_in_the_message() {
        let weak = [
            "",
            "secret",
            "changeme",
            "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs",
            "base64:c2hvcnQ=",
            "base64:?",
            &"a".repeat(64),
            &"secret".repeat(8),
            "django-insecure-kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6",
            "ChangeMe-kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6",
        ];
        for text in weak {
            let message = verdict(text).unwrap_err();
            assert!(text.len() < 7 || !message.contains(text), "{message}");
        }
    }
}
