//! Passwords come on standard input only: arguments are seen by every user of the machine, and kept by shells.

use std::io::{self, Read as _};

use clap::Args;
use countersign_core::{Secret, password::MAX_BYTES};

use super::Refused;

/// The switch that says so; without it clap refuses the command, then [`read`] reads.
#[derive(Debug, Args)]
pub struct FromStdin {
    /// Read the password from standard input, up to its end; one line end there is not part of it
    #[arg(long = "password-stdin", required = true)]
    password_stdin: bool,
}

/// Enough to see that a password with its line end is over-long.
const MOST: u64 = MAX_BYTES as u64 + 3;

/// Reads it.
///
/// # Errors
/// Nothing there, no text, or no standard input.
pub fn read() -> Result<Secret, Refused> {
    let mut text = String::new();
    let read = io::stdin().lock().take(MOST).read_to_string(&mut text);
    read.map_err(|error| Refused::Because(format!("standard input: {error}")))?;
    let text = Secret::new(text);
    let line = text.expose().strip_suffix("\r\n").or_else(|| text.expose().strip_suffix('\n'));
    match line.unwrap_or(text.expose()) {
        "" => Err(Refused::Because("the password on standard input is empty".to_owned())),
        password => Ok(Secret::from(password)),
    }
}
