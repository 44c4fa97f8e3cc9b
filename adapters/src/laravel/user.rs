//! A user as Laravel's `User` model shows itself.

use std::fmt::{self, Write as _};

use chrono::Timelike as _;
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

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Whole, because the serializer looks at each piece that it is given.
        let mut text = String::with_capacity(MOMENT_LENGTH);
        write!(text, "{self}").map_err(S::Error::custom)?;
        serializer.serialize_str(&text)
    }
}
