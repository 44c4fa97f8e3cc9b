//! Passwords come on standard input only: arguments are seen by every user of the machine, and kept by shells.

use std::io::{self, Read as _};

use clap::Args;
use countersign_core::{Secret, password::MAX_BYTES};

use super::Refused;

/// The switch that says so.
#[derive(Debug, Args)]
pub struct FromStdin {
    /// Read the password from standard input, up to its end; one line end there is not part of it
    #[arg(long = "password-stdin", required = true)]
    password_stdin: bool,
}

/// Enough to see that a password with its line end is over-long.
const MOST: u64 = MAX_BYTES as u64 + 3;

impl FromStdin {
    /// Reads it.
    ///
    /// # Errors
    /// Nothing there, no text, or no standard input.
    pub fn read(&self) -> Result<Secret, Refused> {
        let mut text = String::new();
        let read = io::stdin().lock().take(MOST).read_to_string(&mut text);
        read.map_err(|error| Refused::Because(format!("standard input: {error}")))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').filter(|_| line.len() < text.len()).unwrap_or(line);
        let password = Secret::from(line);
        if line.is_empty() {
            return Err(Refused::Because("the password on standard input is empty".to_owned()));
        }
        Ok(password)
    }
}
