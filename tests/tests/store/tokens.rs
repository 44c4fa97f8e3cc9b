//! The promises of `TokenStore`.

use countersign_core::{
    Digest, TokenId, TokenKind,
    store::{Adopted, Revoke, TokenStore as _},
};

use countersign_tests::databases::run;

use crate::common::{NOBODY, create, in_slot, moment, new_token, on_every_database};

#[test]
fn a_token_is_read_back_whole() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let new = new_token(&ada, TokenKind::Jwt, "s");
        let token = store.insert_token(&new).unwrap().unwrap();
        assert_eq!((token.kind, token.user_id, &token.name), (TokenKind::Jwt, ada.id, &new.name));
        assert_eq!((token.digest, &token.sealed, &token.abilities), (new.digest, &new.sealed, &new.abilities));
        assert_eq!((&token.family, token.created_at, token.last_used_at), (&new.family, Some(moment(1)), None));
        assert_eq!(token.expires_at, Some(moment(3600)));

        let found = Some(token.clone());
        assert_eq!(store.token(token.id).unwrap(), found);
        assert_eq!(store.token_by_digest(TokenKind::Jwt, &new.digest).unwrap(), found);
        assert_eq!(store.token_by_family(TokenKind::Jwt, "family of s").unwrap(), found);
        assert_eq!(store.token(TokenId(4_000_000)).unwrap(), None);
        assert_eq!(store.token_by_digest(TokenKind::Jwt, &Digest::of(b"other")).unwrap(), None);
        assert_eq!(store.token_by_family(TokenKind::Jwt, "family of s ").unwrap(), None);
    });
}

#[test]
fn a_credential_of_one_kind_is_never_found_as_another() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let new = new_token(&ada, TokenKind::Session, "s");
        store.insert_token(&new).unwrap().unwrap();
        for kind in TokenKind::ALL.into_iter().filter(|kind| *kind != TokenKind::Session) {
            assert_eq!(store.token_by_digest(kind, &new.digest).unwrap(), None);
            assert_eq!(store.token_by_family(kind, "family of s").unwrap(), None);
        }
    });
}

#[test]
fn nothing_is_minted_for_another_generation_and_anything_for_the_present_one() {
    on_every_database(|store, _| {
        let known = create(store, "ada").id;
        // Users may live elsewhere: a number is enough.
        for user in [known, NOBODY] {
            assert_eq!(store.generation(user).unwrap(), 0);
            let mut early = in_slot(new_token(&create(store, &format!("named {user}")), TokenKind::Djoser, "s"));
            (early.user_id, early.digest) = (user, Digest::of(format!("{user}").as_bytes()));
            early.generation = 1;
            let refused = |new: &_| {
                assert_eq!(store.insert_token(new).unwrap(), None);
                assert_eq!(store.find_or_create_token(new).unwrap(), None);
                assert_eq!(store.replace_token(new, true).unwrap(), None);
            };
            refused(&early);
            let logged = store.last_revocation().unwrap();
            store.revoke_tokens(user, Revoke::Nothing, moment(2)).unwrap();
            assert_eq!(store.generation(user).unwrap(), 1);
            let mut stale = early.clone();
            stale.generation = 0;
            refused(&stale);
            assert_eq!(store.tokens_of(user, None).unwrap(), []);
            assert_eq!(store.last_revocation().unwrap(), logged + 1);
            assert!(store.insert_token(&early).unwrap().is_some());
        }
    });
}

