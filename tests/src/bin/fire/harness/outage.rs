//! What must come of requests while the database is away, and afterwards.

use std::time::{Duration, Instant};

use super::{Figures, Kind, Sample};

/// Every request is answered within this.
const ANSWERED: Duration = Duration::from_secs(2);
/// Two clocks and a busy machine may be apart by so much.
const SLACK: Duration = Duration::from_millis(150);
/// How long what was verified is trusted without the log of revocations (`cache.bound`).
const BOUND: Duration = Duration::from_secs(1);
/// The first success after the database is back.
const FIRST: Duration = Duration::from_secs(2);

/// A time without a database: when it began, since when nobody answered, until when, and when one answered again.
pub struct Outage {
    pub begins: Instant,
    pub down: Instant,
    pub starts: Instant,
    pub up: Instant,
}

impl Outage {
    /// From when on nothing may fail any more.
    pub const CALM: Duration = Duration::from_secs(5);

    /// Judges the samples that were taken until `end`.
    pub fn judge(outages: &[Self], samples: &[Sample], end: Instant, figures: &mut Figures, on: &str) {
        figures.never(on, "no answer, or another than 2xx or 503 with Retry-After", &wrong(samples));
        let during: Vec<_> =
            samples.iter().filter(|sample| outages.iter().any(|outage| outage.covers(sample))).collect();
        let done =
            during.iter().filter(|sample| sample.is_success() && outages.iter().all(|outage| !outage.excuses(sample)));
        let done: Vec<_> = done.map(|sample| format!("{} {}", sample.what, sample.status)).collect();
        figures.never(on, "done without the database (what is cached: after the bound)", &done);
        let later = during.iter().filter(|sample| sample.is_later).count();
        figures.must(on, "503 with Retry-After while it is down", "≥ 1", later, later > 0);
        let slowest = samples.iter().map(|sample| sample.took).max().unwrap_or_default();
        figures.within(on, "slowest answer", ANSWERED, slowest, "");
        for (kind, name) in [(Kind::Write, "write"), (Kind::Known, "known token")] {
            let first = outages.iter().map(|outage| outage.first(samples, kind)).max().unwrap_or_default();
            figures.within(on, &format!("first {name} after it is back, slowest"), FIRST, first, "");
        }
        let calm = |sample: &&Sample| {
            let next =
                |outage: &Self| outages.iter().map(|other| other.begins).find(|at| *at > outage.up).unwrap_or(end);
            outages.iter().any(|outage| sample.began > outage.up + Self::CALM && sample.ended() < next(outage))
        };
        let late = samples.iter().filter(calm).filter(|sample| !sample.is_success());
        let late: Vec<_> = late.map(|sample| format!("{} {}", sample.what, sample.status)).collect();
        figures.never(on, "failed from 5 s on", &late);
    }

    /// Is all of the sample within the time without a database?
    fn covers(&self, sample: &Sample) -> bool {
        sample.began > self.down && sample.ended() < self.starts
    }

    /// May the sample be a success nevertheless?
    fn excuses(&self, sample: &Sample) -> bool {
        let trusted = self.covers(sample) && sample.ended() < self.down + BOUND + SLACK;
        sample.kind == Kind::Live || (sample.kind == Kind::Known && trusted)
    }

    /// How long after the database was back something succeeded.
    fn first(&self, samples: &[Sample], kind: Kind) -> Duration {
        let mut after = samples.iter().filter(|sample| sample.kind == kind && sample.ended() > self.up);
        let first = after.find(|sample| sample.is_success());
        first.map_or(Duration::MAX, |sample| sample.ended().saturating_duration_since(self.up))
    }
}

/// What must never be an answer.
pub fn wrong(samples: &[Sample]) -> Vec<String> {
    let wrong = samples.iter().filter(|sample| !sample.is_success() && !sample.is_later);
    wrong.map(|sample| format!("{} {} after {:?}", sample.what, sample.status, sample.took)).collect()
}
