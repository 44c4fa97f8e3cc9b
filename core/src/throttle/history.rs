//! When something happened lately: the sliding log of Django REST framework's `SimpleRateThrottle`.

use std::{collections::VecDeque, time::Duration};

use super::{Rate, table::Counter};
use crate::model::Timestamp;

/// Who is refused only because of guesses that are being judged may come back when these are.
pub(super) const JUDGED: Duration = Duration::from_secs(1);

/// Moments in the order of time, in microseconds; what the rate has passed falls out at its front.
#[derive(Debug, Default)]
pub struct History {
    moments: VecDeque<i64>,
    /// How many guesses are being judged: they have a place, but no moment yet.
    pending: usize,
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
        self.pass(rate, now)?;
        self.push(rate, now);
        Ok(())
    }

    /// Gives a guess a place while it is judged, unless `rate` is used up.
    ///
    /// # Errors
    /// As [`History::note`]; a second if places will be free when the guesses before it were right.
    pub fn enter(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        self.pass(rate, now)?;
        if self.len() >= rate.requests() {
            return Err(JUDGED);
        }
        self.pending += 1;
        Ok(())
    }

    /// Takes the place of a guess back; one that was wrong is noted at the moment when it entered.
    pub fn leave(&mut self, wrong: Option<(Rate, Timestamp)>) {
        self.pending = self.pending.saturating_sub(1);
        if let Some((rate, entered)) = wrong {
            self.push(rate, entered);
        }
    }

    /// Lets go of what `rate` has passed, and finds out whether that leaves a place.
    fn pass(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let (now, period) = (now.timestamp_micros(), micros(rate));
        while self.moments.front().is_some_and(|oldest| *oldest <= now - period) {
            self.moments.pop_front();
        }
        if self.moments.len() < rate.requests() {
            return Ok(());
        }
        let rest = self.moments.front().map_or(period, |oldest| period - (now - oldest));
        Err(Duration::from_micros(rest.unsigned_abs()))
    }

    fn push(&mut self, rate: Rate, moment: Timestamp) {
        // Guesses do not end in the order in which they began.
        let moment = self.moments.back().map_or(moment.timestamp_micros(), |last| moment.timestamp_micros().max(*last));
        self.moments.push_back(moment);
        self.over = moment + micros(rate);
    }

    /// Notes `now`; the oldest goes where the rate is used up.
    pub fn renew(&mut self, rate: Rate, now: Timestamp) {
        while self.moments.len() >= rate.requests().max(1) {
            self.moments.pop_front();
        }
        self.push(rate, now);
    }

    /// Forgets what was noted; who is being judged keeps their place.
    pub fn clear(&mut self) {
        self.moments.clear();
    }

    /// How many places are taken.
    pub fn len(&self) -> usize {
        self.moments.len() + self.pending
    }

    /// Is nothing held?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Counter for History {
    /// Key, ring buffer and the map's slack.
    const OVERHEAD: usize = 18;

    fn words(&self) -> usize {
        self.len()
    }

    fn weight(&self) -> usize {
        self.len()
    }

    /// When the last moment will be passed, in microseconds.
    fn end(&self) -> i64 {
        self.over
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.pending == 0 && (self.moments.is_empty() || self.over <= now.timestamp_micros())
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
    fn whoever_is_being_judged_has_a_place_and_a_moment_only_when_they_were_wrong() {
        let (rate, now) = (Rate::per_minute(2), DateTime::from_timestamp(1_767_355_200, 0).unwrap());
        let later = now + TimeDelta::seconds(5);
        let mut history = History::default();
        history.enter(rate, now).unwrap();
        history.enter(rate, later).unwrap();
        assert_eq!(history.enter(rate, later), Err(JUDGED));
        history.leave(Some((rate, later)));
        assert_eq!(history.enter(rate, later), Err(JUDGED));
        history.leave(Some((rate, now)));
        assert_eq!(history.enter(rate, later), Err(Duration::from_mins(1)));
        history.clear();
        history.enter(rate, later).unwrap();
        history.leave(None);
        assert!(history.is_empty() && history.is_over(now));
    }
}
