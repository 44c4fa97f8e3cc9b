//! What speaks the hotel API: libraries that check its tokens by the published keys, pages that renew them, clients of OAuth
//! 2.0, and Swagger UI.

use std::{path::Path, process::Command};

use countersign_tests::{
    client::{NODE, PYTHON, file, node_and_chromium, run},
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

/// Ten requests at once with a token that is over, by the interceptors that people have.
fn refresh_at_once(settings: &str, mode: Option<&str>) {
    let Some(node) = NODE.place() else { return };
    let place = place(&format!("[jwt]\naccess_ttl = \"8s\"\n{settings}"));
    let server = place.serve();
    let mut client = in_node(&node, "refresh.mjs");
    client.arg(format!("http://{}", server.address)).args(mode);
    run(client, &server);
}

#[test]
fn pages_with_axios_refresh_at_once_and_stay_logged_in() {
    refresh_at_once("", None);
}

#[test]
fn pages_with_axios_refresh_at_once_and_stay_logged_in_while_refresh_tokens_rotate() {
    refresh_at_once("rotate_refresh = true\nrefresh_grace = \"5s\"\n", Some("rotating"));
}

#[test]
fn nobody_is_thrown_out_because_the_server_is_overloaded() {
    let Some(node) = NODE.place() else { return };
    let place = place("[database]\npool_size = 1\nwait = \"200ms\"\n");
    let server = place.serve();
    let mut client = in_node(&node, "overload.mjs");
    client.arg(format!("http://{}", server.address));
    run(client, &server);
}

#[test]
fn clients_of_oauth_2_fetch_and_renew_tokens_by_themselves() {
    let Some(python) = PYTHON.place() else { return };
    for (settings, mode) in [("", None), ("rotate_refresh = true\n", Some("rotating"))] {
        let place = place(&format!("[jwt]\naccess_ttl = \"20s\"\n{settings}"));
        let server = place.serve();
        let mut client = in_python(&python, "oauth2.py");
        client.arg(format!("http://{}", server.address)).args(mode);
        run(client, &server);
    }
}

#[test]
fn the_swagger_ui_logs_in_where_the_mount_is() {
    let Some((node, chromium)) = node_and_chromium() else { return };
    let place = place("[[mount]]\nadapter = \"minimal\"\n[[mount]]\nadapter = \"hotel\"\nprefix = \"/api/v1\"\n");
    let server = place.serve();
    let mut client = in_node(&node, "swagger.mjs");
    client.arg(format!("http://{}", server.address)).arg("/api/v1").env("CHROMIUM", chromium);
    run(client, &server);
}
