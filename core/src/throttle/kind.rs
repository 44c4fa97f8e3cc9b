//! The kinds of shared counters: each has a bound of its own in the store, as each has a table of its own in memory.

/// What a shared counter is of. Of one kind are those that cost whoever makes them up about as much: what is cheap must not
/// push out what is dear, nor what lives for a month what lives for a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterKind {
    /// Guesses at passwords.
    Guesses,
    /// Who has logged in from where.
    Known,
    /// Registrations, mails and links.
    Requests,
    /// The mounts' own limits.
    Scopes,
    /// The mounts' own limits in fixed windows.
    Windows,
    /// Forms that lock.
    Locks,
}

impl CounterKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Guesses, Self::Known, Self::Requests, Self::Scopes, Self::Windows, Self::Locks];

    /// Its number in a table, which no other will ever have.
    pub const fn number(self) -> i16 {
        match self {
            Self::Guesses => 1,
            Self::Known => 2,
            Self::Requests => 3,
            Self::Scopes => 4,
            Self::Windows => 5,
            Self::Locks => 6,
        }
    }

    /// How many of them are kept; beyond that go those that say least. A row has some hundred bytes, that of a
    /// long sliding limit up to 6 KB.
    ///
    /// There is one of [`CounterKind::Known`] for each client of each account, and it lives for a month; what made it was a
    /// right password.
    pub const fn most(self) -> usize {
        match self {
            Self::Known => 1_000_000,
            Self::Guesses | Self::Requests | Self::Scopes | Self::Windows | Self::Locks => 250_000,
        }
    }
}
