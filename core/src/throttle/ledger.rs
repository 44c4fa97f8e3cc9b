//! The counters that several processes share, in their store.
//!
//! They are the same counters as in memory, written as text. What changes is read and written in one transaction, which
//! holds the rows of its keys; a guess that is being judged has its place there too, and one that nobody judged within a
//! minute, because its process is gone, was wrong. The keys are a MAC under the ring's oldest key: the table names
//! nobody. Where that key is taken away, everybody begins anew.
//!
//! Moments are those of the store's clock ([`SharedClock`]).
//!
//! Who was refused is refused again without the store for a second, so that a flood of them costs it nothing.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta};

use super::{
    CounterKind, Rate,
    history::History,
    named::Counted,
    owed::{Debt, Owed, Owing},
    places::{Entered, JUDGED, Places},
    rows::{CounterRow, CounterStore, Counters},
    shared_clock::SharedClock,
    table::{Counter, Table},
    window::Window,
};
use crate::{
    deadline,
    env::Clock,
    error::AuthError,
    model::Timestamp,
    seal::{KeyRing, hmac},
    store::{StoreError, StoreResult},
};

/// How long the store is not asked again about who was refused, at most.
const REFUSED: TimeDelta = TimeDelta::seconds(1);
/// The same for who was refused because others are being judged.
const JUDGING: TimeDelta = TimeDelta::milliseconds(250);
/// How long a store that failed is not asked what may be counted without it.
const SILENT: Duration = Duration::from_secs(1);
/// The same while one asks whether it answers again: longer than anybody waits for it.
const PROBED: Duration = Duration::from_secs(5);
/// What the refusals of a process may take, in words: four megabytes.
const REFUSALS: usize = 512 * 1_024;
/// Bytes of a key; they are written in hex.
const KEY_BYTES: usize = 16;

/// The counters of a store. Cheap to clone.
#[derive(Clone)]
pub(super) struct Ledger(Arc<Inner>);

struct Inner {
    store: Arc<dyn CounterStore>,
    key: [u8; 32],
    clock: SharedClock,
    refused: Table<Refusal>,
    owed: Owed,
    /// Numbers of guesses, by which no two of all processes are alike.
    tags: RandomState,
    drawn: AtomicU64,
    started: Instant,
    /// Until when the store is taken to be silent, in nanoseconds since the start; 0 while it answers.
    silent_until: AtomicU64,
}

/// Where a counter is: its row, and its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CounterKey {
    kind: CounterKind,
    id: String,
}

/// A limit and its key.
pub(super) struct Limit {
    pub(super) rate: Rate,
    pub(super) key: CounterKey,
    /// Under which key it is remembered that it refused.
    pub(super) refuses: CounterKey,
    /// Does it hold for strangers alone?
    pub(super) is_for_strangers: bool,
}

/// Places that a guess has taken.
pub(super) struct Taken {
    pub(super) places: Vec<(Rate, CounterKey)>,
    /// When, by the store's clock.
    pub(super) entered: Entered,
}

/// What becomes of places.
pub(super) struct Outcome {
    pub(super) taken: Taken,
    pub(super) is_wrong: bool,
    /// What is forgotten.
    pub(super) cleared: Option<CounterKey>,
    /// What is noted in any case.
    pub(super) renewed: Option<(Rate, CounterKey)>,
}

