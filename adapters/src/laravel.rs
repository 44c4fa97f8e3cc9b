//! What the two Laravel dialects share: how they read a request, how they refuse it, and who is calling.
//!
//! The wire facts were taken from Laravel 12 with Sanctum 4.3 and Breeze's API stack. A request goes through
//! [`stateful::Group`] (cookies and CSRF), then the [`guard`], then [`input`] and [`rules`], and every refusal is a
//! [`fault::Fault`] that is said in JSON or as a page as [`client::expects_json`] finds.

pub mod answer;
pub mod bearer;
pub mod client;
pub mod cors;
pub mod csrf;
pub mod document;
pub mod fault;
pub mod front;
pub mod guard;
pub mod input;
pub mod lockout;
pub mod login;
pub mod method;
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

use countersign_core::Abilities;

/// The names of abilities that speak for the server's owner and not only for the token's user, such as
/// `tokens:rotate`. A token has one only if it was named when the token was made: the `*` that every login gives does
/// not stand for it, and nobody can give it to another token without having it.
const RESERVED: &str = "tokens:";

/// Was `ability` named among `abilities`, rather than meant by `*`?
pub fn is_named(abilities: &Abilities, ability: &str) -> bool {
    abilities.0.iter().any(|named| named == ability)
}

/// May somebody who comes with `own` abilities give `ability` to another token? Nobody gives what they do not have; this is
/// where we are stricter than Laravel, which lets any token make one that may do everything.
pub fn may_give(own: &Abilities, ability: &str) -> bool {
    if is_reserved(ability) { is_named(own, ability) } else { own.can(ability) }
}

/// What a token may do whose maker, who comes with `own` abilities, names none: as much, but for the reserved ones.
pub fn inherited(own: &Abilities) -> Abilities {
    Abilities(own.0.iter().filter(|ability| !is_reserved(ability)).cloned().collect())
}

fn is_reserved(ability: &str) -> bool {
    ability.starts_with(RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abilities(names: &[&str]) -> Abilities {
        Abilities(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn nobody_gives_what_they_do_not_have() {
        let (all, few) = (abilities(&["*"]), abilities(&["read", "tokens:rotate"]));
        assert!(may_give(&all, "read") && may_give(&all, "*") && !may_give(&all, "tokens:rotate"));
        assert!(may_give(&few, "read") && may_give(&few, "tokens:rotate"));
        assert!(!may_give(&few, "*") && !may_give(&few, "write") && !may_give(&few, "tokens:other"));
    }

    #[test]
    fn reserved_abilities_are_not_inherited() {
        assert_eq!(inherited(&abilities(&["*"])), abilities(&["*"]));
        assert_eq!(inherited(&abilities(&["read", "tokens:rotate"])), abilities(&["read"]));
    }
}
