//! Passwords of those who come from Laravel and Django: right where PHP and Django say so, and nowhere else.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "passwords/common.rs"]
mod common;
#[path = "passwords/refused.rs"]
mod refused;
#[path = "passwords/upgrade.rs"]
mod upgrade;

use std::{fs, path::Path};

use countersign_core::{
    Secret,
    password::{Argon2Params, EncodedPassword, Family, PasswordScheme, Passwords},
};
use serde::Deserialize;

/// A hash, a password, and whether the framework takes it: tests/import/passwords/record-*.
#[derive(Deserialize)]
struct Recorded {
    about: String,
    scheme: String,
    encoded: String,
    password: String,
    right: bool,
}

fn recorded(file: &str) -> Vec<Recorded> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("import/passwords").join(file);
    let lines = fs::read_to_string(path).expect("the recording is there");
    lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn passwords() -> Passwords {
    Passwords::new(Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 })
}

#[test]
fn every_hash_is_checked_as_its_framework_does() {
    let (_alone, passwords) = (common::alone(), passwords());
    let (mut right, mut wrong, mut nul) = (0, 0, 0);
    for file in ["django.jsonl", "laravel.jsonl"] {
        for Recorded { about, scheme, encoded, password, right: expected } in recorded(file) {
            let stored = EncodedPassword::new(encoded);
            let ours = passwords.check(&Secret::new(password.as_str()), Some(&stored));
            // PHP takes what stands before a NUL for the whole, Python what repeats itself behind one. Neither framework
            // lets a user set such a password.
            if scheme == "bcrypt" && password.contains('\0') {
                assert!(!ours, "{about}: {stored:?} {password:?}");
                nul += usize::from(expected);
                continue;
            }
            assert_eq!(ours, expected, "{about}: {} {password:?}", stored.as_str());
            *(if expected { &mut right } else { &mut wrong }) += 1;
        }
    }
    assert!(right > 100 && wrong > 300 && nul > 15, "{right} right, {wrong} wrong, {nul} with a NUL");
}

#[test]
fn every_hash_is_known_by_its_scheme_and_family() {
    for (file, family) in [("django.jsonl", Family::Django), ("laravel.jsonl", Family::Laravel)] {
        for Recorded { scheme: name, encoded, .. } in recorded(file) {
            let scheme = PasswordScheme::of(&EncodedPassword::new(encoded.as_str())).expect(&encoded);
            let is_variant = name == "argon2" && ["argon2i", "argon2id"].contains(&scheme.name());
            assert!(is_variant || scheme.name() == name, "{encoded}: {scheme}");
            let expected = if name == "unusable" { None } else { Some(family) };
            assert_eq!(scheme.family(), expected, "{encoded}");
        }
    }
}
