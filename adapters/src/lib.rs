//! The wire formats of Countersign, one adapter a dialect.
//!
//! An adapter parses, calls one function of [`countersign_core::Auth`], and renders. Its extractors carry it in their
//! type, so that every failure is said in its own words and several adapters share the root of one server.

pub mod abilities;
pub mod adapter;
pub mod body;
pub mod caller;
pub mod client;
pub mod dialect;
pub mod django;
pub mod djoser;
pub mod document;
pub mod executor;
pub mod front;
pub mod gateway;
pub mod guarded;
pub mod hotel;
pub mod json;
pub mod laravel;
pub mod mail;
pub mod minimal;
pub mod mount;
mod multipart;
pub mod origin;
pub mod plain;
pub mod sanctum;
pub mod sanctum_spa;
pub mod settings;
pub mod shortcut;
pub mod sockets;
mod trial;

pub use adapter::{Adapter, Refusal};
pub use body::{Body, BodyError, Parse};
pub use caller::Caller;
pub use dialect::{ALL, Dialect};
pub use mount::{Mount, Use};
