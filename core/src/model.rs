//! The nouns: users, tokens, roles, and what is asked of and answered by [`crate::Auth`].

mod administration;
mod credentials;
mod old_reset;
mod role;
mod subject;
mod token;
mod user;

pub use administration::{Mandate, Objection, Step};
pub use credentials::{Credentials, Grant, Inspected, Issued, Registration, Spelling, TokenUse, Verified};
pub use old_reset::OldReset;
pub use role::Role;
pub(crate) use subject::Proof;
pub use subject::Subject;
pub use token::{Abilities, NewToken, Token, TokenId, TokenKind};
pub use user::{Account, NewUser, Seen, User, UserChange, UserId};

/// A moment, UTC. Stores keep microseconds.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
