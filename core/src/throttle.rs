//! Lock-out of guessing and flooding: who may try again, and when.
//!
//! Counters live in the memory of one process and have a bound there ([`Table`]). A guess takes its place in them before
//! any work is done for it, so that many at once count as well; it gives the place back when it was right, or when it was
//! never judged. Who finds only such places taken is told to come back in a second. Nothing here asks whether an account
//! exists: who guesses at nobody is told the same at the same time.
//!
//! | counted | setting | why |
//! | --- | --- | --- |
//! | wrong guesses of one client at one account | `login` | guessing one password |
//! | wrong guesses of one client | `login_client` | one password, many accounts |
//! | wrong guesses at one account from clients that never logged in to it | `login_account` | guessing from many addresses |
//!
//! A right guess forgets the first counter and no other: who has an account must not be able to clear what they did to
//! those of others. The third one cannot be used to lock an owner out of where they have logged in before, nor out of
//! what they do with a token: those guesses are counted by user number, apart from the logins.

mod attempt;
mod history;
mod lockout;
mod rate;
mod table;
mod window;

pub use attempt::Attempt;
pub use history::History;
pub use lockout::Lockout;
pub use rate::{NotARate, Rate};
pub use table::{Counter, Table};
pub use window::Window;

use std::{net::IpAddr, sync::Arc, time::Duration};

use attempt::Book;

use crate::{
    error::AuthError,
    identifier::Key,
    model::{Timestamp, UserId},
};

/// How much is permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThrottleOptions {
    /// Wrong passwords of one client for one account.
    pub login: Rate,
    /// Wrong passwords of one client.
    pub login_client: Rate,
    /// Wrong passwords for one account from clients that never logged in to it.
    pub login_account: Rate,
    /// Registrations of one client.
    pub registration: Rate,
    /// Mails to one address.
    pub mail: Rate,
    /// Mails that one client asks for.
    pub mail_client: Rate,
    /// Links of mails that one client shows and that do not hold.
    pub link: Rate,
}

/// A secret that a client may have guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess<'a> {
    /// The password of whomever this identifier names, as it was typed.
    Login(&'a str),
    /// The current password of a user who shows a valid credential as well.
    Password(UserId),
    /// The secret of a link that was mailed.
    Link,
}

/// What is permitted a few times, right or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// A new account.
    Registration,
    /// A mail to this address, known or not.
    Mail(&'a str),
}

