//! The Countersign server: configuration, store, HTTP application and command line over the adapters.

pub mod app;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod heap;
pub mod import;
pub mod keys;
pub mod log;
pub mod mail;
pub mod openapi;
pub mod serve;
pub mod store;
