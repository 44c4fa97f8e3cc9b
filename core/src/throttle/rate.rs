//! A rate as Django REST framework writes it: `5/min`.

use std::{fmt, str::FromStr};

use chrono::TimeDelta;

/// So many in such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    requests: usize,
    period: TimeDelta,
}

/// The periods, each with the names that are read for it; the first is the one that is written.
const PERIODS: [(TimeDelta, &[&str]); 4] = [
    (TimeDelta::seconds(1), &["s", "sec", "second", "seconds"]),
    (TimeDelta::minutes(1), &["min", "m", "minute", "minutes"]),
    (TimeDelta::hours(1), &["hour", "h", "hours"]),
    (TimeDelta::days(1), &["day", "d", "days"]),
];

impl Rate {
    /// The most in a period: what is remembered of one client must not be large.
    pub const MOST: usize = 10_000;

    pub(super) const fn new(requests: usize, period: TimeDelta) -> Self {
        Self { requests, period }
    }

    /// `requests` a minute.
    pub const fn per_minute(requests: usize) -> Self {
        Self::new(requests, TimeDelta::minutes(1))
    }

    /// `requests` an hour.
    pub const fn per_hour(requests: usize) -> Self {
        Self::new(requests, TimeDelta::hours(1))
    }

    /// How many.
    pub const fn requests(self) -> usize {
        self.requests
    }

    /// In which time.
    pub const fn period(self) -> TimeDelta {
        self.period
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = PERIODS.iter().find(|(period, _)| *period == self.period).map_or("s", |(_, names)| names[0]);
        write!(f, "{}/{name}", self.requests)
    }
}

/// Text that is no rate; its message follows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a rate; write a number up to 10000 and one of s, min, hour, day, such as \"5/min\" or \"100/day\"")]
pub struct NotARate;

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let (requests, name) = text.split_once('/').ok_or(NotARate)?;
        let requests = requests.parse().ok().filter(|requests| *requests <= Self::MOST).ok_or(NotARate)?;
        let (period, _) = PERIODS.iter().find(|(_, names)| names.contains(&name)).ok_or(NotARate)?;
        Ok(Self::new(requests, *period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_in_every_spelling_and_written_in_one() {
        for (text, written) in [
            ("100/day", "100/day"),
            ("100/d", "100/day"),
            ("5/m", "5/min"),
            ("5/minute", "5/min"),
            ("60/hour", "60/hour"),
            ("60/h", "60/hour"),
            ("3/s", "3/s"),
            ("3/second", "3/s"),
            ("0/day", "0/day"),
            ("10000/sec", "10000/s"),
        ] {
            assert_eq!(text.parse::<Rate>().map(|rate| rate.to_string()), Ok(written.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        // Django REST framework looks at the first letter of the period alone and takes a month for a minute.
        for text in ["", "5", "5/", "/min", "-1/min", "5/month", "5/10min", "five/min", "10001/day", "5 / min"] {
            assert_eq!(text.parse::<Rate>(), Err(NotARate), "{text}");
        }
    }
}
