//! Moments as they are read from the columns.
//!
//! PostgreSQL and MySQL send numbers. SQLite keeps the text that was written, and a verification reads half a dozen of
//! them: the form that this program writes is read digit by digit, which is many times faster than by a pattern.

use chrono::NaiveDateTime;
use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    sql_types,
};

use super::connection::MultiBackend;

/// A moment of a column, UTC.
#[derive(Debug, Clone, Copy, FromSqlRow)]
pub struct Moment(pub NaiveDateTime);

#[cfg(feature = "sqlite")]
impl FromSql<sql_types::Timestamp, diesel::sqlite::Sqlite> for Moment {
    fn from_sql(value: <diesel::sqlite::Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<sql_types::Text, diesel::sqlite::Sqlite>>::from_sql(value)?;
        let moment = digits(text.as_bytes()).or_else(|| text.parse().ok()).or_else(|| {
            // As SQLite's own functions and other programs write it.
            NaiveDateTime::parse_from_str(&text, "%F %T%.f").ok()
        });
        moment.map(Self).ok_or_else(|| format!("no moment: {text:?}").into())
    }
}

#[cfg(feature = "postgres")]
impl FromSql<sql_types::Timestamp, diesel::pg::Pg> for Moment {
    fn from_sql(value: <diesel::pg::Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <NaiveDateTime as FromSql<sql_types::Timestamp, diesel::pg::Pg>>::from_sql(value).map(Self)
    }
}

#[cfg(feature = "mysql")]
impl FromSql<sql_types::Timestamp, diesel::mysql::Mysql> for Moment {
    fn from_sql(value: <diesel::mysql::Mysql as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <NaiveDateTime as FromSql<sql_types::Timestamp, diesel::mysql::Mysql>>::from_sql(value).map(Self)
    }
}

impl FromSql<sql_types::Timestamp, MultiBackend> for Moment {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, sql_types::Timestamp>()
    }
}

/// `2026-01-02 03:04:05`, with up to nine digits behind a point.
#[cfg(any(feature = "sqlite", test))]
fn digits(text: &[u8]) -> Option<NaiveDateTime> {
    let (whole, fraction) = text.split_at_checked(19)?;
    let number = |from: usize, to: usize| {
        whole[from..to]
            .iter()
            .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| whole[*at] != *mark) {
        return None;
    }
    let nanos = match fraction.split_first() {
        None => 0,
        Some((b'.', digits)) if (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            let padded = digits.iter().chain(std::iter::repeat(&b'0')).take(9);
            padded.fold(0, |number, byte| number * 10 + u32::from(byte - b'0'))
        }
        Some(_) => return None,
    };
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(5, 7)?, number(8, 10)?)?;
    date.and_hms_nano_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_chrono_reads_them_or_not_at_all() {
        for text in [
            "2026-01-02 03:04:05",
            "2026-01-02 03:04:05.123456",
            "2026-01-02 03:04:05.5",
            "1970-01-01 00:00:00",
            "9999-12-31 23:59:59.999999",
            "2024-02-29 00:00:00.000000001",
        ] {
            let by_pattern = NaiveDateTime::parse_from_str(text, "%F %T%.f").unwrap();
            assert_eq!(digits(text.as_bytes()), Some(by_pattern), "{text}");
        }
        for text in [
            "",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02 03:04",
            "2026-13-02 03:04:05",
            "2026-02-29 03:04:05",
            "2026-01-02 24:04:05",
            "2026-01-02 03:04:05.",
            "2026-01-02 03:04:05.1234567890",
            "2026-01-02 03:04:05Z",
            "2026-01-02 03:04:05.12x",
            "+026-01-02 03:04:05",
            "2026-01-02 03:04:\u{661}",
        ] {
            assert_eq!(digits(text.as_bytes()), None, "{text}");
        }
    }
}
