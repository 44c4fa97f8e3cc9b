//! The use cases of Countersign: users, passwords and tokens behind one door, [`Auth`].
//!
//! This crate knows no HTTP and no SQL. An adapter turns a wire format into calls of [`Auth`] and its answers back
//! into that wire; a store implements the two ports of [`store`]. Time and randomness come in as arguments
//! ([`mod@env`]), so that a test can state exact tokens and move the clock by hand.
//!
//! ```text
//! adapter ──▶ Auth ──▶ Strategy (SanctumPat | DjoserToken | JwtPair | SimpleJwt)
//!               │          └──▶ TokenStore ─┐
//!               ├──▶ Passwords              ├──▶ the database
//!               └──▶ UserStore ─────────────┘
//! ```

pub mod auth;
pub mod cache;
pub mod count;
pub mod deadline;
pub mod digits;
pub mod env;
pub mod error;
pub mod identifier;
pub mod model;
pub mod password;
pub mod seal;
pub mod secret;
pub mod store;
pub mod strategy;
pub mod throttle;
pub mod usage;

pub use auth::Auth;
pub use error::{AuthError, ClaimFault, TokenFault};
pub use model::{
    Abilities, Account, Credentials, Grant, Issued, NewToken, NewUser, Registration, Role, Spelling, Subject, Token,
    TokenId, TokenKind, User, UserId, Verified,
};
pub use secret::{Digest, Secret};
pub use strategy::{JwtForm, Strategy, StrategyKind};
pub use throttle::{Guess, Rate, Request, Throttle, ThrottleOptions};
