//! The promises of `countersign_core::store`, each as a test over every database that is there.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "store/administrators.rs"]
mod administrators;
#[path = "store/common.rs"]
mod common;
#[path = "store/holders.rs"]
mod holders;
#[path = "store/late.rs"]
mod late;
#[path = "store/links.rs"]
mod links;
#[path = "store/races.rs"]
mod races;
#[path = "store/starts.rs"]
mod starts;
#[path = "store/tokens.rs"]
mod tokens;
#[path = "store/users.rs"]
mod users;
