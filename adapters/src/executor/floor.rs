//! How long a failed login takes: as long as with the slowest scheme that anybody's hash has, so that the time tells
//! neither whether there is such an account nor how old its hash is.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use countersign_core::password::PasswordScheme;

/// How often a scheme is measured: the least of several is the hash, the rest is what ran beside it.
const SAMPLES: usize = 3;
/// The weight of one quick failure in what failures take at most, once there was a slow one.
const FADING: u32 = 64;
/// A failure that took longer than so many hashes waited for something else, such as the store.
const MOST_HASHES: u32 = 4;

#[derive(Debug, Default)]
struct Known {
    measured: Vec<PasswordScheme>,
    /// The slowest of them, on an idle machine; zero if all hashes are native.
    slowest: Duration,
    /// What failures take at most: on a busy machine more than when it was measured.
    peak: Duration,
}

/// The floor under failed logins.
#[derive(Debug)]
pub(super) struct Floor {
    least: Duration,
    known: Mutex<Known>,
}

impl Floor {
    /// `least` holds whatever is stored.
    pub(super) fn new(least: Duration) -> Self {
        Self { least, known: Mutex::default() }
    }

    /// What holds whatever is stored.
    pub(super) fn least(&self) -> Duration {
        self.least
    }

    /// The slowest scheme as it was measured; zero if all hashes are native.
    pub(super) fn slowest(&self) -> Duration {
        self.known().slowest
    }

    /// How long a failure takes from the moment on when its turn came; `native` is what a native hash costs.
    pub(super) fn now(&self, native: Duration) -> Duration {
        let known = self.known();
        if known.slowest.is_zero() {
            return self.least;
        }
        let slowest = known.slowest.max(native);
        let margin = slowest + slowest / 4;
        self.least.max(known.peak.clamp(margin, slowest.saturating_mul(MOST_HASHES)))
    }

    /// Takes in how long a failure worked.
    pub(super) fn learn(&self, took: Duration) {
        let mut known = self.known();
        known.peak = took.max(known.peak.saturating_sub(known.peak / FADING));
    }

    /// Measures what was not measured yet; returns the slowest scheme of those, if it raised the floor.
    pub(super) fn measure(&self, schemes: Vec<PasswordScheme>) -> Option<(PasswordScheme, Duration)> {
        let mut raised = None;
        for scheme in schemes {
            if self.known().measured.contains(&scheme) {
                continue;
            }
            let took = (0..SAMPLES).map(|_| timed(scheme)).min().unwrap_or_default();
            let mut known = self.known();
            known.measured.push(scheme);
            if took > known.slowest {
                known.slowest = took;
                raised = Some((scheme, took));
            }
        }
        raised
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn timed(scheme: PasswordScheme) -> Duration {
    let began = Instant::now();
    scheme.burn();
    began.elapsed()
}

#[cfg(test)]
mod tests {
    use countersign_core::password::EncodedPassword;

    use super::*;

    const NATIVE: Duration = Duration::from_millis(1);
    const LEAST: Duration = Duration::from_millis(2);

    fn bcrypt(cost: u32) -> PasswordScheme {
        let encoded = format!("$2y${cost:02}$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S");
        PasswordScheme::of(&EncodedPassword::new(encoded)).unwrap()
    }

    #[test]
    fn where_all_hashes_are_native_the_setting_alone_counts() {
        let floor = Floor::new(LEAST);
        floor.learn(Duration::from_millis(50));
        assert_eq!(floor.now(NATIVE), LEAST);
        assert!(floor.measure(Vec::new()).is_none());
        assert_eq!(floor.now(NATIVE), LEAST);
    }

    #[test]
    fn the_slowest_scheme_raises_it_with_a_margin_and_each_is_measured_once() {
        let floor = Floor::new(LEAST);
        let (scheme, took) = floor.measure(vec![bcrypt(4), bcrypt(9)]).unwrap();
        assert_eq!((scheme, floor.slowest()), (bcrypt(9), took));
        assert_eq!(floor.now(NATIVE), took + took / 4);
        assert!(floor.measure(vec![bcrypt(4), bcrypt(9)]).is_none());
        assert_eq!(floor.now(took * 2), took * 2 + took / 2, "a native hash is covered, too");
    }

    #[test]
    fn a_busy_machine_raises_it_up_to_a_bound_and_quiet_brings_it_back() {
        let floor = Floor::new(LEAST);
        let (_, took) = floor.measure(vec![bcrypt(9)]).unwrap();
        floor.learn(took * 3);
        assert_eq!(floor.now(NATIVE), took * 3);
        floor.learn(took * 100);
        assert_eq!(floor.now(NATIVE), took * 4);
        (0..1_000).for_each(|_| floor.learn(took));
        assert_eq!(floor.now(NATIVE), took + took / 4);
    }
}
