//! Mails from the queue to the reader: what arrives, and what becomes of it when the mail server does not do its part.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "mail/arrival.rs"]
mod arrival;
#[path = "mail/common.rs"]
mod common;
#[path = "mail/elsewhere.rs"]
mod elsewhere;
#[path = "mail/stop.rs"]
mod stop;
#[path = "mail/trouble.rs"]
mod trouble;
