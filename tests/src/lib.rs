//! What the tests share: databases, a server on a real socket, the program itself, a mail server, actors and clients that speak to
//! them, and the conformance suites.

pub mod actor;
pub mod client;
pub mod conformance;
pub mod counters;
pub mod databases;
pub mod generator;
pub mod log;
pub mod mailbox;
pub mod operations;
pub mod people;
pub mod program;
pub mod properties;
pub mod received;
pub mod required;
pub mod server;
pub mod wire;

pub use actor::{Actor, Answer};
pub use mailbox::Mailbox;
pub use received::Received;
pub use server::Server;
