//! Looking a credential up, in the cache and in SQLite: `cargo bench -p countersign`.

#![expect(clippy::expect_used, reason = "a bench that cannot begin ends with a panic: that is its answer")]

use std::fs;

use chrono::TimeDelta;
use countersign::{
    app::{App, Background},
    config::{Settings, Sources},
    serve,
};
use countersign_core::{
    Auth, Secret, TokenKind,
    model::{Grant, Registration, Token},
    store::{Stores, TokenKey},
};
use divan::{Bencher, black_box};
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// What a bench asks: a door to a realm with a user, a token and a session.
struct Rig {
    door: Auth,
    stores: Stores,
    access: Secret,
    session: Secret,
    token: Token,
    /// Reads the revocations, without which nothing cached is trusted.
    _background: Background,
    _folder: TempDir,
}

impl Rig {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("countersign.toml");
        let database = folder.path().join("countersign.db");
        let secret = "a secret that is long enough for a ring of keys";
        let text = format!(
            "[database]\nurl = \"sqlite://{}\"\n[keys]\nsecret = \"{secret}\"\n[jwt]\nsecret = \"{secret}\"\n{more}",
            database.display()
        );
        fs::write(&file, text).expect("a file in it");
        let settings = Settings::load(&Sources { file: Some(file), ..Sources::default() }).expect("good settings");
        let (parts, _) = serve::open(&settings).expect("a new database");
        let stores = parts.stores.at_once().expect("SQLite answers at once");
        let app = App::assemble(&settings, parts).expect("settings that can be served");
        let background = app.background(&settings).expect("the database answers");
        let door = app.owners_door();
        let registration = Registration {
            username: Some("ada".to_owned()),
            ..Registration::new(Secret::from("correct horse battery staple"))
        };
        let subject = door.register(&registration).expect("nobody else is there");
        let issued = door.issue(&subject, &Grant::named("bench")).expect("a token");
        let session = door.open_session(&subject, TimeDelta::hours(2)).expect("a session");
        Self {
            door,
            stores,
            access: issued.access,
            session,
            token: issued.token,
            _background: background,
            _folder: folder,
        }
    }
}

const UNCACHED: &str = "[cache]\nverified = \"off\"\n";

#[divan::bench(args = ["cached", "uncached"])]
fn token(bencher: Bencher, kind: &str) {
    let rig = Rig::new(if kind == "cached" { "" } else { UNCACHED });
    assert!(rig.door.verify(rig.access.expose()).is_ok());
    bencher.bench(|| rig.door.at_once(black_box(rig.access.expose())).is_some_and(|answer| answer.is_ok()));
}

#[divan::bench(args = ["cached", "uncached"])]
fn session(bencher: Bencher, kind: &str) {
    let rig = Rig::new(if kind == "cached" { "" } else { UNCACHED });
    assert!(rig.door.verify_session(rig.session.expose()).is_ok());
    bencher.bench(|| rig.door.session_at_once(black_box(rig.session.expose())).is_some_and(|answer| answer.is_ok()));
}

#[divan::bench]
fn token_and_user_by_number(bencher: Bencher) {
    let rig = Rig::new("");
    bencher.bench(|| rig.stores.held(TokenKey::Number(black_box(rig.token.id))));
}

#[divan::bench]
fn token_and_user_by_digest(bencher: Bencher) {
    let rig = Rig::new("");
    bencher.bench(|| rig.stores.held(TokenKey::Digest(TokenKind::Sanctum, black_box(&rig.token.digest))));
}

#[divan::bench]
fn row_of_a_token(bencher: Bencher) {
    let rig = Rig::new("");
    bencher.bench(|| rig.stores.tokens().token(black_box(rig.token.id)));
}

#[divan::bench]
fn row_of_a_user(bencher: Bencher) {
    let rig = Rig::new("");
    bencher.bench(|| rig.stores.users().user(black_box(rig.token.user_id)));
}
