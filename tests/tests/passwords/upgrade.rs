//! What a login makes of an old hash, and that it neither fails by it nor undoes another change.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use countersign_core::{
    Credentials, Secret,
    model::UserChange,
    password::EncodedPassword,
    store::{Revoke, UserStore as _},
};
use countersign_tests::{databases, log, server::noon};

use crate::common::{each, import, logs_in, server, stored};

/// Hashes of `Walrus-old` as PHP and Django make them.
const BCRYPT: &str = "$2y$04$7badu6wvHq3xvEg8XeuV.eivngT5tfCIvFdikewdCIZ.H1VSDcpde";
/// One that takes so long that the other change comes meanwhile.
const SLOW_BCRYPT: &str = "$2y$08$3ZV21oILUSed0/.uzq8DZ.TZiP/d5q2DVR4/q.3a1dtPc94vCD1xC";
const ARGON2I: &str = "$argon2i$v=19$m=64,t=3,p=1$azJUV3NndGN3VG95Y04xMw$VYs3RDn/I1oid7MHdO+4id0VZKIVoTYK7bMzCRUbaSM";
const ARGON2ID: &str =
    "$argon2id$v=19$m=128,t=2,p=1$RWhUOEtnY1BvcDNtTkJBeQ$/z1Vsg4WTBTWlNWFOx12krYibVwctKialTtri7OgwTo";
const PBKDF2: &str = "pbkdf2_sha256$1000$61RunJj5wvdJ3XrTIwSLrS$ZzooJ56eRd6Ylotja4S5zmGwZsHeQGKymgVIh1P57U4=";
const DJANGO_BCRYPT: &str = "bcrypt$$2b$04$mAQ0tPEw35n2k2AvsTyzA.bgpoLdNJvvLaun/Hif2PWb3BTs8Ztw6";
const SCRYPT: &str = "scrypt$256$1Mf9UFDixmrPVRMCEDkJn0$8$5$2YdMopo1D+HXjbAJHCwNUXOnsSCmmWsJ4OZ7tOPMdtE5eqa5mO2LtdJc44yuzJK/yaHnqkSBHRnDMYUgqkjlGw==";
const MD5: &str = "md5$ke71RwWcHNVPsPDhioo61T$dc1c6c793f4ef2e9fc13c58746ff02bc";
const OLD: &str = "Walrus-old";

/// Every hash, and how those begin that take its place: within the family, and in full.
const EXPECTED: [(&str, &str, &str); 7] = [
    (BCRYPT, "$2y$05$", NATIVE),
    (ARGON2I, ARGON2I, NATIVE),
    (ARGON2ID, NATIVE, NATIVE),
    (PBKDF2, "pbkdf2_sha256$2000$", NATIVE),
    (DJANGO_BCRYPT, "pbkdf2_sha256$2000$", NATIVE),
    (SCRYPT, "pbkdf2_sha256$2000$", NATIVE),
    (MD5, "pbkdf2_sha256$2000$", NATIVE),
];
const NATIVE: &str = "$argon2id$v=19$m=64,t=1,p=1$";

#[test]
fn a_login_replaces_the_hash_as_the_mode_says_on_every_database() {
    for mode in ["off", "same-family", "full"] {
        for server in each(mode) {
            for (number, (old, family, full)) in EXPECTED.into_iter().enumerate() {
                let name = format!("user{number}");
                let user = import(&server, &name, old);
                assert!(!logs_in(&server, &name, "Walrus-new"), "{mode} {old}");
                assert_eq!(stored(&server, user), old, "{mode}: a wrong password changes nothing");
                assert!(logs_in(&server, &name, OLD), "{} {mode} {old}", server.backend);
                let new = stored(&server, user);
                let expected = match mode {
                    "off" => old,
                    "same-family" => family,
                    _ => full,
                };
                assert!(new.starts_with(expected), "{} {mode} {old}: {new}", server.backend);
                assert!(logs_in(&server, &name, OLD) && !logs_in(&server, &name, "Walrus-new"), "{mode} {old}");
                assert_eq!(stored(&server, user), new, "{mode}: the new one stays");
            }
        }
    }
}

/// Whatever the mode: what is set here is native.
#[test]
fn a_new_password_is_native_in_every_mode() {
    for mode in ["off", "same-family", "full"] {
        let server = server(mode);
        let body = serde_json::json!({"login": "ada", "password": "Zx9-quokka-77"});
        assert_eq!(server.anon().post("/register", body).status, 200);
        let ada = server.owner.find_user("ada").unwrap();
        assert!(stored(&server, ada.id).starts_with(NATIVE), "{mode}");
        let bob = import(&server, "bob", BCRYPT);
        server.owner.recover(bob, &Secret::from("Zx9-quokka-78")).unwrap();
        assert!(stored(&server, bob).starts_with(NATIVE), "{mode}");
    }
}

