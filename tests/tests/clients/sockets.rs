//! What speaks to `/ws`: libraries of Node and Python, and pages in Chromium.

use std::process::Command;

use countersign_tests::{
    client::{NODE, PYTHON, file, node_and_chromium, run},
    program::{Running, Sandbox, free_addresses},
    sandbox,
};

/// A place with a user `ada`, who has an address, and these settings.
fn place(settings: &str) -> Sandbox {
    let place = sandbox!();
    place.write("countersign.toml", settings);
    place
        .done_with("password", &["user", "add", "--username", "ada", "--email", "ada@example.org", "--password-stdin"]);
    place
}

/// Runs a client that may end tokens by the command line.
fn run_as_owner(mut client: Command, place: &Sandbox, server: &Running) {
    place.entrust(&mut client);
    run(client, server);
}

#[test]
fn ws_in_node_says_who_it_is_and_is_closed_when_its_token_dies() {
    let Some(node) = NODE.place() else { return };
    let place = place("");
    let server = place.serve();
    let mut client = Command::new(node);
    client.arg("--test-reporter=spec").arg(file("sockets/ws.mjs")).arg(format!("http://{}", server.address));
    run_as_owner(client, &place, &server);
}

#[test]
fn websockets_in_python_says_who_it_is_and_is_closed_when_its_token_dies() {
    let Some(python) = PYTHON.place() else { return };
    let place = place("");
    let server = place.serve();
    let mut client = Command::new(python);
    client.arg(file("sockets/ws.py")).arg(format!("http://{}", server.address));
    run_as_owner(client, &place, &server);
}

#[test]
fn pages_in_chromium_open_it_with_a_token_or_as_a_front_end_with_a_session() {
    let Some((node, chromium)) = node_and_chromium() else { return };
    let addresses: [_; 3] = free_addresses();
    let [api, front_end, stranger] = addresses.map(|address| format!("http://localhost:{}", address.port()));
    let place = place(&format!("front_ends = [\"{front_end}\"]\n[server]\nbase_url = \"{api}\"\n"));
    let server = place.spawn_on(addresses[0]);
    server.wait_ready();
    let mut client = Command::new(node);
    client.arg("--test-reporter=spec").arg(file("sockets/browser.mjs")).args([&api, &front_end, &stranger]);
    client.env("CHROMIUM", chromium);
    run_as_owner(client, &place, &server);
    // The browser did send the cookies: the page was refused for what it is.
    let log = server.log();
    let refused = log.lines().find(|line| line.contains("from a page that is none of `front_ends`"));
    assert!(refused.is_some_and(|line| line.contains(&stranger)), "{log}");
}
