//! The port of shared counters: what a store must promise for them.

use std::collections::BTreeMap;

use super::CounterKind;
use crate::{model::Timestamp, store::StoreResult};

/// Counters that several processes share. One method is one transaction.
pub trait CounterStore: Send + Sync + 'static {
    /// Shows `edit` what is stored under these keys and stores what it sets. Nobody else changes any of them in between.
    /// It may be run more than once: what it set before is forgotten then. What was stored may be lost by a crash, but
    /// not in parts.
    ///
    /// # Errors
    /// Trouble with the database; then nothing is stored, unless the commit failed or nobody heard of it ([`StoreError::is_undone`](crate::store::StoreError::is_undone)).
    fn edit(&self, keys: &[&str], edit: &mut dyn FnMut(&mut Counters)) -> StoreResult<()>;

    /// Deletes what has ended, and of each kind that is left the rows with the least weight, of these those that end first, until
    /// there are no more of it than so many. Of several that sweep at once one does, and nothing that is counted up meanwhile
    /// goes.
    ///
    /// # Errors
    /// Trouble with the database.
    fn sweep(&self, now: Timestamp, most: &[(CounterKind, usize)]) -> StoreResult<()>;

    /// What time it is where the counters are: all processes count by this one clock. Asked once a minute.
    ///
    /// # Errors
    /// Trouble with the database.
    fn moment(&self) -> StoreResult<Timestamp>;
}

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterRow {
    /// What it counts; a key has one kind for ever.
    pub kind: CounterKind,
    /// The counter, in a form of its own.
    pub state: String,
    /// How much it says.
    pub weight: i32,
    /// From when on it says nothing any more.
    pub ends_at: Timestamp,
}

/// What is stored under some keys, and what it becomes.
#[derive(Debug, Default)]
pub struct Counters {
    found: BTreeMap<String, String>,
    set: BTreeMap<String, CounterRow>,
}

impl Counters {
    /// What was found: keys and states.
    pub fn new(found: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { found: found.into_iter().collect(), set: BTreeMap::new() }
    }

    /// What was found under `key`.
    pub fn state(&self, key: &str) -> Option<&str> {
        self.found.get(key).map(String::as_str)
    }

    /// Stores `row` under `key`.
    pub fn set(&mut self, key: &str, row: CounterRow) {
        self.set.insert(key.to_owned(), row);
    }

    /// What is to be stored, in the order of the keys, and whether there is such a row already.
    pub fn changes(&self) -> impl Iterator<Item = (&str, &CounterRow, bool)> {
        self.set.iter().map(|(key, row)| (key.as_str(), row, self.found.contains_key(key)))
    }
}
