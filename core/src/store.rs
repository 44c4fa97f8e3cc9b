//! The two ports: what a database must promise. One method is one transaction, unless it says otherwise; absent is
//! `Ok(None)`; `Err` is trouble.
//!
//! Every method fails with [`StoreError`] alone, and only for trouble with the database.
//!
//! The ports share nothing but user numbers: a host that has its own users table implements [`UserStore`] alone and keeps
//! the token store of the server. Core changes the user side first and revokes then; a login reads the generation first
//! and the password then. Whatever happens in between, a login that saw the old user cannot be stored after the
//! revocation, and one that was stored before is revoked by it.
//!
//! A database that holds both implements [`HolderStore`] as well, which asks for a token and its user at once.

#![expect(clippy::missing_errors_doc, reason = "the module says once what every method fails with")]

mod holders;

use std::{fmt, sync::Arc};

use uuid::Uuid;

use crate::{
    identifier::{Key, Taken},
    model::{
        Account, Mandate, NewToken, NewUser, Objection, OldReset, Step, Timestamp, Token, TokenId, TokenKind, User,
        UserChange, UserId,
    },
    password::EncodedPassword,
    secret::Digest,
};

pub use holders::{Held, HolderStore, Stores, TokenKey};

/// Trouble with the database: down, full, overloaded. Adapters answer 503 with Retry-After, never 401.
#[derive(Debug, Clone)]
pub struct StoreError {
    /// The cause, for the log only.
    source: Arc<dyn std::error::Error + Send + Sync>,
    is_undone: bool,
}

impl StoreError {
    /// Wraps what the driver said. What was asked for may have been done all the same: a connection can break off between a
    /// commit and its answer.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Arc::from(source.into()), is_undone: false }
    }

    /// The same where nothing of what was asked for is done, nor will be; of what is done in many transactions, such as
    /// [`TokenStore::prune`], nothing of the one that failed.
    pub fn undone(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { is_undone: true, ..Self::new(source) }
    }

    /// Is it certain that nothing was done?
    pub fn is_undone(&self) -> bool {
        self.is_undone
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store unavailable: {}", self.source)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// What every method of a port returns.
pub type StoreResult<T> = Result<T, StoreError>;

/// The connections of a store to its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Open ones.
    pub open: u32,
    /// Open ones that nobody uses.
    pub idle: u32,
    /// The most that may be open.
    pub most: u32,
}

/// Which tokens a revocation takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoke {
    /// Every token, session and login of the user.
    Everything,
    /// Everything of one kind.
    Kind(TokenKind),
    /// This row.
    One(TokenId),
    /// None; but what is being issued at this moment is not stored any more.
    Nothing,
}

/// An entry of the log of revocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Its place in the log; numbers have no gaps.
    pub number: i64,
    /// Of whom something was revoked.
    pub user: UserId,
    /// When; it tells an entry from another with the same number, and orders nothing.
    pub at: Timestamp,
}

/// What a store knows of a user who came from a Django.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// When everything of theirs was ended here last: nothing counts any more that another server signed until then.
    pub ended_at: Option<Timestamp>,
}

/// A refresh token of another server that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It became a login.
    Adopted,
    /// That server had taken it back.
    Blacklisted,
}

/// What came of [`TokenStore::adopt_token`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopted {
    /// The login that it is from now on.
    Login(Box<Token>),
    /// It was noted before.
    Known,
    /// The user has another generation by now.
    Outdated,
}

/// Users, their identifiers and their passwords. It knows no tokens.
pub trait UserStore: Send + Sync {
    /// This store for look-ups that answer at once, on the thread that asks: they wait neither for a connection nor for a
    /// lock nor for a network, and what cannot be answered so is an `Err`, upon which [`Auth`](crate::Auth) asks again in the
    /// usual way. Asked once, at the start; `None` where every look-up may have to wait.
    fn at_once(&self) -> Option<Arc<dyn UserStore>> {
        None
    }

    /// The user with this number.
    fn user(&self, id: UserId) -> StoreResult<Option<User>>;

    /// The user with this UUID.
    fn user_by_uuid(&self, uuid: Uuid) -> StoreResult<Option<User>>;

