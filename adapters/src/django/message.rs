//! A sentence of the framework as a value: what it says, apart from the language that it is said in.

use std::{
    borrow::Cow,
    fmt::{self, Display, Formatter},
};

/// A sentence: the English text by which the catalogues of gettext know it (the msgid, with the placeholders of its
/// package), and what stands in the place of these.
///
/// Its [`Display`] is English; [`super::Language::text`] has it in another language.
///
/// ```text
/// Message::from("Invalid token.")
/// Message::new("Method \"{method}\" not allowed.").with("method", "PUT")
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    id: Cow<'static, str>,
    plural: Option<Plural>,
    arguments: Vec<(&'static str, Argument)>,
    lookup: Lookup,
}

/// In which catalogue a sentence is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    /// In that of the request's language.
    Requested,
    /// In that of the mount's own language.
    Own,
    /// In none.
    Never,
}

/// What `ngettext` is asked with beside the msgid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plural {
    /// The English text for any other number than one.
    other: &'static str,
    /// How many.
    count: u64,
}

/// What stands in the place of a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// As it is, in every language.
    Text(String),
    /// A sentence or a word that has translations of its own.
    Message(Box<Message>),
}

impl Message {
    /// A sentence that catalogues may know by `id`.
    pub const fn new(id: &'static str) -> Self {
        Self { id: Cow::Borrowed(id), plural: None, arguments: Vec::new(), lookup: Lookup::Requested }
    }

    /// A sentence that depends on a number; `%d` in it is the number.
    pub fn counted(one: &'static str, other: &'static str, count: u64) -> Self {
        Self { plural: Some(Plural { other, count }), ..Self::new(one) }.with("count", count.to_string())
    }

    /// A text that the framework never asks a catalogue for.
    pub fn verbatim(text: impl Into<Cow<'static, str>>) -> Self {
        Self { id: text.into(), plural: None, arguments: Vec::new(), lookup: Lookup::Never }
    }

    /// Fills the placeholder `{name}` or `%(name)s`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Argument>) -> Self {
        self.arguments.push((name, value.into()));
        self
    }

    /// The same in the mount's own language, whatever the client's: what a module of Python puts together while it is
    /// loaded.
    #[must_use]
    pub fn in_own_language(self) -> Self {
        Self { lookup: Lookup::Own, ..self }
    }

    /// What the catalogues have it under.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn lookup(&self) -> Lookup {
        self.lookup
    }

    /// The number that it depends on.
    pub(super) fn count(&self) -> Option<u64> {
        self.plural.map(|plural| plural.count)
    }

    /// The text before anything is filled in, in English.
    pub(super) fn template(&self) -> &str {
        match self.plural {
            Some(Plural { other, count }) if count != 1 => other,
            _ => &self.id,
        }
    }

    /// `template` with the arguments in their places, those that are messages as `say` says them. What looks like a
    /// placeholder and is none stays.
    pub(super) fn fill<'a>(&self, template: &'a str, say: impl Fn(&Self) -> String) -> Cow<'a, str> {
        if self.arguments.is_empty() {
            return Cow::Borrowed(template);
        }
        let mut filled = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some(at) = rest.find(['{', '%']) {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let found = placeholder(rest).and_then(|(name, length)| Some((self.argument(name)?, length)));
            let length = match found {
                Some((Argument::Text(text), length)) => {
                    filled.push_str(text);
                    length
                }
                Some((Argument::Message(message), length)) => {
                    filled.push_str(&say(message));
                    length
                }
                None => {
                    filled.push_str(&rest[..1]);
                    1
                }
            };
            rest = &rest[length..];
        }
        filled.push_str(rest);
        Cow::Owned(filled)
    }

    /// An argument by its name; the first one for a placeholder without a name.
    fn argument(&self, name: &str) -> Option<&Argument> {
        let mut arguments = self.arguments.iter();
        arguments.find(|(known, _)| name.is_empty() || *known == name).map(|(_, argument)| argument)
    }
}

/// The name of the placeholder that `text` begins with, and the placeholder's length: `{name}`, `{name:X}`, `%(name)s`,
/// `%d`.
fn placeholder(text: &str) -> Option<(&str, usize)> {
    if let Some(braced) = text.strip_prefix('{') {
        let (inside, _) = braced.split_once('}')?;
        let name = inside.split_once(':').map_or(inside, |(name, _)| name);
        return Some((name, inside.len() + "{}".len()));
    }
    let is_conversion = |rest: &str| rest.starts_with(['s', 'd']);
    match text.strip_prefix("%(") {
        Some(named) => {
            let (name, behind) = named.split_once(')')?;
            is_conversion(behind).then_some((name, "%()s".len() + name.len()))
        }
        None => is_conversion(text.strip_prefix('%')?).then_some(("", "%s".len())),
    }
}

impl From<&'static str> for Message {
    fn from(id: &'static str) -> Self {
        Self::new(id)
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fill(self.template(), Self::to_string))
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Message> for Argument {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_placeholder_is_filled() {
        for (message, text) in [
            (Message::from("Invalid token."), "Invalid token."),
            (Message::new("Method \"{method}\" not allowed.").with("method", "PUT"), "Method \"PUT\" not allowed."),
            (Message::new("U+{code_point:X}.").with("code_point", "D800"), "U+D800."),
            (Message::new("%(site_name)s - %(n)d").with("site_name", "x").with("n", "2"), "x - 2"),
            (Message::new("The two {0} fields").with("0", "username"), "The two username fields"),
            (
                Message::new("similar to the %(what)s.").with("what", Message::from("email address")),
                "similar to the email address.",
            ),
        ] {
            assert_eq!(message.to_string(), text);
        }
    }

    #[test]
    fn a_number_chooses_the_form() {
        let characters = |count| Message::counted("at least %d character.", "at least %d characters.", count);
        assert_eq!(characters(1).to_string(), "at least 1 character.");
        assert_eq!(characters(0).to_string(), "at least 0 characters.");
        assert_eq!(characters(8).to_string(), "at least 8 characters.");
    }

    #[test]
    fn an_argument_is_never_read_as_a_template() {
        let message = Message::new("{a} {b}").with("a", "{b} %(b)s").with("b", "x");
        assert_eq!(message.to_string(), "{b} %(b)s x");
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        let text = "100% {of} %(it) {";
        assert_eq!(Message::new(text).with("a", "x").to_string(), text);
        assert_eq!(Message::verbatim("{a} %(a)s").to_string(), "{a} %(a)s");
    }
}