/// What a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted<'a> {
    Pair(Target<'a>, IpAddr),
    Client(IpAddr),
    Account(Target<'a>),
    Link(IpAddr),
    Registration(IpAddr),
    Mail(&'a str),
    MailClient(IpAddr),
}

/// Whose secret is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Target<'a> {
    Named(&'a str),
    User(UserId),
}

/// The counters of a process. Cheap to clone.
#[derive(Clone)]
pub struct Throttle(Arc<Shared>);

struct Shared {
    /// `None` if nothing is limited but what a mount limits itself.
    options: Option<ThrottleOptions>,
    /// Of guesses at passwords: each place costs whoever takes it a hash, which the hashing lane bounds.
    guesses: Table,
    /// Who has logged in from where.
    known: Table,
    /// Of what costs a client next to nothing: it must not push out the others.
    requests: Table,
    /// Of the mounts' own limits.
    scopes: Table,
    /// Of the mounts' own limits in fixed windows.
    windows: Table<Window>,
    /// Of wrong guesses at forms that lock: what is cheap to make up must not push them out.
    locks: Table<Window>,
}

impl Shared {
    fn table(&self, book: Book) -> &Table {
        match book {
            Book::Guesses => &self.guesses,
            Book::Requests => &self.requests,
        }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Throttle").field(&self.0.options).finish()
    }
}

impl Throttle {
    /// Counters that all stand at zero; without options, guesses and requests are not limited.
    pub fn new(options: Option<ThrottleOptions>) -> Self {
        let [guesses, known, requests, scopes] = std::array::from_fn(|_| Table::new(Table::<History>::WORDS));
        let [windows, locks] = std::array::from_fn(|_| Table::new(Table::<Window>::WORDS));
        Self(Arc::new(Shared { options, guesses, known, requests, scopes, windows, locks }))
    }

    /// May `client` guess? To be asked before the work that judges the guess; its outcome goes to [`Attempt::settle`].
    ///
    /// # Errors
    /// [`AuthError::Throttled`].
    pub fn attempt(&self, guess: Guess<'_>, client: IpAddr, now: Timestamp) -> Result<Attempt, AuthError> {
        let Some(options) = &self.0.options else { return Ok(Attempt::new(self, Book::Guesses, now)) };
        let key = match guess {
            Guess::Login(identifier) => account(identifier),
            Guess::Password(_) | Guess::Link => String::new(),
        };
        let target = match guess {
            Guess::Login(_) => Target::Named(&key),
            Guess::Password(user) => Target::User(user),
            Guess::Link => return self.take(Book::Requests, &[(options.link, Counted::Link(client))], now),
        };
        let pair = Counted::Pair(target, client);
        let all = [
            (options.login, pair),
            (options.login_client, Counted::Client(client)),
            (options.login_account, Counted::Account(target)),
        ];
        let is_known = self.0.known.holds(self.0.known.key(&pair), now);
        let mut attempt = self.take(Book::Guesses, if is_known { &all[..2] } else { &all }, now)?;
        attempt.is_at_password(self.0.guesses.key(&pair), self.0.known.key(&pair));
        Ok(attempt)
    }

    /// Counts a request of `client`.
    ///
    /// # Errors
    /// [`AuthError::Throttled`].
    pub fn count(&self, request: Request<'_>, client: IpAddr, now: Timestamp) -> Result<(), AuthError> {
        let Some(options) = &self.0.options else { return Ok(()) };
        let taken = match request {
            Request::Registration => {
                self.take(Book::Requests, &[(options.registration, Counted::Registration(client))], now)
            }
            Request::Mail(address) => {
                let address = Key::email(address);
                let limits = [
                    (options.mail, Counted::Mail(address.as_str())),
                    (options.mail_client, Counted::MailClient(client)),
                ];
                self.take(Book::Requests, &limits, now)
            }
        };
        // Right or wrong: it is never settled.
        taken.map(drop)
    }

    /// Counts a request under a limit of a mount's own; `scope` and `who` are what is counted.
    ///
    /// # Errors
    /// How long it would have to wait.
    pub fn request(
        &self,
        rate: Rate,
        scope: (&str, &str),
        who: impl std::hash::Hash,
        now: Timestamp,
    ) -> Result<(), Duration> {
        self.0.scopes.take(rate, self.0.scopes.key(&(scope, who)), now)
    }

    /// Counts a request under a limit of a mount's own in a fixed window, as Laravel's `RateLimiter` does, and tells how
    /// many are left; `scope` and `who` are what is counted.
    ///
    /// # Errors
    /// How long it would have to wait, in whole seconds.
    pub fn hit(
        &self,
        rate: Rate,
        scope: (&str, &str),
        who: impl std::hash::Hash,
        now: Timestamp,
    ) -> Result<usize, Duration> {
        self.0.windows.hit(rate, self.0.windows.key(&(scope, who)), now)
    }

    /// May a form be tried that is locked after so many wrong guesses in a fixed window? `scope`, the identifier in any
    /// case and `client` are what is counted. To be asked before the work that judges the guess; its outcome goes to
    /// [`Lockout::settle`].
    ///
    /// # Errors
    /// [`AuthError::Throttled`].
    pub fn lock_out(
        &self,
        rate: Rate,
        scope: (&str, &str),
        (identifier, client): (&str, IpAddr),
        now: Timestamp,
    ) -> Result<Lockout, AuthError> {
        let locks = &self.0.locks;
        let key = locks.key(&(scope, account(identifier).to_lowercase(), client));
        match locks.enter(rate, key, now) {
            Ok(()) => Ok(Lockout::new(self, rate, key, now)),
            Err(retry_after) => Err(AuthError::Throttled { retry_after }),
        }
    }

    /// Forgets what is over, and gives its memory back; to be called every minute or so.
    pub fn sweep(&self, now: Timestamp) {
        let Shared { guesses, known, requests, scopes, windows, locks, .. } = &*self.0;
        for table in [guesses, known, requests, scopes] {
            table.sweep(now);
        }
        for table in [windows, locks] {
            table.sweep(now);
        }
    }

    /// Takes a place under each of these limits, or under none.
    fn take(&self, book: Book, limits: &[(Rate, Counted<'_>)], now: Timestamp) -> Result<Attempt, AuthError> {
        let table = self.0.table(book);
        let mut attempt = Attempt::new(self, book, now);
        let mut longest = None;
        for (rate, counted) in limits {
            let key = table.key(counted);
            match table.enter(*rate, key, now) {
                Ok(()) => attempt.take(*rate, key),
                Err(wait) => longest = longest.max(Some(wait)),
            }
        }
        let Some(retry_after) = longest else { return Ok(attempt) };
        attempt.withdraw();
        Err(AuthError::Throttled { retry_after })
    }
}

/// The one form of an identifier that is counted, in whatever spelling it comes. What nobody can have is counted as one.
fn account(identifier: &str) -> String {
    if Key::candidates(identifier).is_empty() { String::new() } else { Key::username(identifier).as_str().to_owned() }
}

#[cfg(test)]
mod tests;
