//! What speaks to Djoser.

use std::process::Command;

use countersign_tests::{
    client::{PYTHON, file, run},
    sandbox,
};

/// Activation by mail, and the mails as files; everything else as it is without a configuration.
const DJOSER: &str =
    "[mail]\ntransport = \"file:mails\"\n[[mount]]\nadapter = \"djoser\"\nsend_activation_email = true\n";

#[test]
fn a_python_client_of_djoser_lives_through_the_life_of_an_account() {
    let Some(python) = PYTHON.place() else { return };
    let place = sandbox!();
    place.write("countersign.toml", DJOSER);
    let server = place.serve();
    let mut client = Command::new(python);
    client.arg(file("djoser.py")).arg(format!("http://{}", server.address)).arg(place.path("mails"));
    run(client, &server);
}
