//! What speaks to Laravel: axios in Node and in Chromium, and Nuxt with its module for Sanctum.

use std::{iter::once, net::SocketAddr, path::Path, process::Command};

use countersign_tests::{
    client::{NODE, NUXT, file, node_and_chromium, run},
    program::{Running, Sandbox, free_addresses},
    sandbox,
};

/// A server, its front end, and a stranger beside them.
struct Site {
    place: Sandbox,
    server: Running,
    api: String,
    front_end: String,
    stranger: String,
}

impl Site {
    /// All under the one name that every machine has.
    fn local() -> Self {
        Self::of(["localhost"; 3], &[], "")
    }

    /// Under these names. The front end has others, too; `options` are those of the SPA.
    fn of(names: [&str; 3], others: &[&str], options: &str) -> Self {
        let addresses: [_; 3] = free_addresses();
        let [api, front_end, stranger] = [0, 1, 2].map(|index| origin(names[index], addresses[index]));
        let others = others.iter().map(|name| origin(name, addresses[1]));
        let front_ends: Vec<_> = once(front_end.clone()).chain(others).collect();
        let place = sandbox!();
        place.write(
            "countersign.toml",
            &format!(
                "front_ends = {front_ends:?}\n[server]\nbase_url = \"{api}\"\n[mail]\ntransport = \"file:mails\"\n\
                 [[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum_spa\"\n{options}\n"
            ),
        );
        let server = place.spawn_on(addresses[0]);
        server.wait_ready();
        Self { place, server, api, front_end, stranger }
    }

    /// A client in Node, which is told where the server and the front end are.
    fn client(&self, node: &Path, name: &str) -> Command {
        let mut client = Command::new(node);
        client.arg("--test-reporter=spec").arg(file("laravel").join(name)).args([&self.api, &self.front_end]);
        client
    }
}

fn origin(name: &str, address: SocketAddr) -> String {
    format!("http://{name}:{}", address.port())
}

#[test]
fn axios_in_node_lives_through_the_life_of_accounts() {
    let Some(node) = NODE.place() else { return };
    let site = Site::local();
    let mut client = site.client(&node, "axios.mjs");
    client.arg(site.place.path("mails"));
    run(client, &site.server);
}

#[test]
fn axios_in_node_changes_profile_and_password_as_fortify_has_it() {
    let Some(node) = NODE.place() else { return };
    let site = Site::of(["localhost"; 3], &[], "stack = \"fortify\"");
    run(site.client(&node, "fortify.mjs"), &site.server);
}

#[test]
fn a_page_in_chromium_does_what_cors_and_cookies_let_it() {
    let Some((node, chromium)) = node_and_chromium() else { return };
    for site in [
        Site::local(),
        Site::of(
            ["api.example.test", "app.example.test", "other.example.test"],
            &[],
            "cookie_domain = \"example.test\"",
        ),
    ] {
        let mut client = site.client(&node, "browser.mjs");
        client.arg(&site.stranger).env("CHROMIUM", &chromium);
        run(client, &site.server);
    }
}

#[test]
fn the_mistakes_of_a_page_in_chromium_are_named() {
    let Some((node, chromium)) = node_and_chromium() else { return };
    let site = Site::of(["localhost"; 3], &["127.0.0.1", "app.example.test"], "");
    let mut client = site.client(&node, "mistakes.mjs");
    client.arg(&site.stranger).env("CHROMIUM", chromium);
    run(client, &site.server);
    let log = site.server.log();
    for advice in [
        "was GET /sanctum/csrf-cookie called?",
        "axios 1.6 and later need withXSRFToken: true",
        "set withCredentials: true",
        "the token is of another session or from before a login",
        "the session has ended",
        "127.0.0.1 and localhost are two sites",
        "the page at app.example.test cannot read a cookie of api.example.test; set cookie_domain to a domain of both",
        " is not in front_ends (listed: localhost:",
    ] {
        assert!(log.contains(advice), "{advice} is not in {log}");
    }
}

#[test]
fn a_nuxt_application_renders_its_pages_for_who_is_logged_in() {
    let (tools, build) = (node_and_chromium(), NUXT.place());
    let Some(((node, chromium), build)) = tools.zip(build) else { return };
    let site = Site::local();
    let ada = ["user", "add", "--username", "ada", "--email", "ada@example.org", "--password-stdin"];
    site.place.done_with("Zx9-quokka-77", &ada);
    let mut client = site.client(&node, "nuxt.mjs");
    client.arg(build).env("CHROMIUM", chromium);
    run(client, &site.server);
}
