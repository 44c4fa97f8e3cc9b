//! The command line, run as a process: what it prints, how it ends, and what a running server makes of it.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/refresh.rs"]
mod refresh;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/tokens.rs"]
mod tokens;
#[path = "cli/users.rs"]
mod users;
