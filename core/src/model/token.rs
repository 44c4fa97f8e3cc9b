//! One row of the `tokens` table, whatever strategy issued it.

use std::fmt;

use super::{Timestamp, UserId};
use crate::secret::Digest;

/// The number of a token row; the part before `|` of a Sanctum token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub i64);

impl TokenId {
    /// The number of no row: what speaks for a user without one has it, such as an access token that a Django signed.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a row stands for. A credential of one kind is never accepted as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A Laravel Sanctum personal access token.
    Sanctum,
    /// A Djoser token: one a user, the same at each login.
    Djoser,
    /// An imported token of django-rest-knox: many a user, sent and accepted as Djoser's are.
    Knox,
    /// A login of the JWT pair: the digest is that of its refresh token and `family` the `sid` of its access tokens; in
    /// simplejwt's form both tokens name `family` by their `jti`.
    Jwt,
    /// A browser session of the Laravel SPA.
    Session,
    /// A device that stays logged in to the Laravel SPA: it opens sessions and does nothing else.
    Remember,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Sanctum, Self::Djoser, Self::Knox, Self::Jwt, Self::Session, Self::Remember];

    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sanctum => "sanctum",
            Self::Djoser => "djoser",
            Self::Knox => "knox",
            Self::Jwt => "jwt",
            Self::Session => "session",
            Self::Remember => "remember",
        }
    }

    /// Reads the database's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a token may do: a list of exact names, or `*` for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities(pub Vec<String>);

impl Abilities {
    /// Sanctum's default, `["*"]`.
    pub fn all() -> Self {
        Self(vec!["*".to_owned()])
    }

    /// Is `ability` granted, exactly or by `*`? (Sanctum's `tokenCan`.)
    pub fn can(&self, ability: &str) -> bool {
        self.0.iter().any(|granted| granted == "*" || granted == ability)
    }
}

impl Default for Abilities {
    fn default() -> Self {
        Self::all()
    }
}

/// A stored token. It holds the digest of the secret, never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// What it stands for.
    pub kind: TokenKind,
    /// Whose it is.
    pub user_id: UserId,
    /// The name that the issuing client gave it.
    pub name: String,
    /// SHA-256 of the secret.
    pub digest: Digest,
    /// The secret under the server key, only where the wire must hand it out again (Djoser's login).
    pub sealed: Option<String>,
    /// What it may do.
    pub abilities: Abilities,
    /// The login that it belongs to (the `sid` of a JWT pair); a family is revoked together.
    pub family: Option<String>,
    /// When it was issued; `None` for one from a database that did not know it.
    pub created_at: Option<Timestamp>,
    /// Last use, true to a minute: it is written in batches.
    pub last_used_at: Option<Timestamp>,
    /// From then on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// See [`NewToken::slot`]; `None` for the many of which a user may have any number.
    pub slot: Option<String>,
    /// How often the refresh token of this login was exchanged for a new one.
    pub rotation: i64,
    /// When that was last.
    pub rotated_at: Option<Timestamp>,
}

impl Token {
    /// Is it past its life at `now`? The last accepted moment is just before `expires_at`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// A token to be stored.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it stands for.
    pub kind: TokenKind,
    /// Whose it is.
    pub user_id: UserId,
    /// See [`Token::name`].
    pub name: String,
    /// See [`Token::digest`].
    pub digest: Digest,
    /// See [`Token::sealed`].
    pub sealed: Option<String>,
    /// See [`Token::abilities`].
    pub abilities: Abilities,
    /// See [`Token::family`].
    pub family: Option<String>,
    /// When it is issued.
    pub created_at: Timestamp,
    /// See [`Token::expires_at`].
    pub expires_at: Option<Timestamp>,
    /// Unique where given, such as `djoser:7`: what makes "one a user" true on every database.
    pub slot: Option<String>,
    /// The generation that was read before the proof was checked: the row is written only while the user still has it.
    pub generation: i64,
}
