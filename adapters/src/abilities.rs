//! What a token may do, beyond the list that it holds: some abilities are not meant by `*`.

use countersign_core::Abilities;

/// The names of abilities that speak for the server's owner and not only for the token's user, such as
/// `tokens:rotate`. A token has one only if it was named when the token was made: the `*` that every login gives does
/// not stand for it, and nobody can give it to another token without having it.
const RESERVED: &str = "tokens:";

/// May a token with these abilities do it? May its user give the ability to another token? Nobody gives what they do not
/// have, other than in Laravel, where any token makes one that may do everything.
pub fn allow(abilities: &Abilities, ability: &str) -> bool {
    if is_reserved(ability) { abilities.0.iter().any(|named| named == ability) } else { abilities.can(ability) }
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
    fn everything_is_not_what_is_the_owners() {
        let (all, few) = (abilities(&["*"]), abilities(&["read", "tokens:rotate"]));
        assert!(allow(&all, "read") && allow(&all, "*") && !allow(&all, "tokens:rotate"));
        assert!(allow(&few, "read") && allow(&few, "tokens:rotate"));
        assert!(!allow(&few, "*") && !allow(&few, "write") && !allow(&few, "tokens:other"));
    }

    #[test]
    fn reserved_abilities_are_not_inherited() {
        assert_eq!(inherited(&abilities(&["*"])), abilities(&["*"]));
        assert_eq!(inherited(&abilities(&["read", "tokens:rotate"])), abilities(&["read"]));
    }
}
