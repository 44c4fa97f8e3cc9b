//! What speaks the hotel API: libraries that check its tokens by the published keys.

use std::{path::Path, process::Command};

use countersign_tests::{
    client::{NODE, PYTHON, file, run},
    program::Sandbox,
    sandbox,
};

/// The algorithms whose public keys are published.
const ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];

/// A place with a user `ada`, and these settings.
fn place(settings: &str) -> Sandbox {
    let place = sandbox!();
    place.write("countersign.toml", settings);
    place.add("ada");
    place
}

/// A client in Node.
fn in_node(node: &Path, name: &str) -> Command {
    let mut client = Command::new(node);
    client.arg("--test-reporter=spec").arg(file("hotel").join(name));
    client
}

/// A client in Python.
fn in_python(python: &Path, name: &str) -> Command {
    let mut client = Command::new(python);
    client.arg(file("hotel").join(name));
    client
}

/// Runs the client against a server of each algorithm, with what it may rotate keys by.
fn check_keys(client: impl Fn() -> Command) {
    for algorithm in ALGORITHMS {
        let place = place(&format!(
            "[jwt]\nalgorithm = \"{algorithm}\"\nissuer = \"https://id.example.org\"\naudience = \"hotels\"\n\
             [keys]\nannounce = \"2s\"\n"
        ));
        let server = place.serve();
        let mut client = client();
        place.entrust(&mut client);
        client.arg(format!("http://{}", server.address)).arg(algorithm);
        run(client, &server);
    }
}

#[test]
fn libraries_of_node_check_tokens_by_the_published_keys() {
    let Some(node) = NODE.place() else { return };
    check_keys(|| in_node(&node, "keys.mjs"));
}

#[test]
fn libraries_of_python_check_tokens_by_the_published_keys() {
    let Some(python) = PYTHON.place() else { return };
    check_keys(|| in_python(&python, "keys.py"));
}