impl Ledger {
    pub(super) fn new(store: Arc<dyn CounterStore>, ring: &KeyRing, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            store,
            key: ring.derive("throttle").pop().unwrap_or_default(),
            clock: SharedClock::new(clock),
            refused: Table::new(REFUSALS),
            owed: Owed::default(),
            tags: RandomState::new(),
            drawn: AtomicU64::new(0),
            started: Instant::now(),
            silent_until: AtomicU64::new(0),
        }))
    }

    /// Has the store failed a moment ago? Of those who come when the moment is over, one is told no and asks it.
    pub(super) fn is_silent(&self) -> bool {
        let until = self.0.silent_until.load(Ordering::Relaxed);
        let now = self.nanos(Duration::ZERO);
        until > 0 && (now < until || !self.exchange(until, self.nanos(PROBED)))
    }

    /// It has just failed.
    pub(super) fn falls_silent(&self) {
        self.0.silent_until.store(self.nanos(SILENT), Ordering::Relaxed);
    }

    /// It has just answered.
    fn speaks(&self) {
        if self.0.silent_until.load(Ordering::Relaxed) > 0 {
            self.0.silent_until.store(0, Ordering::Relaxed);
        }
    }

    fn exchange(&self, from: u64, to: u64) -> bool {
        self.0.silent_until.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The moment after this time, in nanoseconds since the start.
    fn nanos(&self, time: Duration) -> u64 {
        u64::try_from((self.0.started.elapsed() + time).as_nanos()).unwrap_or(u64::MAX)
    }

    /// The key of `counted`, the same in every process.
    pub(super) fn key(&self, counted: &Counted<'_>) -> CounterKey {
        let id = hex::encode(&hmac(&self.0.key, counted.to_string().as_bytes())[..KEY_BYTES]);
        CounterKey { kind: counted.kind(), id }
    }

    /// A limit under its own key.
    pub(super) fn limit(&self, rate: Rate, counted: &Counted<'_>) -> Limit {
        let key = self.key(counted);
        Limit { rate, refuses: key.clone(), key, is_for_strangers: false }
    }

    /// Was one of these refused a moment ago? Then how long it has to wait.
    pub(super) fn refusal<P: Places>(&self, limit: &Limit, now: Timestamp) -> Option<Duration> {
        let (refused, clock) = (&self.0.refused, P::clock(self.0.clock.at(now)));
        // One that is further ahead was made before the store's clock was put back.
        let longest = REFUSED.num_microseconds().unwrap_or_default();
        let holds = |refusal: &Refusal| (1..=longest).contains(&refusal.asked_again.saturating_sub(clock));
        let look = |refusal: &Refusal| holds(refusal).then(|| micros(refusal.until - clock));
        refused.look(refused.key(&limit.refuses.id), look)?
    }

    /// Takes a place under each of these limits, or under none; for good, or until [`Ledger::leave`]. Whom `known` knows is
    /// no stranger.
    pub(super) fn enter<P: Places>(
        &self,
        limits: &[Limit],
        known: Option<&CounterKey>,
        is_for_good: bool,
        now: Timestamp,
    ) -> Result<Taken, AuthError> {
        let now = self.0.clock.ask(self.0.store.as_ref(), now)?;
        let entered = Entered { at: now, tag: self.draw() };
        let keys = limits.iter().map(|limit| &limit.key).chain(known);
        let mut outcome = Ok(Vec::new());
        let edited = self.edit(keys, |rows| {
            let is_known = known.is_some_and(|key| !read::<History>(rows, key).is_over(now));
            let held: Vec<&Limit> = limits.iter().filter(|limit| !(is_known && limit.is_for_strangers)).collect();
            let (mut waits, mut entries) = (Vec::new(), Vec::new());
            for limit in &held {
                let mut places = aligned::<P>(rows, limit, now);
                match places.enter(limit.rate, entered) {
                    Ok(()) if is_for_good => places.leave(limit.rate, entered, true),
                    Ok(()) => {}
                    Err(wait) => waits.push((limit.refuses.clone(), wait)),
                }
                entries.push((&limit.key, places));
            }
            outcome = if waits.is_empty() {
                for (key, places) in entries {
                    write(rows, key, &places);
                }
                Ok(held.iter().map(|limit| (limit.rate, limit.key.clone())).collect())
            } else {
                Err(waits)
            };
        });
        let places = |limits: &[Limit]| limits.iter().map(|limit| (limit.rate, limit.key.clone())).collect();
        if let Err(error) = edited {
            if !is_for_good && !error.is_undone() {
                // Perhaps it was done and nobody could say so.
                self.owe(Owing::Unsure(places(limits), entered).into());
            }
            return Err(error.into());
        }
        let taken = outcome.map_err(|waits| self.refuse::<P>(&waits, now))?;
        if !is_for_good && deadline::end().is_some_and(|end| Instant::now() >= end) {
            // The client has its answer, and nothing will be judged.
            self.owe(Owing::Unsure(taken, entered).into());
            return Err(AuthError::Store(StoreError::new("the store counted too late")));
        }
        Ok(Taken { places: taken, entered })
    }

    /// Takes a place for good under each of these limits that has one, and says how many are left under the last.
    pub(super) fn note<P: Places>(&self, limits: &[Limit], now: Timestamp) -> Result<usize, AuthError> {
        let now = self.0.clock.ask(self.0.store.as_ref(), now)?;
        let (mut left, mut waits) = (0, Vec::new());
        self.edit(limits.iter().map(|limit| &limit.key), |rows| {
            waits.clear();
            for limit in limits {
                let mut places = aligned::<P>(rows, limit, now);
                match places.note(limit.rate, now) {
                    Ok(rest) => {
                        left = rest;
                        write(rows, &limit.key, &places);
                    }
                    Err(wait) => waits.push((limit.refuses.clone(), wait)),
                }
            }
        })?;
        if waits.is_empty() { Ok(left) } else { Err(self.refuse::<P>(&waits, now)) }
    }

    /// Gives places back, or notes them. What `may_be_done` is done only as long as the guess has a place: one that lapsed
    /// meanwhile stays wrong. Whom it makes known may be noted twice.
    pub(super) fn leave<P: Places>(&self, outcome: &Outcome, may_be_done: bool) -> StoreResult<()> {
        let Outcome { taken: Taken { places: taken, entered }, is_wrong, cleared, renewed } = outcome;
        let keys = taken.iter().chain(renewed).map(|(_, key)| key);
        self.edit(keys, |rows| {
            let is_done = may_be_done && !taken.iter().any(|(_, key)| read::<P>(rows, key).is_judging(*entered));
            for (rate, key) in taken.iter().filter(|_| !is_done) {
                let mut places: P = read(rows, key);
                places.leave(*rate, *entered, *is_wrong);
                if cleared.as_ref() == Some(key) {
                    places.clear();
                }
                write(rows, key, &places);
            }
            if let Some((rate, key)) = renewed {
                let mut history: History = read(rows, key);
                history.renew(*rate, entered.at);
                write(rows, key, &history);
            }
        })
    }

    /// Gives places back of a guess that may have entered or not. They are logs and windows alike.
    pub(super) fn withdraw(&self, places: &[(Rate, CounterKey)], entered: Entered) -> StoreResult<()> {
        self.edit(places.iter().map(|(_, key)| key), |rows| {
            for (_, key) in places {
                let is_window = matches!(key.kind, CounterKind::Windows | CounterKind::Locks);
                if is_window { withdraw::<Window>(rows, key, entered) } else { withdraw::<History>(rows, key, entered) }
            }
        })
    }

    /// Has the store told later what could not be told now.
    pub(super) fn owe(&self, debt: Debt) {
        self.0.owed.add(debt);
    }

    /// Tells the store what it could not be told before.
    pub(super) fn pay(&self) -> StoreResult<()> {
        self.0.owed.pay(self)
    }

    /// Forgets what is over, and what is too much.
    pub(super) fn sweep(&self, now: Timestamp) -> StoreResult<()> {
        self.0.refused.sweep(self.0.clock.at(now));
        let now = self.0.clock.ask(self.0.store.as_ref(), now)?;
        self.0.store.sweep(now, &CounterKind::ALL.map(|kind| (kind, kind.most())))
    }

    /// A number for a guess, never 0.
    fn draw(&self) -> u32 {
        let drawn = self.0.tags.hash_one(self.0.drawn.fetch_add(1, Ordering::Relaxed));
        u32::try_from(drawn >> 32).unwrap_or_default().max(1)
    }

    fn edit<'a>(
        &self,
        keys: impl Iterator<Item = &'a CounterKey>,
        mut edit: impl FnMut(&mut Counters),
    ) -> StoreResult<()> {
        // In one order everywhere, so that two that meet wait for each other.
        let keys: Vec<&str> = keys.map(|key| key.id.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        self.0.store.edit(&keys, &mut edit)?;
        self.speaks();
        Ok(())
    }

    /// Remembers the refusals for a moment, and says the longest wait.
    fn refuse<P: Places>(&self, waits: &[(CounterKey, Duration)], now: Timestamp) -> AuthError {
        let (refused, clock) = (&self.0.refused, P::clock(now));
        for (key, wait) in waits {
            let again = if *wait == JUDGED { JUDGING } else { REFUSED };
            let until = clock.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
            let again = clock.saturating_add(again.num_microseconds().unwrap_or_default());
            let refusal = Refusal { until, asked_again: again.min(until) };
            refused.edit(refused.key(&key.id), now, |held| *held = refusal);
        }
        let retry_after = waits.iter().map(|(_, wait)| *wait).max().unwrap_or_default();
        AuthError::Throttled { retry_after }
    }
}

