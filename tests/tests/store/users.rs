//! The promises of `UserStore`.

use countersign_core::{
    Role, TokenKind, User, UserId,
    identifier::{Claim, Key, Kind, Taken},
    model::UserChange,
    password::EncodedPassword,
    store::{TokenStore as _, UserStore as _},
};

use countersign_tests::databases::{number, run};

use crate::common::{NOBODY, create, in_slot, moment, new_token, new_user, on_every_database, optional, required};

#[test]
fn a_created_user_is_read_back_whole() {
    on_every_database(|store, _| {
        let new = new_user("ada");
        let ada = store.create_user(&new).unwrap().unwrap();
        assert_eq!(store.user(ada.id).unwrap(), Some(ada.clone()));
        assert_eq!((ada.uuid, ada.role), (new.uuid, Role::Hotelier));
        assert_eq!((&ada.username, &ada.email, &ada.phone), (&new.username, &new.email, &new.phone));
        assert_eq!((&ada.name, &ada.first_name, &ada.last_name), (&new.name, &new.first_name, &new.last_name));
        assert_eq!((ada.is_staff, ada.is_superuser, ada.is_active), (true, false, true));
        assert_eq!((ada.email_verified_at, ada.last_login_at), (Some(moment(-5)), None));
        assert_eq!((ada.created_at, ada.updated_at, ada.api_token), (Some(moment(0)), Some(moment(0)), None));
        assert_eq!(store.user(NOBODY).unwrap(), None);
    });
}

#[test]
fn a_user_may_have_no_identifier_no_password_and_no_address() {
    on_every_database(|store, _| {
        let mut new = new_user("ada");
        (new.email, new.phone, new.password, new.email_verified_at) = (None, None, None, None);
        new.identifiers.clear();
        let ada = store.create_user(&new).unwrap().unwrap();
        assert_eq!((ada.email, ada.phone, ada.email_verified_at), (None, None, None));
        assert_eq!(store.password(ada.id).unwrap(), None);
        assert!(store.account(&[Key::username("ada")]).unwrap().is_none());
    });
}

#[test]
fn an_account_is_found_by_the_first_key_that_is_held() {
    on_every_database(|store, _| {
        let (ada, bob) = (create(store, "ada"), create(store, "bob"));
        let find = |keys: &[&str]| {
            let keys: Vec<Key> = keys.iter().map(|key| Key::from_stored((*key).to_owned())).collect();
            store.account(&keys).unwrap()
        };
        assert_eq!(find(&["nobody", "bob", "ada"]).unwrap().user, bob);
        assert_eq!(find(&["ada", "bob"]).unwrap().user, ada);
        let account = find(&["ada@example.org"]).unwrap();
        assert_eq!((account.user, account.password), (ada, Some(EncodedPassword::new("$argon2id$old"))));
        assert!(find(&["nobody"]).is_none());
        assert!(find(&[]).is_none());
    });
}

