//! A user who has proved who they are.

use std::ops::Deref;

use super::{Account, TokenId, User};
use crate::password::EncodedPassword;

/// A user together with the proof, for as long as the proof holds: tokens are issued to a subject, and only while
/// nothing that revokes has happened since the proof was checked.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Who it is.
    pub user: User,
    pub(crate) generation: i64,
    pub(crate) proof: Proof,
}

impl Subject {
    /// The user with the password that they proved to know; without one if it was not by a password.
    pub fn account(&self) -> Account {
        let password = match &self.proof {
            Proof::Password(hash) => Some(hash.clone()),
            Proof::Token(_) | Proof::Owner => None,
        };
        Account { user: self.user.clone(), password }
    }
}

/// How a subject is known.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// By the password behind this hash.
    Password(EncodedPassword),
    /// By a credential of this row.
    Token(TokenId),
    /// By the word of the server's owner.
    Owner,
}

impl Deref for Subject {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}