#[test]
fn every_revocation_raises_the_generation_of_its_user_and_no_mint_does() {
    on_every_database(|store, _| {
        let (ada, bob) = (create(store, "ada"), create(store, "bob"));
        let new = |secret: &str| in_slot(new_token(&ada, TokenKind::Sanctum, secret));
        let first = store.insert_token(&new("1")).unwrap().unwrap();
        store.find_or_create_token(&new("2")).unwrap().unwrap();
        store.replace_token(&new("3"), false).unwrap().unwrap();
        assert_eq!(store.generation(ada.id).unwrap(), 0);
        assert_eq!(store.revoke_token(first.id, Some(bob.id), moment(2)).unwrap(), None);
        assert_eq!(store.generation(ada.id).unwrap(), 0);
        store.revoke_token(first.id, None, moment(2)).unwrap().unwrap();
        assert_eq!(store.generation(ada.id).unwrap(), 1);
        store.revoke_token(first.id, None, moment(2)).unwrap();
        assert_eq!(store.generation(ada.id).unwrap(), 1);
        store.revoke_tokens(ada.id, Revoke::Everything, moment(2)).unwrap();
        assert_eq!((store.generation(ada.id).unwrap(), store.generation(bob.id).unwrap()), (2, 0));
    });
}

#[test]
fn an_inserted_token_takes_no_slot() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        for secret in ["first", "second"] {
            assert!(store.insert_token(&in_slot(new_token(&ada, TokenKind::Djoser, secret))).unwrap().is_some());
        }
        assert_eq!(store.tokens_of(ada.id, None).unwrap().len(), 2);
    });
}

#[test]
fn a_slot_gives_the_same_token_until_it_ends() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let first = in_slot(new_token(&ada, TokenKind::Djoser, "first"));
        let mut second = in_slot(new_token(&ada, TokenKind::Djoser, "second"));
        let token = store.find_or_create_token(&first).unwrap().unwrap();
        assert_eq!(store.find_or_create_token(&second).unwrap().unwrap(), token);
        second.created_at = moment(3600);
        second.expires_at = None;
        let other = store.find_or_create_token(&second).unwrap().unwrap();
        assert_eq!((other.digest, other.expires_at), (second.digest, None));
        assert_eq!(store.tokens_of(ada.id, None).unwrap(), [other]);
    });
}

#[test]
fn a_replaced_token_is_gone_and_logged() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let free = store.insert_token(&new_token(&ada, TokenKind::Sanctum, "free")).unwrap().unwrap();
        let session = store.insert_token(&new_token(&ada, TokenKind::Session, "session")).unwrap().unwrap();
        let replace = |secret: &str, sweep| {
            let new = in_slot(new_token(&ada, TokenKind::Sanctum, secret));
            store.replace_token(&new, sweep).unwrap().unwrap()
        };
        let first = replace("first", false);
        assert_eq!(store.tokens_of(ada.id, None).unwrap(), [free, session.clone(), first.clone()]);
        let second = replace("second", true);
        assert!(second.id > first.id);
        assert_eq!(store.tokens_of(ada.id, None).unwrap(), [session, second]);
        assert_eq!(store.revocations(0).unwrap(), [(1, ada.id), (2, ada.id)]);
    });
}

#[test]
fn tokens_are_listed_by_user_and_kind() {
    on_every_database(|store, _| {
        let (ada, bob) = (create(store, "ada"), create(store, "bob"));
        let mint = |user, kind, secret: &str| store.insert_token(&new_token(user, kind, secret)).unwrap().unwrap();
        let first = mint(&ada, TokenKind::Sanctum, "1");
        mint(&bob, TokenKind::Sanctum, "2");
        let third = mint(&ada, TokenKind::Session, "3");
        assert_eq!(store.tokens_of(ada.id, None).unwrap(), [first, third.clone()]);
        assert_eq!(store.tokens_of(ada.id, Some(TokenKind::Session)).unwrap(), [third]);
        assert_eq!(store.tokens_of(ada.id, Some(TokenKind::Djoser)).unwrap(), []);
    });
}

