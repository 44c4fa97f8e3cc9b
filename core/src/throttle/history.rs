//! When something happened lately: the sliding log of Django REST framework's `SimpleRateThrottle`.

use std::{collections::VecDeque, time::Duration};

use super::{
    Rate, coarse,
    places::{AHEAD, Entered, JUDGED, Pending, Places, read_moments, write_moments},
    table::Counter,
};
use crate::model::Timestamp;

/// How many moments are written to the microsecond; of more see [`coarse`].
const EXACT: usize = 500;

/// Moments in the order of time, in microseconds; what the rate has passed falls out at its front.
#[derive(Debug, Default)]
pub struct History {
    moments: VecDeque<i64>,
    /// The guesses that are being judged: they have a place, but no moment yet.
    pending: Pending,
    /// When the last moment will be passed.
    over: i64,
}

impl History {
    /// Lets go of what `rate` has passed, and finds out whether that leaves a place. The wait is in the arithmetic of the
    /// framework: the rest of the oldest moment's time. A rate of zero has that of a whole period.
    fn pass(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        for entered in self.pending.lapsed(now) {
            self.push(rate, entered);
        }
        let (now, period) = (now.timestamp_micros(), micros(rate));
        while self.moments.front().is_some_and(|oldest| *oldest <= now - period) {
            self.moments.pop_front();
        }
        if self.moments.len() < rate.requests() {
            return Ok(());
        }
        let rest = self.moments.front().map_or(period, |oldest| period.saturating_sub(now.saturating_sub(*oldest)));
        Err(Duration::from_micros(rest.unsigned_abs()))
    }

    fn push(&mut self, rate: Rate, moment: i64) {
        // Guesses do not end in the order in which they began.
        let moment = self.moments.back().map_or(moment, |last| moment.max(*last));
        self.moments.push_back(moment);
        self.over = moment.saturating_add(micros(rate));
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

    fn enter(&mut self, rate: Rate, entered: impl Into<Entered>) -> Result<(), Duration> {
        let entered = entered.into();
        self.pass(rate, entered.at)?;
        if self.len() >= rate.requests() {
            return Err(JUDGED);
        }
        self.pending.push(entered);
        Ok(())
    }

    fn leave(&mut self, rate: Rate, entered: impl Into<Entered>, is_wrong: bool) {
        let entered = entered.into();
        let (was_pending, entered) = (self.pending.take_out(entered), entered.at.timestamp_micros());
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

    fn is_judging(&self, entered: Entered) -> bool {
        self.pending.has(entered)
    }

    fn withdraw(&mut self, entered: Entered) -> bool {
        self.pending.take_out(entered)
    }

    fn align(&mut self, rate: Rate, now: Timestamp) -> bool {
        let (latest, now) = ((now + AHEAD).timestamp_micros(), now.timestamp_micros());
        let is_ahead = self.moments.back().is_some_and(|moment| *moment > latest);
        if is_ahead {
            for moment in &mut self.moments {
                *moment = now.min(*moment);
            }
            self.over = now + micros(rate);
        }
        self.pending.align(latest, now) || is_ahead
    }

    fn clear(&mut self) {
        self.moments.clear();
    }

    fn clock(now: Timestamp) -> i64 {
        now.timestamp_micros()
    }

    fn passes(&self) -> i64 {
        self.over.max(self.pending.passes())
    }

    fn write(&self) -> String {
        let is_exact = self.moments.len() <= EXACT;
        let moments = if is_exact { write_moments(self.moments.iter()) } else { coarse::write(&self.moments) };
        format!("{};{};{moments}", self.over, self.pending.write())
    }

    fn read(text: &str) -> Self {
        let mut parts = text.splitn(3, ';');
        let over = parts.next().and_then(|over| over.parse().ok()).unwrap_or_default();
        let pending = Pending::read(parts.next().unwrap_or_default());
        let moments = parts.next().unwrap_or_default();
        let is_exact = !moments.contains(';');
        let moments = if is_exact { Some(read_moments(moments).collect()) } else { coarse::read(moments.split(';')) };
        Self { moments: moments.unwrap_or_default(), pending, over }
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
    fn up_to_five_hundred_moments_are_written_as_they_are_and_more_say_the_same_but_for_a_cell() {
        let (start, day) = (DateTime::from_timestamp(1_767_355_200, 7_000).unwrap(), TimeDelta::days(1));
        for (requests, cell) in [(500, TimeDelta::zero()), (10_000, TimeDelta::seconds(135))] {
            let rate = Rate::new(requests, day);
            let step = day / i32::try_from(requests).unwrap();
            let (mut exact, mut stored) = (History::default(), History::default());
            let mut longest = 0;
            for number in 0..i32::try_from(requests).unwrap() {
                assert_eq!(exact.note(rate, start + step * number), stored.note(rate, start + step * number));
                if number % 50 == 0 || usize::try_from(number).unwrap() + 1 == requests {
                    let text = stored.write();
                    longest = longest.max(text.len());
                    stored = History::read(&text);
                }
            }
            assert!(longest < 6_000, "{longest}");
            let now = start + step * i32::try_from(requests).unwrap() - TimeDelta::seconds(1);
            let waits = [&mut exact, &mut stored].map(|history| history.note(rate, now).unwrap_err());
            let later = waits[1].checked_sub(waits[0]).unwrap();
            assert!(later <= cell.to_std().unwrap(), "{waits:?}");
        }
    }

    #[test]
    fn guesses_of_one_moment_are_told_apart_by_their_numbers() {
        let (rate, now) = (Rate::per_minute(9), DateTime::from_timestamp(1_767_355_200, 0).unwrap());
        let mut history = History::default();
        for (tag, second) in [(7, 3), (u32::MAX, 3), (0, 2), (9, 1)] {
            history.enter(rate, Entered { at: now + TimeDelta::seconds(second), tag }).unwrap();
        }
        let mut read = History::read(&history.write());
        assert_eq!(read.pending, history.pending);
        assert!(!read.withdraw(Entered { at: now + TimeDelta::seconds(3), tag: 8 }));
        assert!(read.withdraw(Entered { at: now + TimeDelta::seconds(3), tag: u32::MAX }));
        assert_eq!(read.len(), 3);
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
