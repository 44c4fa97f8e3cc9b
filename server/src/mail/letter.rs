//! From a [`Mail`] to an RFC 5322 message and its envelope.

use std::{net::IpAddr, time::SystemTime};

use chrono::{DateTime, Utc};
use countersign_adapters::mail::Mail;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, MIME_VERSION_1_0},
    },
};
use uuid::Uuid;

/// A mail with what tells it from all others: every try sends the same message.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What is said to whom.
    pub mail: Mail,
    /// When.
    pub written: DateTime<Utc>,
    /// The left half of its Message-ID.
    pub id: Uuid,
}

/// In whose name mails are sent.
#[derive(Debug, Clone)]
pub struct Sender(Mailbox);

/// The check of `mail.from`.
///
/// # Errors
/// What is wrong with it.
pub fn sender_check(from: &str) -> Result<(), String> {
    Sender::parse(from).map(drop)
}

impl Sender {
    /// Reads `address` or `Name <address>`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(from: &str) -> Result<Self, String> {
        let wrong = || "is not a sender; write \"noreply@example.org\" or \"Example <noreply@example.org>\"".to_owned();
        let (name, bare) = match from.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, bare)) => (Some(name.trim()), bare),
            None => (None, from),
        };
        let name = name.filter(|name| !name.is_empty()).map(|name| one_line(name.trim_matches('"')));
        let mailbox = Mailbox::new(name, address(bare).map_err(|_| wrong())?);
        // The library reads the header again, and refuses a mail whose sender it does not understand.
        mailbox.to_string().parse::<Mailbox>().map_err(|_| wrong())?;
        Ok(Self(mailbox))
    }
}

impl Letter {
    /// The message, ready to be sent.
    ///
    /// # Errors
    /// Why it can be sent nowhere.
    pub fn message(&self, sender: &Sender) -> Result<Message, String> {
        let Mail { to, subject, text, html } = &self.mail;
        let Sender(from) = sender;
        let to = address(to)?;
        // From the header the library would not read everything that it wrote there.
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.clone()]).map_err(|error| error.to_string())?;
        let builder = Message::builder()
            .envelope(envelope)
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(subject))
            .date(SystemTime::from(self.written))
            .message_id(Some(format!("<{}@{}>", self.id, from.email.domain())));
        let text = lines(text);
        let message = match html {
            Some(html) => {
                let (text, html) = (SinglePart::plain(text), SinglePart::html(lines(html)));
                builder.multipart(MultiPart::alternative().singlepart(text).singlepart(html))
            }
            // As a single part it would end with a line that nobody wrote.
            None => builder.header(MIME_VERSION_1_0).header(ContentType::TEXT_PLAIN).body(text),
        };
        message.map_err(|error| error.to_string())
    }
}

/// Reads an address as generously as it can be sent: the domain in any script (IDNA), or an IP address in brackets. A
/// domain in ASCII keeps its spelling, as Django has it.
fn address(text: &str) -> Result<Address, String> {
    let (local, domain) = text.rsplit_once('@').ok_or("the address has no @")?;
    // Line ends would begin another header or command; the library refuses them as well, but nothing else depends on it.
    if text.chars().any(char::is_control) {
        return Err("the address has control characters in it".to_owned());
    }
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let literal = literal.strip_prefix("IPv6:").unwrap_or(literal);
        let domain = match literal.parse().map_err(|_| "the address has no IP address in its brackets")? {
            IpAddr::V4(ip) => format!("[{ip}]"),
            // RFC 5321, 4.1.3.
            IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
        };
        // Any domain: what counts here is the local part.
        with_local(local, "localhost")?;
        return Ok(Address::new_dangerous(local, domain));
    }
    let ascii = idna::domain_to_ascii(domain).map_err(|_| "the address has a domain that cannot be")?;
    with_local(local, if ascii.eq_ignore_ascii_case(domain) { domain } else { &ascii })
}

/// The library knows no escapes in a quoted local part; the rest it judges.
fn with_local(local: &str, domain: &str) -> Result<Address, String> {
    let quoted = is_quoted(local);
    let judged = Address::new(if quoted { "x" } else { local }, domain).map_err(|error| error.to_string())?;
    Ok(if quoted { Address::new_dangerous(local, domain) } else { judged })
}

/// RFC 5321, 4.1.2: `Quoted-string`, and 4.5.3.1.1 for its length.
fn is_quoted(local: &str) -> bool {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let printable = |c: char| matches!(c, ' '..='~');
        let fits = if c == '\\' { chars.next().is_some_and(printable) } else { c != '"' && printable(c) };
        if !fits {
            return false;
        }
    }
    local.len() <= 64
}

