//! What is true of every input, tried with random ones: of credentials, cookies, keys, hashes, seals, moments, the configuration and sockets.
//!
//! `COUNTERSIGN_TEST_CASES=100000 cargo test -p countersign-tests --test properties --all-features` tries so many of each, from
//! other seeds at each run.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "properties/common.rs"]
mod common;
#[path = "properties/configuration.rs"]
mod configuration;
#[path = "properties/cookies.rs"]
mod cookies;
#[path = "properties/credentials.rs"]
mod credentials;
#[path = "properties/frames.rs"]
mod frames;
#[path = "properties/hashes.rs"]
mod hashes;
#[path = "properties/keys.rs"]
mod keys;
#[path = "properties/moments.rs"]
mod moments;
#[path = "properties/seals.rs"]
mod seals;
