//! What is asked of [`crate::Auth`], and what it answers.

use std::{sync::Arc, time::Duration};

use super::{Abilities, Role, Timestamp, Token, User};
use crate::secret::Secret;

/// Who wants in: any identifier of the user, and the password in clear.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// A user name, e-mail address or phone number, as typed.
    pub identifier: String,
    /// Which spellings of it count.
    pub spelling: Spelling,
    /// The password, as typed.
    pub password: Secret,
}

impl Credentials {
    /// An identifier in any spelling.
    pub fn new(identifier: impl Into<String>, password: Secret) -> Self {
        Self { identifier: identifier.into(), spelling: Spelling::Any, password }
    }
}

/// Which spellings of an identifier reach a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// Any: a user name in another Unicode form is the same name.
    #[default]
    Any,
    /// A user name as it is stored, as Django compares it. Who has an address or a phone number for a user name is reached
    /// by these in any spelling; nobody else is.
    AsStored,
    /// Only an e-mail address: a user name or a phone number is nobody's.
    Address,
}

/// What kind of token is asked for.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// The name that lists show.
    pub name: String,
    /// What the token may do.
    pub abilities: Abilities,
    /// When it shall end; `None` leaves that to the strategy.
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// A grant of everything under `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// Somebody who registers. Which fields are required, and in what words they are refused, is the dialect's business.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent column of the user")]
pub struct Registration {
    /// The user name or login, if the dialect has one.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// May the address already be another user's? Django says yes: then it is shown but does not log in.
    pub email_may_be_shared: bool,
    /// The phone number as typed.
    pub phone: Option<String>,
    /// Laravel's `name`; without it, first and last name or the user name.
    pub name: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Only the server's owner and an administrator give another than [`Role::Tourist`].
    pub role: Role,
    /// Django's `is_staff`.
    pub is_staff: bool,
    /// Django's `is_superuser`.
    pub is_superuser: bool,
    /// May log in at once?
    pub is_active: bool,
    /// Is the address already known to be theirs?
    pub email_verified: bool,
    /// The password in clear.
    pub password: Secret,
}

impl Registration {
    /// An active tourist with nothing but a password; a dialect fills in what it has.
    pub fn new(password: Secret) -> Self {
        Self {
            username: None,
            email: None,
            email_may_be_shared: false,
            phone: None,
            name: None,
            first_name: String::new(),
            last_name: String::new(),
            role: Role::Tourist,
            is_staff: false,
            is_superuser: false,
            is_active: true,
            email_verified: false,
            password,
        }
    }
}

/// A token that was just issued, in clear for the only time (Djoser's wire may ask for the same one again).
#[derive(Debug, Clone)]
pub struct Issued {
    /// What the client sends from now on.
    pub access: Secret,
    /// What it exchanges for the next access token; only the JWT pair has one, and not on every refresh.
    pub refresh: Option<Secret>,
    /// The life of `access`; `None` if it does not end.
    pub expires_in: Option<Duration>,
    /// The stored row.
    pub token: Token,
    /// Whose it is.
    pub user: User,
}

/// A credential that was found live, and whom it speaks for.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Who is calling.
    pub user: User,
    /// The row that the credential belongs to.
    pub token: Token,
    /// The end of *this* credential: for an access token its own, not that of the login.
    pub expires_at: Option<Timestamp>,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// To be sent with requests.
    Access,
    /// To be exchanged for access tokens, and for nothing else.
    Refresh,
}

/// A token that is live, and what it says of itself: what introspection tells (RFC 7662).
#[derive(Debug, Clone)]
pub struct Inspected {
    /// Whom it speaks for, and until when.
    pub holder: Arc<Verified>,
    /// What it is for.
    pub token_use: TokenUse,
    /// When it was made; `None` for one from a database that did not know it.
    pub issued_at: Option<Timestamp>,
    /// `iss`, if it names who made it.
    pub issuer: Option<String>,
    /// `aud`, if it names whom it is for.
    pub audience: Option<String>,
    /// `jti`, if it has an id of its own.
    pub id: Option<String>,
}

impl Inspected {
    /// A token that says nothing of itself.
    pub(crate) fn opaque(holder: Arc<Verified>, token_use: TokenUse) -> Self {
        let issued_at = holder.token.created_at;
        Self { holder, token_use, issued_at, issuer: None, audience: None, id: None }
    }
}
