//! What went wrong, without a word on how a wire says it.

use std::time::Duration;

use crate::{identifier::Taken, model::UserId, password::PasswordFlaw, store::StoreError};

/// Why [`crate::Auth`] refused. Each adapter has one `match` over it; several causes may share one answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthError {
    /// Unknown identifier, wrong password, no usable password or a disabled account: never told apart to a client.
    #[error("wrong credentials")]
    WrongCredentials,
    /// The credential does not speak for anybody.
    #[error("credential refused: {0}")]
    Token(TokenFault),
    /// The caller is known but may not do this.
    #[error("not permitted")]
    Forbidden,
    /// Nobody would be left to administer.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// Identifiers that belong to somebody else.
    #[error("taken: {0:?}")]
    Taken(Taken),
    /// A field that no store could hold or that is not what it should be: too long, a NUL in it, empty where
    /// something is needed, or a phone number that is none. Adapters check first; this is the last line.
    #[error("not a usable {field}")]
    Invalid {
        /// `username`, `email`, `phone`, `name`, `first_name` or `last_name`.
        field: &'static str,
    },
    /// The new password breaks rules of the mount; never empty.
    #[error("password refused: {0:?}")]
    WeakPassword(Vec<PasswordFlaw>),
    /// No such user, token or session.
    #[error("not found")]
    NotFound,
    /// Too much work is waiting; nothing was done.
    #[error("too busy, try again in {retry_after:?}")]
    Busy {
        /// When it may be worth another try.
        retry_after: Duration,
    },
    /// Too many guesses or requests of this client, or guesses at this account; nothing was done. Whether there is such
    /// an account plays no part in it.
    #[error("throttled, try again in {retry_after:?}")]
    Throttled {
        /// How long nothing will be done.
        retry_after: Duration,
    },
    /// The store failed: 503 in every dialect, never 401.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mounted strategy cannot do this (such as refreshing a Sanctum token).
    #[error("the strategy {0} cannot do this")]
    Unsupported(crate::strategy::StrategyKind),
}

/// Why a credential was refused. The log keeps it; most wires say less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// There was none.
    #[error("missing")]
    Missing,
    /// Not of the form that this strategy issues, or forged.
    #[error("malformed")]
    Malformed,
    /// Nothing live with this secret.
    #[error("unknown")]
    Unknown,
    /// It was live once.
    #[error("expired")]
    Expired,
    /// A refresh token that was exchanged for another one, or blacklisted where it was signed.
    #[error("spent")]
    Spent,
    /// A refresh token of this user that was exchanged for another one came back; its login has been ended.
    #[error("replayed, and the login of user {0} ended")]
    Replayed(UserId),
    /// Its user is disabled.
    #[error("user inactive")]
    UserInactive,
    /// Signed here, but its claims are not those that are asked for; only wires that say which tell it apart.
    #[error("claims: {0}")]
    Claims(ClaimFault),
}

/// What is wrong with the claims of a token in simplejwt's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimFault {
    /// Without `exp`.
    #[error("no exp")]
    NoExpiry,
    /// Without `jti`.
    #[error("no jti")]
    NoId,
    /// Without `token_type`.
    #[error("no token_type")]
    NoType,
    /// A refresh token where an access token is asked for, or the other way round.
    #[error("wrong token_type")]
    WrongType,
    /// Without a `user_id` that could be a number.
    #[error("no user_id")]
    NoUser,
    /// There is no user with that number.
    #[error("unknown user")]
    UnknownUser,
    /// It names another password than the user has (`CHECK_REVOKE_TOKEN`).
    #[error("password changed")]
    PasswordChanged,
}

impl From<ClaimFault> for TokenFault {
    fn from(fault: ClaimFault) -> Self {
        Self::Claims(fault)
    }
}

impl From<TokenFault> for AuthError {
    fn from(fault: TokenFault) -> Self {
        Self::Token(fault)
    }
}
