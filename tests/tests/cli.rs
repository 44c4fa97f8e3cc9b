//! The command line, run as a process: what it prints, how it ends, and what a running server makes of it.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/exchanged.rs"]
mod exchanged;
#[path = "cli/front_ends.rs"]
mod front_ends;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/refresh.rs"]
mod refresh;
#[path = "cli/relay.rs"]
mod relay;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/tokens.rs"]
mod tokens;
#[path = "cli/users.rs"]
mod users;
