//! A configuration of whatever is written: it is read, or told what is wrong with it, a line each; and what is shown of it is read
//! as the same.

use std::{collections::BTreeMap, fmt::Write as _};

use countersign::config::{Settings, Sources, reference};
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
    sample::{Index, select},
};

use super::common::{ensure, hold};

const VALUES: [&str; 32] = [
    "true",
    "false",
    "0",
    "1",
    "-1",
    "3.5",
    "\"\"",
    "\"1s\"",
    "\"0s\"",
    "\"250ms\"",
    "\"30d\"",
    "\"99999999999d\"",
    "\"full\"",
    "\"off\"",
    "[]",
    "[1]",
    "[\"http://localhost:3000\"]",
    "{}",
    "\"127.0.0.1:8080\"",
    "\"5/min\"",
    "\"sqlite://x.db\"",
    "\"https://example.org\"",
    "9223372036854775807",
    "18446744073709551616",
    "1979-05-27",
    "\"\\u0000\"",
    "\"x\"",
    "'",
    "\"",
    "nan",
    "\"secret-of-32-letters-and-some-more\"",
    "\"ES256\"",
];

/// The lines of the reference that set something, each with its section.
fn known() -> Vec<(String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in reference().lines() {
        let line = line.trim_start_matches('#');
        if line.starts_with('[') {
            line.clone_into(&mut section);
        } else if let Some((name, _)) = line.split_once(" =")
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            found.push((section.clone(), name.to_owned()));
        }
    }
    found
}

fn load(text: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countersign.toml");
    std::fs::write(&file, text).unwrap();
    let sources = Sources { file: Some(file), environment: BTreeMap::new() };
    Settings::load(&sources).map_err(|problems| problems.to_string())
}

#[test]
fn whatever_is_written_is_read_or_told() {
    let known = known();
    assert!(known.len() > 80, "{}", known.len());
    let value = prop_oneof![4 => select(&VALUES[..]).prop_map(str::to_owned), 1 => any::<String>()];
    let lines = vec((any::<Index>(), value), 0..6);
    hold(400, &(lines, any::<bool>()), |(lines, twice)| {
        let mut text = String::new();
        for (at, value) in &lines {
            let (section, name) = at.get(&known);
            // The same section twice is no TOML, unless it is one of several mounts.
            let head = if !twice && text.contains(&format!("{section}\n")) { "" } else { section };
            writeln!(text, "{head}\n{name} = {value}").unwrap();
        }
        match load(&text) {
            Ok(settings) => {
                let shown = settings.dump();
                // Secrets are shown as stars.
                if shown.contains("***") {
                    return Ok(());
                }
                let again = load(&shown).map(|again| again.dump());
                ensure(again.as_ref() == Ok(&shown), || format!("{text:?} is shown as\n{shown}\nwhich is {again:?}"))
            }
            Err(told) => ensure(!told.trim().is_empty() && told.len() < 8_000, || format!("{text:?}: {told:?}")),
        }
    });
}
