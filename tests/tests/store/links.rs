//! What only a link may change, users by address, and other user names.

use countersign_core::{
    NewUser, User,
    identifier::{Key, Kind},
    model::{Seen, UserChange},
    password::EncodedPassword,
    store::UserStore as _,
};

use crate::common::{NOBODY, THREADS, create, moment, new_user, on_every_database, required, together};

const OLD: &str = "$argon2id$old";

/// What a link of ada's vouches for.
fn seen(password: Option<&str>, last_login: Option<i64>) -> Seen {
    Seen {
        password: password.map(EncodedPassword::new),
        email: Some("ada@example.org".to_owned()),
        last_login_at: last_login.map(moment),
        suspended_at: None,
    }
}

/// And one of hers when she had another address.
fn seen_at(address: &str, seen: Seen) -> Seen {
    Seen { email: Some(address.to_owned()), ..seen }
}

fn reset(new: &str, seen: Seen) -> UserChange {
    UserChange::Reset { new: EncodedPassword::new(new), seen }
}

fn rename(name: &str, seen: Option<Seen>) -> UserChange {
    let claim = required(Kind::Username, Key::username_as_typed(name));
    UserChange::Username { name: name.to_owned(), claim, seen }
}

#[test]
fn accounts_are_found_by_their_exact_address() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let mut other = new_user("bob");
        (other.email, other.password) = (Some("ada@example.org".to_owned()), None);
        let bob = store.create_user(&other).unwrap().unwrap();
        let found = store.accounts_by_email("ada@example.org", 9).unwrap();
        let found: Vec<_> = found.into_iter().map(|account| (account.user, account.password)).collect();
        assert_eq!(found, [(ada.clone(), Some(EncodedPassword::new(OLD))), (bob, None)]);
        let first = store.accounts_by_email("ada@example.org", 1).unwrap();
        assert_eq!((first.len(), &first[0].user), (1, &ada));
        for nobodys in
            ["Ada@example.org", "ada@EXAMPLE.org", "ada@example.org ", "ada@example", "", "ada@example.org\0"]
        {
            assert!(store.accounts_by_email(nobodys, 9).unwrap().is_empty(), "{nobodys:?}");
        }
    });
}

#[test]
fn what_comes_by_a_link_is_written_only_while_the_user_is_as_seen() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let read = || (store.user(ada.id).unwrap().unwrap(), store.password(ada.id).unwrap());
        let before = read();
        let elsewhere = seen_at("old@example.org", seen(Some(OLD), None));
        let nowhere = Seen { email: None, ..elsewhere.clone() };
        for other in [seen(Some("$other"), None), seen(None, None), seen(Some(OLD), Some(1)), elsewhere, nowhere] {
            assert_eq!(store.change_user(ada.id, &reset("$new", other.clone()), moment(2)).unwrap(), None);
            assert_eq!(store.change_user(ada.id, &rename("eve", Some(other.clone())), moment(2)).unwrap(), None);
            assert_eq!(store.change_user(ada.id, &UserChange::Activate(other), moment(2)).unwrap(), None);
            assert_eq!(read(), before);
        }
        let now = store.change_user(ada.id, &reset("$new", seen(Some(OLD), None)), moment(2)).unwrap().unwrap();
        assert_eq!((now.last_login_at, now.updated_at), (Some(moment(2)), Some(moment(2))));
        assert_eq!(store.password(ada.id).unwrap(), Some(EncodedPassword::new("$new")));
        // The clock stands still: the link is used up all the same.
        let now =
            store.change_user(ada.id, &rename("eve", Some(seen(Some("$new"), Some(2)))), moment(2)).unwrap().unwrap();
        assert_eq!(now.username, "eve");
        assert!(now.last_login_at > Some(moment(2)));
        assert_eq!(store.change_user(NOBODY, &reset("$new", seen(None, None)), moment(2)).unwrap(), None);
    });
}

