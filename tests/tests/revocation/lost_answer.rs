//! A password is changed or a user disabled, but the store cannot say so any more, or fails at the revocation: the old logins end
//! all the same.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use chrono::TimeDelta;
use countersign::store::Store;
use countersign_core::{
    Auth, AuthError, Credentials, Grant, Registration, Role, Secret, Strategy, Subject, User, UserId,
    auth::{OldLinks, Realm, RealmParts},
    cache::{Cache, CacheOptions},
    env::{CountedRandom, FixedClock},
    identifier::{Key, Taken},
    model::{Account, Mandate, NewUser, Objection, Step, Timestamp, UserChange},
    password::{Argon2Params, EncodedPassword, PasswordRules, Passwords},
    seal::KeyRing,
    store::{Revoke, StoreError, StoreResult, Stores, UserStore},
    strategy::SanctumPat,
};
use countersign_tests::{
    databases::{Database, databases, run},
    server::noon,
};
use uuid::Uuid;

const OLD: &str = "Zx9-quokka-77";
const NEW: &str = "Qm4-wombat-31";

/// A store whose connection breaks off when it is told to.
struct Broken {
    store: Store,
    /// Is a change done?
    does: AtomicBool,
    /// The change that was not done yet.
    late: Mutex<Option<(UserId, UserChange)>>,
    /// Is it said what came of it?
    says: AtomicBool,
    /// Does it tell a password?
    tells: AtomicBool,
}

impl Broken {
    fn set(&self, does: bool, says: bool, tells: bool) {
        for (flag, value) in [(&self.does, does), (&self.says, says), (&self.tells, tells)] {
            flag.store(value, Ordering::SeqCst);
        }
    }
}

fn lost<T>() -> StoreResult<T> {
    Err(StoreError::new("the connection broke off"))
}

impl UserStore for Broken {
    fn change_user(&self, id: UserId, change: &UserChange, now: Timestamp) -> StoreResult<Option<User>> {
        let changed = if self.does.load(Ordering::SeqCst) { self.store.change_user(id, change, now) } else { lost() };
        if !self.does.load(Ordering::SeqCst) {
            *self.late.lock().unwrap() = Some((id, change.clone()));
        }
        if self.says.load(Ordering::SeqCst) { changed } else { lost() }
    }

    fn password(&self, id: UserId) -> StoreResult<Option<EncodedPassword>> {
        if self.tells.load(Ordering::SeqCst) { self.store.password(id) } else { lost() }
    }

    fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        UserStore::user(&self.store, id)
    }

    fn user_by_uuid(&self, uuid: Uuid) -> StoreResult<Option<User>> {
        self.store.user_by_uuid(uuid)
    }

    fn account(&self, keys: &[Key]) -> StoreResult<Option<Account>> {
        self.store.account(keys)
    }

    fn accounts_by_email(&self, address: &str, limit: u32) -> StoreResult<Vec<Account>> {
        self.store.accounts_by_email(address, limit)
    }

    fn passwords(&self, after: UserId, limit: u32) -> StoreResult<Vec<(UserId, EncodedPassword)>> {
        self.store.passwords(after, limit)
    }

    fn create_user(&self, new: &NewUser) -> StoreResult<Result<User, Taken>> {
        self.store.create_user(new)
    }

    fn create_user_by(&self, by: UserId, new: &NewUser) -> StoreResult<Option<Result<User, Taken>>> {
        self.store.create_user_by(by, new)
    }

    fn users(&self, after: UserId, limit: u32) -> StoreResult<Vec<User>> {
        self.store.users(after, limit)
    }

    fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        self.store.delete_user(id)
    }

    fn administer(
        &self,
        mandate: Mandate,
        id: UserId,
        step: &Step,
        now: Timestamp,
    ) -> StoreResult<Result<User, Objection>> {
        let done =
            if self.does.load(Ordering::SeqCst) { self.store.administer(mandate, id, step, now) } else { lost() };
        if self.says.load(Ordering::SeqCst) { done } else { lost() }
    }
}

/// Ada, who is logged in.
struct Ada {
    realm: Realm,
    auth: Auth,
    users: Arc<Broken>,
    clock: Arc<FixedClock>,
    subject: Subject,
    token: Secret,
}

impl Ada {
    fn on(database: &Database) -> Self {
        eprintln!("on {}", database.name);
        let (store, clock) = (database.store(), Arc::new(FixedClock::at(noon())));
        let [does, says, tells] = [(); 3].map(|()| AtomicBool::new(true));
        let users = Arc::new(Broken { store: store.clone(), does, late: Mutex::default(), says, tells });
        let realm = Realm::new(RealmParts {
            stores: Stores::apart(Arc::clone(&users) as Arc<dyn UserStore>, Arc::new(store)),
            passwords: Passwords::new(Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 }),
            keys: KeyRing::new(["the key ring of every test host!!"]).unwrap(),
            clock: Arc::clone(&clock) as Arc<_>,
            random: Arc::new(CountedRandom::default()),
            cache: Cache::new(CacheOptions { capacity: 1_000, bound: None }),
            old_links: OldLinks::default(),
        });
        let auth = Auth::new(realm.clone(), Strategy::SanctumPat(SanctumPat::default()), PasswordRules::None);
        auth.register(&Registration { username: Some("ada".to_owned()), ..Registration::new(OLD.into()) }).unwrap();
        let credentials = Credentials::new("ada", OLD.into());
        let token = auth.login(&credentials, &Grant::named("phone")).unwrap().access;
        let subject = auth.authenticate(&credentials).unwrap();
        Self { realm, auth, users, clock, subject, token }
    }

    /// Gives herself a new password, as an application has it.
    fn change(&self) -> Result<User, AuthError> {
        self.auth.replace_password(&self.subject, &NEW.into(), &[Revoke::Everything])
    }

    fn is_let_in(&self) -> bool {
        match self.auth.verify(self.token.expose()) {
            Ok(_) => true,
            Err(AuthError::Token(_)) => false,
            Err(other) => panic!("{other}"),
        }
    }

    fn may_log_in_by(&self, password: &str) -> bool {
        self.auth.authenticate(&Credentials::new("ada", password.into())).is_ok()
    }
}

