//! What the tests share: databases, a server on a real socket, the program itself, actors that speak to them, and the
//! conformance suites.

pub mod actor;
pub mod conformance;
pub mod databases;
pub mod mailbox;
pub mod program;
pub mod required;
pub mod server;
pub mod wire;

pub use actor::{Actor, Answer};
pub use server::Server;
