//! What an import says: while it runs, at its end, and when it stops.

use serde::Serialize;

use super::{
    options::Mode,
    page::{Counts, Finding},
};
use crate::store::{OpenError, pool::one_line};

/// Why an import did not happen, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// In words for the owner.
    #[error("{0}")]
    Because(String),
    /// The target.
    #[error(transparent)]
    Target(#[from] OpenError),
    /// A database in the middle of it.
    #[error("{}", one_line(&.0.to_string()))]
    Database(#[from] diesel::result::Error),
    /// Nobody takes what is said.
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// Who is told what happens while it does.
pub trait Listener {
    /// A sentence about a row.
    ///
    /// # Errors
    /// Nobody takes it: the import stops.
    fn found(&mut self, finding: &Finding) -> Result<(), ImportError>;

    /// How many rows of a table were read, of how many.
    fn progress(&mut self, table: &str, read: u64, of: u64);
}

/// What became of a table.
#[derive(Debug, Clone, Serialize)]
pub struct TableSummary {
    /// The source's table.
    pub table: String,
    /// In numbers.
    #[serde(flatten)]
    pub counts: Counts,
    /// How long it took.
    pub seconds: f64,
}

/// What became of all.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The name of the source.
    pub source: String,
    /// What became of what was read.
    pub mode: Mode,
    /// A table each.
    pub tables: Vec<TableSummary>,
    /// What is not imported at all, or must be known, a sentence each.
    pub notes: Vec<String>,
}

impl Summary {
    /// Rows that were not imported.
    pub fn refused(&self) -> u64 {
        self.tables.iter().map(|table| table.counts.refused).sum()
    }
}