#[test]
fn a_link_activates_whoever_is_inactive_and_nobody_else() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let activate = UserChange::Activate(seen(Some(OLD), None));
        assert_eq!(store.change_user(ada.id, &activate, moment(1)).unwrap(), None);
        let waits = NewUser { is_active: false, ..new_user("bob") };
        let bob = store.create_user(&waits).unwrap().unwrap();
        assert_eq!(store.change_user(bob.id, &activate, moment(1)).unwrap(), None, "a link of another address");
        let activate = UserChange::Activate(seen_at("bob@example.org", seen(Some(OLD), None)));
        assert_eq!((bob.is_active, bob.is_suspended, bob.suspended_at), (false, false, None));
        let now = store.change_user(bob.id, &activate, moment(2)).unwrap().unwrap();
        assert_eq!((now.is_active, now.last_login_at, now.updated_at), (true, None, Some(moment(2))));
    });
}

#[test]
fn whom_the_owner_disabled_no_link_enables_or_changes() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let read = || (store.user(ada.id).unwrap().unwrap(), store.password(ada.id).unwrap());
        let by_link = |seen: &Seen| {
            [UserChange::Activate(seen.clone()), reset("$new", seen.clone()), rename("eve", Some(seen.clone()))]
        };
        let active = |active: bool, at: i64| store.change_user(ada.id, &UserChange::Active(active), moment(at));
        let (before, after) = (seen(Some(OLD), None), Seen { suspended_at: Some(moment(1)), ..seen(Some(OLD), None) });

        let disabled = active(false, 1).unwrap().unwrap();
        let suspended = User {
            is_active: false,
            is_suspended: true,
            suspended_at: Some(moment(1)),
            updated_at: Some(moment(1)),
            ..ada.clone()
        };
        assert_eq!(disabled, suspended);
        for change in [by_link(&before), by_link(&after)].concat() {
            assert_eq!(store.change_user(ada.id, &change, moment(2)).unwrap(), None, "{change:?}");
        }
        assert_eq!(read(), (suspended.clone(), Some(EncodedPassword::new(OLD))));
        // Neither does another address, nor its confirmation.
        let address = UserChange::Email { address: Some("new@example.org".to_owned()), claim: None, deactivate: true };
        let moved = store.change_user(ada.id, &address, moment(3)).unwrap().unwrap();
        assert_eq!((moved.is_active, moved.is_suspended, moved.suspended_at), (false, true, Some(moment(1))));
        let [before, after] = [before, after].map(|seen| seen_at("new@example.org", seen));
        assert_eq!(store.change_user(ada.id, &UserChange::Activate(after.clone()), moment(4)).unwrap(), None);

        let enabled = active(true, 5).unwrap().unwrap();
        assert_eq!((enabled.is_active, enabled.is_suspended, enabled.suspended_at), (true, false, Some(moment(1))));
        for change in by_link(&before) {
            assert_eq!(store.change_user(ada.id, &change, moment(6)).unwrap(), None, "{change:?}");
        }
        assert_eq!(read(), (enabled, Some(EncodedPassword::new(OLD))));
        // Who waits for a mail afterwards is activated by it.
        store.change_user(ada.id, &address, moment(7)).unwrap().unwrap();
        assert!(store.change_user(ada.id, &UserChange::Activate(after.clone()), moment(8)).unwrap().unwrap().is_active);
        assert!(store.change_user(ada.id, &reset("$new", after), moment(9)).unwrap().is_some());
    });
}

#[test]
fn a_disabling_and_a_link_at_the_same_moment_leave_nobody_active() {
    on_every_database(|store, _| {
        for round in 0..10 {
            let name = format!("user{round}");
            let waits = NewUser { is_active: false, ..new_user(&name) };
            let user = store.create_user(&waits).unwrap().unwrap();
            together(|number| {
                let by_link = || UserChange::Activate(Seen { email: user.email.clone(), ..seen(Some(OLD), None) });
                let change = if number == 7 { UserChange::Active(false) } else { by_link() };
                store.change_user(user.id, &change, moment(1)).unwrap().is_some()
            });
            let now = store.user(user.id).unwrap().unwrap();
            assert_eq!((now.is_active, now.is_suspended), (false, true), "round {round}");
        }
    });
}

