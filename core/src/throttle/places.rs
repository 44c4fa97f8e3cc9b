//! A counter with places: what a table of this process and the rows of a store have in common.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Rate, table::Counter};
use crate::model::Timestamp;

/// Who is refused only because of guesses that are being judged may come back when these are.
pub(super) const JUDGED: Duration = Duration::from_secs(1);

/// A guess that nobody judged in this time was wrong: its process is gone. No hash takes as long.
pub(super) const LAPSE: TimeDelta = TimeDelta::minutes(1);

/// How far the clocks of processes that count together may be apart.
pub(super) const AHEAD: TimeDelta = TimeDelta::seconds(5);

/// The longest period of a rate.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// Places under a rate.
pub trait Places: Counter {
    /// Takes a place for good, and tells how many are left.
    ///
    /// # Errors
    /// How long there will be no place.
    fn note(&mut self, rate: Rate, now: Timestamp) -> Result<usize, Duration>;

    /// Gives a guess a place while it is judged.
    ///
    /// # Errors
    /// As [`Places::note`]; a second if places will be free when the guesses before it were right.
    fn enter(&mut self, rate: Rate, entered: impl Into<Entered>) -> Result<(), Duration>;

    /// Takes the place of a guess back; one that was wrong is noted at the moment when it entered.
    fn leave(&mut self, rate: Rate, entered: impl Into<Entered>, is_wrong: bool);

    /// Has the guess a place while it is judged?
    fn is_judging(&self, entered: Entered) -> bool;

    /// Takes the place of a guess back of which it is not known whether it entered; `false` if there is none.
    fn withdraw(&mut self, entered: Entered) -> bool;

    /// Takes what is noted later than [`AHEAD`] of now as noted now, and says whether there was any: the clock was wrong that
    /// said so, or has been put back.
    fn align(&mut self, rate: Rate, now: Timestamp) -> bool;

    /// Forgets what was noted; who is being judged keeps their place.
    fn clear(&mut self);

    /// What the clock says to it: whole seconds to some, in microseconds.
    fn clock(now: Timestamp) -> i64;

    /// When all of it will have passed, in microseconds.
    fn passes(&self) -> i64;

    /// As text, for a store.
    fn write(&self) -> String;

    /// What [`Places::write`] wrote; anything else counts nothing.
    fn read(text: &str) -> Self;
}

/// When a guess entered, and a number that tells it from others of the same moment; 0 where nobody has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// When.
    pub at: Timestamp,
    /// Its number.
    pub tag: u32,
}

impl From<Timestamp> for Entered {
    fn from(at: Timestamp) -> Self {
        Self { at, tag: 0 }
    }
}

/// The guesses that are being judged: they have a place, but are not noted yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pending(Vec<(i64, u32)>);

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, entered: Entered) {
        self.0.push((entered.at.timestamp_micros(), entered.tag));
    }

    /// When they will have passed, whatever becomes of them.
    pub(super) fn passes(&self) -> i64 {
        let most = (LAPSE + LONGEST).num_microseconds().unwrap_or_default();
        self.0.iter().map(|(at, _)| *at).max().map_or(i64::MIN, |entered| entered.saturating_add(most))
    }

    pub(super) fn has(&self, entered: Entered) -> bool {
        self.position(entered).is_some()
    }

    fn position(&self, Entered { at, tag }: Entered) -> Option<usize> {
        let entered = (at.timestamp_micros(), tag);
        self.0.iter().position(|place| *place == entered)
    }

    /// Takes one out; `false` if it is there no more.
    pub(super) fn take_out(&mut self, entered: Entered) -> bool {
        let found = self.position(entered);
        if let Some(position) = found {
            self.0.swap_remove(position);
        }
        found.is_some()
    }

    /// Takes those out that nobody judged, and says when they entered.
    pub(super) fn lapsed(&mut self, now: Timestamp) -> Vec<i64> {
        let last = now.timestamp_micros().saturating_sub(LAPSE.num_microseconds().unwrap_or_default());
        // Nothing is allocated as long as there are none.
        self.0.extract_if(.., |(at, _)| *at <= last).map(|(at, _)| at).collect()
    }

    /// Takes those that entered after `latest` as having entered now, and says whether there was any.
    pub(super) fn align(&mut self, latest: i64, now: i64) -> bool {
        let mut is_ahead = false;
        for (at, _) in self.0.iter_mut().filter(|(at, _)| *at > latest) {
            (*at, is_ahead) = (now, true);
        }
        is_ahead
    }

    /// As a list, each moment but the first as the time since the one before it, with its number where it has one.
    pub(super) fn write(&self) -> String {
        let mut last = 0;
        let steps: Vec<String> = self
            .0
            .iter()
            .map(|(at, tag)| {
                let step = at.wrapping_sub(last);
                last = *at;
                if *tag == 0 { step.to_string() } else { format!("{step}-{tag}") }
            })
            .collect();
        steps.join(",")
    }

    /// What [`Pending::write`] wrote.
    pub(super) fn read(text: &str) -> Self {
        let steps = text.split(',').map_while(|text| {
            // A step may be negative.
            let (step, tag) = match text.rsplit_once('-').filter(|(step, _)| !step.is_empty()) {
                Some((step, tag)) => (step, tag.parse().ok()?),
                None => (text, 0),
            };
            Some((step.parse::<i64>().ok()?, tag))
        });
        let moments = steps.scan(0_i64, |last, (step, tag)| {
            *last = last.wrapping_add(step);
            Some((*last, tag))
        });
        Self(moments.collect())
    }
}

/// Moments as a list, each but the first as the time since the one before it.
pub(super) fn write_moments<'a>(moments: impl Iterator<Item = &'a i64>) -> String {
    let mut last = 0;
    let steps: Vec<String> = moments
        .map(|moment| {
            let step = moment.wrapping_sub(last);
            last = *moment;
            step.to_string()
        })
        .collect();
    steps.join(",")
}

/// What [`write_moments`] wrote.
pub(super) fn read_moments(text: &str) -> impl Iterator<Item = i64> {
    let steps = text.split(',').map_while(|step| step.parse::<i64>().ok());
    steps.scan(0_i64, |last, step| {
        *last = last.wrapping_add(step);
        Some(*last)
    })
}
