//! The Countersign server: the database behind the core.

pub mod store;
