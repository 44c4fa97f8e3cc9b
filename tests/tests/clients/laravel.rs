//! What speaks to Laravel: axios in Node and in Chromium, and Nuxt with its module for Sanctum.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use countersign_tests::{
    client::{CHROMIUM, NODE, NUXT, file, run},
    program::{Running, Sandbox, free_addresses},
    sandbox,
};

/// A server that is `localhost` to its clients, for cookies have a host, with its front end and a stranger beside it.
struct Site {
    place: Sandbox,
    server: Running,
    front_end: SocketAddr,
    stranger: SocketAddr,
}

impl Site {
    /// The server lets pages of the front end in, under each of these hosts.
    fn of(hosts: &[&str]) -> Self {
        let [api, front_end, stranger] = free_addresses();
        let front_ends: Vec<_> = hosts.iter().map(|host| format!("http://{host}:{}", front_end.port())).collect();
        let place = sandbox!();
        place.write(
            "countersign.toml",
            &format!(
                "front_ends = {front_ends:?}\n[server]\nbase_url = \"{}\"\n[mail]\ntransport = \"file:mails\"\n\
                 [[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\n",
                at_localhost(api)
            ),
        );
        let server = place.spawn_on(api);
        server.wait_ready();
        Self { place, server, front_end, stranger }
    }

    /// A client in Node, which is told where the server and the front end are.
    fn client(&self, node: &Path, name: &str) -> Command {
        let mut client = Command::new(node);
        client.args(["--test-reporter=spec".into(), file("laravel").join(name)]);
        client.args([at_localhost(self.server.address), at_localhost(self.front_end)]);
        client
    }
}

fn at_localhost(address: SocketAddr) -> String {
    format!("http://localhost:{}", address.port())
}

/// Node and the browser.
fn node_and_chromium() -> Option<(PathBuf, PathBuf)> {
    NODE.place().zip(CHROMIUM.place())
}

#[test]
fn axios_in_node_lives_through_the_life_of_accounts() {
    let Some(node) = NODE.place() else { return };
    let site = Site::of(&["localhost"]);
    let mut client = site.client(&node, "axios.mjs");
    client.arg(site.place.path("mails"));
    run(client, &site.server);
}

#[test]
fn a_page_in_chromium_does_what_cors_and_cookies_let_it() {
    let Some((node, chromium)) = node_and_chromium() else { return };
    let site = Site::of(&["localhost"]);
    let mut client = site.client(&node, "browser.mjs");
    client.arg(at_localhost(site.stranger)).env("CHROMIUM", chromium);
    run(client, &site.server);
}

#[test]
fn the_mistakes_of_a_page_in_chromium_are_named() {
    let Some((node, chromium)) = node_and_chromium() else { return };
    let site = Site::of(&["localhost", "127.0.0.1"]);
    let mut client = site.client(&node, "mistakes.mjs");
    client.arg(format!("http://{}", site.front_end)).arg(at_localhost(site.stranger)).env("CHROMIUM", chromium);
    run(client, &site.server);
}

#[test]
fn a_nuxt_application_renders_its_pages_for_who_is_logged_in() {
    let (tools, build) = (node_and_chromium(), NUXT.place());
    let Some(((node, chromium), build)) = tools.zip(build) else { return };
    let site = Site::of(&["localhost"]);
    let ada = ["user", "add", "--username", "ada", "--email", "ada@example.org", "--password-stdin"];
    site.place.done_with("Zx9-quokka-77", &ada);
    let mut client = site.client(&node, "nuxt.mjs");
    client.arg(build).env("CHROMIUM", chromium);
    run(client, &site.server);
}
