//! How often something happened since it happened first: the fixed window of Laravel's `RateLimiter`.

use std::time::Duration;

use super::{Rate, history::JUDGED, table::Counter};
use crate::model::Timestamp;

/// A count that begins anew when its time is over; the time is whole seconds, as Laravel's clock has them.
#[derive(Debug, Default)]
pub struct Window {
    count: usize,
    /// How many guesses are being judged: they have a place, but are not counted yet.
    pending: usize,
    /// The second in which the count is forgotten; without a count it says nothing.
    end: i64,
}

impl Window {
    /// Counts what happens now, and tells how many places are left. The first one opens the window.
    ///
    /// # Errors
    /// How long the window will be open, in whole seconds, if `rate` is used up; a rate of zero has that of a whole one.
    pub fn hit(&mut self, rate: Rate, now: Timestamp) -> Result<usize, Duration> {
        self.pass(rate, now)?;
        self.count(rate, now);
        Ok(rate.requests() - self.count)
    }

    /// Gives a guess a place while it is judged, unless `rate` is used up.
    ///
    /// # Errors
    /// As [`Window::hit`]; a second if places will be free when the guesses before it were right.
    pub fn enter(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        self.pass(rate, now)?;
        if self.count + self.pending >= rate.requests() {
            return Err(JUDGED);
        }
        self.pending += 1;
        Ok(())
    }

    /// Takes the place of a guess back; one that was wrong is counted as of the moment when it entered.
    pub fn leave(&mut self, wrong: Option<(Rate, Timestamp)>) {
        self.pending = self.pending.saturating_sub(1);
        if let Some((rate, entered)) = wrong {
            self.count(rate, entered);
        }
    }

    /// Forgets what was counted; who is being judged keeps their place.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// Closes a window whose time is over, and finds out whether there is a place in the open one.
    fn pass(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let now = now.timestamp();
        if self.end <= now {
            self.count = 0;
        }
        if self.count < rate.requests() {
            return Ok(());
        }
        let rest = if self.count == 0 { rate.period().num_seconds() } else { self.end - now };
        Err(Duration::from_secs(rest.unsigned_abs()))
    }

    fn count(&mut self, rate: Rate, at: Timestamp) {
        if self.count == 0 {
            self.end = at.timestamp() + rate.period().num_seconds();
        }
        self.count += 1;
    }
}

impl Counter for Window {
    /// Key and window are four words; a map that has just grown has room for more than twice as many as it holds.
    const OVERHEAD: usize = 10;

    fn words(&self) -> usize {
        0
    }

    fn weight(&self) -> usize {
        self.count + self.pending
    }

    fn end(&self) -> i64 {
        self.end
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.pending == 0 && (self.count == 0 || self.end <= now.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    const THREE: Rate = Rate::per_minute(3);

    fn at(milliseconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_767_355_200, 0).unwrap() + TimeDelta::milliseconds(milliseconds)
    }

    fn wait(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_hit_opens_the_window_and_all_places_are_back_at_its_end() {
        let mut window = Window::default();
        assert_eq!(window.hit(THREE, at(900)), Ok(2));
        assert_eq!(window.hit(THREE, at(30_000)), Ok(1));
        assert_eq!(window.hit(THREE, at(59_000)), Ok(0));
        // In whole seconds: it was opened in the second 0, and is told of in those that are left.
        assert_eq!(window.hit(THREE, at(59_999)), Err(wait(1)));
        assert_eq!(window.hit(THREE, at(60_000)), Ok(2));
        assert_eq!(window.hit(THREE, at(119_999)), Ok(1));
        assert_eq!(window.hit(THREE, at(120_000)), Ok(2));
    }

    #[test]
    fn who_is_refused_is_not_counted_and_a_rate_of_zero_refuses_everybody() {
        let mut window = Window::default();
        for left in [2, 1, 0] {
            assert_eq!(window.hit(THREE, at(0)), Ok(left));
        }
        for second in 0..60 {
            assert_eq!(window.hit(THREE, at(second * 1_000)), Err(wait(60 - second.unsigned_abs())));
        }
        assert_eq!(window.hit(Rate::per_minute(0), at(60_000)), Err(wait(60)));
        assert_eq!(window.hit(THREE, at(60_000)), Ok(2));
    }

    #[test]
    fn whoever_is_being_judged_has_a_place_and_is_counted_only_when_they_were_wrong() {
        let mut window = Window::default();
        for _ in 0..3 {
            window.enter(THREE, at(0)).unwrap();
        }
        assert_eq!(window.enter(THREE, at(5_000)), Err(JUDGED));
        window.leave(None);
        window.enter(THREE, at(5_000)).unwrap();
        for _ in 0..3 {
            window.leave(Some((THREE, at(5_000))));
        }
        assert_eq!(window.enter(THREE, at(6_000)), Err(wait(59)));
        assert!(!window.is_over(at(64_999)) && window.is_over(at(65_000)));
        window.clear();
        assert!(window.is_over(at(6_000)));
        window.enter(THREE, at(6_000)).unwrap();
        assert!(!window.is_over(at(600_000)));
    }
}
