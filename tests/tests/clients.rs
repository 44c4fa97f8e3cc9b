//! Clients in other languages, which were written against the real servers.

use std::{env, io::Write as _, process::Command};

use countersign_tests::{required::is_required, sandbox};

/// Activation by mail, and the mails as files; everything else as it is without a configuration.
const DJOSER: &str =
    "[mail]\ntransport = \"file:mails\"\n[[mount]]\nadapter = \"djoser\"\nsend_activation_email = true\n";

#[test]
fn a_python_client_of_djoser_lives_through_the_life_of_an_account() {
    let Some(python) = env::var_os("COUNTERSIGN_TEST_PYTHON").filter(|path| !path.is_empty()) else {
        assert!(!is_required("python"), "COUNTERSIGN_TEST_PYTHON is not set (source .ci/python does)");
        // Not by a macro, whose output the tests keep for themselves.
        let missing =
            b"NOT RUN: a Python client, because COUNTERSIGN_TEST_PYTHON is not set (source .ci/python does)\n";
        std::io::stderr().write_all(missing).expect("standard error is open");
        return;
    };
    let place = sandbox!();
    place.write("countersign.toml", DJOSER);
    let server = place.serve();
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/djoser.py");
    let mut command = Command::new(python);
    command.arg(client).arg(format!("http://{}", server.address)).arg(place.path("mails"));
    let ran = command.output().expect("the interpreter runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}\nthe server: {}", server.log());
}
