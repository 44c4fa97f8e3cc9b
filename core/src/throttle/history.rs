//! When something happened lately: the sliding log of Django REST framework's `SimpleRateThrottle`.

use std::{collections::VecDeque, time::Duration};

use super::{
    Rate,
    places::{JUDGED, Places, judged_passes, lapsed, read_moments, take_out, write_moments},
    table::Counter,
};
use crate::model::Timestamp;

/// Moments in the order of time, in microseconds; what the rate has passed falls out at its front.
#[derive(Debug, Default)]
pub struct History {
    moments: VecDeque<i64>,
    /// When the guesses entered that are being judged: they have a place, but no moment yet.
    pending: Vec<i64>,
    /// When the last moment will be passed.
    over: i64,
}

impl History {
    /// Lets go of what `rate` has passed, and finds out whether that leaves a place. The wait is in the arithmetic of the
    /// framework: the rest of the oldest moment's time. A rate of zero has that of a whole period.
    fn pass(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        for entered in lapsed(&mut self.pending, now) {
            self.push(rate, entered);
        }
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

    fn push(&mut self, rate: Rate, moment: i64) {
        // Guesses do not end in the order in which they began.
        let moment = self.moments.back().map_or(moment, |last| moment.max(*last));
        self.moments.push_back(moment);
        self.over = moment + micros(rate);
    }

    /// Notes `now`; the oldest goes where the rate is used up.
    pub fn renew(&mut self, rate: Rate, now: Timestamp) {
        while self.moments.len() >= rate.requests().max(1) {
            self.moments.pop_front();
        }
        self.push(rate, now.timestamp_micros());
    }

    /// How many places are taken.
    pub fn len(&self) -> usize {
        self.moments.len() + self.pending.len()
    }

    /// Is nothing held?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Places for History {
    fn note(&mut self, rate: Rate, now: Timestamp) -> Result<usize, Duration> {
        self.pass(rate, now)?;
        self.push(rate, now.timestamp_micros());
        Ok(rate.requests() - self.moments.len())
    }

    fn enter(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        self.pass(rate, now)?;
        if self.len() >= rate.requests() {
            return Err(JUDGED);
        }
        self.pending.push(now.timestamp_micros());
        Ok(())
    }

    fn leave(&mut self, rate: Rate, entered: Timestamp, is_wrong: bool) {
        let (was_pending, entered) = (take_out(&mut self.pending, entered), entered.timestamp_micros());
        if was_pending && is_wrong {
            self.push(rate, entered);
        } else if !was_pending {
            // It lapsed, or its counter was let go of.
            match (self.moments.iter().position(|moment| *moment == entered), is_wrong) {
                (Some(position), false) => drop(self.moments.remove(position)),
                (None, true) => self.push(rate, entered),
                _ => {}
            }
        }
    }

    fn clear(&mut self) {
        self.moments.clear();
    }

    fn clock(now: Timestamp) -> i64 {
        now.timestamp_micros()
    }

    fn passes(&self) -> i64 {
        self.over.max(judged_passes(&self.pending))
    }

    fn write(&self) -> String {
        format!("{};{};{}", self.over, write_moments(self.pending.iter()), write_moments(self.moments.iter()))
    }

    fn read(text: &str) -> Self {
        let mut parts = text.split(';');
        let over = parts.next().and_then(|over| over.parse().ok()).unwrap_or_default();
        let pending = read_moments(parts.next().unwrap_or_default()).collect();
        let moments = read_moments(parts.next().unwrap_or_default()).collect();
        Self { moments, pending, over }
    }
}

impl Counter for History {
    /// Key, ring buffer, the list of guesses and the map's slack.
    const OVERHEAD: usize = 24;

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
        self.pending.is_empty() && (self.moments.is_empty() || self.over <= now.timestamp_micros())
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
        history.leave(rate, later, true);
        assert_eq!(history.enter(rate, later), Err(JUDGED));
        history.leave(rate, now, true);
        assert_eq!(history.enter(rate, later), Err(Duration::from_mins(1)));
        history.clear();
        history.enter(rate, later).unwrap();
        history.leave(rate, later, false);
        assert!(history.is_empty() && history.is_over(now));
    }

    #[test]
    fn a_guess_that_nobody_judged_was_wrong_after_a_minute() {
        let (rate, now) = (Rate::per_hour(2), DateTime::from_timestamp(1_767_355_200, 0).unwrap());
        let mut history = History::default();
        history.enter(rate, now).unwrap();
        history.enter(rate, now).unwrap();
        assert_eq!(history.enter(rate, now + TimeDelta::seconds(59)), Err(JUDGED));
        assert_eq!(history.enter(rate, now + TimeDelta::seconds(60)), Err(Duration::from_mins(59)));
        // It was right after all.
        history.leave(rate, now, false);
        assert_eq!(history.enter(rate, now + TimeDelta::seconds(60)), Ok(()));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (rate, now) = (Rate::per_minute(9), DateTime::from_timestamp(1_767_355_200, 7_000).unwrap());
        let mut history = History::default();
        for second in [0, 1, 30] {
            history.note(rate, now + TimeDelta::seconds(second)).unwrap();
        }
        history.enter(rate, now + TimeDelta::seconds(31)).unwrap();
        let read = History::read(&history.write());
        assert_eq!((&read.moments, &read.pending, read.over), (&history.moments, &history.pending, history.over));
        assert_eq!(history.write(), "1767355290000007;1767355231000007;1767355200000007,1000000,29000000");
        assert!(History::read("").is_empty() && History::read(&History::default().write()).is_empty());
    }
}
