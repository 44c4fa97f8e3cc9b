//! Counters that many threads raise without meeting: each has a line of the processor's cache to itself, and whoever wants
//! the number adds them up.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A power of two. Threads beyond share a lane, which costs them a little and loses nothing.
const LANES: usize = 16;

/// Two cache lines, because processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane(AtomicU64);

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter([Lane; LANES]);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.0[lane()].0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many until now, over all threads.
    pub fn get(&self) -> u64 {
        self.0.iter().map(|lane| lane.0.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }
}

/// The lane of this thread.
fn lane() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % LANES;
    }
    MINE.try_with(|mine| *mine).unwrap_or(0)
}

/// What became of the questions that core was asked.
#[derive(Debug, Default)]
pub struct Counts {
    /// Verifications that the cache knew.
    pub cached: Counter,
    /// Verifications that the store was asked for, and that speak for somebody.
    pub asked: Counter,
    /// Verifications of what speaks for nobody.
    pub refused: Counter,
    /// Verifications that the store failed at.
    pub failed: Counter,
    /// Logins with the right password.
    pub logins_accepted: Counter,
    /// Logins without.
    pub logins_refused: Counter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_threads_count_adds_up() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| (0..1_000).for_each(|_| counter.add()));
            }
        });
        assert_eq!(counter.get(), 20_000);
    }
}
