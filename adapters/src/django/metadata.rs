//! `OPTIONS`: what a view says of itself (`SimpleMetadata`).

use serde::{Serialize, Serializer};

use super::{language::Language, message::Message, parsers, view::View};

/// A field of a serializer, as described to clients.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
    kind: &'static str,
    required: bool,
    read_only: bool,
    label: Label,
    max_length: Option<usize>,
    help_text: Option<&'static str>,
}

/// What a field is called.
#[derive(Debug, Clone, Copy)]
enum Label {
    /// By its own name, in every language.
    Own(&'static str),
    /// By the name of the model's field, which has translations.
    Verbose(&'static str),
}

impl Field {
    /// An optional field that is written, with a label of the serializer's making.
    pub const fn new(name: &'static str, kind: &'static str, label: &'static str) -> Self {
        let label = Label::Own(label);
        Self { name, kind, required: false, read_only: false, label, max_length: None, help_text: None }
    }

    /// The same of a model's field, by its verbose name.
    pub const fn of_model(name: &'static str, kind: &'static str, verbose_name: &'static str) -> Self {
        Self { label: Label::Verbose(verbose_name), ..Self::new(name, kind, "") }
    }

    /// Only ever shown.
    #[must_use]
    pub const fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// With a longest length in characters.
    #[must_use]
    pub const fn at_most(self, characters: usize) -> Self {
        Self { max_length: Some(characters), ..self }
    }

    /// With an explanation.
    #[must_use]
    pub const fn help(self, text: &'static str) -> Self {
        Self { help_text: Some(text), ..self }
    }
}

/// The fields that a method takes.
#[derive(Debug)]
pub struct Action {
    /// `POST` or `PUT`.
    pub method: &'static str,
    /// In the serializer's order.
    pub fields: &'static [Field],
}

/// The answer.
#[derive(Serialize)]
pub(super) struct Metadata {
    name: &'static str,
    description: &'static str,
    renders: [&'static str; 1],
    parses: [&'static str; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Actions>,
}

struct Actions(&'static Action, Language);
struct Fields(&'static [Field], Language);

/// A field as it is sent.
#[derive(Serialize)]
struct Described {
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    read_only: bool,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_text: Option<String>,
}

impl Described {
    fn new(field: &Field, language: Language) -> Self {
        let Field { kind, required, read_only, label, max_length, help_text, .. } = *field;
        let said = |id| language.text(&Message::new(id)).into_owned();
        let label = match label {
            Label::Own(label) => label.to_owned(),
            Label::Verbose(name) => capitalised(&said(name)),
        };
        Self { kind, required, read_only, label, max_length, help_text: help_text.map(said) }
    }
}

/// `capfirst`: the first letter large, the others as they are.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

impl Serialize for Actions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0.method, Fields(self.0.fields, self.1))])
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|field| (field.name, Described::new(field, self.1))))
    }
}

impl Metadata {
    pub(super) fn of(view: &'static View, language: Language) -> Self {
        Self {
            name: view.name,
            description: view.description,
            renders: ["application/json"],
            parses: parsers::MEDIA_TYPES,
            actions: view.action.as_ref().map(|action| Actions(action, language)),
        }
    }
}