fn read<P: Places>(rows: &Counters, key: &CounterKey) -> P {
    rows.state(&key.id).map(P::read).unwrap_or_default()
}

/// The places of a limit. What is noted further ahead than clocks may differ is of now, and stays so.
fn aligned<P: Places>(rows: &mut Counters, limit: &Limit, now: Timestamp) -> P {
    let mut places: P = read(rows, &limit.key);
    if places.align(limit.rate, now) {
        write(rows, &limit.key, &places);
    }
    places
}

fn withdraw<P: Places>(rows: &mut Counters, key: &CounterKey, entered: Entered) {
    let mut places: P = read(rows, key);
    if places.withdraw(entered) {
        write(rows, key, &places);
    }
}

fn write<P: Places>(rows: &mut Counters, key: &CounterKey, places: &P) {
    let ends_at = DateTime::from_timestamp_micros(places.passes().max(0)).unwrap_or_default();
    let weight = i32::try_from(places.weight()).unwrap_or(i32::MAX);
    rows.set(&key.id, CounterRow { kind: key.kind, state: places.write(), weight, ends_at });
}

fn micros(wait: i64) -> Duration {
    Duration::from_micros(wait.unsigned_abs())
}

/// Until when somebody has to wait, and until when that is not asked again; in microseconds.
#[derive(Default)]
struct Refusal {
    until: i64,
    asked_again: i64,
}

impl Counter for Refusal {
    /// Key and refusal are three words; a map that has just grown has room for more than twice as many as it holds.
    const OVERHEAD: usize = 8;

    fn words(&self) -> usize {
        0
    }

    fn weight(&self) -> usize {
        usize::from(self.asked_again != 0)
    }

    fn end(&self) -> i64 {
        self.asked_again
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.asked_again <= now.timestamp_micros()
    }
}
