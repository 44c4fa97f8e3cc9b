//! The clock from which an application has read the moments that it stores without a zone.

use chrono::{Datelike as _, FixedOffset, NaiveDateTime, TimeZone as _, Timelike as _};
use countersign_core::model::Timestamp;
use jiff::{civil, tz};

/// Where that clock hung.
#[derive(Debug, Clone)]
pub enum Zone {
    /// Always as far from UTC.
    Offset(FixedOffset),
    /// With a history, and mostly with a summer: Laravel's `app.timezone`.
    Named(tz::TimeZone),
}

impl Zone {
    /// When the clock said so. What it said twice is the second of the two, and what it left out is counted on from before,
    /// both as PHP reads it.
    pub fn moment(&self, said: NaiveDateTime) -> Option<Timestamp> {
        let offset = match self {
            Self::Offset(offset) => *offset,
            Self::Named(zone) => {
                let (tz::AmbiguousOffset::Unambiguous { offset }
                | tz::AmbiguousOffset::Gap { before: offset, .. }
                | tz::AmbiguousOffset::Fold { after: offset, .. }) = zone.to_ambiguous_timestamp(civil(said)?).offset();
                FixedOffset::east_opt(offset.seconds())?
            }
        };
        offset.from_local_datetime(&said).single().map(|at| at.to_utc())
    }
}

/// The same reading of a clock, to the second; `None` for years of more than four digits, which no database keeps.
fn civil(said: NaiveDateTime) -> Option<civil::DateTime> {
    let small = |number: u32| i8::try_from(number).ok();
    civil::DateTime::new(
        said.year().try_into().ok()?,
        small(said.month())?,
        small(said.day())?,
        small(said.hour())?,
        small(said.minute())?,
        small(said.second())?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PHP 8.2 reads them.
    #[test]
    fn the_hours_of_a_change_are_read_as_php_reads_them() {
        let paris = Zone::Named(tz::TimeZone::get("Europe/Paris").unwrap());
        for (said, meant) in [
            ("2024-01-15T12:00:00", "2024-01-15T11:00:00+00:00"),
            ("2024-07-15T12:00:00", "2024-07-15T10:00:00+00:00"),
            ("2024-10-27T02:30:00", "2024-10-27T01:30:00+00:00"),
            ("2024-10-27T03:00:00", "2024-10-27T02:00:00+00:00"),
            ("2024-03-31T02:30:00", "2024-03-31T01:30:00+00:00"),
            ("2024-07-15T12:00:00.123456", "2024-07-15T10:00:00.123456+00:00"),
            ("1969-07-20T21:17:40.5", "1969-07-20T20:17:40.500+00:00"),
            ("9999-12-31T23:59:59", "9999-12-31T22:59:59+00:00"),
        ] {
            assert_eq!(paris.moment(said.parse().unwrap()).unwrap().to_rfc3339(), meant, "{said}");
        }
    }

    /// The same PHP, where clocks do what few do: half an hour, a winter that is the exception, a day that was left out.
    #[test]
    fn so_are_changes_that_are_none_of_an_hour() {
        for (zone, said, meant) in [
            ("Australia/Lord_Howe", "2024-04-07T01:45:00", "2024-04-06T15:15:00+00:00"),
            ("Australia/Lord_Howe", "2024-10-06T02:10:00", "2024-10-05T15:40:00+00:00"),
            ("Europe/Dublin", "2024-10-27T01:30:00", "2024-10-27T01:30:00+00:00"),
            ("America/Caracas", "2016-05-01T02:45:00", "2016-05-01T07:15:00+00:00"),
            ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00+00:00"),
            ("Asia/Kathmandu", "1986-01-01T00:10:00", "1985-12-31T18:40:00+00:00"),
        ] {
            let clock = Zone::Named(tz::TimeZone::get(zone).unwrap());
            assert_eq!(clock.moment(said.parse().unwrap()).unwrap().to_rfc3339(), meant, "{zone} {said}");
        }
    }
}
