//! A user of the one base that every dialect shares.

use std::fmt;

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Role, Timestamp};
use crate::password::EncodedPassword;

/// The number of a user: Laravel's and Django's `id`. Never given twice, not even after a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub i64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A user as every dialect may show it; it holds no secret but the sealed api-token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, most of them Django's")]
pub struct User {
    /// The number that Laravel and Django show.
    pub id: UserId,
    /// The id that the hotel API shows, and the `sub` of a JWT.
    pub uuid: Uuid,
    /// Django's user name, the minimal API's login; who registered without one has the e-mail or phone here.
    pub username: String,
    /// The address as typed; several users may show the same (Django allows it), one of them logs in with it.
    pub email: Option<String>,
    /// E.164, such as `+79991234567`.
    pub phone: Option<String>,
    /// Laravel's `name`.
    pub name: String,
    /// Django's and the hotel API's first name; empty if unknown.
    pub first_name: String,
    /// Django's and the hotel API's last name; empty if unknown.
    pub last_name: String,
    /// The hotel API's role.
    pub role: Role,
    /// Django's `is_staff`.
    pub is_staff: bool,
    /// Django's `is_superuser`.
    pub is_superuser: bool,
    /// A user who is not active cannot log in, and nothing issued before speaks for them.
    pub is_active: bool,
    /// Did the owner disable the user ([`UserChange::Active`])? Then only the owner enables them, and no link of theirs is
    /// good for anything. `false` for who is inactive until they confirm their address. A host that does not keep it says
    /// `false`: whom it disables is enabled by an activation mail then, as in Djoser.
    pub is_suspended: bool,
    /// When the owner disabled the user last, also if they are enabled again: links from before are dead. `None` for never,
    /// and from a host that does not keep it.
    pub suspended_at: Option<Timestamp>,
    /// Laravel's `email_verified_at`.
    pub email_verified_at: Option<Timestamp>,
    /// The api-token of document 001, sealed under the server key ([`crate::seal`]); never in clear.
    pub api_token: Option<String>,
    /// Django's `last_login`.
    pub last_login_at: Option<Timestamp>,
    /// When the user was created; Django's `date_joined`. `None` for who came from a database that did not know it.
    pub created_at: Option<Timestamp>,
    /// Laravel's `updated_at`; `None` as for [`User::created_at`], until something is changed.
    pub updated_at: Option<Timestamp>,
}

impl User {
    /// An active user with a number and a name, of whom nothing else is known: what a store of your own fills in.
    pub fn named(id: UserId, username: &str) -> Self {
        Self {
            id,
            uuid: Uuid::nil(),
            username: username.to_owned(),
            email: None,
            phone: None,
            name: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            role: Role::default(),
            is_staff: false,
            is_superuser: false,
            is_active: true,
            is_suspended: false,
            suspended_at: None,
            email_verified_at: None,
            api_token: None,
            last_login_at: None,
            created_at: None,
            updated_at: None,
        }
    }
}

/// A user with the password hash, for the one use case that checks it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Who it is.
    pub user: User,
    /// The encoded hash; `None` if the user has no usable password.
    pub password: Option<EncodedPassword>,
}

/// A user to be created; the store adds the number.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Made by the caller from injected randomness.
    pub uuid: Uuid,
    /// See [`User::username`]; not empty.
    pub username: String,
    /// See [`User::email`].
    pub email: Option<String>,
    /// See [`User::phone`]; E.164.
    pub phone: Option<String>,
    /// See [`User::name`].
    pub name: String,
    /// See [`User::first_name`].
    pub first_name: String,
    /// See [`User::last_name`].
    pub last_name: String,
    /// See [`User::role`].
    pub role: Role,
    /// See [`User::is_staff`].
    pub is_staff: bool,
    /// See [`User::is_superuser`].
    pub is_superuser: bool,
    /// See [`User::is_active`].
    pub is_active: bool,
    /// See [`User::email_verified_at`].
    pub email_verified_at: Option<Timestamp>,
    /// The encoded hash; `None` for a user who cannot log in with a password.
    pub password: Option<EncodedPassword>,
    /// The identifiers to claim, by [`crate::identifier`]: the row is created only if every *required* one is free.
    pub identifiers: Vec<crate::identifier::Claim>,
    /// `created_at` and `updated_at`.
    pub now: Timestamp,
}

