//! What the two Laravel dialects share: how they read a request, how they refuse it, and who is calling.
//!
//! The wire facts were taken from Laravel 12 with Sanctum 4.3 and Breeze's API stack. A request goes through
//! [`stateful::Group`] (cookies and CSRF), then the [`guard`], then [`input`] and [`rules`], and every refusal is a
//! [`fault::Fault`] that is said in JSON or as a page as [`client::expects_json`] finds.

pub mod answer;
pub mod bearer;
pub mod client;
pub mod csrf;
pub mod document;
pub mod fault;
pub mod guard;
pub mod input;
pub mod login;
pub mod rules;
pub mod session;
pub mod stateful;
pub mod user;
pub mod visitor;

/// The names of abilities that speak for the server's owner and not only for the token's user, such as
/// `tokens:rotate`. A token has one only if it was named when the token was made: the `*` that every login gives does
/// not stand for it, and nobody can give it to another token without having it.
const RESERVED: &str = "tokens:";

/// Was `ability` named among `abilities`, rather than meant by `*`?
pub fn is_named(abilities: &countersign_core::Abilities, ability: &str) -> bool {
    abilities.0.iter().any(|named| named == ability)
}

/// Does `ability` speak for the server's owner?
pub fn is_reserved(ability: &str) -> bool {
    ability.starts_with(RESERVED)
}
