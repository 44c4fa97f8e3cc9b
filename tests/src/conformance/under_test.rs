//! The server under test: the program in a process of its own, configured as the recorded one was.

use countersign::{app, config::Sources};

use crate::{
    mailbox::Mailbox,
    program::{Running, Sandbox},
};

use super::{
    accounts,
    run::{Outcome, Target, run},
    suite::Suite,
};

/// The key that JWTs are signed with where nothing else is said.
pub const JWT_SECRET: &str = "a key for recordings, known to the runner: 0123456789abcdef";

/// A running server with the accounts of a suite; dropping it ends it.
pub struct UnderTest {
    running: Running,
    mailbox: Mailbox,
    _folder: Sandbox,
}

impl UnderTest {
    /// Starts `program serve` on the empty database at `url`, configured for a run of `suite`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(program: &str, suite: &Suite, profile: &str, url: &str) -> Self {
        let mailbox = Mailbox::start();
        let folder = Sandbox::of(program);
        folder.write("countersign.toml", &configuration(profile, url, &mailbox));
        let file = folder.path("countersign.toml");
        let settings = app::load(&Sources { file: Some(file), ..Sources::default() }).expect("the settings are right");
        accounts::create(&settings, &suite.accounts());
        Self { running: folder.serve(), mailbox, _folder: folder }
    }

    /// Asks it everything.
    pub fn run<'a>(&self, suite: &'a Suite, profile: &'a str) -> Vec<Outcome<'a>> {
        let host = self.running.address.to_string();
        run(suite, profile, &Target { host: &host, jwt_secret: JWT_SECRET, mailbox: &self.mailbox })
    }
}

/// What the recorded server was told, in our words: `tests/conformance/djoser/real/settings.py`.
fn configuration(profile: &str, database: &str, mailbox: &Mailbox) -> String {
    let mail = mailbox.configuration();
    let own = match profile {
        "activation" => "send_activation_email = true\n",
        "locale" => "locale = \"accept-language\"\n",
        _ => "",
    };
    format!(
        "front_ends = []\n\
         [database]\nurl = {database:?}\n\
         [keys]\nsecret = \"the key ring of every server under test\"\n\
         [jwt]\nsecret = {JWT_SECRET:?}\n\
         [passwords]\nmemory_kib = 64\niterations = 1\nfailure_floor = \"0s\"\n\
         [throttle]\nenabled = false\n\
         {mail}\
         [[mount]]\nadapter = \"djoser\"\n{own}"
    )
}
