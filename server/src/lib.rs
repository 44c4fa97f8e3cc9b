//! The server: configuration, store, HTTP application and command line over the adapters.

pub mod cli;
pub mod config;
