//! Shared counters by a clock that is moved by hand.

use std::sync::Arc;

use countersign::store::Store;
use countersign_core::{
    env::Clock,
    model::Timestamp,
    store::StoreResult,
    throttle::{CounterKind, CounterStore, Counters},
};

/// A store whose clock is the test's.
pub struct HandTimed {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl HandTimed {
    /// The counters of `store`, by this clock.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

impl CounterStore for HandTimed {
    fn edit(&self, keys: &[&str], edit: &mut dyn FnMut(&mut Counters)) -> StoreResult<()> {
        self.store.edit(keys, edit)
    }

    fn sweep(&self, now: Timestamp, most: &[(CounterKind, usize)]) -> StoreResult<()> {
        self.store.sweep(now, most)
    }

    fn moment(&self) -> StoreResult<Timestamp> {
        Ok(self.clock.now())
    }
}
