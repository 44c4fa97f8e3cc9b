//! Durations as people write them: `250ms`, `10s`, `1h`, `30d`.

use std::{fmt, str::FromStr, time::Duration};

use chrono::TimeDelta;

/// A duration of the configuration or the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// The units, largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A hundred years: nothing is meant to last longer, and any date plus such a span still is a date.
const LONGEST_MS: u64 = 36_500 * 86_400_000;

impl Span {
    /// `count` milliseconds.
    pub const fn millis(count: u64) -> Self {
        Self(Duration::from_millis(count))
    }

    /// `count` seconds.
    pub const fn seconds(count: u64) -> Self {
        Self(Duration::from_secs(count))
    }

    /// `count` hours.
    pub const fn hours(count: u64) -> Self {
        Self::seconds(count * 3_600)
    }

    /// `count` days.
    pub const fn days(count: u64) -> Self {
        Self::hours(count * 24)
    }

    /// The same as the standard library has it.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// The same as a difference of moments.
    pub fn delta(self) -> TimeDelta {
        // A hundred years fit.
        TimeDelta::from_std(self.0).unwrap_or(TimeDelta::MAX)
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl fmt::Display for Span {
    /// In the largest unit that leaves no rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let fits = |(_, unit): &&(&str, u64)| millis != 0 && millis.is_multiple_of(u128::from(*unit));
        let (name, unit) = UNITS.iter().find(fits).unwrap_or(&("s", 1_000));
        write!(f, "{}{name}", millis / u128::from(*unit))
    }
}

/// Text that is no duration; its message follows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a duration; write a number and one of ms, s, m, h, d, such as \"10s\" or \"30d\" (at most 36500d)")]
pub struct NotASpan;

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(NotASpan)?;
        let (count, name) = text.split_at(digits);
        let (_, unit) = UNITS.iter().find(|(known, _)| *known == name).ok_or(NotASpan)?;
        let count: u64 = count.parse().map_err(|_| NotASpan)?;
        count.checked_mul(*unit).filter(|millis| *millis <= LONGEST_MS).map(Self::millis).ok_or(NotASpan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_back() {
        for text in ["250ms", "2s", "10s", "90s", "5m", "1h", "30d", "0s", "36500d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("3600s".parse(), Ok(Span::hours(1)));
        assert_eq!(Span::hours(48).to_string(), "2d");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "10", "s", "-1s", "1.5h", "1 h", " 1h", "1H", "1h30m", "1w", "36501d", "99999999999999999999d"]
        {
            assert_eq!(text.parse::<Span>(), Err(NotASpan), "{text:?}");
        }
    }
}
