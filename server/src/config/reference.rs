//! Settings as text: the annotated reference file, and the effective values.

use std::{
    fmt::Write as _,
    iter::{once, repeat},
};

use countersign_adapters::settings::{Section as _, Setting, Value};

use super::{
    Settings,
    mounts::{Common, Known},
    sections::Root,
};

const HEAD: &str = "\
# Countersign: every setting with its default.
#
# A line that starts with `#` and a key is a default: remove the `#` to change it. Nothing here has to be set.
# The environment is stronger than this file: COUNTERSIGN__SERVER__BIND sets `bind` of [server], and
# COUNTERSIGN__FRONT_ENDS a list separated by commas. Secrets can be read from files: see the keys with `_file`.
# Durations are a number and a unit: ms, s, m, h or d.
";

const MOUNTS: &str = "
# The adapters that are served, one [[mount]] each. Without any, all of them at their defaults, as they stand here.
# Every adapter takes `prefix`, `strategy` and `password_rules`; what is below them is its own.
";

/// The annotated file of defaults, generated from the declarations.
pub fn reference() -> String {
    reference_for(&Known::all())
}

/// [`reference`] with these adapters.
pub(super) fn reference_for(known: &[Known]) -> String {
    let mut text = HEAD.to_owned();
    write_settings(&mut text, &Root::settings());
    for (name, about, settings) in Settings::sections() {
        write_doc(&mut text, &about);
        push(&mut text, format_args!("[{name}]\n"));
        write_settings(&mut text, &settings);
    }
    text.push_str(MOUNTS);
    for (adapter, is_first) in known.iter().zip(once(true).chain(repeat(false))) {
        write_doc(&mut text, &(adapter.options.about)());
        push(&mut text, format_args!("#[[mount]]\n#adapter = \"{}\"\n", adapter.options.adapter));
        let mut settings = adapter.settings();
        if !is_first {
            // What all of them share is explained once.
            let shared = Common::settings().len();
            settings.iter_mut().take(shared).for_each(|setting| setting.doc.clear());
        }
        write_settings(&mut text, &settings);
    }
    text
}

/// The effective values as TOML, secrets masked.
pub(super) fn dump(settings: &Settings, known: &[Known]) -> String {
    let mut text = String::new();
    write_values(&mut text, settings.root().show());
    for (name, values) in settings.shown() {
        push(&mut text, format_args!("\n[{name}]\n"));
        write_values(&mut text, values);
    }
    for mount in &settings.mounts {
        let adapter = known.iter().find(|known| known.options.adapter == mount.adapter);
        text.push_str("\n[[mount]]\n");
        write_values(&mut text, adapter.map(|adapter| adapter.show(mount)).unwrap_or_default());
    }
    text
}

/// Appends; a `String` takes everything.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).unwrap_or_default();
}

fn write_values(text: &mut String, values: Vec<(&'static str, Value)>) {
    for (key, value) in values {
        push(text, format_args!("{key} = {value}\n"));
    }
}

fn write_settings(text: &mut String, settings: &[Setting]) {
    for Setting { key, doc, default, .. } in settings {
        write_doc(text, doc);
        let default = default.as_deref().map(|default| format!(" {default}")).unwrap_or_default();
        push(text, format_args!("#{key} ={default}\n"));
    }
}

/// Writes a comment, after a blank line; nothing if there is nothing to say.
fn write_doc(text: &mut String, doc: &str) {
    if !doc.is_empty() {
        text.push('\n');
    }
    for line in doc.lines() {
        let blank = if line.is_empty() { "" } else { " " };
        push(text, format_args!("#{blank}{line}\n"));
    }
}