/// What stands in a header: control characters, line ends among them, are blanks.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A body with lines that end in `\n` alone, and without other control characters but tabs: a lone carriage return is the
/// end of a line to some mail servers, and so the way to smuggle another mail.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str, subject: &str, text: &str, html: Option<&str>) -> Letter {
        let html = html.map(ToOwned::to_owned);
        let mail = Mail { to: to.to_owned(), subject: subject.to_owned(), text: text.to_owned(), html };
        Letter { mail, written: "2026-01-02T12:00:00Z".parse().unwrap(), id: Uuid::from_u128(7) }
    }

    fn formatted(letter: &Letter) -> String {
        let sender = Sender::parse("Example <noreply@example.org>").unwrap();
        String::from_utf8(letter.message(&sender).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_plain_mail_is_this_to_the_byte() {
        assert_eq!(
            formatted(&letter("ada@example.com", "Hello", "One\nTwo\n.\n", None)),
            "From: Example <noreply@example.org>\r\n\
             To: ada@example.com\r\n\
             Subject: Hello\r\n\
             Date: Fri, 02 Jan 2026 12:00:00 +0000\r\n\
             Message-ID: <00000000-0000-0000-0000-000000000007@example.org>\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             \r\n\
             One\r\nTwo\r\n.\r\n"
        );
    }

    #[test]
    fn nothing_in_a_subject_or_a_body_can_begin_a_header_or_another_mail() {
        let wire = formatted(&letter(
            "ada@example.com",
            "Hello\r\nBcc: eve@example.com\n\rX: y\u{0}\u{85}",
            "a\r.\rb\n.\r\nMAIL FROM:<x>\u{0}",
            None,
        ));
        let (head, body) = wire.split_once("\r\n\r\n").unwrap();
        assert_eq!(head.lines().filter(|line| line.starts_with("Bcc") || line.starts_with("X:")).count(), 0, "{head}");
        assert!(head.contains("Subject: Hello  Bcc: eve@example.com  X: y"), "{head}");
        assert_eq!(body, "a\r\n.\r\nb\r\n.\r\nMAIL FROM:<x>");
        assert!(!wire.replace("\r\n", "").contains(['\r', '\n']), "{wire:?}");
    }

    #[test]
    fn any_script_becomes_plain_ascii_on_the_wire() {
        let long = "слово ".repeat(300);
        let wire = formatted(&letter("ada@пример.рф", "Подтверждение аккаунта ✓", &long, Some("<p>ü</p>")));
        assert!(wire.is_ascii());
        assert!(wire.contains("\r\nTo: ada@xn--e1afmkfd.xn--p1ai\r\n"), "{wire}");
        assert!(wire.lines().all(|line| line.len() <= 78), "{wire}");
    }

    #[test]
    fn what_django_takes_for_an_address_can_be_sent() {
        for (given, sent) in [
            ("a@localhost", "a@localhost"),
            ("a+B.c@Example.COM", "a+B.c@Example.COM"),
            ("a@XN--bcher-kva.Example", "a@XN--bcher-kva.Example"),
            ("!#$%&'*+-/=?^_`{}|~@example.com", "!#$%&'*+-/=?^_`{}|~@example.com"),
            ("a@[127.0.0.1]", "a@[127.0.0.1]"),
            ("a@[::1]", "a@[IPv6:::1]"),
            ("a@пример.рф", "a@xn--e1afmkfd.xn--p1ai"),
            ("a@Bücher.Example", "a@xn--bcher-kva.example"),
            ("\"quoted\\ x\"@example.com", "\"quoted\\ x\"@example.com"),
            ("\"a@b\"@example.com", "\"a@b\"@example.com"),
            ("\"a\\\"b>\"@[127.0.0.1]", "\"a\\\"b>\"@[127.0.0.1]"),
        ] {
            assert_eq!(address(given).map(|address| address.to_string()).as_deref(), Ok(sent), "{given}");
            let wire = formatted(&letter(given, "x", "x", None));
            assert!(wire.contains(&format!("\r\nTo: {sent}\r\n")), "{wire}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_never_a_panic() {
        for given in [
            "",
            "@",
            "a",
            "a@",
            "@example.com",
            "a b@example.com",
            "a@b c",
            "a@[x]",
            "a@[127.0.0.1",
            "a>@example.com",
            "a\r\nRCPT TO:<eve@example.com>@example.com",
            "a@example.com\r\nBcc: eve@example.com",
            "\"a\r\n\"@example.com",
            "\"a\"b\"@example.com",
            "\"a\\\"@example.com",
            "\"@example.com",
            "a@example.com>\u{0}",
            "a,eve@example.com",
            "a@\u{fffd}\u{200b}",
            &format!("{}@example.com", "a".repeat(300)),
            &format!("a@{}.com", "a".repeat(300)),
        ] {
            let refused = letter(given, "x", "x", None).message(&Sender::parse("a@localhost").unwrap());
            assert!(refused.is_err(), "{given:?}");
        }
    }

    #[test]
    fn a_sender_has_a_name_or_none() {
        for (given, header) in [
            ("webmaster@localhost", "webmaster@localhost"),
            ("Example <a@example.org>", "Example <a@example.org>"),
            ("\"Example, Inc.\" <a@example.org>", "\"Example, Inc.\" <a@example.org>"),
            ("<a@example.org>", "a@example.org"),
        ] {
            assert_eq!(Sender::parse(given).unwrap().0.to_string(), header);
        }
        for given in ["", "nobody", "Example a@example.org", "Example <a@example.org> x", "a@b\nc", "a@[::1]"] {
            assert!(Sender::parse(given).is_err(), "{given}");
        }
    }
}
