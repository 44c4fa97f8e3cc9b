//! `OPTIONS`: what a view says of itself (`SimpleMetadata`).

use serde::{Serialize, Serializer};

use super::{parsers, view::View};

/// A field of a serializer, as described to clients.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Field {
    #[serde(skip)]
    pub(super) name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    read_only: bool,
    label: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_text: Option<&'static str>,
}

impl Field {
    /// An optional field that is written.
    pub const fn new(name: &'static str, kind: &'static str, label: &'static str) -> Self {
        Self { name, kind, required: false, read_only: false, label, max_length: None, help_text: None }
    }

    /// Not optional.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
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

struct Actions(&'static Action);
struct Fields(&'static [Field]);

impl Serialize for Actions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0.method, Fields(self.0.fields))])
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|field| (field.name, field)))
    }
}

impl Metadata {
    pub(super) fn of(view: &'static View) -> Self {
        Self {
            name: view.name,
            description: view.description,
            renders: ["application/json"],
            parses: parsers::MEDIA_TYPES,
            actions: view.action.as_ref().map(Actions),
        }
    }
}