#[test]
fn a_new_address_may_disable_until_it_is_confirmed() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let change = UserChange::Email { address: Some("new@example.org".to_owned()), claim: None, deactivate: true };
        let now = store.change_user(ada.id, &change, moment(1)).unwrap().unwrap();
        assert_eq!((now.is_active, now.is_suspended, now.email.as_deref()), (false, false, Some("new@example.org")));
    });
}

#[test]
fn another_name_takes_the_place_of_the_old_one_unless_somebody_holds_it() {
    on_every_database(|store, _| {
        let (ada, bob) = (create(store, "ada"), create(store, "bob"));
        let holder = |key: Key| store.account(&[key]).unwrap().map(|account| account.user.id);
        let change = |user: &User, name: &str| store.change_user(user.id, &rename(name, None), moment(1)).unwrap();
        assert_eq!(change(&ada, "bob"), None);
        assert_eq!(change(&ada, "Bob@Example.org"), None);
        assert_eq!(store.user(ada.id).unwrap(), Some(ada.clone()));
        assert_eq!(change(&ada, "ｂｏｂ").unwrap().username, "ｂｏｂ");
        assert_eq!(holder(Key::username_as_typed("ｂｏｂ")), Some(ada.id));
        assert_eq!((holder(Key::username("bob")), holder(Key::username("ada"))), (Some(bob.id), None));
        // One's own address may be the name; then it stays when the address goes.
        assert_eq!(change(&ada, "ada@example.org").unwrap().username, "ada@example.org");
        let none = UserChange::Email { address: None, claim: None, deactivate: false };
        store.change_user(ada.id, &none, moment(2)).unwrap().unwrap();
        assert_eq!(holder(Key::email("ada@example.org")), Some(ada.id));
        assert_eq!(holder(Key::username_as_typed("ｂｏｂ")), None);
        assert_eq!(change(&ada, &"x".repeat(256)), None);
    });
}

#[test]
fn of_many_who_use_one_link_exactly_one_wins() {
    on_every_database(|store, _| {
        let ada = create(store, "ada");
        let mut password = OLD.to_owned();
        for round in 0..5 {
            let last = store.user(ada.id).unwrap().unwrap().last_login_at;
            let password_seen = Some(EncodedPassword::new(password.clone()));
            let email = Some("ada@example.org".to_owned());
            let seen = Seen { password: password_seen, email, last_login_at: last, suspended_at: None };
            let outcomes = together(|number| {
                let change = if number % 2 == 0 {
                    reset(&format!("$new-{round}-{number}"), seen.clone())
                } else {
                    rename(&format!("ada-{round}-{number}"), Some(seen.clone()))
                };
                store.change_user(ada.id, &change, moment(7)).unwrap().is_some()
            });
            assert_eq!(outcomes.iter().filter(|won| **won).count(), 1, "round {round}");
            password = store.password(ada.id).unwrap().unwrap().as_str().to_owned();
        }
    });
}

#[test]
fn of_many_who_want_one_name_exactly_one_has_it() {
    on_every_database(|store, _| {
        let users: Vec<User> = (0..THREADS).map(|number| create(store, &format!("user{number}"))).collect();
        let outcomes = together(|number| store.change_user(users[number].id, &rename("ada", None), moment(1)).unwrap());
        let winners: Vec<User> = outcomes.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(store.account(&[Key::username("ada")]).unwrap().unwrap().user, winners[0]);
        let still = users.iter().filter(|user| store.user(user.id).unwrap().as_ref() == Some(*user)).count();
        assert_eq!(still, THREADS - 1);
    });
}
