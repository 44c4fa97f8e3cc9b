//! The server under test: the program in a process of its own, configured as the recorded one was.

use countersign::{app, config::Sources};

use crate::{
    mailbox::Mailbox,
    program::{Running, Sandbox},
};

use super::{
    accounts,
    run::{Outcome, Target, run},
    suite::{Form, Suite},
};

/// The key that JWTs are signed with where nothing else is said.
pub const JWT_SECRET: &str = "a key for recordings, known to the runner: 0123456789abcdef";

/// A Django project with no front end and no rates.
const DJANGO: &str = "front_ends = []\nthrottle = {enabled = false}\n";

/// The recorded application limits its API; its front end is the one that we begin with.
const LARAVEL: &str = "[[mount]]\nadapter = \"sanctum\"\nthrottle_api = \"60/min\"\n\
                       [[mount]]\nadapter = \"sanctum_spa\"\nthrottle_api = \"60/min\"\n";

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
        folder.write("countersign.toml", &configuration(suite.form, profile, url, &mailbox));
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

/// What the recorded server was told, in our words: `tests/conformance/djoser/real/settings.py`, and the README of
/// `tests/conformance/laravel`.
fn configuration(form: Form, profile: &str, database: &str, mailbox: &Mailbox) -> String {
    let mail = mailbox.configuration();
    let (own, mounts) = match (form, profile) {
        (Form::Laravel, "fortify") => ("laravel = {cors_origins = \"any\", query_credentials = true}\n", LARAVEL),
        (Form::Laravel, _) => ("laravel = {query_credentials = true}\n", LARAVEL),
        (Form::Django, "activation") => (DJANGO, "[[mount]]\nadapter = \"djoser\"\nsend_activation_email = true\n"),
        (Form::Django, "locale") => (DJANGO, "[[mount]]\nadapter = \"djoser\"\nlocale = \"accept-language\"\n"),
        (Form::Django, _) => (DJANGO, "[[mount]]\nadapter = \"djoser\"\n"),
    };
    // Of the last mount.
    let stack = if profile == "fortify" { "stack = \"fortify\"\n" } else { "" };
    format!(
        "{own}\
         [database]\nurl = {database:?}\n\
         [keys]\nsecret = \"the key ring of every server under test\"\n\
         [jwt]\nsecret = {JWT_SECRET:?}\n\
         [passwords]\nmemory_kib = 64\niterations = 1\nfailure_floor = \"0s\"\n\
         {mail}\
         {mounts}{stack}"
    )
}
