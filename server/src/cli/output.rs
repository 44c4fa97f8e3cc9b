//! What commands print.

use std::io::{self, Write as _};

use super::{
    Outcome,
    record::{Record, table},
};

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
    pub fn text(&mut self, text: &str) -> Outcome {
        self.0.write_all(text.as_bytes())?;
        Ok(self.0.flush()?)
    }

    /// Prints one line.
    ///
    /// # Errors
    /// The reader's.
    pub fn line(&mut self, line: &str) -> Outcome {
        self.text(&format!("{line}\n"))
    }

    /// Prints one record, as lines or as a JSON object.
    ///
    /// # Errors
    /// The reader's.
    pub fn record(&mut self, record: &Record, json: bool) -> Outcome {
        if json { self.json(record) } else { self.text(&record.lines()) }
    }

    /// Prints records, as a table of these columns or as a JSON array with everything.
    ///
    /// # Errors
    /// The reader's.
    pub fn records(&mut self, records: &[Record], columns: &[&str], json: bool) -> Outcome {
        if json { self.json(&records) } else { self.text(&table(records, columns)) }
    }

    /// Prints a JSON value.
    ///
    /// # Errors
    /// The reader's.
    pub fn json(&mut self, value: &impl serde::Serialize) -> Outcome {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
        self.line(&text)
    }
}

/// Says on standard error why nothing was done; if even that cannot be said, the exit code remains.
pub fn complain(reason: &str) {
    let mut stderr = io::stderr().lock();
    for line in reason.lines() {
        let _ = writeln!(stderr, "countersign: {line}");
    }
}
