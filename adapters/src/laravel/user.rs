//! A user as Laravel's `User` model shows itself.

use std::fmt;

use chrono::{Datelike as _, Timelike as _};
use countersign_core::{User, model::Timestamp};
use serde::{Serialize, Serializer};
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
    /// When the user was created.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T09:29:11.000000Z")]
    created_at: Moment,
    /// When the user was changed last.
    #[schema(value_type = String, format = DateTime, example = "2025-03-01T12:00:00.000000Z")]
    updated_at: Moment,
}

impl<'a> From<&'a User> for ShownUser<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.0,
            name: &user.name,
            email: user.email.as_deref(),
            email_verified_at: user.email_verified_at.map(Moment),
            created_at: Moment(user.created_at),
            updated_at: Moment(user.updated_at),
        }
    }
}

/// A moment as Laravel prints it: its columns keep whole seconds, its format has microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let (year, month, day) = (date.year(), date.month(), date.day());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000000Z")
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
