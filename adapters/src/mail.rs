//! What an adapter says by mail, and the port that takes it: an adapter writes, somebody else carries.

use std::fmt;

/// A mail to one reader.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address as the user gave it, such as `ada@example.org`; nothing but the address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text, its lines ended by `\n`.
    pub text: String,
    /// The same as HTML, for mails that have both.
    pub html: Option<String>,
}

impl fmt::Debug for Mail {
    /// Not the body: the link in it lets whoever holds it in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("to", &self.to).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Carries mails away from requests. A host that has a way of sending mails already brings its own.
///
/// ```
/// use std::sync::mpsc::Sender;
///
/// use countersign_adapters::mail::{Mail, Postman};
///
/// struct Pigeons(Sender<Mail>);
///
/// impl Postman for Pigeons {
///     fn post(&self, mail: Mail) {
///         // Somebody else lets them fly; what nobody takes is told, and never with its text.
///         if let Err(lost) = self.0.send(mail) {
///             eprintln!("no mail to {}: all pigeons have gone", lost.0.to);
///         }
///     }
/// }
/// ```
pub trait Postman: Send + Sync {
    /// Takes a mail for delivery and returns at once: it is called while a client waits, whose answer may not tell by its
    /// content or its duration whether there was anybody to write to. What cannot be delivered is logged, with the reader,
    /// the subject and the reason, and never with the body.
    fn post(&self, mail: Mail);

    /// How many mails wait or are being sent, for whoever watches the server; `None` if that is not known.
    fn pending(&self) -> Option<usize> {
        None
    }
}

impl fmt::Debug for dyn Postman + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postman")
    }
}

/// Delivers nothing and says so: for a program that serves nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPostman;

impl Postman for NoPostman {
    fn post(&self, mail: Mail) {
        let (to, subject) = (&mail.to, &mail.subject);
        tracing::warn!(?to, ?subject, reason = "nobody here sends mails", "mail is lost");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_shown_without_its_body() {
        let (to, subject) = ("ada@example.org".to_owned(), "Hello".to_owned());
        let mail = Mail { to, subject, text: "a secret link".to_owned(), html: Some("a secret link".to_owned()) };
        assert_eq!(format!("{mail:?}"), r#"Mail { to: "ada@example.org", subject: "Hello", .. }"#);
    }
}
