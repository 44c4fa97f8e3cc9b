//! A user as Laravel's `User` model shows itself.

use std::fmt::{self, Write as _};

use chrono::{Datelike as _, Timelike as _};
use countersign_core::{User, model::Timestamp};
use serde::{Serialize, Serializer, ser::Error as _};
use utoipa::ToSchema;

/// A user; what Laravel hides (password, tokens) is not there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = laravel::User)]
pub struct ShownUser<'a> {
    /// The user's number.
    #[schema(example = 1)]
    id: i64,
    /// The name.
    #[schema(value_type = String, example = "Alice Example")]
    name: &'a str,
    /// The address; null for who registered without one.
    #[schema(value_type = Option<String>, required, example = "alice@example.com")]
    email: Option<&'a str>,
    /// When the address was confirmed.
    #[schema(value_type = Option<String>, required, format = DateTime, example = "2024-01-15T09:30:00.000000Z")]
    email_verified_at: Option<Moment>,
    /// When the user was created; null if nobody knows.
    #[schema(value_type = Option<String>, required, format = DateTime, example = "2024-01-15T09:29:11.000000Z")]
    created_at: Option<Moment>,
    /// When the user was changed last.
    #[schema(value_type = Option<String>, required, format = DateTime, example = "2025-03-01T12:00:00.000000Z")]
    updated_at: Option<Moment>,
}

impl<'a> From<&'a User> for ShownUser<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.0,
            name: &user.name,
            email: user.email.as_deref(),
            email_verified_at: user.email_verified_at.map(Moment),
            created_at: user.created_at.map(Moment),
            updated_at: user.updated_at.map(Moment),
        }
    }
}

/// Such as `2024-01-15T09:30:00.000000Z`.
const MOMENT_LENGTH: usize = 27;

/// A moment as Laravel prints it: its columns keep whole seconds, its format has microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // chrono writes this form by itself much faster than it follows a pattern.
        write!(f, "{:?}.000000Z", self.0.naive_utc().with_nanosecond(0).unwrap_or_default())
    }
}

impl Moment {
    /// The same text, if the year has four digits.
    fn digits(self) -> Option<[u8; MOMENT_LENGTH]> {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let year = u32::try_from(date.year()).ok().filter(|year| *year < 10_000)?;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let numbers = [
            (0, year / 100),
            (2, year % 100),
            (5, date.month()),
            (8, date.day()),
            (11, time.hour()),
            (14, time.minute()),
            (17, time.second()),
        ];
        for (at, number) in numbers {
            let [tens, ones] = [number / 10, number % 10].map(|digit| u8::try_from(digit).unwrap_or(0) + b'0');
            (text[at], text[at + 1]) = (tens, ones);
        }
        Some(text)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = self.digits() {
            return serializer.serialize_str(std::str::from_utf8(&text).map_err(S::Error::custom)?);
        }
        // Whole, because the serializer looks at each piece that it is given.
        let mut text = String::with_capacity(MOMENT_LENGTH);
        write!(text, "{self}").map_err(S::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_moment_is_written_the_same_in_both_ways() {
        let written = |micros| {
            let moment = Moment(DateTime::from_timestamp_micros(micros).unwrap());
            (moment.digits().map(|digits| String::from_utf8(digits.to_vec()).unwrap()), moment.to_string())
        };
        for micros in [0, 1, 951_782_399_999_999, 951_782_400_000_000, 1_767_355_200_123_456, 253_402_300_799_999_999] {
            let (digits, text) = written(micros);
            assert_eq!(digits.as_deref(), Some(text.as_str()));
        }
        assert_eq!(written(1_767_355_200_123_456).1, "2026-01-02T12:00:00.000000Z");
        assert_eq!(written(253_402_300_800_000_000).0, None, "a year of five digits");
        assert_eq!(serde_json::to_value(Moment(DateTime::UNIX_EPOCH)).unwrap(), "1970-01-01T00:00:00.000000Z");
    }
}
