//! How long random tests run, and from where they begin.

use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Where CI begins, so that what fails there fails again.
const SEED: u64 = 7;

/// How often a failure is made shorter: a walk of the model takes seconds.
const MOST_SHORTER: u32 = 200;

/// A runner of as many cases as `variable` says, each time from another seed; without it of `cases`, always the same.
/// `PROPTEST_RNG_SEED` is a seed in any case.
///
/// # Panics
/// If the variable is no number.
pub fn runner(variable: &str, cases: u32) -> TestRunner {
    let many = std::env::var(variable).ok().filter(|text| !text.is_empty());
    let many: Option<u32> = many.map(|text| text.parse().expect("how many cases"));
    let mut config = Config {
        cases: many.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: MOST_SHORTER,
        ..Config::default()
    };
    if many.is_none() && config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    TestRunner::new(config)
}