    /// The account that holds one of these identifier keys; the first key that is held wins.
    fn account(&self, keys: &[Key]) -> StoreResult<Option<Account>>;

    /// Up to `limit` accounts whose address is exactly this text, in the order of their numbers. Several users may have
    /// the same; the identifiers know the first alone.
    fn accounts_by_email(&self, address: &str, limit: u32) -> StoreResult<Vec<Account>>;

    /// The stored hash of a user; `Ok(None)` if there is none, or no such user.
    fn password(&self, id: UserId) -> StoreResult<Option<EncodedPassword>>;

    /// Up to `limit` stored hashes of users with a number above `after`, in the order of their numbers.
    fn passwords(&self, after: UserId, limit: u32) -> StoreResult<Vec<(UserId, EncodedPassword)>>;

    /// What an old Laravel kept of a link to a new password for this user. A host that imports nothing has none.
    fn old_reset(&self, id: UserId) -> StoreResult<Option<OldReset>> {
        let _ = id;
        Ok(None)
    }

    /// Creates a user with its identifiers, all or nothing. A number is never given twice.
    ///
    /// `Ok(Err(taken))` names the required identifiers that somebody else holds; an optional one that is held is left
    /// out without a word.
    fn create_user(&self, new: &NewUser) -> StoreResult<Result<User, Taken>>;

    /// [`UserStore::create_user`] on the word of an administrator: `Ok(None)`, and nothing is written, if `by` is none at
    /// that moment.
    fn create_user_by(&self, by: UserId, new: &NewUser) -> StoreResult<Option<Result<User, Taken>>>;

    /// Up to `limit` users with a number above `after`, in the order of their numbers.
    fn users(&self, after: UserId, limit: u32) -> StoreResult<Vec<User>>;

    /// Applies the change and returns the user as it is then. `Ok(None)`, and nothing is written, if there is no such
    /// user or the change's own condition does not hold.
    fn change_user(&self, id: UserId, change: &UserChange, now: Timestamp) -> StoreResult<Option<User>>;

    /// Deletes the user with its identifiers. `Ok(false)` if there is none.
    fn delete_user(&self, id: UserId) -> StoreResult<bool>;

    /// Takes a step while the mandate holds and, unless it is the owner's, an administrator stays one; returns the user as
    /// it is then (as it was, if deleted). Steps that meet are taken one after the other: of two administrators who demote
    /// one another one does, and of the last two one stays.
    fn administer(
        &self,
        mandate: Mandate,
        id: UserId,
        step: &Step,
        now: Timestamp,
    ) -> StoreResult<Result<User, Objection>>;
}

/// Tokens, sessions, logins, and the log of revocations that other processes read. It knows users by number only, so
/// that they may live elsewhere.
///
/// Each user has a *generation* here, which begins at 0 and is raised by every revocation. A token is stored only while
/// its user still has the generation that was read before the proof (password, token) was checked: what is being issued
/// while something is revoked is not stored.
pub trait TokenStore: Send + Sync {
    /// As [`UserStore::at_once`].
    fn at_once(&self) -> Option<Arc<dyn TokenStore>> {
        None
    }

    /// Its connections, for whoever watches the server.
    fn connections(&self) -> Option<Connections> {
        None
    }

    /// The generation of a user; 0 if nothing is known of them.
    fn generation(&self, user: UserId) -> StoreResult<i64>;

    /// Stores a token while the user still has `new.generation`; `Ok(None)` otherwise. `new.slot` is ignored here.
    fn insert_token(&self, new: &NewToken) -> StoreResult<Option<Token>>;

    /// The live token in `new.slot`, or `new` stored there; under any number of concurrent callers all get the same
    /// row. An expired row in the slot is replaced. `Ok(None)` as in [`TokenStore::insert_token`].
    fn find_or_create_token(&self, new: &NewToken) -> StoreResult<Option<Token>>;

    /// Deletes what is in `new.slot` (and, if `sweep`, every other token of the user and of `new.kind`), stores `new`
    /// there and logs the revocation; the generation stays. `Ok(None)` as in [`TokenStore::insert_token`].
    fn replace_token(&self, new: &NewToken, sweep: bool) -> StoreResult<Option<Token>>;

