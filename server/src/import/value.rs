//! What the databases and frameworks write for a truth, a moment, a list.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use countersign_core::model::Timestamp;

use super::zone::Zone;

/// A value that cannot be read; says which and what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

/// `1`, `t`, `true`: Django's and Laravel's truth on the three databases.
///
/// # Errors
/// Anything else but their opposites.
pub fn truth(column: &str, text: &str) -> Result<bool, Unreadable> {
    match text.trim() {
        "1" | "t" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "false" | "FALSE" | "False" | "" => Ok(false),
        other => Err(Unreadable(format!("{column} is neither true nor false: {other:?}"))),
    }
}

/// A moment: with a zone as it says, without one in `zone` (UTC unless told otherwise); a number is one of seconds since
/// 1970. MySQL's `0000-00-00` is no moment.
///
/// # Errors
/// Anything else.
pub fn moment(column: &str, text: &str, zone: &Zone) -> Result<Option<Timestamp>, Unreadable> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("0000-00-00") {
        return Ok(None);
    }
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    let zoned = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"];
    let by_zone = || zoned.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|at| at.to_utc());
    let local = |at: NaiveDateTime| zone.moment(at);
    let without = || naive.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).and_then(local);
    let day = || text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).and_then(local);
    let number = || text.parse::<i64>().ok().and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    let zulu = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    let found = without().or_else(by_zone).or_else(zulu).or_else(day).or_else(number);
    found.map(Some).ok_or_else(|| Unreadable(format!("{column} is no moment: {text:?}")))
}

/// Laravel's abilities: a JSON list of texts. NULL is none at all.
///
/// # Errors
/// Anything else.
pub fn abilities(text: Option<&str>) -> Result<Vec<String>, Unreadable> {
    match text {
        None | Some("" | "null") => Ok(Vec::new()),
        Some(text) => serde_json::from_str(text)
            .map_err(|_| Unreadable(format!("abilities is no JSON list of texts: {:?}", shortened(text)))),
    }
}

/// A text that is not longer than a line of a report.
pub fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn a_moment_is_read_in_every_form() {
        let utc = Zone::Offset(FixedOffset::east_opt(0).unwrap());
        let read = |text| moment("at", text, &utc).unwrap().map(|at| at.to_rfc3339());
        let noon = "2024-01-15T12:00:00+00:00";
        for text in [
            "2024-01-15 12:00:00",
            "2024-01-15 12:00:00.000000",
            "2024-01-15T12:00:00Z",
            "2024-01-15 12:00:00+00",
            "2024-01-15 15:00:00+03",
            "2024-01-15 15:00:00.000+03:00",
            "1705320000",
        ] {
            assert_eq!(read(text).as_deref(), Some(noon), "{text}");
        }
        assert_eq!(read("2024-01-15"), Some("2024-01-15T00:00:00+00:00".to_owned()));
        assert_eq!(read("0000-00-00 00:00:00"), None);
        assert!(moment("at", "yesterday", &utc).is_err());
        let moscow = Zone::Offset(FixedOffset::east_opt(3 * 3600).unwrap());
        assert_eq!(moment("at", "2024-01-15 15:00:00", &moscow).unwrap().unwrap().to_rfc3339(), noon);
    }

    #[test]
    fn abilities_are_read_as_php_writes_them() {
        assert_eq!(abilities(Some(r#"["a\/b","\u00fc"]"#)).unwrap(), ["a/b", "ü"]);
        assert_eq!(abilities(None).unwrap(), [""; 0]);
        assert!(abilities(Some("*")).is_err());
        assert!(abilities(Some(r#"{"a":1}"#)).is_err());
    }
}
