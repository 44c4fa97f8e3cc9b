//! Tokens together with whose they are: what every verification asks.

use std::sync::Arc;

use super::{StoreResult, TokenStore, UserStore};
use crate::{
    model::{Token, TokenId, TokenKind, User},
    secret::Digest,
};

/// What a token is known by.
#[derive(Debug, Clone, Copy)]
pub enum TokenKey<'a> {
    /// Its row's number.
    Number(TokenId),
    /// Kind and digest, as [`TokenStore::token_by_digest`].
    Digest(TokenKind, &'a Digest),
    /// Kind and family, as [`TokenStore::token_by_family`].
    Family(TokenKind, &'a str),
}

/// A token and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The row.
    pub token: Token,
    /// Its user, if there still is one.
    pub user: Option<User>,
}

/// Tokens with their users in one look, for a database that holds both. Who implements it says that the token's
/// `user_id` is a number of its own users.
pub trait HolderStore: Send + Sync {
    /// As [`UserStore::at_once`].
    fn at_once(&self) -> Option<Arc<dyn HolderStore>> {
        None
    }

    /// The token with this key, and its user.
    ///
    /// # Errors
    /// Trouble with the database.
    fn held(&self, key: TokenKey<'_>) -> StoreResult<Option<Held>>;
}

/// The stores of a realm: one that holds everything, or users and tokens apart.
#[derive(Clone)]
pub struct Stores {
    users: Arc<dyn UserStore>,
    tokens: Arc<dyn TokenStore>,
    holders: Arc<dyn HolderStore>,
}

impl Stores {
    /// A database that holds users and tokens: a verification is one question.
    pub fn together<S: UserStore + TokenStore + HolderStore + 'static>(store: Arc<S>) -> Self {
        Self { users: store.clone(), tokens: store.clone(), holders: store }
    }

    /// Users of somebody else's: a verification asks for the token, then for its user.
    pub fn apart(users: Arc<dyn UserStore>, tokens: Arc<dyn TokenStore>) -> Self {
        let holders = Arc::new(Apart { users: Arc::clone(&users), tokens: Arc::clone(&tokens) });
        Self { users, tokens, holders }
    }

    /// The same for look-ups that answer at once; `None` if one of them has none of this kind.
    pub fn at_once(&self) -> Option<Self> {
        Some(Self { users: self.users.at_once()?, tokens: self.tokens.at_once()?, holders: self.holders.at_once()? })
    }

    /// The users.
    pub fn users(&self) -> &dyn UserStore {
        self.users.as_ref()
    }

    /// The tokens.
    pub fn tokens(&self) -> &dyn TokenStore {
        self.tokens.as_ref()
    }

    /// The token with this key, and its user.
    ///
    /// # Errors
    /// Trouble with one of the stores.
    pub fn held(&self, key: TokenKey<'_>) -> StoreResult<Option<Held>> {
        self.holders.held(key)
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stores")
    }
}

/// Two stores that know nothing of one another.
struct Apart {
    users: Arc<dyn UserStore>,
    tokens: Arc<dyn TokenStore>,
}

impl HolderStore for Apart {
    fn at_once(&self) -> Option<Arc<dyn HolderStore>> {
        Some(Arc::new(Self { users: self.users.at_once()?, tokens: self.tokens.at_once()? }))
    }

    fn held(&self, key: TokenKey<'_>) -> StoreResult<Option<Held>> {
        let found = match key {
            TokenKey::Number(id) => self.tokens.token(id),
            TokenKey::Digest(kind, digest) => self.tokens.token_by_digest(kind, digest),
            TokenKey::Family(kind, family) => self.tokens.token_by_family(kind, family),
        }?;
        found.map(|token| Ok(Held { user: self.users.user(token.user_id)?, token })).transpose()
    }
}
