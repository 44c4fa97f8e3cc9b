//! What a session knows of its user's password.

use serde::{Deserialize, Serialize};

/// Laravel keeps the hash of the password in the session; here are the facts that follow from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordNotes {
    /// Has the API seen the session? From then on it holds it to the password that the user had (Sanctum's
    /// `AuthenticateSession`).
    #[serde(default, rename = "held", skip_serializing_if = "is_false")]
    pub is_held: bool,
    /// Did the session change the password that it is held to? It goes on until the API sees it again. The user's other
    /// sessions have ended by then: those ends are in the database, and not here.
    #[serde(default, rename = "changed", skip_serializing_if = "is_false")]
    pub is_changed: bool,
    /// When the user typed the password once more, in seconds since 1970 (Laravel's `auth.password_confirmed_at`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<i64>,
}

impl PasswordNotes {
    /// Is there nothing to note?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(fact: &bool) -> bool {
    !*fact
}