#[test]
fn a_change_that_is_committed_and_not_acknowledged_is_found_and_revokes() {
    for database in databases() {
        let ada = Ada::on(&database);
        assert!(ada.is_let_in());
        ada.users.set(true, false, true);
        assert_eq!(ada.change().unwrap().id, ada.subject.user.id);
        assert!(!ada.is_let_in() && ada.may_log_in_by(NEW));
        // And so does the owner's.
        ada.users.set(true, true, true);
        let token = ada.auth.login(&Credentials::new("ada", NEW.into()), &Grant::named("phone")).unwrap().access;
        let again = Ada { token, ..ada };
        assert!(again.is_let_in());
        again.users.set(true, false, true);
        again.auth.recover(again.subject.user.id, &OLD.into()).unwrap();
        assert!(!again.is_let_in() && again.may_log_in_by(OLD));
    }
}

#[test]
fn where_the_store_stays_silent_the_revocation_follows_as_soon_as_it_answers() {
    for database in databases() {
        let ada = Ada::on(&database);
        ada.users.set(true, false, false);
        assert!(matches!(ada.change(), Err(AuthError::Store(_))));
        assert!(ada.is_let_in(), "nobody knows yet");
        assert!(ada.realm.follow_up().is_err());
        ada.users.set(true, true, true);
        ada.realm.follow_up().unwrap();
        assert!(!ada.is_let_in() && ada.may_log_in_by(NEW));
    }
}

#[test]
fn what_was_not_changed_revokes_nothing_until_a_commit_comes_after_all() {
    for database in databases() {
        let ada = Ada::on(&database);
        ada.users.set(false, false, true);
        assert!(matches!(ada.change(), Err(AuthError::Store(_))));
        for _ in 0..3 {
            ada.realm.follow_up().unwrap();
            assert!(ada.is_let_in() && ada.may_log_in_by(OLD));
            ada.clock.advance(TimeDelta::minutes(1));
        }
        // The commit had waited for a replica.
        let (id, change) = ada.users.late.lock().unwrap().take().unwrap();
        ada.users.store.change_user(id, &change, noon()).unwrap().unwrap();
        assert!(ada.is_let_in());
        ada.realm.follow_up().unwrap();
        assert!(!ada.is_let_in() && ada.may_log_in_by(NEW));
    }
}

#[test]
fn nobody_looks_for_ever() {
    for database in databases() {
        let ada = Ada::on(&database);
        ada.users.set(false, false, true);
        assert!(matches!(ada.change(), Err(AuthError::Store(_))));
        ada.clock.advance(TimeDelta::seconds(601));
        ada.realm.follow_up().unwrap();
        ada.users.set(true, true, false);
        ada.realm.follow_up().unwrap();
        assert!(ada.is_let_in());
    }
}

#[test]
fn a_revocation_that_failed_is_made_up_for() {
    for database in databases() {
        let ada = Ada::on(&database);
        run(&database.url, "ALTER TABLE revocation_counter RENAME TO somewhere_else");
        assert!(matches!(ada.change(), Err(AuthError::Store(_))));
        assert!(ada.may_log_in_by(NEW) && ada.is_let_in());
        assert!(ada.realm.follow_up().is_err());
        run(&database.url, "ALTER TABLE somewhere_else RENAME TO revocation_counter");
        ada.realm.follow_up().unwrap();
        assert!(!ada.is_let_in());
        ada.realm.follow_up().unwrap();
    }
}

#[test]
fn a_step_that_is_committed_and_not_acknowledged_revokes_and_one_that_was_not_made_does_not() {
    let steps = [Step::Change(UserChange::Active(false)), Step::Change(UserChange::Role(Role::Admin)), Step::Delete];
    for (number, step) in steps.iter().enumerate() {
        for database in databases() {
            let ada = Ada::on(&database);
            let session = ada.auth.open_session(&ada.subject, TimeDelta::hours(1)).unwrap();
            let take = || ada.auth.administer(Mandate::Owner, ada.subject.user.id, step);
            ada.users.set(false, false, true);
            assert!(matches!(take(), Err(AuthError::Store(_))));
            ada.realm.follow_up().unwrap();
            assert!(ada.is_let_in() && ada.auth.verify_session(session.expose()).is_ok(), "{step:?} was not made");
            ada.users.set(true, false, true);
            let _ = take();
            ada.users.set(true, true, true);
            ada.realm.follow_up().unwrap();
            assert!(ada.auth.verify_session(session.expose()).is_err(), "{step:?}");
            // A role ends the browser's sessions alone.
            assert_eq!(ada.is_let_in(), number == 1, "{step:?}");
            if number == 0 {
                ada.auth.set_active(ada.subject.user.id, true).unwrap();
                assert!(!ada.is_let_in(), "enabling brings nothing back");
            }
        }
    }
}

#[test]
fn who_changes_again_and_again_while_the_store_fails_is_remembered_once() {
    for database in databases() {
        let ada = Ada::on(&database);
        ada.users.set(false, false, true);
        for _ in 0..9 {
            assert!(matches!(ada.change(), Err(AuthError::Store(_))));
        }
        assert!(ada.is_let_in());
        ada.realm.follow_up().unwrap();
        assert!(!ada.is_let_in() && ada.may_log_in_by(OLD));
    }
}
