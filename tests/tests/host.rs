//! A host with users of its own: core and the server's token store over a table that Countersign has never seen.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "host/users.rs"]
mod users;

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Instant,
};

use chrono::TimeDelta;
use countersign::store::Store;
use countersign_core::{
    Auth, AuthError, Credentials, Grant, Issued, Registration, Strategy, Subject, TokenFault,
    auth::{OldLinks, Realm, RealmParts},
    cache::{Cache, CacheOptions},
    deadline,
    env::{CountedRandom, FixedClock},
    password::{Argon2Params, PasswordRules, Passwords},
    seal::KeyRing,
    store::{Revoke, Stores, TokenStore as _},
    strategy::{
        DjoserToken, JwtKeys, JwtPair, JwtSettings, RefreshRotation, SanctumPat, SimpleJwt, SimpleJwtRotation,
        SimpleJwtSettings,
    },
};
use countersign_tests::{databases::databases, server::noon};

use users::HostUsers;

const OLD: &str = "Zx9-quokka-77";
const NEW: &str = "Qm4-wombat-31";
const RACERS: usize = 16;

/// The doors of every strategy over one realm.
struct Host {
    name: &'static str,
    store: Store,
    doors: [Auth; 4],
}

impl Host {
    fn on(name: &'static str, store: Store) -> Self {
        let random = Arc::new(CountedRandom::default());
        let realm = Realm::new(RealmParts {
            stores: Stores::apart(Arc::new(HostUsers::default()), Arc::new(store.clone())),
            passwords: Passwords::new(Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 }),
            keys: KeyRing::new(["the key ring of every test host!!"]).unwrap(),
            clock: Arc::new(FixedClock::at(noon())),
            random,
            cache: Cache::new(CacheOptions { capacity: 1_000, bound: None }),
            old_links: OldLinks::default(),
        });
        let names = JwtSettings {
            issuer: "host".to_owned(),
            audience: "host".to_owned(),
            access_ttl: TimeDelta::minutes(5),
            refresh_ttl: TimeDelta::days(1),
            rotation: None,
        };
        let simple = SimpleJwtSettings {
            access_lifetime: TimeDelta::minutes(5),
            refresh_lifetime: TimeDelta::days(1),
            rotation: SimpleJwtRotation::Off,
        };
        let limits = RefreshRotation { grace: TimeDelta::seconds(10), login_ttl: TimeDelta::days(90) };
        let keys = JwtKeys::of_secret(b"a signing key of at least 32 bytes");
        let doors = [
            Strategy::SanctumPat(SanctumPat::default()),
            Strategy::DjoserToken(DjoserToken::default()),
            Strategy::JwtPair(JwtPair::new(names, keys.clone())),
            Strategy::SimpleJwt(SimpleJwt::new(simple, limits, keys)),
        ]
        .map(|strategy| Auth::new(realm.clone(), strategy, PasswordRules::None));
        Self { name, store, doors }
    }

    fn register(&self, name: &str) -> Subject {
        let registration = Registration { username: Some(name.to_owned()), ..Registration::new(OLD.into()) };
        self.doors[0].register(&registration).unwrap()
    }

    /// Asks until no credential of `issued` speaks for anybody.
    fn assert_dead(&self, door: &Auth, issued: &Issued) {
        let verified = door.verify(issued.access.expose());
        assert!(matches!(verified, Err(AuthError::Token(_))), "{}: {verified:?}", self.name);
        if let Some(refresh) = &issued.refresh {
            assert!(matches!(door.refresh(refresh.expose()), Err(AuthError::Token(_))), "{}", self.name);
        }
    }
}

fn log_in(door: &Auth, name: &str, password: &str) -> Result<Issued, AuthError> {
    door.login(&Credentials::new(name.to_owned(), password.into()), &Grant::named("phone"))
}

fn on_every_database(test: impl Fn(&Host)) {
    for database in databases() {
        test(&Host::on(database.name, database.store()));
    }
}

