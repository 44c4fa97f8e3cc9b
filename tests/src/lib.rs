//! What the tests share: databases, a server on a real socket, and actors that speak to it.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on ends with a panic that says what was missing"
)]

pub mod actor;
pub mod databases;
pub mod server;

pub use actor::{Actor, Answer};
pub use server::Server;