#[test]
fn all_hashes_are_read_in_pages_in_the_order_of_their_users() {
    on_every_database(|store, _| {
        let users: Vec<_> = (0..5).map(|number| create(store, &format!("user{number}"))).collect();
        let mut none = new_user("without");
        none.password = None;
        store.create_user(&none).unwrap().unwrap();
        let last = create(store, "last");
        let ids = |page: Vec<(UserId, EncodedPassword)>| {
            assert!(page.iter().all(|(_, hash)| hash.as_str() == "$argon2id$old"));
            page.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        let page = |after, limit| ids(store.passwords(after, limit).unwrap());
        assert_eq!(page(UserId(0), 3), [users[0].id, users[1].id, users[2].id]);
        assert_eq!(page(users[2].id, 3), [users[3].id, users[4].id, last.id]);
        assert_eq!(page(last.id, 3), []);
    });
}

#[test]
fn keys_are_compared_byte_for_byte() {
    on_every_database(|store, _| {
        create(store, "ada");
        for other in ["ADA", "Ada", "ada ", " ada", "adá", "ada\0", "ad", "ada\t"] {
            assert!(store.account(&[Key::from_stored(other.to_owned())]).unwrap().is_none(), "{other:?}");
        }
        for (number, other) in ["ADA", "ada ", "adá", "straße", "strasse"].into_iter().enumerate() {
            let mut new = new_user(&format!("other{number}"));
            new.identifiers = vec![required(Kind::Username, Key::from_stored(other.to_owned()))];
            let user = store.create_user(&new).unwrap().unwrap();
            let found = store.account(&[Key::from_stored(other.to_owned())]).unwrap().unwrap();
            assert_eq!(found.user, user, "{other:?}");
        }
    });
}

#[test]
fn what_no_column_can_hold_belongs_to_nobody_and_can_be_claimed_by_nobody() {
    on_every_database(|store, _| {
        let longest = "ы".repeat(255);
        for (number, text) in ["x".repeat(256), "🦀".repeat(256), "nul\0".to_owned()].into_iter().enumerate() {
            let key = Key::from_stored(text);
            assert!(store.account(std::slice::from_ref(&key)).unwrap().is_none());
            let mut new = new_user(&format!("user{number}"));
            new.identifiers.push(required(Kind::Phone, key.clone()));
            assert_eq!(store.create_user(&new).unwrap().unwrap_err(), Taken(vec![Kind::Phone]));
            new.identifiers.pop();
            new.identifiers.push(optional(Kind::Phone, key));
            assert!(store.create_user(&new).unwrap().is_ok());
        }
        let mut new = new_user("long");
        new.identifiers = vec![required(Kind::Username, Key::username(&longest))];
        let user = store.create_user(&new).unwrap().unwrap();
        assert_eq!(store.account(&[Key::username(&longest)]).unwrap().unwrap().user, user);
    });
}

#[test]
fn long_and_odd_texts_are_no_trouble() {
    on_every_database(|store, _| {
        let mut new = new_user("ada");
        let long = "🦀".repeat(16_000);
        (new.name, new.username, new.email) = (long.clone(), long.clone(), Some(long.clone()));
        new.first_name = "nul\0 and \u{1}".to_owned();
        let ada = store.create_user(&new).unwrap().unwrap();
        assert_eq!((&ada.name, ada.first_name.as_str()), (&long, "nul and \u{1}"));
        let mut token = new_token(&ada, TokenKind::Sanctum, "s");
        token.name.clone_from(&long);
        token.abilities.0 = vec!["\"".repeat(60_000), "nul\0".to_owned()];
        let stored = store.insert_token(&token).unwrap().unwrap();
        assert_eq!((stored.name, stored.abilities), (long, token.abilities));
        assert!(store.token_by_family(TokenKind::Sanctum, "nul\0").unwrap().is_none());
    });
}

#[test]
fn a_user_whose_required_identifier_is_held_is_not_created() {
    on_every_database(|store, _| {
        create(store, "ada");
        let mut new = new_user("bob");
        new.identifiers = vec![
            required(Kind::Username, Key::username("ada")),
            required(Kind::Email, Key::email("bob@example.org")),
            required(Kind::Phone, Key::email("ada@example.org")),
        ];
        let taken = store.create_user(&new).unwrap().unwrap_err();
        assert_eq!(taken, Taken(vec![Kind::Username, Kind::Phone]));
        assert_eq!(store.users(UserId(0), 9).unwrap().len(), 1);
        assert!(store.account(&[Key::email("bob@example.org")]).unwrap().is_none());
    });
}

#[test]
fn an_optional_identifier_that_is_held_is_left_out() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let mut new = new_user("bob");
        new.identifiers = vec![
            required(Kind::Username, Key::username("bob")),
            optional(Kind::Email, Key::email("ada@example.org")),
            optional(Kind::Phone, Key::phone("+79991234567")),
        ];
        let bob = store.create_user(&new).unwrap().unwrap();
        assert_eq!(store.account(&[Key::email("ada@example.org")]).unwrap().unwrap().user, ada);
        assert_eq!(store.account(&[Key::phone("+79991234567")]).unwrap().unwrap().user, bob);
    });
}

#[test]
fn two_claims_with_one_key_count_once() {
    on_every_database(|store, _| {
        let mut new = new_user("ada");
        let key = Key::email("ada@example.org");
        new.identifiers = vec![optional(Kind::Username, key.clone()), required(Kind::Email, key.clone())];
        let ada = store.create_user(&new).unwrap().unwrap();
        assert_eq!(store.account(&[key]).unwrap().unwrap().user, ada);
    });
}

#[test]
fn users_are_listed_in_pages_in_the_order_of_their_numbers() {
    on_every_database(|store, _| {
        let all: Vec<UserId> = ["c", "a", "b"].map(|name| create(store, name).id).to_vec();
        let page = |after, limit| -> Vec<UserId> {
            store.users(after, limit).unwrap().into_iter().map(|user| user.id).collect()
        };
        assert!(all.is_sorted());
        assert_eq!(page(UserId(0), 2), all[..2]);
        assert_eq!(page(all[1], 2), all[2..]);
        assert_eq!(page(all[2], 2), []);
    });
}