/// What a one-time link vouches for: it ends with the password, the address, the last login and the last disabling that it
/// was made at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The hash; `None` if there was none.
    pub password: Option<EncodedPassword>,
    /// See [`User::email`].
    pub email: Option<String>,
    /// See [`User::last_login_at`].
    pub last_login_at: Option<Timestamp>,
    /// See [`User::suspended_at`].
    pub suspended_at: Option<Timestamp>,
}

impl UserChange {
    /// What the user must still be like, and not suspended; `None` for a change that depends on nothing.
    pub const fn seen(&self) -> Option<&Seen> {
        match self {
            Self::Reset { seen, .. } | Self::Activate(seen) | Self::Username { seen: Some(seen), .. } => Some(seen),
            _ => None,
        }
    }
}

impl Seen {
    /// The last login of somebody who used the link at `now`: always another than the one before, whatever the clock
    /// says.
    pub fn used_at(&self, now: Timestamp) -> Timestamp {
        self.last_login_at.map_or(now, |last| now.max(last + TimeDelta::microseconds(1)))
    }
}

/// A change of a user.
#[derive(Debug, Clone)]
pub enum UserChange {
    /// A new password hash.
    Password {
        /// The new one.
        new: EncodedPassword,
        /// The one that it replaces: without it, any; with it, nothing is changed if the user has another by now.
        replacing: Option<EncodedPassword>,
    },
    /// The same password under another hash, which a login made of it; nothing is changed if the user has another by now. It
    /// is no change by the user: an import that finds another password at the source later takes that one over.
    Rehash {
        /// What the password was found right by.
        old: EncodedPassword,
        /// What takes its place.
        new: EncodedPassword,
    },
    /// A new password for whoever had a link, which counts as a login; nothing is changed if the user is suspended or not
    /// as `seen` by now.
    Reset {
        /// The new one.
        new: EncodedPassword,
        /// What the link was checked against.
        seen: Seen,
    },
    /// Another user name; nothing is changed if somebody else holds the identifier.
    Username {
        /// The name as it is stored.
        name: String,
        /// The identifier that takes the place of the old name's.
        claim: crate::identifier::Claim,
        /// With it, the name comes by a link: as in [`UserChange::Reset`].
        seen: Option<Seen>,
    },
    /// Enables somebody who had a link; nothing is changed if the user is active, suspended or not as `seen` by now.
    Activate(Seen),
    /// The owner enables or disables: who is disabled is suspended from now on, who is enabled is not any more.
    Active(bool),
    /// Another role.
    Role(Role),
    /// Another e-mail address, or none; it is no longer verified.
    Email {
        /// The address as typed.
        address: Option<String>,
        /// The identifier that takes the place of the old address; left out if somebody else holds it. A user who would
        /// have no identifier left keeps the old one: nobody is locked out by a change of address.
        claim: Option<crate::identifier::Claim>,
        /// Is the user inactive until the new address is confirmed? It suspends nobody.
        deactivate: bool,
    },
    /// Another name to show, and perhaps another e-mail address; nothing is changed if somebody else holds the address.
    Profile {
        /// See [`User::name`].
        name: String,
        /// The address as typed, which is not verified any more, and the identifier that takes the place of the old one;
        /// without it the address stays.
        address: Option<(String, crate::identifier::Claim)>,
    },
    /// The user has confirmed this address; nothing is changed if they have another by now.
    EmailVerified(String),
    /// The sealed api-token of document 001, or none.
    ApiToken(Option<String>),
    /// A login, now.
    LoggedIn,
}
