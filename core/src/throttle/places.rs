//! A counter with places: what a table of this process and the rows of a store have in common.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Rate, table::Counter};
use crate::model::Timestamp;

/// Who is refused only because of guesses that are being judged may come back when these are.
pub(super) const JUDGED: Duration = Duration::from_secs(1);

/// A guess that nobody judged in this time was wrong: its process is gone. No hash takes as long.
pub(super) const LAPSE: TimeDelta = TimeDelta::minutes(1);

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
    fn enter(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration>;

    /// Takes the place of a guess back that entered at `entered`; one that was wrong is noted at that moment.
    fn leave(&mut self, rate: Rate, entered: Timestamp, is_wrong: bool);

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

/// When guesses that are being judged will have passed, whatever becomes of them.
pub(super) fn judged_passes(pending: &[i64]) -> i64 {
    let most = (LAPSE + LONGEST).num_microseconds().unwrap_or_default();
    pending.iter().max().map_or(i64::MIN, |entered| entered.saturating_add(most))
}

/// Takes the guess out that entered at this moment; `false` if it is there no more.
pub(super) fn take_out(pending: &mut Vec<i64>, entered: Timestamp) -> bool {
    let entered = entered.timestamp_micros();
    let found = pending.iter().position(|moment| *moment == entered);
    if let Some(position) = found {
        pending.swap_remove(position);
    }
    found.is_some()
}

/// Takes the guesses out that nobody judged.
pub(super) fn lapsed(pending: &mut Vec<i64>, now: Timestamp) -> Vec<i64> {
    let last = now.timestamp_micros().saturating_sub(LAPSE.num_microseconds().unwrap_or_default());
    // Nothing is allocated as long as there are none.
    pending.extract_if(.., |entered| *entered <= last).collect()
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
