//! How often something happened since it happened first: the fixed window of Laravel's `RateLimiter`.

use std::time::Duration;

use super::{
    Rate,
    places::{AHEAD, Entered, JUDGED, Pending, Places},
    table::Counter,
};
use crate::model::Timestamp;

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

/// A count that begins anew when its time is over; the time is whole seconds, as Laravel's clock has them.
#[derive(Debug, Default)]
pub struct Window {
    count: usize,
    /// The guesses that are being judged: they have a place, but are not counted yet.
    pending: Pending,
    /// The second in which the count is forgotten; without a count it says nothing.
    end: i64,
}

impl Window {
    /// Closes a window whose time is over, and finds out whether there is a place in the open one. The wait is in whole
    /// seconds; a rate of zero has that of a whole window.
    fn pass(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let wrong = self.pending.lapsed(now);
        let now = now.timestamp();
        if self.end <= now {
            self.count = 0;
        }
        for entered in wrong {
            self.count(rate, entered.div_euclid(MICROS));
        }
        // Guesses that lapsed may have opened a window that is over already.
        if self.end <= now {
            self.count = 0;
        }
        if self.count < rate.requests() {
            return Ok(());
        }
        let rest = if self.count == 0 { rate.period().num_seconds() } else { self.end.saturating_sub(now) };
        Err(Duration::from_secs(rest.unsigned_abs()))
    }

    fn count(&mut self, rate: Rate, at: i64) {
        if self.count == 0 {
            self.end = at + rate.period().num_seconds();
        }
        self.count = self.count.saturating_add(1);
    }
}

impl Places for Window {
    /// The first one opens the window.
    fn note(&mut self, rate: Rate, now: Timestamp) -> Result<usize, Duration> {
        self.pass(rate, now)?;
        self.count(rate, now.timestamp());
        Ok(rate.requests() - self.count)
    }

    fn enter(&mut self, rate: Rate, entered: impl Into<Entered>) -> Result<(), Duration> {
        let entered = entered.into();
        self.pass(rate, entered.at)?;
        if self.count.saturating_add(self.pending.len()) >= rate.requests() {
            return Err(JUDGED);
        }
        self.pending.push(entered);
        Ok(())
    }

    fn leave(&mut self, rate: Rate, entered: impl Into<Entered>, is_wrong: bool) {
        let entered = entered.into();
        let second = entered.at.timestamp();
        if self.pending.take_out(entered) {
            if is_wrong {
                self.count(rate, second);
            }
        } else if !is_wrong && (self.end.saturating_sub(rate.period().num_seconds())..self.end).contains(&second) {
            // One that lapsed was counted.
            self.count = self.count.saturating_sub(1);
        }
    }

    fn is_judging(&self, entered: Entered) -> bool {
        self.pending.has(entered)
    }

    fn withdraw(&mut self, entered: Entered) -> bool {
        self.pending.take_out(entered)
    }

    fn align(&mut self, rate: Rate, now: Timestamp) -> bool {
        let end = now.timestamp() + rate.period().num_seconds();
        let is_ahead = self.count > 0 && self.end > end + AHEAD.num_seconds();
        if is_ahead {
            self.end = end;
        }
        self.pending.align((now + AHEAD).timestamp_micros(), now.timestamp_micros()) || is_ahead
    }

    fn clear(&mut self) {
        self.count = 0;
    }

    fn clock(now: Timestamp) -> i64 {
        now.timestamp() * MICROS
    }

    fn passes(&self) -> i64 {
        let open = if self.count == 0 { i64::MIN } else { self.end.saturating_mul(MICROS) };
        open.max(self.pending.passes())
    }

    fn write(&self) -> String {
        format!("{};{};{}", self.end, self.count, self.pending.write())
    }

    fn read(text: &str) -> Self {
        let mut parts = text.split(';');
        let end = parts.next().and_then(|end| end.parse().ok()).unwrap_or_default();
        let count = parts.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        Self { count, pending: Pending::read(parts.next().unwrap_or_default()), end }
    }
}

