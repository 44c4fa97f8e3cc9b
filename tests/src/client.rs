//! Clients in other languages: what they need, and a run of one that does not last for ever.

use std::{
    env,
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{program::Running, required::is_required};

/// How long a busy machine may take for one client. Each waits less for each of its steps.
const PATIENCE: Duration = Duration::from_secs(180);

/// Something that a script of `.ci` installs, and whose place it exports.
pub struct Tool {
    /// What `COUNTERSIGN_TEST_REQUIRE` calls it.
    name: &'static str,
    /// Where it is.
    variable: &'static str,
    /// What sets the variable.
    script: &'static str,
}

/// A Python with the packages of `tests/clients/requirements.txt`.
pub const PYTHON: Tool = Tool { name: "python", variable: "COUNTERSIGN_TEST_PYTHON", script: ".ci/python" };
/// Node.js; the packages are beside the clients.
pub const NODE: Tool = Tool { name: "node", variable: "COUNTERSIGN_TEST_NODE", script: ".ci/node" };
/// The browser.
pub const CHROMIUM: Tool = Tool { name: "chromium", variable: "COUNTERSIGN_TEST_CHROMIUM", script: ".ci/node" };
/// The folder of `tests/clients/nuxt` as it is built.
pub const NUXT: Tool = Tool { name: "nuxt", variable: "COUNTERSIGN_TEST_NUXT", script: ".ci/node" };

impl Tool {
    /// Its place. Where it is missing, the test says so aloud, or fails if it is required.
    ///
    /// # Panics
    /// If it is required and missing.
    pub fn place(&self) -> Option<PathBuf> {
        let Self { name, variable, script } = self;
        if let Some(place) = env::var_os(variable).filter(|place| !place.is_empty()) {
            return Some(place.into());
        }
        let missing = format!("{variable} is not set (source {script} does)");
        assert!(!is_required(name), "{missing}");
        // Not by a macro, whose output the tests keep for themselves.
        let said = format!("NOT RUN: a client that needs {name}, because {missing}\n");
        std::io::stderr().write_all(said.as_bytes()).expect("standard error is open");
        None
    }
}

/// Node.js and the browser.
///
/// # Panics
/// If they are required and missing.
pub fn node_and_chromium() -> Option<(PathBuf, PathBuf)> {
    NODE.place().zip(CHROMIUM.place())
}

/// A file below `tests/clients`.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

/// Runs a client, which must end well and in time.
///
/// # Panics
/// If it does not, with what it and the server said.
pub fn run(mut command: Command, server: &Running) {
    let mut said = tempfile::tempfile().expect("a temporary file");
    let copy = |file: &File| file.try_clone().expect("a handle can be doubled");
    command.stdin(Stdio::null()).stdout(copy(&said)).stderr(copy(&said));
    // A group of its own: who is too slow is ended with all that it started.
    let mut client = command.process_group(0).spawn().expect("the client starts");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = client.try_wait().expect("it is a child") {
            break Some(status);
        }
        if began.elapsed() > PATIENCE {
            kill_process_group(Pid::from_child(&client), Signal::KILL).expect("it runs");
            client.wait().expect("it is a child");
            break None;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let mut text = String::new();
    said.rewind().and_then(|()| said.read_to_string(&mut text)).expect("text");
    let done = status.is_some_and(|status| status.success());
    assert!(done, "{status:?} (nothing: it was too slow)\n{text}\nthe server: {}", server.log());
}
