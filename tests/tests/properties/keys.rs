//! Key files and keys of others, changed by hand: what is read signs what it checks, and what is not is told without a word of the key.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use chrono::TimeDelta;
use countersign::{
    config::Settings,
    keys::{Import, Keys, Rotate, import, rotate},
};
use countersign_core::{Secret, env::SystemRandom, strategy::JwtAlgorithm};
use countersign_tests::server::noon;
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
    sample::{Index, select},
};
use serde_json::json;

use super::common::{Change, change, ensure, hold};

/// What key files are written in.
const LETTERS: &str = "ABCXYZabcxyz0123456789+/=-# :.TZ\n\r\t\"{}\0";
/// Lines that stand in key files, and some that do not.
const LINES: [&str; 22] = [
    "",
    "#",
    "# signs from 2026-01-02T12:00:00Z",
    "# signs from 9999-12-31T23:59:60Z",
    "# signs from never",
    "# checks until 2027-01-02T12:00:00Z",
    "# checks until 0000-00-00T00:00:00Z",
    "# checks until +999999-01-01T00:00:00Z",
    "# simplejwt {}",
    "# simplejwt {\"issuer\":null}",
    "# simplejwt [",
    "# RS256 signs from 2026-01-02T12:00:00Z",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----",
    "-----END PUBLIC KEY-----",
    "-----BEGIN HS256 SECRET-----",
    "-----END HS256 SECRET-----",
    "-----BEGIN EC PRIVATE KEY-----",
    "-----BEGIN -----",
    "MCowBQYDK2VwAyEA",
    "\u{feff}",
];
/// A public key of each kind, as `openssl pkey -pubout` writes them; nobody has the other half.
const PUBLIC: [&str; 2] = [
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n",
];

/// A change of a file.
#[derive(Debug, Clone)]
enum Edit {
    Letter(Change),
    /// This line in the place of another, or before it.
    Line(Index, &'static str, bool),
    /// A line of the file once more, somewhere else.
    Again(Index, Index),
    Without(Index),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        3 => change(LETTERS).prop_map(Edit::Letter),
        2 => (any::<Index>(), select(&LINES[..]), any::<bool>()).prop_map(|(at, line, new)| Edit::Line(at, line, new)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Again(from, to)),
        1 => any::<Index>().prop_map(Edit::Without),
    ];
    vec(edit, 1..4)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text = text.to_owned();
    for edit in edits {
        let mut lines: Vec<&str> = text.split('\n').collect();
        match edit {
            Edit::Letter(change) => {
                text = change.of(&text);
                continue;
            }
            Edit::Line(at, line, true) => lines.insert(at.index(lines.len()), line),
            Edit::Line(at, line, false) => *at.get_mut(&mut lines) = line,
            Edit::Again(from, to) => {
                let line = *from.get(&lines);
                lines.insert(to.index(lines.len()), line);
            }
            Edit::Without(at) => drop(lines.remove(at.index(lines.len()))),
        }
        text = lines.join("\n");
    }
    text
}

/// Settings whose key files are in a folder, and the file of the tokens' keys.
fn within(folder: &tempfile::TempDir) -> (Settings, PathBuf) {
    let mut settings = Settings::default();
    settings.keys.file = folder.path().join("countersign.keys");
    settings.jwt.algorithm = JwtAlgorithm::Es256;
    (settings, folder.path().join("countersign.jwt.pem"))
}

fn put(file: &PathBuf, text: &str) {
    let _ = fs::remove_file(file);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn view(settings: &Settings) -> Result<Keys, String> {
    Keys::view(settings, &SystemRandom, noon()).map_err(|error| error.to_string())
}

/// What is told of a file is a sentence that somebody can follow, and nothing of the keys.
fn is_clear(told: &str, original: &str) -> bool {
    let secrets = original.lines().filter(|line| line.len() > 20 && !line.starts_with(['#', '-']));
    (20..1_000).contains(&told.len()) && secrets.into_iter().all(|line| !told.contains(line))
}

/// Does each key that signs sign what it checks itself?
fn is_sound(keys: &Keys) -> bool {
    keys.jwt.states(noon()).iter().filter(|(key, _)| key.signs()).all(|(key, _)| {
        let signed = key.sign(&json!({"sub": "ada"})).unwrap();
        let (message, signature) = signed.rsplit_once('.').unwrap();
        key.holds(message, signature) && !key.holds(&format!("{message}x"), signature)
    })
}

/// The text of a file with keys of every kind: some that sign, a secret and a public key that check, a Django's.
fn full(settings: &Settings, file: &PathBuf) -> String {
    Keys::open(settings, &SystemRandom, noon()).unwrap();
    let until = noon() + TimeDelta::days(30);
    let secret = Import::Secret(Secret::from("a secret of thirty-two bytes, or more"));
    let public = PUBLIC.map(|text| Import::Public(text.to_owned()));
    let bring = |what: &Import| import(settings, what, None, until, &SystemRandom, noon()).unwrap();
    bring(&secret);
    for key in &public {
        bring(key);
    }
    rotate(settings, Rotate::Jwt, &SystemRandom, noon()).unwrap();
    fs::read_to_string(file).unwrap()
}

#[test]
fn a_key_file_is_read_or_told_whatever_is_changed_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, file) = within(&folder);
    let original = full(&settings, &file);
    assert!(is_sound(&view(&settings).unwrap()), "{original}");
    hold(600, &edits(), |edits| {
        let text = edited(&original, &edits);
        put(&file, &text);
        match view(&settings) {
            Ok(keys) => ensure(is_sound(&keys), || format!("{text} has a key that does not check what it signs")),
            Err(told) => ensure(is_clear(&told, &original), || format!("{text}: {told}")),
        }
    });
}

#[test]
fn a_ring_is_read_or_told_whatever_is_changed_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, _) = within(&folder);
    Keys::open(&settings, &SystemRandom, noon()).unwrap();
    rotate(&settings, Rotate::Ring, &SystemRandom, noon()).unwrap();
    let original = fs::read_to_string(&settings.keys.file).unwrap();
    hold(600, &edits(), |edits| {
        let text = edited(&original, &edits);
        put(&settings.keys.file, &text);
        match view(&settings) {
            Ok(keys) => {
                let sealed = keys.ring.seal("test", "ada", &SystemRandom);
                let opened = keys.ring.open("test", &sealed);
                ensure(opened.as_deref() == Some("ada"), || format!("{text} does not open what it seals"))
            }
            Err(told) => ensure(is_clear(&told, &original), || format!("{text}: {told}")),
        }
    });
}

#[test]
fn a_key_of_somebody_else_is_taken_whole_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, file) = within(&folder);
    Keys::open(&settings, &SystemRandom, noon()).unwrap();
    let own = fs::read_to_string(&file).unwrap();
    let known = view(&settings).unwrap().jwt.states(noon()).len();
    let until = noon() + TimeDelta::days(30);
    hold(400, &(select(&PUBLIC[..]), edits()), |(public, edits)| {
        put(&file, &own);
        let text = edited(public, &edits);
        let brought = import(&settings, &Import::Public(text.clone()), None, until, &SystemRandom, noon());
        let now = view(&settings).map(|keys| keys.jwt.states(noon()).len());
        match brought {
            // One more, or the file as it was.
            Ok(_) => ensure(now == Ok(known + 1), || format!("{text}: {now:?}")),
            Err(told) => ensure(now == Ok(known) && is_clear(&told.to_string(), &own), || format!("{text}: {told}")),
        }
    });
}
