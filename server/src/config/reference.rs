//! Settings as text: the annotated reference file, and the effective values.

use std::{
    fmt::Write as _,
    iter::{once, repeat},
};

use countersign_adapters::settings::{AdapterOptions, Section as _, Setting, Value};

use super::{
    Settings,
    mounts::{ADAPTERS, Common},
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
# The adapters that are served, one [[mount]] each. Without any, all five at their defaults, as they stand here.
# Every adapter takes `prefix`, `strategy` and `password_rules`; what is below them is its own.
";

/// The annotated file of defaults, generated from the declarations. `adapters` knows the adapters' own options.
pub fn reference(adapters: &[AdapterOptions]) -> String {
    let mut text = HEAD.to_owned();
    write_settings(&mut text, &Root::settings());
    for (name, about, settings) in Settings::sections() {
        write_doc(&mut text, &about);
        push(&mut text, format_args!("[{name}]\n"));
        write_settings(&mut text, &settings);
    }
    text.push_str(MOUNTS);
    for (name, is_first) in ADAPTERS.into_iter().zip(once(true).chain(repeat(false))) {
        let own = adapters.iter().find(|known| known.adapter == name);
        write_doc(&mut text, &own.map(|own| (own.about)()).unwrap_or_default());
        push(&mut text, format_args!("#[[mount]]\n#adapter = \"{name}\"\n"));
        // What all of them share is explained once.
        let common = Common::settings().into_iter();
        let explained =
            common.map(|setting| if is_first { setting } else { Setting { doc: String::new(), ..setting } });
        write_settings(&mut text, &explained.collect::<Vec<_>>());
        write_settings(&mut text, &own.map(|own| (own.settings)()).unwrap_or_default());
    }
    text
}

/// The effective values as TOML, secrets masked.
pub(super) fn dump(settings: &Settings, adapters: &[AdapterOptions]) -> String {
    let mut text = String::new();
    write_values(&mut text, settings.root().show());
    for (name, values) in settings.shown() {
        push(&mut text, format_args!("\n[{name}]\n"));
        write_values(&mut text, values);
    }
    for mount in &settings.mounts {
        text.push_str("\n[[mount]]\n");
        write_values(&mut text, mount.show(adapters));
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
