//! What a counter counts, and its name where several processes share it.

use std::{fmt, net::IpAddr};

use super::CounterKind;
use crate::model::UserId;

/// Whom a limit of a mount's own counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who<'a> {
    /// A user, over all their clients.
    User(UserId),
    /// A client that is not logged in.
    Client(IpAddr),
    /// Whoever is called so.
    Named(&'a str),
    /// A client, by what it calls itself.
    NamedAt(IpAddr, &'a str),
}

/// The prefix of a mount, and the name of its limit.
pub type Scope<'a> = (&'a str, &'a str);

/// What a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counted<'a> {
    Pair(Target<'a>, IpAddr),
    Known(Target<'a>, IpAddr),
    Client(IpAddr),
    Account(Target<'a>),
    Link(IpAddr),
    Registration(IpAddr),
    Mail(&'a str),
    MailClient(IpAddr),
    Log(Scope<'a>, Who<'a>),
    Window(Scope<'a>, Who<'a>),
    Lock(Scope<'a>, IpAddr, &'a str),
}

impl Counted<'_> {
    /// Among which counters it is.
    pub(super) const fn kind(&self) -> CounterKind {
        match self {
            Self::Pair(..) | Self::Client(_) | Self::Account(_) => CounterKind::Guesses,
            Self::Known(..) => CounterKind::Known,
            Self::Link(_) | Self::Registration(_) | Self::Mail(_) | Self::MailClient(_) => CounterKind::Requests,
            Self::Log(..) => CounterKind::Scopes,
            Self::Window(..) => CounterKind::Windows,
            Self::Lock(..) => CounterKind::Locks,
        }
    }
}

/// Whose secret is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target<'a> {
    Named(&'a str),
    User(UserId),
}

/// The name under which processes share it: no two have the same. What clients make up stands last.
impl fmt::Display for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(target, client) => write!(f, "pair {client} {target}"),
            Self::Known(target, client) => write!(f, "known {client} {target}"),
            Self::Client(client) => write!(f, "client {client}"),
            Self::Account(target) => write!(f, "account {target}"),
            Self::Link(client) => write!(f, "link {client}"),
            Self::Registration(client) => write!(f, "registration {client}"),
            Self::Mail(address) => write!(f, "mail {address}"),
            Self::MailClient(client) => write!(f, "mail-client {client}"),
            Self::Log((prefix, name), who) => write!(f, "log {prefix} {name} {who}"),
            Self::Window((prefix, name), who) => write!(f, "window {prefix} {name} {who}"),
            Self::Lock((prefix, name), client, identifier) => {
                write!(f, "lock {prefix} {name} {client} {identifier}")
            }
        }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "named {name}"),
            Self::User(user) => write!(f, "user {user}"),
        }
    }
}

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user {user}"),
            Self::Client(client) => write!(f, "client {client}"),
            Self::Named(name) => write!(f, "named {name}"),
            Self::NamedAt(client, name) => write!(f, "named-at {client} {name}"),
        }
    }
}
