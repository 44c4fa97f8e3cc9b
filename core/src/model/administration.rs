//! Changes of users that may leave nobody to administer.
//!
//! An administrator is an active user with the role [`Role::Admin`].

use super::{Role, UserChange, UserId};

/// On whose word such a change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mandate {
    /// The server owner's, who may leave it without an administrator.
    Owner,
    /// An administrator's, who must still be one at that moment.
    Administrator(UserId),
    /// The wire's own rules permit it: it is the user themselves, or Django's staff.
    Permitted,
}

/// A step in the life of an account.
#[derive(Debug, Clone)]
pub enum Step {
    /// A change.
    Change(UserChange),
    /// The end.
    Delete,
}

impl Step {
    /// Is somebody who was an administrator none any more after this?
    pub const fn ends_administration(&self) -> bool {
        match self {
            Self::Delete => true,
            Self::Change(UserChange::Role(role)) => !matches!(role, Role::Admin),
            Self::Change(UserChange::Active(active)) => !*active,
            Self::Change(UserChange::Email { deactivate, .. }) => *deactivate,
            Self::Change(_) => false,
        }
    }
}

/// Why a step was not taken; then nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// Whose word it was is no administrator, or none any more.
    NotPermitted,
    /// Nobody would be left to administer.
    LastAdministrator,
    /// There is no such user, or the change's own condition does not hold.
    Absent,
}
