//! Servers that upgrade in a mode, and users with hashes from elsewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::{
    Registration, Secret, UserId, model::UserChange, password::EncodedPassword, store::UserStore as _,
};
use countersign_tests::{
    Server,
    databases::{Database, databases, sqlite},
    server::{noon, settings},
};
use serde_json::{Value, json};

/// For tests that look at the memory of the process, and those that need a lot of it.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server that upgrades in this mode, and so quickly that tests can wait for it.
pub fn on(database: Database, mode: &str) -> Server {
    let settings = settings(&format!(
        "[passwords]\nmemory_kib = 64\niterations = 1\nfailure_floor = \"0s\"\nupgrade = \"{mode}\"\n\
         bcrypt_rounds = 5\npbkdf2_iterations = 2000\n[throttle]\nenabled = false\n"
    ));
    Server::run(Arc::new(database), settings)
}

/// On SQLite.
pub fn server(mode: &str) -> Server {
    on(sqlite(), mode)
}

/// On every database that is there.
pub fn each(mode: &str) -> Vec<Server> {
    databases().into_iter().map(|database| on(database, mode)).collect()
}

/// A user with this hash, as an import makes them.
pub fn import(server: &Server, name: &str, encoded: &str) -> UserId {
    let registration = Registration {
        username: Some(name.to_owned()),
        email: Some(format!("{name}@example.org")),
        ..Registration::new(Secret::from("another password"))
    };
    let user = server.owner.register(&registration).unwrap();
    let change = UserChange::Password { new: EncodedPassword::new(encoded), replacing: None };
    server.store.change_user(user.id, &change, noon()).unwrap().unwrap();
    user.id
}

/// What is stored of a user's password.
pub fn stored(server: &Server, user: UserId) -> String {
    server.store.password(user).unwrap().map_or_else(String::new, |hash| hash.as_str().to_owned())
}

/// The login of each dialect that takes one request: path and body.
pub fn logins(name: &str, password: &str) -> [(&'static str, Value); 4] {
    let email = format!("{name}@example.org");
    [
        ("/auth", json!({"login": name, "password": password})),
        ("/auth/login", json!({"identifier": name, "password": password})),
        ("/api/auth/token", json!({"email": email, "password": password})),
        ("/auth/token/login/", json!({"username": name, "password": password})),
    ]
}

/// Does this password log in, at whichever dialect?
pub fn logs_in(server: &Server, name: &str, password: &str) -> bool {
    let answers = logins(name, password).map(|(path, body)| server.anon().wants_json().post(path, body).status);
    match answers {
        [200, 200, 200, 200] => true,
        [401, 422, 422, 400] => false,
        other => panic!("{name}, {password}: {other:?}"),
    }
}
