//! The clock by which several processes count: the store's.
//!
//! Each process asks the store from time to time what time it is, and goes on from there by a clock of its own that nobody puts
//! forward or back. So no machine whose time of day is wrong opens or locks a limit for the others.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::TimeDelta;

use super::CounterStore;
use crate::{env::Clock, model::Timestamp, store::StoreResult};

/// How long an answer is gone by.
const ASKED_AGAIN: TimeDelta = TimeDelta::seconds(60);
/// It was never asked.
const NEVER: i64 = i64::MIN;

/// The store's clock as this process knows it.
pub(super) struct SharedClock {
    clock: Arc<dyn Clock>,
    /// How far the store's clock is ahead of the steady one, in microseconds.
    ahead: AtomicI64,
    /// When that was asked, by the steady one, in microseconds.
    asked: AtomicI64,
}

impl SharedClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, ahead: AtomicI64::new(0), asked: AtomicI64::new(NEVER) }
    }

    /// The store's time at this moment of the steady clock, as far as it is known.
    pub(super) fn at(&self, steady: Timestamp) -> Timestamp {
        let ahead = TimeDelta::microseconds(self.ahead.load(Ordering::Relaxed));
        steady.checked_add_signed(ahead).unwrap_or(steady)
    }

    /// The same, asked of the store if it is not known or was not asked for long.
    pub(super) fn ask(&self, store: &dyn CounterStore, steady: Timestamp) -> StoreResult<Timestamp> {
        let asked = self.asked.load(Ordering::Acquire);
        if asked == NEVER || steady.timestamp_micros() - asked >= ASKED_AGAIN.num_microseconds().unwrap_or_default() {
            let before = self.clock.steady();
            let moment = store.moment()?;
            let after = self.clock.steady();
            // It was taken somewhere in between.
            let ahead = moment - (before + (after - before) / 2);
            self.ahead.store(ahead.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
            self.asked.store(after.timestamp_micros(), Ordering::Release);
        }
        Ok(self.at(steady))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{
        env::FixedClock,
        throttle::{CounterKind, Counters},
    };

    /// A store that has nothing but a clock.
    struct Noon(FixedClock);

    impl CounterStore for Noon {
        fn edit(&self, _: &[&str], _: &mut dyn FnMut(&mut Counters)) -> StoreResult<()> {
            Ok(())
        }

        fn sweep(&self, _: Timestamp, _: &[(CounterKind, usize)]) -> StoreResult<()> {
            Ok(())
        }

        fn moment(&self) -> StoreResult<Timestamp> {
            Ok(self.0.now())
        }
    }

    #[test]
    fn a_clock_that_is_wrong_is_put_right_and_asked_for_again_after_a_minute() {
        let noon = DateTime::from_timestamp(1_767_355_200, 0).unwrap();
        let store = Noon(FixedClock::at(noon));
        for wrong in [TimeDelta::hours(1), TimeDelta::days(-3650), TimeDelta::zero()] {
            let own = Arc::new(FixedClock::at(noon + wrong));
            let clock = SharedClock::new(Arc::clone(&own) as Arc<dyn Clock>);
            assert_eq!(clock.ask(&store, own.now()).unwrap(), noon);
            own.advance(TimeDelta::milliseconds(59_999));
            assert_eq!(clock.ask(&store, own.now()).unwrap(), noon + TimeDelta::milliseconds(59_999));
            own.advance(TimeDelta::milliseconds(1));
            assert_eq!(clock.ask(&store, own.now()).unwrap(), noon);
            assert_eq!(clock.at(own.now() - TimeDelta::seconds(1)), noon - TimeDelta::seconds(1));
        }
    }
}
