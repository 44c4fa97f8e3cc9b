//! A mail as its reader sees it.

use mail_parser::{MessageParser, PartType};

/// A mail that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The sender on the envelope.
    pub from: String,
    /// The reader on the envelope.
    pub to: String,
    /// The message as it came, with `\r\n` behind every line.
    pub raw: String,
    /// The decoded subject.
    pub subject: String,
    /// The decoded text, its lines ended by `\n`.
    pub text: String,
    /// The decoded HTML, if there is any.
    pub html: Option<String>,
    /// The addresses in the text that begin with `http`, in this order.
    pub links: Vec<String>,
}

impl Received {
    /// Reads a message.
    pub fn new(from: &str, to: &str, raw: &str) -> Self {
        let message = MessageParser::default().parse(raw).expect("a message with headers");
        let decoded = |text: &str| text.replace("\r\n", "\n");
        let text = message.parts.iter().find_map(|part| match &part.body {
            PartType::Text(text) => Some(decoded(text)),
            _ => None,
        });
        let html = message.parts.iter().find_map(|part| match &part.body {
            PartType::Html(html) => Some(decoded(html)),
            _ => None,
        });
        let text = text.unwrap_or_default();
        let links = text.split_whitespace().filter(|word| word.starts_with("http")).map(ToOwned::to_owned).collect();
        let subject = message.subject().unwrap_or_default().to_owned();
        Self { from: from.to_owned(), to: to.to_owned(), raw: raw.to_owned(), subject, text, html, links }
    }

    /// The raw values of the headers with this name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}