#[test]
fn one_token_is_revoked_by_its_owner_or_by_anybody() {
    on_every_database(|store, _| {
        let (ada, bob) = (create(store, "ada"), create(store, "bob"));
        let mint = |secret: &str| store.insert_token(&new_token(&ada, TokenKind::Sanctum, secret)).unwrap().unwrap().id;
        let (first, second) = (mint("1"), mint("2"));
        assert_eq!(store.revoke_token(first, Some(bob.id), moment(2)).unwrap(), None);
        assert_eq!(store.last_revocation().unwrap(), 0);
        assert_eq!(store.revoke_token(first, Some(ada.id), moment(2)).unwrap(), Some(ada.id));
        assert_eq!(store.revoke_token(first, None, moment(2)).unwrap(), None);
        assert_eq!(store.revoke_token(second, None, moment(2)).unwrap(), Some(ada.id));
        assert_eq!(store.tokens_of(ada.id, None).unwrap(), []);
        assert_eq!(store.revocations(0).unwrap(), [(1, ada.id), (2, ada.id)]);
    });
}

#[test]
fn many_tokens_are_revoked_and_counted() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        for (number, kind) in TokenKind::ALL.into_iter().enumerate() {
            store.insert_token(&new_token(&ada, kind, &number.to_string())).unwrap().unwrap();
        }
        assert_eq!(store.revoke_tokens(ada.id, Revoke::Nothing, moment(2)).unwrap(), 0);
        assert_eq!(store.revoke_tokens(ada.id, Revoke::Kind(TokenKind::Jwt), moment(2)).unwrap(), 1);
        let one = store.tokens_of(ada.id, None).unwrap()[0].id;
        assert_eq!(store.revoke_tokens(NOBODY, Revoke::One(one), moment(2)).unwrap(), 0);
        assert_eq!(store.revoke_tokens(ada.id, Revoke::One(one), moment(2)).unwrap(), 1);
        assert_eq!(store.token(one).unwrap(), None);
        assert_eq!(store.revoke_tokens(ada.id, Revoke::Everything, moment(2)).unwrap(), TokenKind::ALL.len() - 2);
        assert_eq!(store.revoke_tokens(NOBODY, Revoke::Everything, moment(2)).unwrap(), 0);
        let logged = [(1, ada.id), (2, ada.id), (3, NOBODY), (4, ada.id), (5, ada.id), (6, NOBODY)];
        assert_eq!(store.revocations(0).unwrap(), logged);
    });
}

#[test]
fn a_later_use_is_never_replaced_by_an_earlier_one() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let mint = |secret: &str| store.insert_token(&new_token(&ada, TokenKind::Sanctum, secret)).unwrap().unwrap().id;
        let (first, second) = (mint("1"), mint("2"));
        let used = |id| store.token(id).unwrap().unwrap().last_used_at;
        let gone = TokenId(4_000_000);
        store
            .touch_tokens(&[(second, moment(20)), (gone, moment(5)), (first, moment(30)), (first, moment(10))])
            .unwrap();
        assert_eq!((used(first), used(second)), (Some(moment(30)), Some(moment(20))));
        store.touch_tokens(&[(first, moment(29)), (second, moment(21))]).unwrap();
        assert_eq!((used(first), used(second)), (Some(moment(30)), Some(moment(21))));
        store.touch_tokens(&[]).unwrap();
    });
}

#[test]
fn a_log_of_many_revocations_is_read_in_pages() {
    on_every_database(|store, database| {
        for first in (1..=25_000).step_by(5_000) {
            let rows: Vec<String> =
                (first..first + 5_000).map(|id| format!("({id}, 7, '2026-01-02 12:00:00')")).collect();
            run(
                &database.url,
                &format!("INSERT INTO revocations (id, user_id, created_at) VALUES {}", rows.join(", ")),
            );
        }
        let (mut after, mut pages) = (0, Vec::new());
        loop {
            let page = store.revocations(after).unwrap();
            let Some((last, _)) = page.last() else { break };
            assert!(page.iter().map(|(number, _)| *number).eq(after + 1..=*last));
            after = *last;
            pages.push(page.len());
        }
        assert_eq!(pages, [10_000, 10_000, 5_000]);
    });
}

