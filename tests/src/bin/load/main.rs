//! Measures the server on the machine that it is started on, and prints a Markdown table: docs/performance.md.
//!
//! Everything happens in one run of less than a minute, over loopback, against a process of its own that serves as in
//! production. What is compared is measured in turns of a second, so that a machine that has other work in between
//! slows both sides: trust the ratios, not the figures.
//!
//! Without arguments everything is measured but `imports`, which takes minutes, and `djoser`, which needs the real one; `cached`, `uncached`, `storm`, `start`, `keys`, `hashes`
//! and `imports` choose. Any other arguments are the command line of Countersign itself: that is how this program starts the
//! server under test.

mod djoser;
mod figures;
mod hashes;
mod http;
mod import;
mod keys;
mod process;
mod start;
mod storm;
mod throughput;

use std::{env, process::ExitCode};

/// A request of a dialect that asks who is calling, and how its caller logs in.
struct Dialect {
    /// As in the configuration.
    name: &'static str,
    /// Answers with the user.
    path: &'static str,
    /// What stands before the token in `Authorization`.
    scheme: &'static str,
    /// Where a login is posted.
    login: &'static str,
    /// The fields of a login: who, and the password.
    fields: [&'static str; 2],
    /// The member of the answer that holds the token.
    token: &'static str,
}

/// Whose verification is measured; the storm is the first one's.
const DIALECTS: [Dialect; 3] = [
    Dialect {
        name: "sanctum",
        path: "/api/user",
        scheme: "Bearer",
        login: "/api/auth/token",
        fields: ["email", "password"],
        token: "token",
    },
    Dialect {
        name: "djoser",
        path: "/auth/users/me/",
        scheme: "Token",
        login: "/auth/token/login/",
        fields: ["username", "password"],
        token: "auth_token",
    },
    Dialect {
        name: "hotel",
        path: "/auth/me",
        scheme: "Bearer",
        login: "/auth/login",
        fields: ["identifier", "password"],
        token: "access_token",
    },
];

/// A measurement: its name on the command line, and what gives its rows.
type Measurement = (&'static str, fn() -> Vec<figures::Row>);

const MEASUREMENTS: [Measurement; 8] = [
    ("cached", throughput::cached),
    ("uncached", throughput::uncached),
    ("storm", storm::rows),
    ("start", start::rows),
    ("keys", keys::rows),
    ("hashes", hashes::rows),
    (DJOSER, djoser::rows),
    (IMPORTS, import::rows),
];

/// What is measured only by its name.
const DJOSER: &str = "djoser";
const IMPORTS: &str = "imports";

fn main() -> ExitCode {
    let chosen: Vec<String> = env::args().skip(1).collect();
    let known = |argument: &String| MEASUREMENTS.iter().any(|(name, _)| name == argument);
    if !chosen.iter().all(known) {
        return process::serve();
    }
    let wanted = |name: &str| {
        (chosen.is_empty() && ![DJOSER, IMPORTS].contains(&name)) || chosen.iter().any(|other| other == name)
    };
    let rows = MEASUREMENTS.iter().filter(|(name, _)| wanted(name)).flat_map(|(_, measure)| measure());
    figures::print(&rows.collect::<Vec<_>>());
    ExitCode::SUCCESS
}
