//! Time and randomness as arguments: the system's for a server, fixed ones for tests.

use std::{
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use chrono::{DateTime, TimeDelta};

use crate::model::Timestamp;

/// Tells the time of day.
pub trait Clock: Send + Sync {
    /// Now, UTC, cut to the microseconds that a database keeps.
    fn now(&self) -> Timestamp;

    /// The same for what counts within a span, such as a limit: it goes on evenly when the time of day is put forward or back, so that
    /// nobody is let in or locked out by that.
    fn steady(&self) -> Timestamp {
        self.now()
    }
}

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The characters of a Sanctum token, as Laravel's `Str::random` draws them.
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl dyn Random + '_ {
    /// `N` bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// `length` characters of `A–Z a–z 0–9`, each as likely as the others.
    pub fn alphanumeric(&self, length: usize) -> String {
        // 248 is the largest multiple of 62 that a byte holds: what is above it is drawn again.
        const FAIR: u8 = 248;
        let mut text = String::with_capacity(length);
        while text.len() < length {
            for byte in self.bytes::<64>() {
                if byte < FAIR && text.len() < length {
                    text.push(char::from(ALPHANUMERIC[usize::from(byte % 62)]));
                }
            }
        }
        text
    }

    /// A random (version 4) UUID.
    pub fn uuid(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        DateTime::from_timestamp(seconds, since.subsec_micros() * 1_000).unwrap_or_default()
    }

    /// What the time of day was when this was asked first, and what has passed since.
    fn steady(&self) -> Timestamp {
        static BEGAN: OnceLock<(Timestamp, Instant)> = OnceLock::new();
        let (day, began) = BEGAN.get_or_init(|| (self.now(), Instant::now()));
        TimeDelta::from_std(began.elapsed()).ok().and_then(|passed| day.checked_add_signed(passed)).unwrap_or(*day)
    }
}

/// The operating system's generator, through a thread-local `ChaCha` stream that it seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::Rng::fill_bytes(&mut rand::rng(), bytes);
    }
}

/// A clock that a test moves by hand.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.timestamp_micros()))
    }

    /// Moves on (or back) by `delta`.
    pub fn advance(&self, delta: TimeDelta) {
        self.0.fetch_add(delta.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// Randomness that counts its draws: the same sequence in every run, so that a test can state exact tokens.
#[derive(Debug, Default)]
pub struct CountedRandom {
    draws: AtomicU64,
    lock: Mutex<()>,
}

impl Random for CountedRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let _whole = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            let draw = self.draws.fetch_add(1, Ordering::SeqCst);
            let block = crate::secret::Digest::of(&draw.to_be_bytes());
            chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_comes_and_no_other() {
        let random: &dyn Random = &SystemRandom;
        let text = random.alphanumeric(20_000);
        assert_eq!(text.len(), 20_000);
        for expected in ALPHANUMERIC {
            assert!(text.bytes().any(|found| found == *expected));
        }
        assert!(text.bytes().all(|found| found.is_ascii_alphanumeric()));
    }

    #[test]
    fn counted_randomness_repeats() {
        let draw = || -> String { (&CountedRandom::default() as &dyn Random).alphanumeric(40) };
        assert_eq!(draw(), draw());
    }
}
