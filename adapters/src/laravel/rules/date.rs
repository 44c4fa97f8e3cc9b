//! Moments as clients write them: RFC 3339, or a date with or without a time, taken as UTC.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use countersign_core::model::Timestamp;

/// The years that every database keeps.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// Reads a moment.
pub fn moment(text: &str) -> Option<Timestamp> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|moment| moment.with_timezone(&Utc));
    let with_time = || {
        let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
        formats.into_iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    };
    let at_midnight = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN));
    let moment = with_zone.ok().or_else(|| with_time().or_else(at_midnight).map(|moment| moment.and_utc()))?;
    YEARS.contains(&moment.year()).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn the_usual_forms_are_read() {
        let read = |text| moment(text).map(|moment| moment.to_rfc3339());
        assert_eq!(read("2026-11-21 21:36:58").as_deref(), Some("2026-11-21T21:36:58+00:00"));
        assert_eq!(read("2037-06-01T12:00:00Z").as_deref(), Some("2037-06-01T12:00:00+00:00"));
        assert_eq!(read("2037-06-01T12:00:00.000000+02:00").as_deref(), Some("2037-06-01T10:00:00+00:00"));
        assert_eq!(read("2020-01-01").as_deref(), Some("2020-01-01T00:00:00+00:00"));
    }

    #[test]
    fn anything_else_is_no_moment() {
        for text in ["", "y", "not a date", "2020-13-01", "+12020-01-01", "0001-01-01"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
