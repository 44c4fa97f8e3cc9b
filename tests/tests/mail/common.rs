//! A mailer of the test's own, and the log of all of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use countersign::mail::Mailer;
use countersign_adapters::mail::Mail;
use countersign_core::env::{CountedRandom, FixedClock};
use countersign_tests::{
    log,
    server::{noon, settings},
};

/// What no log may show.
pub const BODY: &str = "canary-of-the-body";

/// A mailer with this configuration at [`NOON`](countersign_tests::server::NOON), whose log is kept.
pub fn mailer(configuration: &str) -> Mailer {
    log::keep();
    let settings = settings(configuration);
    let clock = Arc::new(FixedClock::at(noon()));
    Mailer::start(&settings.mail, clock, Arc::new(CountedRandom::default())).unwrap()
}

/// What was logged so far with this in it: tests that run side by side share the log, and each has its own readers.
pub use log::logged;

/// Everything that was logged so far.
pub use log::whole as log;

/// A mail with little in it.
pub fn mail(to: &str) -> Mail {
    let (to, subject) = (to.to_owned(), "Hello".to_owned());
    Mail { to, subject, text: format!("{BODY}\n"), html: None }
}

/// Waits until `true`; a busy machine takes its time.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}\n{}", log());
        std::thread::sleep(Duration::from_millis(5));
    }
}
