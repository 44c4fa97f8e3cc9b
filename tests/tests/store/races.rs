//! The promises that only many callers at once can break.

use countersign_core::{
    TokenKind,
    identifier::{Key, Kind},
    model::UserChange,
    password::EncodedPassword,
    store::{Revoke, TokenStore as _, UserStore as _},
};
use uuid::Uuid;

use crate::common::{
    THREADS, create, in_slot, moment, new_token, new_user, on_every_database, optional, required, together,
};

/// Entries that each of 15 writers makes while one reads.
const EACH: usize = 8;

#[test]
fn of_many_who_create_one_user_exactly_one_wins() {
    on_every_database(|store, _| {
        for round in 0..5 {
            let outcomes = together(|number| {
                let mut new = new_user(&format!("ada{round}"));
                new.uuid = Uuid::from_u128((round * THREADS + number) as u128);
                if number % 2 == 1 {
                    new.identifiers.reverse();
                }
                store.create_user(&new).unwrap()
            });
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
            for taken in outcomes.into_iter().filter_map(Result::err) {
                assert!(taken.has(Kind::Username) && taken.has(Kind::Email), "{taken:?}");
            }
        }
    });
}

#[test]
fn of_many_who_want_an_optional_identifier_all_are_created_and_one_has_it() {
    on_every_database(|store, _| {
        let users = together(|number| {
            let mut new = new_user(&format!("user{number}"));
            new.identifiers = vec![
                optional(Kind::Email, Key::email("shared@example.org")),
                required(Kind::Username, Key::username(&new.username)),
            ];
            store.create_user(&new).unwrap().unwrap()
        });
        let holder = store.account(&[Key::email("shared@example.org")]).unwrap().unwrap().user;
        assert!(users.contains(&holder));
        assert!(
            users.iter().all(|user| store.account(&[Key::username(&user.username)]).unwrap().unwrap().user == *user)
        );
    });
}

#[test]
fn many_who_find_or_create_a_token_get_the_same_one() {
    on_every_database(|store, _| {
        for round in 0..5 {
            let ada = create(store, &format!("ada{round}"));
            let tokens = together(|number| {
                let new = in_slot(new_token(&ada, TokenKind::Djoser, &format!("{round} {number}")));
                store.find_or_create_token(&new).unwrap().unwrap()
            });
            assert!(tokens.iter().all(|token| *token == tokens[0]));
            assert_eq!(store.tokens_of(ada.id, None).unwrap().len(), 1);
        }
    });
}

#[test]
fn of_many_who_replace_a_token_the_last_one_is_left() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let minted = together(|number| {
            let new = in_slot(new_token(&ada, TokenKind::Sanctum, &number.to_string()));
            store.replace_token(&new, number % 2 == 0).unwrap().unwrap()
        });
        let left = store.tokens_of(ada.id, None).unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(minted.iter().max_by_key(|token| token.id), left.first());
        let numbers: Vec<i64> = store.revocations(0).unwrap().into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, (1..=16).collect::<Vec<i64>>());
    });
}

#[test]
fn nothing_that_is_minted_during_a_revocation_survives_it() {
    on_every_database(|store, _| {
        for round in 0..5 {
            let ada = create(store, &format!("ada{round}"));
            let minted = together(|number| {
                if number == THREADS / 2 {
                    store.revoke_tokens(ada.id, Revoke::Everything, moment(2)).unwrap();
                    return 0;
                }
                (0..5)
                    .filter(|turn| {
                        let secret = format!("{round} {number} {turn}");
                        let new = new_token(&ada, TokenKind::Djoser, &secret);
                        let minted = match number % 3 {
                            0 => store.insert_token(&new),
                            1 => store.find_or_create_token(&in_slot(new)),
                            _ => store.replace_token(&in_slot(new), false),
                        };
                        minted.unwrap().is_some()
                    })
                    .count()
            });
            eprintln!("{} minted before the revocation", minted.iter().sum::<usize>());
            assert_eq!(store.tokens_of(ada.id, None).unwrap(), []);
        }
    });
}

#[test]
fn nothing_is_minted_with_the_word_of_a_token_that_is_revoked_meanwhile() {
    on_every_database(|store, _| {
        for round in 0..5 {
            let ada = create(store, &format!("ada{round}"));
            let word = store.insert_token(&new_token(&ada, TokenKind::Sanctum, &format!("{round}"))).unwrap().unwrap();
            let minted = together(|number| {
                if number == THREADS / 2 {
                    store.revoke_token(word.id, Some(ada.id), moment(2)).unwrap().unwrap();
                    return None;
                }
                let mut new = new_token(&ada, TokenKind::Sanctum, &format!("{round} {number}"));
                new.generation = store.generation(ada.id).unwrap();
                // The proof is checked after the generation was read.
                store.token(word.id).unwrap()?;
                store.insert_token(&new).unwrap()
            });
            // Whatever was stored was stored before the revocation: it has a lower place in the order of commits.
            let new = in_slot(new_token(&ada, TokenKind::Djoser, &format!("late {round}")));
            assert_eq!(store.find_or_create_token(&new).unwrap(), None);
            assert_eq!(store.tokens_of(ada.id, None).unwrap().len(), minted.into_iter().flatten().count());
            assert_eq!(store.generation(ada.id).unwrap(), 1);
        }
    });
}

#[test]
fn of_many_who_replace_one_password_exactly_one_does() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let replaced = together(|number| {
            let new = EncodedPassword::new(format!("${number}"));
            let change =
                UserChange::Password { new: new.clone(), replacing: Some(EncodedPassword::new("$argon2id$old")) };
            store.change_user(ada.id, &change, moment(1)).unwrap().map(|_| new)
        });
        let won: Vec<EncodedPassword> = replaced.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        assert_eq!(store.password(ada.id).unwrap().as_ref(), won.first());
    });
}

