//! `countersign doctor`: what follows from the configuration, and a browser that tries a running server and names the first
//! rule that fails.
//!
//! It judges by what is on the wire, so that it tries any server that speaks as Sanctum does, also behind proxies.

mod cookies;
mod cors;
mod explain;
mod lists;
mod mail;
mod visit;
mod wire;

use serde::Serialize;

pub use lists::Lists;
pub use mail::{Fate, try_mail};
pub use visit::{Report, visit};

/// A rule that does not hold: the browser goes no further, and its console says little.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// What was tried: `csrf-cookie`, `preflight`, `login` or `user`.
    pub step: &'static str,
    /// The rule, such as `Access-Control-Allow-Origin` or `SameSite`.
    pub rule: &'static str,
    /// What was seen instead.
    pub found: String,
    /// What to change.
    pub advice: String,
}

/// Something that held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// See [`Broken::step`].
    pub step: &'static str,
    /// What was seen.
    pub found: String,
}

/// A rule that does not hold, before it is known in which step.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flaw {
    rule: &'static str,
    found: String,
    advice: String,
}

impl Flaw {
    fn new(rule: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { rule, found: found.into(), advice: advice.into() }
    }

    fn at(self, step: &'static str) -> Broken {
        let Self { rule, found, advice } = self;
        Broken { step, rule, found, advice }
    }
}