/// Whoever writes the password column fails, on each database in its own words.
fn refuse_passwords(server: &countersign_tests::Server) {
    let statement = match server.backend {
        "sqlite" => {
            "CREATE TRIGGER no_passwords BEFORE UPDATE OF password ON users BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        "postgres" => {
            "CREATE FUNCTION no_passwords() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'refused'; END$$; \
             CREATE TRIGGER no_passwords BEFORE UPDATE OF password ON users \
             FOR EACH ROW EXECUTE FUNCTION no_passwords()"
        }
        _ => {
            "CREATE TRIGGER no_passwords BEFORE UPDATE ON users FOR EACH ROW \
             IF NOT (NEW.password <=> OLD.password) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'; END IF"
        }
    };
    databases::run(&server.database.url, statement);
}

#[test]
fn an_upgrade_that_cannot_be_stored_does_not_fail_the_login_and_is_logged() {
    log::keep();
    for (server, mode) in
        ["full", "same-family"].into_iter().flat_map(|mode| each(mode).into_iter().map(move |it| (it, mode)))
    {
        let before = log::logged("cannot store the upgraded password hash").len();
        let ada = import(&server, "ada", BCRYPT);
        refuse_passwords(&server);
        assert!(logs_in(&server, "ada", OLD), "{} {mode}", server.backend);
        assert_eq!(stored(&server, ada), BCRYPT, "{} {mode}", server.backend);
        let said = log::logged("cannot store the upgraded password hash");
        assert_eq!(said.len(), before + 4, "{} {mode}: once a login", server.backend);
        assert!(said.iter().all(|line| line.contains("WARN") && !line.contains("$2y$")), "{said:?}");
    }
}

/// The old password is checked while the owner sets a new one: whichever comes first, the new one is what counts.
#[test]
fn an_upgrade_does_not_undo_a_password_that_was_set_meanwhile() {
    for mode in ["full", "same-family"] {
        for server in each(mode) {
            let ada = import(&server, "ada", SLOW_BCRYPT);
            let old = Credentials::new("ada", Secret::from(OLD));
            for round in 0..24_u64 {
                let change = UserChange::Password { new: EncodedPassword::new(SLOW_BCRYPT), replacing: None };
                server.store.change_user(ada, &change, noon()).unwrap().unwrap();
                let new = Secret::new(format!("Walrus-new-{round}"));
                let barrier = Arc::new(Barrier::new(2));
                thread::scope(|scope| {
                    let (begin, server, old) = (Arc::clone(&barrier), &server, &old);
                    scope.spawn(move || {
                        begin.wait();
                        // Right before the new password, wrong behind it.
                        let _ = server.owner.authenticate(old);
                    });
                    barrier.wait();
                    thread::sleep(Duration::from_millis(round));
                    server.owner.recover(ada, &new).unwrap();
                });
                assert!(server.owner.authenticate(&Credentials::new("ada", new)).is_ok(), "{mode} {round}");
                assert!(server.owner.authenticate(&old).is_err(), "{} {mode} {round}", server.backend);
            }
        }
    }
}

/// Else a login at the same moment would make the right current password a wrong one.
#[test]
fn whoever_has_confirmed_a_password_may_change_it_whatever_logins_made_of_its_hash() {
    for server in each("full") {
        let ada = import(&server, "ada", BCRYPT);
        let confirmed = server.owner.confirm_password(ada, &Secret::from(OLD)).unwrap();
        assert!(logs_in(&server, "ada", OLD), "{}", server.backend);
        server.owner.replace_password(&confirmed, &Secret::from("Walrus-new"), &[Revoke::Nothing]).unwrap();
        assert!(logs_in(&server, "ada", "Walrus-new") && !logs_in(&server, "ada", OLD), "{}", server.backend);
    }
}

#[test]
fn logins_that_hash_anew_at_once_are_all_proved_by_the_hash_that_stays() {
    const LOGINS: usize = 4;
    for server in each("full") {
        let ada = import(&server, "ada", SLOW_BCRYPT);
        let barrier = Barrier::new(LOGINS);
        let subjects: Vec<_> = thread::scope(|scope| {
            let (server, barrier) = (&server, &barrier);
            let log_in = move || {
                barrier.wait();
                server.owner.authenticate(&Credentials::new("ada", Secret::from(OLD))).unwrap()
            };
            let logins: Vec<_> = (0..LOGINS).map(|_| scope.spawn(log_in)).collect();
            logins.into_iter().map(|login| login.join().unwrap()).collect()
        });
        let present = EncodedPassword::new(stored(&server, ada));
        for subject in subjects {
            assert!(subject.account().password.as_ref() == Some(&present), "{}", server.backend);
        }
    }
}
