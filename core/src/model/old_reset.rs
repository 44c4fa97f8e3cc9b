//! What an old Laravel kept of a link to a new password.

use super::{Account, Timestamp};
use crate::{password::EncodedPassword, secret::Digest};

/// A row of Laravel's `password_reset_tokens`, whose link may still be in somebody's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldReset {
    /// The hash of the token.
    pub token: EncodedPassword,
    /// [`OldReset::vouch`] of the user as they were then: with another password or address the link is dead.
    pub vouched: Digest,
    /// When it was mailed.
    pub created_at: Timestamp,
}

impl OldReset {
    /// A digest of password hash and address; neither can hold a NUL.
    pub fn vouch(password: &str, email: &str) -> Digest {
        Digest::of_pieces(&[password.as_bytes(), b"\0", email.as_bytes()])
    }

    /// Is the user still who the link was mailed to?
    pub(crate) fn is_of(&self, account: &Account) -> bool {
        let password = account.password.as_ref().map_or("", EncodedPassword::as_str);
        self.vouched == Self::vouch(password, account.user.email.as_deref().unwrap_or_default())
    }
}
