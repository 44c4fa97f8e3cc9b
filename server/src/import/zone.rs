//! The clock from which an application has read the moments that it stores without a zone.

use chrono::{FixedOffset, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, offset::LocalResult};
use chrono_tz::Tz;
use countersign_core::model::Timestamp;

/// No clock is put forward by more at once.
const LONGEST_GAP: TimeDelta = TimeDelta::hours(3);

/// Where that clock hung.
#[derive(Debug, Clone, Copy)]
pub enum Zone {
    /// Always as far from UTC.
    Offset(FixedOffset),
    /// With a history, and mostly with a summer: Laravel's `app.timezone`.
    Named(Tz),
}

impl Zone {
    /// When the clock said so. What it said twice is the second of the two, and what it left out is counted on from before,
    /// both as PHP reads it.
    pub fn moment(self, said: NaiveDateTime) -> Option<Timestamp> {
        let by = |offset: FixedOffset| offset.from_local_datetime(&said).single().map(|at| at.to_utc());
        match self {
            Self::Offset(offset) => by(offset),
            Self::Named(zone) => match zone.from_local_datetime(&said) {
                LocalResult::Single(at) | LocalResult::Ambiguous(_, at) => Some(at.to_utc()),
                LocalResult::None => {
                    let before = said.checked_sub_signed(LONGEST_GAP)?;
                    by(zone.offset_from_local_datetime(&before).earliest()?.fix())
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PHP 8.2 reads them.
    #[test]
    fn the_hours_of_a_change_are_read_as_php_reads_them() {
        let paris = Zone::Named("Europe/Paris".parse().unwrap());
        for (said, meant) in [
            ("2024-01-15T12:00:00", "2024-01-15T11:00:00+00:00"),
            ("2024-07-15T12:00:00", "2024-07-15T10:00:00+00:00"),
            ("2024-10-27T02:30:00", "2024-10-27T01:30:00+00:00"),
            ("2024-10-27T03:00:00", "2024-10-27T02:00:00+00:00"),
            ("2024-03-31T02:30:00", "2024-03-31T01:30:00+00:00"),
        ] {
            assert_eq!(paris.moment(said.parse().unwrap()).unwrap().to_rfc3339(), meant, "{said}");
        }
    }
}