#[test]
fn a_change_is_applied_and_knows_no_tokens() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        store.insert_token(&new_token(&ada, TokenKind::Sanctum, "s")).unwrap().unwrap();
        let password = |new: &str| UserChange::Password { new: EncodedPassword::new(new), replacing: None };
        let changes = [password("$new"), UserChange::Active(false), UserChange::Role(Role::Admin)];
        for (number, change) in (1..).zip(&changes) {
            let ada_now = store.change_user(ada.id, change, moment(number)).unwrap().unwrap();
            assert_eq!(ada_now.updated_at, Some(moment(number)));
        }
        let ada_now = store.user(ada.id).unwrap().unwrap();
        assert_eq!((ada_now.is_active, ada_now.role), (false, Role::Admin));
        assert_eq!(store.password(ada.id).unwrap(), Some(EncodedPassword::new("$new")));
        assert_eq!(store.change_user(NOBODY, &changes[1], moment(0)).unwrap(), None);
        assert_eq!(store.tokens_of(ada.id, None).unwrap().len(), 1);
        assert_eq!((store.generation(ada.id).unwrap(), store.last_revocation().unwrap()), (0, 0));
    });
}

#[test]
fn a_login_and_an_api_token_are_remembered() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let seen = store.change_user(ada.id, &UserChange::LoggedIn, moment(7)).unwrap().unwrap();
        assert_eq!((seen.last_login_at, seen.updated_at), (Some(moment(7)), Some(moment(0))));
        let token = |sealed: Option<&str>| {
            let change = UserChange::ApiToken(sealed.map(str::to_owned));
            store.change_user(ada.id, &change, moment(8)).unwrap().unwrap().api_token
        };
        assert_eq!(token(Some("sealed")).as_deref(), Some("sealed"));
        assert_eq!(token(None), None);
        assert_eq!(store.change_user(NOBODY, &UserChange::LoggedIn, moment(7)).unwrap(), None);
    });
}

#[test]
fn another_address_takes_the_place_of_the_old_one_unless_somebody_holds_it() {
    on_every_database(|store, _| {
        let (ada, bob) = (create(store, "ada"), create(store, "bob"));
        let change = |user: &User, address: &str| {
            let claim = Claim { kind: Kind::Email, key: Key::email(address), required: false };
            let change = UserChange::Email { address: Some(address.to_owned()), claim: Some(claim), deactivate: false };
            store.change_user(user.id, &change, moment(1)).unwrap().unwrap()
        };
        let holder = |address: &str| store.account(&[Key::email(address)]).unwrap().map(|account| account.user.id);

        assert_eq!(change(&ada, "First@example.org").email.as_deref(), Some("First@example.org"));
        assert_eq!(holder("first@example.org"), Some(ada.id));
        assert_eq!(change(&bob, "first@example.org").email.as_deref(), Some("first@example.org"));
        assert_eq!(holder("first@example.org"), Some(ada.id));
        change(&ada, "second@example.org");
        assert_eq!((holder("first@example.org"), holder("second@example.org")), (None, Some(ada.id)));
        let verified = |address: &str| UserChange::EmailVerified(address.to_owned());
        assert_eq!(store.change_user(ada.id, &verified("nobody@example.org"), moment(9)).unwrap(), None);
        let own = store.user(ada.id).unwrap().unwrap().email.unwrap();
        let seen = store.change_user(ada.id, &verified(&own), moment(9)).unwrap().unwrap();
        assert_eq!((seen.email_verified_at, seen.updated_at), (Some(moment(9)), Some(moment(9))));
        let none = UserChange::Email { address: None, claim: None, deactivate: false };
        assert_eq!(store.change_user(ada.id, &none, moment(2)).unwrap().unwrap().email, None);
        assert_eq!(holder("second@example.org"), None);
    });
}

#[test]
fn a_profile_changes_as_a_whole_or_not_at_all() {
    on_every_database(|store, _| {
        let (ada, bob) = (create(store, "ada"), create(store, "bob"));
        let change = |user: &User, name: &str, address: Option<&str>| {
            let claimed = |address: &str| (address.to_owned(), required(Kind::Email, Key::email(address)));
            let change = UserChange::Profile { name: name.to_owned(), address: address.map(claimed) };
            store.change_user(user.id, &change, moment(1)).unwrap()
        };
        let holder = |address: &str| store.account(&[Key::email(address)]).unwrap().map(|account| account.user.id);

        let named = change(&ada, "Ada K.", None).unwrap();
        assert_eq!(
            (named.name.as_str(), &named.email, named.email_verified_at),
            ("Ada K.", &ada.email, Some(moment(-5)))
        );
        assert_eq!(named.updated_at, Some(moment(1)));
        let moved = change(&ada, "Ada L.", Some("New@example.org")).unwrap();
        assert_eq!((moved.name.as_str(), moved.email.as_deref()), ("Ada L.", Some("New@example.org")));
        assert_eq!((moved.email_verified_at, holder("new@example.org")), (None, Some(ada.id)));
        assert_eq!(holder(ada.email.as_deref().unwrap()), None);
        assert_eq!(change(&bob, "Mallory", Some("NEW@example.org")), None);
        assert_eq!(store.user(bob.id).unwrap(), Some(bob));
        let respelled = change(&ada, "Ada", Some("new@example.org")).unwrap();
        assert_eq!((respelled.email.as_deref(), holder("new@example.org")), (Some("new@example.org"), Some(ada.id)));
        let nobody = UserChange::Profile { name: "x".to_owned(), address: None };
        assert_eq!(store.change_user(NOBODY, &nobody, moment(1)).unwrap(), None);
    });
}

