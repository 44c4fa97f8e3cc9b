//! What commands print.

use std::io::{self, Write as _};

/// Standard output. A reader that has gone away (`| head`) is an error that ends the command, not a panic.
#[derive(Debug)]
pub struct Output(io::Stdout);

impl Output {
    /// The process's own.
    pub fn standard() -> Self {
        Self(io::stdout())
    }

    /// Prints a text as it is.
    ///
    /// # Errors
    /// The reader's.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())?;
        self.0.flush()
    }

    /// Prints one line.
    ///
    /// # Errors
    /// The reader's.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.text(&format!("{line}\n"))
    }
}

/// Says on standard error why nothing was done; if even that cannot be said, the exit code remains.
pub fn complain(reason: &str) {
    let mut lines = String::new();
    for line in reason.lines() {
        lines.push_str("countersign: ");
        lines.push_str(line);
        lines.push('\n');
    }
    let _ = io::stderr().write_all(lines.as_bytes());
}
