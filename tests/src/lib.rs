//! What the tests share: databases, a server on a real socket, and actors that speak to it.

pub mod actor;
pub mod databases;
pub mod server;

pub use actor::{Actor, Answer};
pub use server::Server;
