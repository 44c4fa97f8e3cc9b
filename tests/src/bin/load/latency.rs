//! How long answers took: a histogram, so that the rare long ones are counted as exactly as the others.

use std::{fmt, time::Duration};

use hdrhistogram::Histogram;

/// The percentiles that are told.
const TOLD: [(&str, f64); 4] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)];
/// The longest that is told apart, in microseconds: longer than a client of this program waits.
const LONGEST: u64 = 60_000_000;
/// Digits that are kept of each.
const DIGITS: u8 = 3;

/// Durations of answers.
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_max(LONGEST, DIGITS).expect("a minute in microseconds is a range"))
    }
}

impl Extend<Duration> for Latencies {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, durations: T) {
        for duration in durations {
            self.0.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(LONGEST));
        }
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<T: IntoIterator<Item = Duration>>(durations: T) -> Self {
        let mut all = Self::default();
        all.extend(durations);
        all
    }
}

impl Latencies {
    /// Adds those of another thread.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both count the same range");
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        usize::try_from(self.0.len()).unwrap_or(usize::MAX)
    }

    /// So many in a hundred took at most so long, in milliseconds.
    pub fn at(&self, percentile: f64) -> f64 {
        millis(self.0.value_at_percentile(percentile))
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (name, percentile) in TOLD {
            write!(f, "{name} {:.2}, ", self.at(percentile))?;
        }
        write!(f, "max {:.2} ms", millis(self.0.max()))
    }
}

fn millis(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1e3
}
