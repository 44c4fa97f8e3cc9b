//! Who may do what: every operation of every dialect, with every kind of proof, for every kind of caller.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "rights/ended.rs"]
mod ended;
#[path = "rights/foreign.rs"]
mod foreign;
#[path = "rights/matrix.rs"]
mod matrix;
#[path = "rights/own.rs"]
mod own;
#[path = "rights/roles.rs"]
mod roles;
#[path = "rights/snapshot.rs"]
mod snapshot;
