//! Measures the server on the machine that it is started on, and prints a Markdown table: docs/performance.md.
//!
//! Everything happens in one run of some minutes, over loopback, against a process of its own that serves as in
//! production. What is compared is measured in turns of a quarter of a second, so that a machine that has other work in between
//! slows both sides: trust the ratios, not the figures.
//!
//! Without names everything is measured but `imports`, which takes many minutes, and `djoser`, which needs the real one; `cached`,
//! `uncached`, `growth`, `storm`, `start`, `memory`, `keys`, `hashes`, `djoser` and `imports` choose. `--write FILE` puts the table
//! into a document and the plot beside it. Any other arguments are the command line of Countersign itself: that is how this program
//! starts the server under test.

mod djoser;
mod document;
mod figures;
mod filling;
mod growth;
mod hashes;
mod http;
mod import;
mod keys;
mod latency;
mod memory;
mod plot;
mod process;
mod start;
mod storm;
mod throughput;

use std::{env, path::Path, process::ExitCode, time::Instant};

use figures::Findings;

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

/// A measurement: its name on the command line, and what finds its figures.
type Measurement = (&'static str, fn() -> Findings);

const MEASUREMENTS: [Measurement; 10] = [
    ("cached", throughput::cached),
    ("uncached", throughput::uncached),
    ("growth", growth::findings),
    ("storm", storm::findings),
    ("start", || start::rows().into()),
    ("memory", || memory::rows().into()),
    ("keys", || keys::rows().into()),
    ("hashes", || hashes::rows().into()),
    (DJOSER, || djoser::rows().into()),
    (IMPORTS, || import::rows().into()),
];

/// What is measured only by its name.
const DJOSER: &str = "djoser";
const IMPORTS: &str = "imports";

/// Before the file that the table is written into.
const WRITE: &str = "--write";

fn main() -> ExitCode {
    let mut chosen: Vec<String> = env::args().skip(1).collect();
    let document = match chosen.iter().position(|argument| argument == WRITE) {
        Some(at) if at + 1 < chosen.len() => chosen.drain(at..at + 2).nth(1),
        _ => None,
    };
    let known = |argument: &String| MEASUREMENTS.iter().any(|(name, _)| name == argument);
    if !chosen.iter().all(known) {
        return process::serve();
    }
    let wanted = |name: &str| {
        (chosen.is_empty() && ![DJOSER, IMPORTS].contains(&name)) || chosen.iter().any(|other| other == name)
    };
    let mut findings = Findings::default();
    for (name, measure) in MEASUREMENTS.into_iter().filter(|(name, _)| wanted(name)) {
        let began = Instant::now();
        findings.extend(measure());
        eprintln!("{name}: {:.0} s", began.elapsed().as_secs_f64());
    }
    print!("{}", findings.table());
    let written = document.map_or(Ok(()), |file| document::write(Path::new(&file), &findings));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
