//! Whatever happens at the same moment, somebody is left to administer, and whoever is not does nothing.

use countersign::store::Store;
use countersign_core::{
    NewUser, Role, User, UserId,
    identifier::Key,
    model::{Mandate, Objection, Step, UserChange},
    store::UserStore as _,
};
use uuid::Uuid;

use crate::common::{NOBODY, THREADS, moment, new_user, on_every_database, together};

const DEMOTE: Step = Step::Change(UserChange::Role(Role::Tourist));
const DISABLE: Step = Step::Change(UserChange::Active(false));

fn with_role(store: &Store, name: &str, role: Role) -> User {
    let new = NewUser { role, ..new_user(name) };
    store.create_user(&new).unwrap().unwrap()
}

fn administrators(store: &Store) -> Vec<UserId> {
    let all = store.users(UserId(0), 1_000).unwrap();
    all.iter().filter(|user| user.role == Role::Admin && user.is_active).map(|user| user.id).collect()
}

fn act(store: &Store, mandate: Mandate, on: &User, step: &Step) -> Result<User, Objection> {
    store.administer(mandate, on.id, step, moment(1)).unwrap()
}

#[test]
fn the_last_administrator_stays_unless_the_owner_says_so() {
    on_every_database(|store, _| {
        let ada = with_role(store, "ada", Role::Admin);
        let bob = with_role(store, "bob", Role::Tourist);
        let by_ada = Mandate::Administrator(ada.id);
        let away = Step::Change(UserChange::Email { address: None, claim: None, deactivate: true });
        for step in [&DEMOTE, &DISABLE, &Step::Delete, &away] {
            for mandate in [by_ada, Mandate::Permitted] {
                assert_eq!(act(store, mandate, &ada, step), Err(Objection::LastAdministrator), "{step:?}");
            }
        }
        assert_eq!(store.user(ada.id).unwrap().as_ref(), Some(&ada));
        // What leaves them one is done.
        assert!(act(store, by_ada, &ada, &Step::Change(UserChange::Role(Role::Admin))).is_ok());
        assert!(act(store, by_ada, &ada, &Step::Change(UserChange::Active(true))).is_ok());
        // An administrator who is disabled is none.
        assert_eq!(act(store, by_ada, &bob, &Step::Change(UserChange::Role(Role::Admin))).unwrap().role, Role::Admin);
        assert!(act(store, by_ada, &bob, &DISABLE).is_ok());
        assert_eq!(act(store, by_ada, &ada, &DEMOTE), Err(Objection::LastAdministrator));
        assert_eq!(act(store, Mandate::Administrator(bob.id), &ada, &DISABLE), Err(Objection::NotPermitted));
        assert_eq!(act(store, Mandate::Owner, &ada, &DEMOTE).unwrap().role, Role::Tourist);
        assert_eq!(administrators(store), []);
    });
}

#[test]
fn nobody_but_an_administrator_does_anything() {
    on_every_database(|store, _| {
        let ada = with_role(store, "ada", Role::Admin);
        let bob = with_role(store, "bob", Role::Hotelier);
        let new = NewUser { role: Role::Admin, ..new_user("eve") };
        for by in [bob.id, NOBODY] {
            let mandate = Mandate::Administrator(by);
            for step in [&DEMOTE, &DISABLE, &Step::Delete, &Step::Change(UserChange::Role(Role::Admin))] {
                assert_eq!(act(store, mandate, &bob, step), Err(Objection::NotPermitted), "{step:?}");
            }
            assert_eq!(store.create_user_by(by, &new).unwrap(), None);
        }
        assert_eq!(store.user(bob.id).unwrap().as_ref(), Some(&bob));
        assert!(store.account(&[Key::username("eve")]).unwrap().is_none());
        let eve = store.create_user_by(ada.id, &new).unwrap().unwrap().unwrap();
        assert_eq!((eve.role, store.user_by_uuid(eve.uuid).unwrap()), (Role::Admin, Some(eve.clone())));
        assert!(store.create_user_by(ada.id, &new).unwrap().unwrap().is_err());
        assert_eq!(act(store, Mandate::Administrator(ada.id), &eve, &Step::Delete), Ok(eve.clone()));
        assert_eq!(act(store, Mandate::Administrator(ada.id), &eve, &Step::Delete), Err(Objection::Absent));
        assert_eq!(store.user_by_uuid(eve.uuid).unwrap(), None);
        assert_eq!(store.user_by_uuid(Uuid::nil()).unwrap(), None);
    });
}

#[test]
fn of_many_administrators_who_go_at_once_one_stays() {
    on_every_database(|store, _| {
        for round in 0..5 {
            let all: Vec<User> =
                (0..THREADS).map(|number| with_role(store, &format!("{round} {number}"), Role::Admin)).collect();
            let outcomes = together(|number| {
                let step = [&DEMOTE, &DISABLE, &Step::Delete][number % 3];
                act(store, Mandate::Permitted, &all[number], step)
            });
            let stays: Vec<UserId> =
                all.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_err()).map(|(user, _)| user.id).collect();
            assert_eq!(stays.len(), 1, "{outcomes:?}");
            assert_eq!(administrators(store), stays);
            for id in stays {
                store.delete_user(id).unwrap();
            }
        }
    });
}

#[test]
fn of_administrators_who_demote_one_another_none_is_demoted_by_one_who_was() {
    on_every_database(|store, database| {
        // Another process.
        let other = database.store();
        for round in 0..50 {
            let (ada, bob) = (
                with_role(store, &format!("ada{round}"), Role::Admin),
                with_role(store, &format!("bob{round}"), Role::Admin),
            );
            // Whether somebody else would be left or not.
            let eve = (round % 2 == 0).then(|| with_role(store, &format!("eve{round}"), Role::Admin));
            let outcomes = std::thread::scope(|scope| {
                let demote = |store: Store, by: &User, whom: &User| {
                    let (by, whom) = (by.id, whom.id);
                    scope.spawn(move || store.administer(Mandate::Administrator(by), whom, &DEMOTE, moment(1)).unwrap())
                };
                [demote(store.clone(), &ada, &bob), demote(other.clone(), &bob, &ada)]
                    .map(|racer| racer.join().unwrap())
            });
            let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
            assert_eq!(refused, [&Objection::NotPermitted], "{outcomes:?}");
            let left = administrators(store);
            assert_eq!(left.len(), if eve.is_some() { 2 } else { 1 });
            for id in left {
                store.delete_user(id).unwrap();
            }
        }
    });
}
