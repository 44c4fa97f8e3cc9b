//! Users and tokens to test with.

use std::{sync::Barrier, thread};

use chrono::{DateTime, TimeDelta};
use countersign::store::Store;
use countersign_core::{
    Abilities, Digest, NewToken, NewUser, Role, TokenKind, User, UserId,
    identifier::{Claim, Key, Kind},
    model::Timestamp,
    password::EncodedPassword,
    store::UserStore as _,
};
use countersign_tests::databases::{Database, databases};
use uuid::Uuid;

/// As many callers as the races of the promises speak of.
pub const THREADS: usize = 16;

/// Runs `test` on an empty, migrated store of every database.
pub fn on_every_database(test: impl Fn(&Store, &Database)) {
    for database in databases() {
        eprintln!("on {}", database.name);
        test(&database.store(), &database);
    }
}

/// Some moment and `seconds`, with microseconds.
pub fn moment(seconds: i64) -> Timestamp {
    DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap() + TimeDelta::seconds(seconds)
}

/// A user called `name` who claims that name and `name@example.org`.
pub fn new_user(name: &str) -> NewUser {
    let email = format!("{name}@example.org");
    NewUser {
        uuid: Uuid::from_bytes(Digest::of(name.as_bytes()).as_bytes()[..16].try_into().unwrap()),
        username: name.to_owned(),
        email: Some(email.clone()),
        phone: Some("+79991234567".to_owned()),
        name: format!("{name} Lovelace"),
        first_name: "Ada 🦀".to_owned(),
        last_name: "Lovelace".to_owned(),
        role: Role::Hotelier,
        is_staff: true,
        is_superuser: false,
        is_active: true,
        email_verified_at: Some(moment(-5)),
        password: Some(EncodedPassword::new("$argon2id$old")),
        identifiers: vec![required(Kind::Username, Key::username(name)), required(Kind::Email, Key::email(&email))],
        now: moment(0),
    }
}

/// A claim without which there is no user.
pub fn required(kind: Kind, key: Key) -> Claim {
    Claim { kind, key, required: true }
}

/// A claim that may fail.
pub fn optional(kind: Kind, key: Key) -> Claim {
    Claim { kind, key, required: false }
}

/// Creates [`new_user`].
pub fn create(store: &Store, name: &str) -> User {
    store.create_user(&new_user(name)).unwrap().unwrap()
}

/// A token of `user`, of whom nothing was revoked yet, whose secret is `secret`.
pub fn new_token(user: &User, kind: TokenKind, secret: &str) -> NewToken {
    NewToken {
        kind,
        user_id: user.id,
        name: "phone".to_owned(),
        digest: Digest::of(secret.as_bytes()),
        sealed: Some("sealed".to_owned()),
        abilities: Abilities(vec!["read".to_owned(), "\"quoted\"".to_owned()]),
        family: Some(format!("family of {secret}")),
        created_at: moment(1),
        expires_at: Some(moment(3600)),
        slot: None,
        generation: 0,
    }
}

/// The same in the slot that a user has once.
pub fn in_slot(mut new: NewToken) -> NewToken {
    new.slot = Some(format!("{}:{}", new.kind.as_str(), new.user_id));
    new
}

/// Runs `work` in 16 threads that start together; returns what each answered.
pub fn together<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let (start, work) = (&start, &work);
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A number that no user has.
pub const NOBODY: UserId = UserId(4_000_000);