#[test]
fn of_many_who_want_one_address_exactly_one_has_it() {
    on_every_database(|store, _| {
        let users: Vec<_> = (0..THREADS).map(|number| create(store, &format!("user{number}"))).collect();
        let changed = together(|number| {
            let claim = required(Kind::Email, Key::email("new@example.org"));
            let address = Some(("new@example.org".to_owned(), claim));
            let change = UserChange::Profile { name: "New".to_owned(), address };
            store.change_user(users[number].id, &change, moment(1)).unwrap()
        });
        let won: Vec<_> = changed.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        let holder = store.account(&[Key::email("new@example.org")]).unwrap().unwrap();
        assert_eq!(holder.user, won[0]);
        let renamed = users.iter().filter(|user| store.user(user.id).unwrap().unwrap().name == "New").count();
        assert_eq!(renamed, 1);
    });
}

#[test]
fn many_first_tokens_of_one_user_are_all_stored() {
    on_every_database(|store, _| {
        for round in 0..5 {
            let ada = create(store, &format!("ada{round}"));
            together(|number| {
                let new = new_token(&ada, TokenKind::Sanctum, &format!("{round} {number}"));
                store.insert_token(&new).unwrap().unwrap();
            });
            assert_eq!(store.tokens_of(ada.id, None).unwrap().len(), THREADS);
        }
    });
}

#[test]
fn of_many_who_revoke_one_token_exactly_one_is_told_so() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let token = store.insert_token(&new_token(&ada, TokenKind::Sanctum, "s")).unwrap().unwrap();
        let told = together(|_| store.revoke_token(token.id, None, moment(2)).unwrap());
        assert_eq!(told.into_iter().flatten().collect::<Vec<_>>(), [ada.id]);
        assert_eq!(store.last_revocation().unwrap(), 1);
    });
}

#[test]
fn of_many_who_exchange_one_refresh_token_exactly_one_does_two_hundred_times() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let token = store.insert_token(&new_token(&ada, TokenKind::Jwt, "s")).unwrap().unwrap();
        for round in 0..200 {
            let told = together(|_| store.rotate_token(token.id, round, moment(round), moment(9_999)).unwrap());
            assert_eq!(told.into_iter().filter(|won| *won).count(), 1, "round {round}");
            let now = store.token(token.id).unwrap().unwrap();
            assert_eq!((now.rotation, now.rotated_at), (round + 1, Some(moment(round))));
            assert_eq!(now.expires_at, Some(moment(9_999)));
        }
        store.revoke_token(token.id, None, moment(1)).unwrap();
        assert!(!store.rotate_token(token.id, 200, moment(1), moment(2)).unwrap(), "the login has ended");
    });
}

#[test]
fn many_who_touch_tokens_leave_the_latest_moment() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let ids = ["1", "2", "3", "4"]
            .map(|secret| store.insert_token(&new_token(&ada, TokenKind::Sanctum, secret)).unwrap().unwrap().id);
        together(|number| {
            let at = moment(i64::try_from(number).unwrap());
            let mut uses = ids.map(|id| (id, at));
            if number % 2 == 1 {
                uses.reverse();
            }
            store.touch_tokens(&uses).unwrap();
        });
        for id in ids {
            assert_eq!(store.token(id).unwrap().unwrap().last_used_at, Some(moment(15)));
        }
    });
}

#[test]
fn a_reader_of_the_log_misses_nothing_while_it_is_written() {
    on_every_database(|store, _| {
        let users: Vec<_> = (0..THREADS).map(|number| create(store, &format!("user{number}"))).collect();
        let seen = together(|number| {
            if number > 0 {
                for _ in 0..EACH {
                    store.revoke_tokens(users[number].id, Revoke::Nothing, moment(1)).unwrap();
                }
                return Vec::new();
            }
            let mut seen: Vec<i64> = Vec::new();
            while seen.len() < EACH * (THREADS - 1) {
                let after = seen.last().copied().unwrap_or(0);
                seen.extend(store.revocations(after).unwrap().into_iter().map(|(number, _)| number));
            }
            seen
        });
        assert_eq!(seen[0], (1..=120).collect::<Vec<i64>>());
    });
}

#[test]
fn everything_at_once_meets_no_error() {
    on_every_database(|store, _| {
        let users: Vec<_> = (0..4).map(|number| create(store, &format!("user{number}"))).collect();
        together(|number| {
            for turn in 0..10 {
                let user = &users[(number + turn) % 4];
                let mut new = in_slot(new_token(user, TokenKind::Sanctum, &format!("{number} {turn}")));
                new.generation = store.generation(user.id).unwrap();
                match (number + turn) % 6 {
                    0 => drop(store.insert_token(&new).unwrap()),
                    1 => drop(store.find_or_create_token(&new).unwrap()),
                    2 => drop(store.replace_token(&new, true).unwrap()),
                    3 => drop(store.revoke_tokens(user.id, Revoke::Everything, moment(1)).unwrap()),
                    4 => drop(store.change_user(user.id, &UserChange::Active(true), moment(1)).unwrap()),
                    _ => drop(store.prune(moment(9_999), moment(0)).unwrap()),
                }
                let touched: Vec<_> =
                    store.tokens_of(user.id, None).unwrap().iter().map(|token| (token.id, moment(3))).collect();
                store.touch_tokens(&touched).unwrap();
            }
        });
    });
}
