//! Behind nginx, with the configuration of the documentation.

use std::process::Command;

use super::proxied::{assert_guarded, find, run};

/// The part that the documentation gives.
const SITE: &str = include_str!("../../../docs/gateways/nginx.conf");

#[test]
fn nginx_lets_nobody_through_whom_verify_refuses() {
    let Some(nginx) = find("nginx") else { return };
    assert_guarded(|server| {
        let temporary = |place| format!("{place}_temp_path temp/{place};");
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(temporary).join("\n");
        let main = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\n";
        let around = format!("{main}http {{\naccess_log off;\n{places}\n{SITE}\n}}\n");
        run(server, &around, |file, folder| {
            std::fs::create_dir_all(folder.join("temp")).expect("a folder can be made");
            let mut command = Command::new(&nginx);
            command.arg("-e").arg("stderr").arg("-p").arg(folder).arg("-c").arg(file);
            command
        })
    });
}
