//! Asks a server what the real one was asked, and compares the answers.
//!
//! A suite is a folder of `tests/conformance`: steps in a fixed order, and what the real server answered in each run of
//! them. What differs from run to run (numbers, tokens, JWTs) is put down by its shape, or by the name that an earlier
//! step gave it, so that "the same token" and "another token" differ.

mod accounts;
mod compare;
mod exchange;
mod jars;
mod json;
mod jwt;
mod laravel;
mod mail;
mod normal;
mod request;
mod run;
mod score;
mod suite;
mod under_test;
mod values;

pub use compare::Difference;
pub use json::Json;
pub use run::{Outcome, Target, run};
pub use score::Score;
pub use suite::{Form, Step, Suite};
pub use under_test::{JWT_SECRET, UnderTest};
