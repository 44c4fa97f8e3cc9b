//! What a job of the lane costs: a mean over the jobs that hashed, never below a measured native hash.

use std::time::{Duration, Instant};

use super::NativeHash;

/// What a hash is taken to cost before one was measured: argon2id with 19 MiB and two passes.
const FIRST_GUESS: Duration = Duration::from_millis(15);
/// The weight of the newest measurement is one in this many.
const SMOOTHING: u32 = 16;
/// The running estimate.
#[derive(Debug)]
pub(super) struct Cost {
    native: Duration,
    mean: Duration,
}

impl Default for Cost {
    fn default() -> Self {
        Self { native: FIRST_GUESS, mean: FIRST_GUESS }
    }
}

impl Cost {
    /// Starts anew from a measured native hash.
    pub(super) fn calibrate(&mut self, native: Duration) {
        *self = Self { native, mean: native };
    }

    /// Takes in how long a job took.
    pub(super) fn learn(&mut self, took: Duration) {
        // Nothing was hashed: the client had gone, the name was taken, the password too long. A hundred of them say
        // nothing of what the next hash costs.
        if took < self.native / 2 {
            return;
        }
        self.mean = ((self.mean * (SMOOTHING - 1) + took) / SMOOTHING).max(self.native);
    }

    /// What a native hash costs at least.
    pub(super) fn native(&self) -> Duration {
        self.native
    }

    /// What the next job is expected to cost.
    pub(super) fn mean(&self) -> Duration {
        self.mean
    }
}

/// How often the native hash is measured: the least of several is the hash, the rest is what ran beside it.
const SAMPLES: usize = 3;

/// Measures the native hash, one sample at a time, so that work comes between.
pub(super) struct Calibration {
    hash: NativeHash,
    taken: Vec<Duration>,
}

impl Calibration {
    pub(super) fn new(hash: NativeHash) -> Self {
        Self { hash, taken: Vec::with_capacity(SAMPLES) }
    }

    /// Takes one more sample: what the hash costs once there are enough, otherwise the calibration to go on with.
    pub(super) fn step(mut self) -> Result<Duration, Self> {
        let began = Instant::now();
        (self.hash)();
        self.taken.push(began.elapsed());
        match self.taken.iter().min() {
            Some(least) if self.taken.len() >= SAMPLES => Ok(*least),
            _ => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hashed_counts_and_nothing_brings_the_mean_below_a_native_hash() {
        let mut cost = Cost::default();
        cost.calibrate(Duration::from_millis(20));
        (0..100).for_each(|_| cost.learn(Duration::from_micros(200)));
        assert_eq!(cost.mean(), Duration::from_millis(20));
        (0..100).for_each(|_| cost.learn(Duration::from_millis(12)));
        assert_eq!(cost.mean(), Duration::from_millis(20));
        (0..200).for_each(|_| cost.learn(Duration::from_millis(250)));
        assert!(cost.mean() > Duration::from_millis(240));
        (0..200).for_each(|_| cost.learn(Duration::from_micros(200)));
        assert!(cost.mean() > Duration::from_millis(240), "imported hashes are still there");
    }
}
