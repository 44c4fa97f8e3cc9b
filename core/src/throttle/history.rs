//! When something happened lately: the sliding log of Django REST framework's `SimpleRateThrottle`.

use std::{collections::VecDeque, time::Duration};

use super::Rate;
use crate::model::Timestamp;

/// Moments in the order of time, in microseconds; what the rate has passed falls out at its front.
#[derive(Debug, Default)]
pub struct History {
    moments: VecDeque<i64>,
    /// When the last moment will be passed.
    over: i64,
}

impl History {
    /// Notes `now`, unless `rate` is used up.
    ///
    /// # Errors
    /// How long it takes until there is a place again, in the arithmetic of the framework: the rest of the oldest
    /// moment's time. A rate of zero has that of a whole period.
    pub fn note(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let (now, period) = (now.timestamp_micros(), micros(rate));
        while self.moments.front().is_some_and(|oldest| *oldest <= now - period) {
            self.moments.pop_front();
        }
        if self.moments.len() >= rate.requests() {
            let rest = self.moments.front().map_or(period, |oldest| period - (now - oldest));
            // Fewer than before may be permitted, but a moment never has more than one place.
            return Err(Duration::from_micros(rest.unsigned_abs()));
        }
        self.moments.push_back(now);
        self.over = now + period;
        Ok(())
    }

    /// Notes `now`; the oldest goes where the rate is used up.
    pub fn renew(&mut self, rate: Rate, now: Timestamp) {
        while self.moments.len() >= rate.requests().max(1) {
            self.moments.pop_front();
        }
        self.moments.push_back(now.timestamp_micros());
        self.over = now.timestamp_micros() + micros(rate);
    }

    /// Takes back one note of `moment`.
    pub fn forget(&mut self, moment: Timestamp) {
        if let Some(at) = self.moments.iter().rposition(|noted| *noted == moment.timestamp_micros()) {
            self.moments.remove(at);
        }
    }

    /// How many moments are held.
    pub fn len(&self) -> usize {
        self.moments.len()
    }

    /// Is nothing held?
    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// Has everything passed by `now`?
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.is_empty() || self.over <= now.timestamp_micros()
    }

    /// When the last moment will be passed, in microseconds.
    pub(super) fn end(&self) -> i64 {
        self.over
    }
}

fn micros(rate: Rate) -> i64 {
    rate.period().num_microseconds().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    /// Made by running the framework's own class over these moments: rate, milliseconds since the first request, and the
    /// wait in seconds as it is told, `-` for none.
    const FRAMEWORK: &str = include_str!("framework.txt");

    #[test]
    fn every_wait_is_the_frameworks() {
        let mut checked = 0;
        for line in FRAMEWORK.lines() {
            let (rate, steps) = line.split_once(' ').unwrap();
            let rate: Rate = rate.parse().unwrap();
            let (mut history, start) = (History::default(), DateTime::from_timestamp(1_767_355_200, 0).unwrap());
            for step in steps.split(' ') {
                let (at, told) = step.split_once(':').unwrap();
                let outcome = history.note(rate, start + TimeDelta::milliseconds(at.parse().unwrap()));
                let wait = outcome.err().map_or("-".to_owned(), |wait| wait.as_millis().div_ceil(1000).to_string());
                assert_eq!(wait, told, "{rate} at {at} in {steps}");
                checked += 1;
            }
        }
        assert!(checked > 500, "{checked}");
    }

    #[test]
    fn a_note_that_is_taken_back_leaves_its_place() {
        let (rate, now) = (Rate::per_minute(2), DateTime::from_timestamp(1_767_355_200, 0).unwrap());
        let mut history = History::default();
        history.note(rate, now).unwrap();
        history.note(rate, now).unwrap();
        assert_eq!(history.note(rate, now), Err(Duration::from_mins(1)));
        history.forget(now);
        history.note(rate, now).unwrap();
        assert_eq!(history.len(), 2);
    }
}