#[test]
fn what_has_ended_is_pruned_and_the_log_keeps_its_numbers() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let mint = |secret: &str, end| {
            let mut new = new_token(&ada, TokenKind::Sanctum, secret);
            new.expires_at = end;
            store.insert_token(&new).unwrap().unwrap()
        };
        mint("1", Some(moment(10)));
        let (later, never) = (mint("2", Some(moment(12))), mint("3", None));
        for at in [100, 200] {
            store.revoke_tokens(ada.id, Revoke::Nothing, moment(at)).unwrap();
        }
        assert_eq!(store.prune(moment(11), moment(150)).unwrap(), 1);
        assert_eq!(store.tokens_of(ada.id, None).unwrap(), [later, never]);
        assert_eq!(store.revocations(0).unwrap(), [(2, ada.id)]);
        // The newest one stays: by its number a process sees that it missed some.
        store.prune(moment(11), moment(999)).unwrap();
        assert_eq!(store.revocations(0).unwrap(), [(2, ada.id)]);
        assert_eq!(store.last_revocation().unwrap(), 2);
        store.revoke_tokens(ada.id, Revoke::Nothing, moment(300)).unwrap();
        assert_eq!(store.revocations(2).unwrap(), [(3, ada.id)]);
    });
}

#[test]
fn the_moment_of_an_end_never_goes_back_and_two_djangos_need_names() {
    on_every_database(|store, database| {
        let ada = create(store, "ada");
        assert_eq!(store.origin(ada.id, None).unwrap(), None);
        let source = |id: i64, name: &str| {
            let (yes, at) = (if database.name == "postgres" { "TRUE" } else { "1" }, "2026-11-22 12:00:00");
            let values = format!("({id}, '{name}', '{at}', {yes})");
            run(
                &database.url,
                &format!("INSERT INTO import_sources (id, name, created_at, is_django) VALUES {values}"),
            );
        };
        source(7, "first");
        let entry = format!("(7, 1, {}, '')", ada.id);
        run(&database.url, &format!("INSERT INTO imports (source, subject, origin, marks) VALUES {entry}"));
        let ended_at = |source: Option<&str>| store.origin(ada.id, source).unwrap().map(|origin| origin.ended_at);
        assert_eq!(ended_at(None), Some(None));
        // Another server's clock is slow.
        for (at, expected) in [(100, 100), (50, 100), (101, 101)] {
            let generation = store.generation(ada.id).unwrap();
            store.revoke_tokens(ada.id, Revoke::Everything, moment(at)).unwrap();
            assert_eq!(ended_at(None), Some(Some(moment(expected))), "{at}");
            assert_eq!(store.generation(ada.id).unwrap(), generation + 1);
        }
        source(8, "second");
        assert_eq!([None, Some("second")].map(ended_at), [None, None]);
        assert_eq!(ended_at(Some("first")), Some(Some(moment(101))));
    });
}

/// The end may have been read amiss.
#[test]
fn what_was_adopted_is_noted_for_a_day_after_its_end() {
    on_every_database(|store, _| {
        let new = new_token(&create(store, "ada"), TokenKind::Jwt, "s");
        assert!(matches!(store.adopt_token(&new, moment(10)).unwrap(), Adopted::Login(_)));
        for (at, expected) in [(11, true), (86_409, true), (86_411, false)] {
            store.prune(moment(at), moment(0)).unwrap();
            assert_eq!(store.noted(&new.digest).unwrap().is_some(), expected, "{at}");
        }
    });
}

#[test]
fn moments_that_no_calendar_holds_are_no_trouble() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let mut new = new_token(&ada, TokenKind::Sanctum, "s");
        new.expires_at = Some(chrono::DateTime::<chrono::Utc>::MAX_UTC);
        let token = store.insert_token(&new).unwrap().unwrap();
        assert!(!token.is_expired(moment(300_000_000)));
        assert_eq!(store.prune(moment(300_000_000), moment(0)).unwrap(), 0);
    });
}

#[test]
fn the_database_gives_a_sign_of_life() {
    on_every_database(|store, database| {
        store.ping().unwrap();
        assert_eq!(store.backend().to_string(), database.name);
    });
}
