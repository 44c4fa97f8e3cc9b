//! Lock-out of guessing and flooding: who may try again, and when.
//!
//! Counters live in the memory of one process and have a bound there ([`Table`]), or in a store that several processes share
//! ([`CounterStore`]); they are the same and say the same. A guess takes its place in them before any work is done for it, so that many at once count as well; it gives the place back when it was right, or when it was
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

mod asked;
mod attempt;
mod coarse;
mod history;
mod kind;
mod ledger;
mod lockout;
mod named;
mod owed;
mod places;
mod rate;
mod rows;
mod shared_clock;
mod table;
mod window;

pub use asked::{Asked, Otherwise, Question};
pub use attempt::{Attempt, Verdict};
pub use history::History;
pub use kind::CounterKind;
pub use lockout::Lockout;
pub use named::{Scope, Who};
pub use rate::{NotARate, Rate};
pub use rows::{CounterRow, CounterStore, Counters};
pub use table::{Counter, Table};
pub use window::Window;

use std::{net::IpAddr, sync::Arc};

use attempt::{Book, Own, Shared};
use ledger::{CounterKey, Ledger, Limit};
use named::{Counted, Target};
use places::Places;

use crate::{
    env::Clock,
    error::AuthError,
    identifier::Key,
    model::{Timestamp, UserId},
    seal::KeyRing,
    store::StoreResult,
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

/// The counters. Cheap to clone.
#[derive(Clone)]
pub struct Throttle {
    /// `None` if nothing is limited but what a mount limits itself.
    options: Option<Arc<ThrottleOptions>>,
    memory: Arc<Memory>,
    /// Where several processes count together.
    ledger: Option<Ledger>,
}

/// The counters of this process.
struct Memory {
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

impl Memory {
    fn new() -> Self {
        let [guesses, known, requests, scopes] = std::array::from_fn(|_| Table::new(Table::<History>::WORDS));
        let [windows, locks] = std::array::from_fn(|_| Table::new(Table::<Window>::WORDS));
        Self { guesses, known, requests, scopes, windows, locks }
    }

    fn table(&self, book: Book) -> &Table {
        match book {
            Book::Guesses => &self.guesses,
            Book::Requests => &self.requests,
        }
    }

    fn sweep(&self, now: Timestamp) {
        let Self { guesses, known, requests, scopes, windows, locks } = self;
        for table in [guesses, known, requests, scopes] {
            table.sweep(now);
        }
        for table in [windows, locks] {
            table.sweep(now);
        }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_shared = self.ledger.is_some();
        f.debug_struct("Throttle")
            .field("options", &self.options)
            .field("is_shared", &is_shared)
            .finish_non_exhaustive()
    }
}

impl Throttle {
    /// Counters of this process that all stand at zero; without options, guesses and requests are not limited.
    pub fn new(options: Option<ThrottleOptions>) -> Self {
        Self { options: options.map(Arc::new), memory: Arc::new(Memory::new()), ledger: None }
    }

    /// Counts in `store`, together with all processes that do, under keys that `ring` makes of what is counted. It counts by the
    /// store's clock; `clock` is the one whose steady moments this is told.
    #[must_use]
    pub fn shared(self, store: Arc<dyn CounterStore>, ring: &KeyRing, clock: Arc<dyn Clock>) -> Self {
        Self { ledger: Some(Ledger::new(store, ring, clock)), ..self }
    }

    /// Do several processes count together?
    pub fn is_shared(&self) -> bool {
        self.ledger.is_some()
    }

    /// Tells the store that counts what became of guesses while it failed; to be called every second or so, on a thread that may
    /// wait.
    ///
    /// # Errors
    /// Of that store; what is not told yet is told the next time.
    pub fn settle_owed(&self) -> StoreResult<()> {
        self.ledger.as_ref().map_or(Ok(()), Ledger::pay)
    }

    /// May `client` guess? To be asked before the work that judges the guess; its outcome goes to [`Attempt::settle`].
    ///
    /// It fails with [`AuthError::Throttled`], and where counters are shared with [`AuthError::Store`].
    pub fn attempt(&self, guess: Guess<'_>, client: IpAddr, now: Timestamp) -> Asked<Attempt> {
        let Some(options) = &self.options else { return Asked::Known(Ok(Attempt::free())) };
        let key = match guess {
            Guess::Login(identifier) => account(identifier),
            Guess::Password(_) | Guess::Link => String::new(),
        };
        let target = match guess {
            Guess::Login(_) => Target::Named(&key),
            Guess::Password(user) => Target::User(user),
            Guess::Link => {
                let limits = [(options.link, Counted::Link(client))];
                return match &self.ledger {
                    Some(ledger) => Self::take_shared(ledger, limits_of(ledger, &limits), None, now),
                    None => Asked::Known(self.take(Book::Requests, &limits, now).map(Attempt::own)),
                };
            }
        };
        let pair = Counted::Pair(target, client);
        let known = Counted::Known(target, client);
        let all = [
            (options.login, pair),
            (options.login_client, Counted::Client(client)),
            (options.login_account, Counted::Account(target)),
        ];
        if let Some(ledger) = &self.ledger {
            let mut limits = limits_of(ledger, &all);
            let pair = limits[0].key.clone();
            if let Some(account) = limits.last_mut() {
                // Of one client at this account: others may be known there.
                account.refuses.clone_from(&pair);
                account.is_for_strangers = true;
            }
            return Self::take_shared(ledger, limits, Some((pair, ledger.key(&known))), now);
        }
        let Memory { guesses, known: acquaintances, .. } = &*self.memory;
        let acquaintance = acquaintances.key(&known);
        let is_known = acquaintances.holds(acquaintance, now);
        let taken = self.take(Book::Guesses, if is_known { &all[..2] } else { &all }, now);
        Asked::Known(taken.map(|mut own| {
            own.is_at_password(guesses.key(&pair), acquaintance);
            Attempt::own(own)
        }))
    }

    /// Counts a request of `client`. It fails as [`Throttle::attempt`] does.
    pub fn count(&self, request: Request<'_>, client: IpAddr, now: Timestamp) -> Asked<()> {
        let Some(options) = &self.options else { return Asked::Known(Ok(())) };
        let address;
        let limits = match request {
            Request::Registration => vec![(options.registration, Counted::Registration(client))],
            Request::Mail(to) => {
                address = Key::email(to);
                vec![
                    (options.mail, Counted::Mail(address.as_str())),
                    (options.mail_client, Counted::MailClient(client)),
                ]
            }
        };
        let Some(ledger) = &self.ledger else {
            // Right or wrong: it is never settled.
            return Asked::Known(self.take(Book::Requests, &limits, now).map(drop));
        };
        let limits = limits_of(ledger, &limits);
        if let Some(retry_after) = refused::<History>(ledger, &limits, now) {
            return Asked::Known(Err(AuthError::Throttled { retry_after }));
        }
        let ledger = ledger.clone();
        Asked::question(move || ledger.enter::<History>(&limits, None, true, now).map(drop))
    }

    /// Counts a request under limits of a mount's own, each with what is counted; those that have a place count it,
    /// whatever the others say. It fails with the longest wait ([`AuthError::Throttled`]). While a store that counts fails,
    /// this process counts for itself; who waited for it fails with [`AuthError::Store`].
    pub fn request(&self, limits: &[(Rate, Scope<'_>, Who<'_>)], now: Timestamp) -> Asked<()> {
        let scopes = &self.memory.scopes;
        let own: Vec<_> =
            limits.iter().map(|(rate, scope, who)| (*rate, scopes.key(&Counted::Log(*scope, *who)))).collect();
        let count = move |memory: &Memory| {
            let waits = own.iter().filter_map(|(rate, key)| memory.scopes.note(*rate, *key, now).err());
            // Each of them is asked.
            let longest = waits.fold(None, |longest, wait| longest.max(Some(wait)));
            longest.map_or(Ok(()), |retry_after| Err(AuthError::Throttled { retry_after }))
        };
        let Some(ledger) = self.asked_ledger() else { return Asked::Known(count(&self.memory)) };
        let limits: Vec<_> =
            limits.iter().map(|(rate, scope, who)| ledger.limit(*rate, &Counted::Log(*scope, *who))).collect();
        let waits: Option<Vec<_>> = limits.iter().map(|limit| ledger.refusal::<History>(limit, now)).collect();
        if let Some(retry_after) = waits.and_then(|waits| waits.into_iter().max()) {
            return Asked::Known(Err(AuthError::Throttled { retry_after }));
        }
        let (asked, ledger, memory) = (ledger.clone(), ledger.clone(), Arc::clone(&self.memory));
        Asked::question(move || asked.note::<History>(&limits, now).map(drop)).or(move || {
            ledger.falls_silent();
            count(&memory)
        })
    }

    /// Counts a request under a limit of a mount's own in a fixed window, as Laravel's `RateLimiter` does, and tells how
    /// many are left; `scope` and `who` are what is counted. It fails with [`AuthError::Throttled`], in whole seconds. While a
    /// store that counts fails, this process counts for itself; who waited for it fails with [`AuthError::Store`].
    pub fn hit(&self, rate: Rate, scope: Scope<'_>, who: Who<'_>, now: Timestamp) -> Asked<usize> {
        let counted = Counted::Window(scope, who);
        let key = self.memory.windows.key(&counted);
        let count = move |memory: &Memory| {
            memory.windows.note(rate, key, now).map_err(|retry_after| AuthError::Throttled { retry_after })
        };
        let Some(ledger) = self.asked_ledger() else { return Asked::Known(count(&self.memory)) };
        let limits = [ledger.limit(rate, &counted)];
        if let Some(retry_after) = refused::<Window>(ledger, &limits, now) {
            return Asked::Known(Err(AuthError::Throttled { retry_after }));
        }
        let (asked, ledger, memory) = (ledger.clone(), ledger.clone(), Arc::clone(&self.memory));
        Asked::question(move || asked.note::<Window>(&limits, now)).or(move || {
            ledger.falls_silent();
            count(&memory)
        })
    }

    /// May a form be tried that is locked after so many wrong guesses in a fixed window? `scope`, the identifier in any
    /// case and `client` are what is counted. To be asked before the work that judges the guess; its outcome goes to
    /// [`Lockout::settle`]. It fails as [`Throttle::attempt`] does.
    pub fn lock_out(
        &self,
        rate: Rate,
        scope: Scope<'_>,
        (identifier, client): (&str, IpAddr),
        now: Timestamp,
    ) -> Asked<Lockout> {
        let identifier = account(identifier).to_lowercase();
        let counted = Counted::Lock(scope, client, &identifier);
        let Some(ledger) = &self.ledger else {
            let locks = &self.memory.locks;
            let key = locks.key(&counted);
            return Asked::Known(match locks.enter(rate, key, now) {
                Ok(()) => Ok(Lockout::own(&self.memory, rate, key, now)),
                Err(retry_after) => Err(AuthError::Throttled { retry_after }),
            });
        };
        let limits = [ledger.limit(rate, &counted)];
        if let Some(retry_after) = refused::<Window>(ledger, &limits, now) {
            return Asked::Known(Err(AuthError::Throttled { retry_after }));
        }
        let ledger = ledger.clone();
        Asked::question(move || {
            let taken = ledger.enter::<Window>(&limits, None, false, now)?;
            Ok(Lockout::shared(ledger, taken))
        })
    }

    /// Forgets what is over, and gives its memory back; to be called every minute or so, on a thread that may wait.
    ///
    /// # Errors
    /// Of a store that counts.
    pub fn sweep(&self, now: Timestamp) -> StoreResult<()> {
        self.memory.sweep(now);
        self.ledger.as_ref().map_or(Ok(()), |ledger| ledger.sweep(now))
    }

    /// Where is counted together, unless that was silent a moment ago.
    fn asked_ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref().filter(|ledger| !ledger.is_silent())
    }

    /// Takes a place under each of these limits, or under none.
    fn take(&self, book: Book, limits: &[(Rate, Counted<'_>)], now: Timestamp) -> Result<Own, AuthError> {
        let table = self.memory.table(book);
        let mut own = Own::new(&self.memory, book, now);
        let mut longest = None;
        for (rate, counted) in limits {
            let key = table.key(counted);
            match table.enter(*rate, key, now) {
                Ok(()) => own.take(*rate, key),
                Err(wait) => longest = longest.max(Some(wait)),
            }
        }
        let Some(retry_after) = longest else { return Ok(own) };
        own.withdraw();
        Err(AuthError::Throttled { retry_after })
    }

    /// The same in the store; with the keys of client and account, among the guesses and among the known.
    fn take_shared(
        ledger: &Ledger,
        limits: Vec<Limit>,
        pair: Option<(CounterKey, CounterKey)>,
        now: Timestamp,
    ) -> Asked<Attempt> {
        if let Some(retry_after) = refused::<History>(ledger, &limits, now) {
            return Asked::Known(Err(AuthError::Throttled { retry_after }));
        }
        let ledger = ledger.clone();
        Asked::question(move || {
            let known = pair.as_ref().map(|(_, known)| known);
            let taken = ledger.enter::<History>(&limits, known, false, now)?;
            Ok(Attempt::shared(Shared { ledger, taken, pair }))
        })
    }
}

fn limits_of(ledger: &Ledger, limits: &[(Rate, Counted<'_>)]) -> Vec<Limit> {
    limits.iter().map(|(rate, counted)| ledger.limit(*rate, counted)).collect()
}

/// The longest wait of those limits that refused a moment ago.
fn refused<P: Places>(ledger: &Ledger, limits: &[Limit], now: Timestamp) -> Option<std::time::Duration> {
    limits.iter().filter_map(|limit| ledger.refusal::<P>(limit, now)).max()
}

/// The one form of an identifier that is counted, in whatever spelling it comes. What nobody can have is counted as one.
fn account(identifier: &str) -> String {
    if Key::candidates(identifier).is_empty() { String::new() } else { Key::username(identifier).as_str().to_owned() }
}

#[cfg(test)]
mod tests;
