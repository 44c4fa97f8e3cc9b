//! What the tests share: databases, a server on a real socket, the program itself, and actors that speak to them.

pub mod actor;
pub mod databases;
pub mod program;
pub mod server;
pub mod wire;

pub use actor::{Actor, Answer};
pub use server::Server;