impl Counter for Window {
    /// Key and window are six words; a map that has just grown has room for more than twice as many as it holds.
    const OVERHEAD: usize = 15;

    fn words(&self) -> usize {
        self.pending.len()
    }

    fn weight(&self) -> usize {
        self.count.saturating_add(self.pending.len())
    }

    fn end(&self) -> i64 {
        self.end
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.pending.is_empty() && (self.count == 0 || self.end <= now.timestamp())
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
        assert_eq!(window.note(THREE, at(900)), Ok(2));
        assert_eq!(window.note(THREE, at(30_000)), Ok(1));
        assert_eq!(window.note(THREE, at(59_000)), Ok(0));
        // In whole seconds: it was opened in the second 0, and is told of in those that are left.
        assert_eq!(window.note(THREE, at(59_999)), Err(wait(1)));
        assert_eq!(window.note(THREE, at(60_000)), Ok(2));
        assert_eq!(window.note(THREE, at(119_999)), Ok(1));
        assert_eq!(window.note(THREE, at(120_000)), Ok(2));
    }

    #[test]
    fn who_is_refused_is_not_counted_and_a_rate_of_zero_refuses_everybody() {
        let mut window = Window::default();
        for left in [2, 1, 0] {
            assert_eq!(window.note(THREE, at(0)), Ok(left));
        }
        for second in 0..60 {
            assert_eq!(window.note(THREE, at(second * 1_000)), Err(wait(60 - second.unsigned_abs())));
        }
        assert_eq!(window.note(Rate::per_minute(0), at(60_000)), Err(wait(60)));
        assert_eq!(window.note(THREE, at(60_000)), Ok(2));
    }

    #[test]
    fn whoever_is_being_judged_has_a_place_and_is_counted_only_when_they_were_wrong() {
        let mut window = Window::default();
        for _ in 0..3 {
            window.enter(THREE, at(5_000)).unwrap();
        }
        assert_eq!(window.enter(THREE, at(5_000)), Err(JUDGED));
        window.leave(THREE, at(5_000), false);
        window.enter(THREE, at(5_000)).unwrap();
        for _ in 0..3 {
            window.leave(THREE, at(5_000), true);
        }
        assert_eq!(window.enter(THREE, at(6_000)), Err(wait(59)));
        assert!(!window.is_over(at(64_999)) && window.is_over(at(65_000)));
        window.clear();
        assert!(window.is_over(at(6_000)));
        window.enter(THREE, at(6_000)).unwrap();
        assert!(!window.is_over(at(600_000)));
    }

    #[test]
    fn a_guess_that_nobody_judged_was_wrong_after_a_minute() {
        let mut window = Window::default();
        for _ in 0..3 {
            window.enter(Rate::per_hour(3), at(5_000)).unwrap();
        }
        assert_eq!(window.enter(Rate::per_hour(3), at(64_999)), Err(JUDGED));
        assert_eq!(window.enter(Rate::per_hour(3), at(65_000)), Err(wait(3_540)));
    }

    #[test]
    fn one_that_was_right_after_all_is_counted_no_more_unless_its_window_is_over() {
        let (rate, mut window) = (Rate::per_hour(3), Window::default());
        window.enter(rate, at(5_000)).unwrap();
        window.enter(rate, at(9_000)).unwrap();
        assert_eq!(window.note(rate, at(70_000)), Ok(0), "they lapsed");
        window.leave(rate, at(9_000), false);
        window.leave(rate, at(4_999), false);
        assert_eq!(window.count, 2);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut window = Window::default();
        window.note(THREE, at(0)).unwrap();
        window.enter(THREE, at(1_500)).unwrap();
        let mut read = Window::read(&window.write());
        assert_eq!((read.count, &read.pending, read.end), (1, &window.pending, window.end));
        assert_eq!(read.note(THREE, at(2_000)), Ok(1));
        assert_eq!(Window::read("nonsense").weight(), 0);
    }
}
