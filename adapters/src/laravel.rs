//! What the two Laravel dialects share: how they read a request, how they refuse it, and who is calling.
//!
//! The wire facts were taken from Laravel 12 with Sanctum 4.3 and Breeze's API stack. A request goes through
//! [`stateful::Group`] (cookies and CSRF), then the [`guard`], then [`input`] and [`rules`], and every refusal is a
//! [`fault::Fault`] that is said in JSON or as a page as [`client::expects_json`] finds.

pub mod answer;
pub mod bearer;
pub mod client;
pub mod cookies;
pub mod cors;
pub mod csrf;
pub mod document;
pub mod fault;
pub mod front;
pub mod gate;
pub mod guard;
pub mod held;
pub mod input;
pub mod lockout;
pub mod login;
pub mod method;
pub mod mismatch;
pub mod number;
pub mod own;
pub mod path;
pub mod remember;
pub mod rules;
pub mod session;
pub mod settings;
pub mod stateful;
pub mod throttle;
pub mod user;
pub mod visitor;
