//! Behind Caddy, with the configuration of the documentation.

use std::process::Command;

use super::proxied::{assert_guarded, find, run};

/// The part that the documentation gives.
const SITE: &str = include_str!("../../../docs/gateways/Caddyfile");

#[test]
fn caddy_lets_nobody_through_whom_verify_refuses() {
    let Some(caddy) = find("caddy") else { return };
    assert_guarded(|server| {
        let around = format!("{{\n\tadmin off\n\tauto_https off\n}}\n{SITE}");
        run(server, &around, |file, folder| {
            let mut command = Command::new(&caddy);
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
            command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
            command
        })
    });
}
