//! Djoser's mails and links, and the settings that decide about them.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "djoser/activation.rs"]
mod activation;
#[path = "djoser/common.rs"]
mod common;
#[path = "djoser/links.rs"]
mod links;
#[path = "djoser/names.rs"]
mod names;
#[path = "djoser/options.rs"]
mod options;
