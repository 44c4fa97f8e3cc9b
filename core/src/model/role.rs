//! The seven roles of the hotel document.

use std::{fmt, str::FromStr};

/// What a user is to the application. Everybody who registers is a [`Role::Tourist`]; only an administrator or the
/// server's owner gives another role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// An ordinary user.
    #[default]
    Tourist,
    /// Owns or manages a hotel.
    Hotelier,
    /// Runs tours.
    TourOperator,
    /// Provides transfers.
    TransferProvider,
    /// Instructs in activities.
    Instructor,
    /// Owns or manages a restaurant.
    Restaurant,
    /// Administers the system.
    Admin,
}

impl Role {
    /// All roles, in the document's order.
    pub const ALL: [Self; 7] = [
        Self::Tourist,
        Self::Hotelier,
        Self::TourOperator,
        Self::TransferProvider,
        Self::Instructor,
        Self::Restaurant,
        Self::Admin,
    ];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tourist => "tourist",
            Self::Hotelier => "hotelier",
            Self::TourOperator => "tour_operator",
            Self::TransferProvider => "transfer_provider",
            Self::Instructor => "instructor",
            Self::Restaurant => "restaurant",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is none of the seven.
#[derive(Debug, thiserror::Error)]
#[error(
    "no such role: {0:?} (one of tourist, hotelier, tour_operator, transfer_provider, instructor, restaurant, admin)"
)]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or_else(|| UnknownRole(name.to_owned()))
    }
}
