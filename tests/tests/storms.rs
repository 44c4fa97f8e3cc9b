//! Too many at once, a database that is away, and two that want the same: what is promised holds all the same.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "storms/fairness.rs"]
mod fairness;
#[path = "storms/logins.rs"]
mod logins;
#[path = "storms/outages.rs"]
mod outages;
#[path = "storms/races.rs"]
mod races;
#[path = "storms/timing.rs"]
mod timing;
