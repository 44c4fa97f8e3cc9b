//! The promises of `HolderStore`: what it says is what the two stores say one after the other.

use std::sync::Arc;

use countersign_core::{
    Digest, TokenId, TokenKind, UserId,
    store::{Held, HolderStore as _, TokenKey, TokenStore as _, UserStore as _},
};

use crate::common::{NOBODY, create, new_token, on_every_database};

#[test]
fn a_token_comes_with_its_user_by_whatever_it_is_known() {
    on_every_database(|store, _| {
        let (ada, grace) = (create(store, "ada"), create(store, "grace"));
        create(store, "third");
        for (user, other) in [(&grace, &ada), (&ada, &grace)] {
            let new = new_token(user, TokenKind::Jwt, &format!("of {}", user.username));
            let token = store.insert_token(&new).unwrap().unwrap();
            let family = new.family.as_deref().unwrap();
            let held = Some(Held { token: token.clone(), user: store.user(user.id).unwrap() });
            assert_eq!(held.as_ref().unwrap().user.as_ref(), Some(user));
            assert_eq!(store.held(TokenKey::Number(token.id)).unwrap(), held);
            assert_eq!(store.held(TokenKey::Digest(TokenKind::Jwt, &new.digest)).unwrap(), held);
            assert_eq!(store.held(TokenKey::Family(TokenKind::Jwt, family)).unwrap(), held);
            for kind in TokenKind::ALL.into_iter().filter(|kind| *kind != TokenKind::Jwt) {
                assert_eq!(store.held(TokenKey::Digest(kind, &new.digest)).unwrap(), None);
                assert_eq!(store.held(TokenKey::Family(kind, family)).unwrap(), None);
            }
            assert_ne!(user, other);
        }
        assert_eq!(store.held(TokenKey::Number(TokenId(4_000_000))).unwrap(), None);
        assert_eq!(store.held(TokenKey::Digest(TokenKind::Jwt, &Digest::of(b"other"))).unwrap(), None);
        for family in ["", "family of of ada ", "FAMILY OF OF ADA", "nul\0"] {
            assert_eq!(store.held(TokenKey::Family(TokenKind::Jwt, family)).unwrap(), None, "{family:?}");
        }
    });
}

#[test]
fn of_several_logins_of_a_family_the_newest_counts() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let first = new_token(&ada, TokenKind::Jwt, "first");
        let mut second = new_token(&ada, TokenKind::Jwt, "second");
        second.family.clone_from(&first.family);
        store.insert_token(&first).unwrap().unwrap();
        let newest = store.insert_token(&second).unwrap().unwrap();
        let family = first.family.as_deref().unwrap();
        assert_eq!(store.held(TokenKey::Family(TokenKind::Jwt, family)).unwrap().unwrap().token, newest);
    });
}

#[test]
fn a_token_outlives_its_user_and_may_be_of_a_user_that_lives_elsewhere() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let of = |user: UserId, secret: &str| {
            let mut new = new_token(&ada, TokenKind::Sanctum, secret);
            new.user_id = user;
            store.insert_token(&new).unwrap().unwrap()
        };
        let (here, elsewhere) = (of(ada.id, "here"), of(NOBODY, "elsewhere"));
        assert!(store.delete_user(ada.id).unwrap());
        for token in [here, elsewhere] {
            assert_eq!(store.held(TokenKey::Number(token.id)).unwrap(), Some(Held { token, user: None }));
        }
    });
}

#[test]
fn without_waiting_it_says_the_same() {
    on_every_database(|store, _| {
        let Some(at_once) = countersign_core::store::HolderStore::at_once(store) else { return };
        let stores = countersign_core::store::Stores::together(Arc::new(store.clone()));
        let ada = create(store, "ada");
        let token = store.insert_token(&new_token(&ada, TokenKind::Djoser, "s")).unwrap().unwrap();
        let held = Some(Held { token: token.clone(), user: stores.users().user(ada.id).unwrap() });
        assert!((0..100).any(|_| at_once.held(TokenKey::Number(token.id)).is_ok_and(|found| found == held)));
    });
}