#[test]
fn nobody_is_locked_out_by_a_change_of_address() {
    on_every_database(|store, _| {
        let by_address = |name: &str| {
            let mut new = new_user(name);
            new.identifiers = vec![required(Kind::Email, Key::email(&format!("{name}@example.org")))];
            store.create_user(&new).unwrap().unwrap()
        };
        let (ada, bob) = (by_address("ada"), by_address("bob"));
        let change = |address: Option<&str>| {
            let claim = address.map(|address| optional(Kind::Email, Key::email(address)));
            let change = UserChange::Email { address: address.map(str::to_owned), claim, deactivate: false };
            store.change_user(ada.id, &change, moment(1)).unwrap().unwrap().email
        };
        let holder = |address: &str| store.account(&[Key::email(address)]).unwrap().map(|account| account.user.id);

        assert_eq!(change(Some("bob@example.org")).as_deref(), Some("bob@example.org"));
        assert_eq!((holder("ada@example.org"), holder("bob@example.org")), (Some(ada.id), Some(bob.id)));
        assert_eq!(change(None), None);
        assert_eq!(holder("ada@example.org"), Some(ada.id));
        assert_eq!(change(Some("ADA@example.org")).as_deref(), Some("ADA@example.org"));
        assert_eq!(holder("ada@example.org"), Some(ada.id));
        change(Some("new@example.org"));
        assert_eq!((holder("ada@example.org"), holder("new@example.org")), (None, Some(ada.id)));
    });
}

#[test]
fn a_hash_is_replaced_only_if_it_is_still_the_old_one() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let hash = |text: &str| EncodedPassword::new(text);
        let replace = |id, old: &str, new: &str| {
            let change = UserChange::Password { new: hash(new), replacing: Some(hash(old)) };
            store.change_user(id, &change, moment(1)).unwrap().is_some()
        };
        assert!(replace(ada.id, "$argon2id$old", "$better"));
        assert!(!replace(ada.id, "$argon2id$old", "$worse"));
        assert!(!replace(NOBODY, "$argon2id$old", "$worse"));
        assert_eq!(store.password(ada.id).unwrap(), Some(hash("$better")));
    });
}

#[test]
fn a_deleted_user_takes_the_identifiers_along_and_its_number_never_returns() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let token = store.find_or_create_token(&in_slot(new_token(&ada, TokenKind::Djoser, "s"))).unwrap().unwrap();
        assert!(store.delete_user(ada.id).unwrap());
        assert!(!store.delete_user(ada.id).unwrap());
        assert_eq!(store.user(ada.id).unwrap(), None);
        assert!(store.account(&[Key::username("ada")]).unwrap().is_none());
        // The tokens are the other port's business.
        assert_eq!(store.token(token.id).unwrap(), Some(token.clone()));
        assert_eq!(store.revoke_token(token.id, None, moment(1)).unwrap(), Some(ada.id));
        let again = create(store, "ada");
        assert!(again.id > ada.id);
        assert!(store.insert_token(&new_token(&again, TokenKind::Djoser, "s")).unwrap().unwrap().id > token.id);
    });
}

#[test]
fn what_a_laravel_kept_of_a_link_goes_after_a_day_and_with_its_user() {
    on_every_database(|store, database| {
        let users = ["ada", "bob", "eve"].map(|name| create(store, name).id);
        let kept = |user: UserId, seconds: i64| {
            let (at, vouched) = (moment(seconds).format("%Y-%m-%d %H:%M:%S"), "0".repeat(64));
            let values = format!("({user}, '$2y$04$x', '{vouched}', '{at}')");
            let columns = "user_id, token, vouched, created_at";
            run(&database.url, &format!("INSERT INTO old_resets ({columns}) VALUES {values}"));
        };
        for (user, seconds) in users.into_iter().zip([0, 100, 200]) {
            kept(user, seconds);
        }
        let there = || users.map(|user| store.old_reset(user).unwrap().is_some());
        store.prune(moment(86_399), moment(0)).unwrap();
        assert_eq!(there(), [true; 3]);
        store.prune(moment(86_450), moment(0)).unwrap();
        assert_eq!(there(), [false, true, true]);
        assert!(store.delete_user(users[1]).unwrap());
        assert_eq!(there(), [false, false, true]);
        assert_eq!(number(&database.url, "SELECT COUNT(*) FROM old_resets"), 1);
    });
}