    /// The token with this number.
    fn token(&self, id: TokenId) -> StoreResult<Option<Token>>;

    /// The token of this kind with this digest.
    fn token_by_digest(&self, kind: TokenKind, digest: &Digest) -> StoreResult<Option<Token>>;

    /// The token of this kind in this family.
    fn token_by_family(&self, kind: TokenKind, family: &str) -> StoreResult<Option<Token>>;

    /// All tokens of a user, in the order of their numbers; of one kind, if given.
    fn tokens_of(&self, user: UserId, kind: Option<TokenKind>) -> StoreResult<Vec<Token>>;

    /// What is known of a user who came from a Django, by the record of this source of imports if one is named; `Ok(None)`
    /// for everybody else, whatever their number is.
    fn origin(&self, user: UserId, source: Option<&str>) -> StoreResult<Option<Origin>>;

    /// What was noted of a refresh token that another server signed.
    fn noted(&self, digest: &Digest) -> StoreResult<Option<Noted>>;

    /// Stores the login that such a refresh token becomes, once in its life: it is noted by `new.digest` until
    /// then at least.
    fn adopt_token(&self, new: &NewToken, until: Timestamp) -> StoreResult<Adopted>;

    /// Counts one exchange of a login's refresh token, if there were `from` of them until now, and sets the moment and the
    /// login's end. Of several who do so at once for the same `from` one is told `Ok(true)`; the others, and whoever
    /// comes after the login's end, `Ok(false)`.
    fn rotate_token(&self, id: TokenId, from: i64, now: Timestamp, expires_at: Timestamp) -> StoreResult<bool>;

    /// Is there a token whose slot begins with `prefix`, some letters and a colon? By index, whatever else there is.
    fn has_slots(&self, prefix: &str) -> StoreResult<bool>;

    /// Puts the end of a token off, if it is `from` until now. Of several who do so at once one is told `Ok(true)`.
    fn extend_token(&self, id: TokenId, from: Timestamp, to: Timestamp) -> StoreResult<bool>;

    /// Deletes one row, if it is `owner`'s (anybody's with `None`), raises the generation and logs the revocation.
    /// Returns whose it was; `Ok(None)`, and nothing is written, if there was no such row.
    fn revoke_token(&self, id: TokenId, owner: Option<UserId>, now: Timestamp) -> StoreResult<Option<UserId>>;

    /// Raises the generation, deletes tokens of a user and logs the revocation, also if there was nothing to delete;
    /// returns how many went. If logins of the JWT pair are among them, `now` is noted as [`Origin::ended_at`], unless a
    /// later moment is.
    fn revoke_tokens(&self, user: UserId, revoke: Revoke, now: Timestamp) -> StoreResult<usize>;

    /// Writes the moments of last use; rows that are gone are passed over, and a later moment is never replaced by an
    /// earlier one.
    fn touch_tokens(&self, uses: &[(TokenId, Timestamp)]) -> StoreResult<()>;

    /// Deletes rows that ended before `now`, what was noted until before, what an old Laravel kept of links for more than a day,
    /// and revocations older than `revocations_before` but never the newest one, in as many transactions as it takes; returns
    /// how many tokens went.
    fn prune(&self, now: Timestamp, revocations_before: Timestamp) -> StoreResult<usize>;

    /// The first of the log's entries from the number `from` on, in the order of their numbers; how many at a time is the store's
    /// choice, but two if there are two. Numbers follow the order of commits: whoever
    /// has read up to one misses nothing by reading on from it, as long as that one is still the entry that was read: a replica
    /// that took over without the last transactions, or an older copy, deals the same numbers out again.
    fn revocations_from(&self, from: i64) -> StoreResult<Vec<Revocation>>;

    /// The entries with a number above `after`: (number, user).
    fn revocations(&self, after: i64) -> StoreResult<Vec<(i64, UserId)>> {
        let entries = self.revocations_from(after.saturating_add(1))?;
        Ok(entries.into_iter().map(|entry| (entry.number, entry.user)).collect())
    }

    /// The highest number that the log has ever had, 0 for none; numbers have no gaps.
    fn last_revocation(&self) -> StoreResult<i64>;

    /// Asks the database for a sign of life.
    fn ping(&self) -> StoreResult<()>;
}
