//! Settings that are declared once: field, type, default, documentation and check together.
//!
//! [`crate::settings!`] declares a section, such as the options of an adapter. The reference file, the list of known
//! keys and the checks all come from that declaration. Every problem of a configuration is reported at once.

mod choice;
#[doc(hidden)]
pub mod declare;
mod span;
mod value;

use std::{borrow::Borrow, fmt};

pub use choice::Choice;
pub use span::{NotASpan, Span};
pub use toml::{Table, Value};
pub use value::{MASK, SettingValue};

/// One declared setting, for the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name within the section.
    pub key: String,
    /// What it is for, in lines.
    pub doc: String,
    /// The default as TOML; `None` if it is unset.
    pub default: Option<String>,
    /// Is the value hidden when settings are shown?
    pub secret: bool,
}

/// Something wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: section and key, such as `server.bind`.
    pub key: String,
    /// What was given, as TOML; empty if it is a secret or if there is nothing to show.
    pub value: String,
    /// Continues the value: what is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem with `value`; `None` for a secret.
    pub fn new(key: &str, value: Option<&Value>, message: impl Into<String>) -> Self {
        let value = value.map(ToString::to_string).unwrap_or_default();
        Self { key: key.to_owned(), value, message: message.into() }
    }

    /// A key that nothing declares, and the one that may be meant.
    pub fn unknown(key: &str, nearest: Option<&str>) -> Self {
        let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
        Self::new(key, None, format!("unknown key{hint}"))
    }

    /// The same problem seen from outside: `prefix` is put before the key.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        self.key = format!("{prefix}{}", self.key);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, message } = self;
        let blank = if value.is_empty() { "" } else { " " };
        write!(f, "{key}: {value}{blank}{message}")
    }
}

/// A group of settings; [`crate::settings!`] implements it.
pub trait Section: Default {
    /// What the section is for, in lines.
    fn about() -> String;

    /// The declared settings, in the order of their declaration.
    fn settings() -> Vec<Setting>;

    /// Reads a table; what is not given or cannot be read has its default. Unknown keys are among the problems, the
    /// outcome of the checks is not.
    fn read(table: &Table) -> (Self, Vec<Problem>);

    /// Runs the checks of all fields.
    fn check(&self) -> Vec<Problem>;

    /// The effective values that are set, secrets masked.
    fn show(&self) -> Vec<(&'static str, Value)>;
}

/// Reads and checks a section.
///
/// # Errors
/// All that is wrong with it.
pub fn parse_options<S: Section>(raw: &Table) -> Result<S, Vec<Problem>> {
    let (section, mut problems) = S::read(raw);
    problems.extend(section.check());
    if problems.is_empty() { Ok(section) } else { Err(problems) }
}

/// The options of one adapter, for those who handle them without knowing their type.
#[derive(Debug, Clone, Copy)]
pub struct AdapterOptions {
    /// The adapter's name in the configuration.
    pub adapter: &'static str,
    /// See [`Section::about`].
    pub about: fn() -> String,
    /// See [`Section::settings`].
    pub settings: fn() -> Vec<Setting>,
    /// All that is wrong with a table of options.
    pub problems: fn(&Table) -> Vec<Problem>,
    /// See [`Section::show`].
    pub show: fn(&Table) -> Vec<(&'static str, Value)>,
}

impl AdapterOptions {
    /// `adapter` takes the options `S`.
    pub const fn of<S: Section>(adapter: &'static str) -> Self {
        Self {
            adapter,
            about: S::about,
            settings: S::settings,
            problems: |raw| parse_options::<S>(raw).err().unwrap_or_default(),
            show: |raw| S::read(raw).0.show(),
        }
    }
}

/// A check: from `least` to `most`, both included.
pub fn between<T: PartialOrd + fmt::Display>(least: T, most: T) -> impl Fn(&T) -> Result<(), String> {
    move |value| {
        let within = least <= *value && *value <= most;
        if within { Ok(()) } else { Err(format!("is not between {least} and {most}")) }
    }
}

/// A check: one line of text, for people.
///
/// # Errors
/// What is wrong with it.
pub fn line(text: &str) -> Result<(), String> {
    let fits = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err("is not one line of text".to_owned()) }
}

/// A check of a setting that may be left out.
pub fn when_set<T: Borrow<B>, B: ?Sized>(
    check: impl Fn(&B) -> Result<(), String>,
) -> impl Fn(&Option<T>) -> Result<(), String> {
    move |value| value.as_ref().map_or(Ok(()), |value| check(value.borrow()))
}

/// The known name that `word` may be meant for: at most a third of its letters are wrong.
pub fn nearest<'a>(word: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    let known = known.iter().map(AsRef::as_ref).map(|name| (strsim::damerau_levenshtein(word, name), name));
    let (distance, name) = known.min_by_key(|(distance, _)| *distance)?;
    (distance <= word.chars().count().div_ceil(3)).then_some(name)
}

#[cfg(test)]
mod tests;