/// Runs `act` sixteen times at once; the number says who it is.
fn race<T: Send>(act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(RACERS);
    thread::scope(|scope| {
        let (act, start) = (&act, &start);
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                scope.spawn(move || {
                    start.wait();
                    act(number)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

#[test]
fn users_of_the_hosts_own_log_in_with_every_strategy() {
    on_every_database(|host| {
        let ada = host.register("ada");
        for door in &host.doors {
            assert!(matches!(log_in(door, "ada", "wrong"), Err(AuthError::WrongCredentials)));
            let issued = log_in(door, "ada", OLD).unwrap();
            assert_eq!(door.verify(issued.access.expose()).unwrap().user.id, ada.id);
            assert!(door.user(ada.id).unwrap().last_login_at.is_some());

            door.revoke(issued.token.id, Some(ada.id)).unwrap();
            host.assert_dead(door, &issued);

            let again = log_in(door, "ada", OLD).unwrap();
            let caller = door.verify(again.access.expose()).unwrap();
            door.logout(&caller).unwrap();
            host.assert_dead(door, &again);
        }
        let secret = host.doors[0].open_session(&ada, TimeDelta::hours(1)).unwrap();
        assert_eq!(host.doors[0].verify_session(secret.expose()).unwrap().user.id, ada.id);
    });
}

#[test]
fn a_recovery_and_a_deletion_end_everything_of_a_user_of_the_hosts_own() {
    on_every_database(|host| {
        let ada = host.register("ada");
        let issued = host.doors.each_ref().map(|door| log_in(door, "ada", OLD).unwrap());
        host.doors[0].recover(ada.id, &NEW.into()).unwrap();
        for (door, issued) in host.doors.iter().zip(&issued) {
            host.assert_dead(door, issued);
            assert!(matches!(log_in(door, "ada", OLD), Err(AuthError::WrongCredentials)));
        }
        let issued = host.doors.each_ref().map(|door| log_in(door, "ada", NEW).unwrap());
        host.doors[0].delete_user(ada.id).unwrap();
        for (door, issued) in host.doors.iter().zip(&issued) {
            host.assert_dead(door, issued);
            assert!(matches!(log_in(door, "ada", NEW), Err(AuthError::WrongCredentials)));
        }
        assert_eq!(host.store.tokens_of(ada.id, None).unwrap(), []);
    });
}

/// The host has changed its user by then: half of it would leave the thief a login under the new password.
#[test]
fn what_a_change_takes_away_is_revoked_although_its_client_was_given_up_meanwhile() {
    on_every_database(|host| {
        let ada = host.register("ada");
        let door = &host.doors[0];
        for (number, password) in [OLD, NEW].into_iter().enumerate() {
            let issued = host.doors.each_ref().map(|door| log_in(door, "ada", password).unwrap());
            deadline::until(Instant::now(), || {
                let late = log_in(door, "ada", password);
                assert!(matches!(late, Err(AuthError::Store(_))), "{}: {late:?}", host.name);
                if number == 0 { door.recover(ada.id, &NEW.into()).map(drop) } else { door.delete_user(ada.id) }
            })
            .unwrap();
            for (door, issued) in host.doors.iter().zip(&issued) {
                host.assert_dead(door, issued);
            }
        }
        assert_eq!(host.store.tokens_of(ada.id, None).unwrap(), []);
    });
}

#[test]
fn nothing_of_a_login_with_the_old_password_survives_a_recovery() {
    on_every_database(|host| {
        for round in 0..5 {
            let name = format!("ada{round}");
            let ada = host.register(&name);
            let issued = race(|racer| {
                if racer == RACERS / 2 {
                    host.doors[0].recover(ada.id, &NEW.into()).unwrap();
                    return None;
                }
                let door = &host.doors[racer % host.doors.len()];
                match log_in(door, &name, OLD) {
                    Ok(issued) => Some((door, issued)),
                    Err(AuthError::WrongCredentials) => None,
                    Err(error) => panic!("{}: {error}", host.name),
                }
            });
            for (door, issued) in issued.into_iter().flatten() {
                host.assert_dead(door, &issued);
            }
            assert_eq!(host.store.tokens_of(ada.id, None).unwrap(), [], "{}", host.name);
            assert!(matches!(log_in(&host.doors[0], &name, OLD), Err(AuthError::WrongCredentials)));
            log_in(&host.doors[0], &name, NEW).unwrap();
        }
    });
}

#[test]
fn nothing_that_a_token_issues_survives_the_end_of_all_tokens() {
    on_every_database(|host| {
        let door = &host.doors[0];
        for round in 0..5 {
            let name = format!("ada{round}");
            let ada = host.register(&name);
            let caller = door.verify(log_in(door, &name, OLD).unwrap().access.expose()).unwrap();
            let issued = race(|racer| {
                if racer == RACERS / 2 {
                    door.revoke_many(ada.id, Revoke::Everything).unwrap();
                    return None;
                }
                match door.issue_within(&caller, &Grant::named("more")) {
                    Ok(issued) => Some(issued),
                    Err(AuthError::Token(TokenFault::Unknown) | AuthError::WrongCredentials) => None,
                    Err(error) => panic!("{}: {error}", host.name),
                }
            });
            for issued in issued.iter().flatten() {
                host.assert_dead(door, issued);
            }
            assert_eq!(host.store.tokens_of(ada.id, None).unwrap(), [], "{}", host.name);
        }
    });
}

#[test]
fn who_logs_in_while_another_of_their_tokens_ends_is_let_in() {
    on_every_database(|host| {
        let ada = host.register("ada");
        for _ in 0..5 {
            let door = &host.doors[0];
            let old = log_in(door, "ada", OLD).unwrap();
            let caller = door.verify(old.access.expose()).unwrap();
            let issued = race(|racer| {
                if racer == RACERS / 2 {
                    door.logout(&caller).unwrap();
                    return None;
                }
                Some(log_in(door, "ada", OLD).unwrap_or_else(|error| panic!("{}: {error}", host.name)))
            });
            host.assert_dead(door, &old);
            for issued in issued.into_iter().flatten() {
                assert_eq!(door.verify(issued.access.expose()).unwrap().user.id, ada.id);
            }
        }
    });
}
