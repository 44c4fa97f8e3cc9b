//! While both run for a week: what a login or the import itself did here is no change of anybody's, what a user or the owner
//! did is.

use countersign_core::{UserId, store::UserStore as _};
use countersign_tests::{
    databases::{Database, databases, run},
    program::{Running, Sandbox},
};
use serde_json::{Value, json};

use super::common::{DJANGO, LARAVEL, import, installation, pairs};

/// Laravel's hash of "password".
const OF_PASSWORD: &str = "$2y$10$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.";
/// What the recorded database always has to say.
const ORPHAN: &str = "refused personal_access_tokens 16: its user 4242 was not imported";

/// A value of a user as `user show` has them.
fn shown(sandbox: &Sandbox, who: &str, field: &str) -> Value {
    let user: Value = serde_json::from_str(&sandbox.done(&["user", "show", who, "--json"])).unwrap();
    user[field].clone()
}

fn is_native(target: &Database, id: i64) -> bool {
    let hash = target.store().password(UserId(id)).unwrap().unwrap();
    hash.as_str().starts_with("$argon2id$v=19$m=64,")
}

fn log_in(server: &Running, email: &str, password: &str) -> u16 {
    let form = json!({"email": email, "password": password, "device_name": "test"});
    server.anon().wants_json().post("/sanctum/token", form).status
}

/// Nobody changed a password by logging in: what is chosen at the source afterwards counts.
#[test]
fn a_hash_that_a_login_made_anew_gives_way_to_a_password_of_the_source() {
    for (source, target) in pairs(LARAVEL) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        let server = sandbox.serve();
        // Dave logs in; Bob logs in, chooses another password here and logs in with that.
        assert_eq!(log_in(&server, "dave@example.com", "Dave#2024"), 200);
        assert_eq!(log_in(&server, "bob@example.com", "s3cret-Bob!"), 200);
        sandbox.done_with("chosen here", &["user", "set-password", "2", "--password-stdin"]);
        assert_eq!(log_in(&server, "bob@example.com", "chosen here"), 200);
        assert!(is_native(&target, 2) && is_native(&target, 4));

        // Something else changes first, and what is known of the hashes is kept.
        run(&source.url, "UPDATE users SET name = 'D' WHERE id = 4");
        assert_eq!(import(&sandbox, "laravel", &source, &[]).said(), [ORPHAN]);
        assert_eq!(log_in(&server, "dave@example.com", "Dave#2024"), 200);
        assert_eq!(shown(&sandbox, "4", "name"), json!("D"));

        run(&source.url, &format!("UPDATE users SET password = '{OF_PASSWORD}' WHERE id IN (2, 4)"));
        let again = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(again.said(), ["kept users 2: changed there and here: password stays as it is here", ORPHAN]);
        assert_eq!(again.counts()[0], "users: 12 0 1 11 0 0");
        let of = |email: &str, passwords: [&str; 2]| passwords.map(|password| log_in(&server, email, password));
        assert_eq!(of("dave@example.com", ["password", "Dave#2024"]), [200, 422]);
        assert_eq!(of("bob@example.com", ["chosen here", "password"]), [200, 422]);

        // And once more: the next password is hashed anew here, and gives way as well.
        assert!(is_native(&target, 4));
        let erins = "(SELECT password FROM (SELECT password FROM users WHERE id = 5) other)";
        run(&source.url, &format!("UPDATE users SET password = {erins} WHERE id = 4"));
        assert_eq!(import(&sandbox, "laravel", &source, &[]).said(), [ORPHAN]);
        assert_eq!(of("dave@example.com", ["erin-password", "password"]), [200, 422]);
    }
}

/// Whom the import suspended it enables again; whom the owner suspended nobody else does, before, while or after the source did.
#[test]
fn who_is_gone_and_back_stays_suspended_if_the_owner_said_so() {
    for (source, target) in pairs(LARAVEL) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        sandbox.done(&["user", "disable", "3"]);
        run(
            &source.url,
            "CREATE TABLE aside AS SELECT * FROM users WHERE id IN (2, 3, 4, 5); DELETE FROM users WHERE id IN (2, 3, 4, 5);",
        );
        import(&sandbox, "laravel", &source, &[]);
        sandbox.done(&["user", "disable", "4"]);
        sandbox.done(&["user", "enable", "5"]);
        run(&source.url, "INSERT INTO users SELECT * FROM aside");
        let back = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(
            back.said(),
            [
                "kept users 3: changed there and here: is_active stays as it is here",
                "kept users 4: changed there and here: is_active stays as it is here",
                ORPHAN
            ]
        );
        let active = ["2", "3", "4", "5"].map(|id| shown(&sandbox, id, "is_active"));
        assert_eq!(active, [true, false, false, true].map(|is| json!(is)));
        let server = sandbox.serve();
        assert_eq!(log_in(&server, "bob@example.com", "s3cret-Bob!"), 200);
        assert_eq!(log_in(&server, "carol@example.com", "carol correct horse"), 422);
        // What is said once is not said again, and the owner's word is not forgotten.
        assert_eq!(import(&sandbox, "laravel", &source, &[]).said(), [ORPHAN]);
        assert_eq!(shown(&sandbox, "3", "is_active"), json!(false));
    }
}

#[test]
fn whom_the_source_enables_stays_suspended_if_the_owner_said_so() {
    for (source, target) in pairs(DJANGO) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        let active = |is: bool, id: i64| {
            run(&source.url, &format!("UPDATE auth_user SET is_active = {is} WHERE id = {id}"));
        };
        // 12 is inactive from the beginning.
        active(false, 1);
        import(&sandbox, "django", &source, &[]);
        sandbox.done(&["user", "disable", "1"]);
        sandbox.done(&["user", "disable", "2"]);
        // 2 was the owner's alone; then the source disables them as well.
        active(false, 2);
        import(&sandbox, "django", &source, &[]);
        for id in [1, 2, 12] {
            active(true, id);
        }
        let back = import(&sandbox, "django", &source, &[]);
        let kept = |id: i64| format!("kept auth_user {id}: changed there and here: is_active stays as it is here");
        assert_eq!(back.said(), [kept(1), kept(2)]);
        let active = ["1", "2", "12"].map(|id| shown(&sandbox, id, "is_active"));
        assert_eq!(active, [false, false, true].map(|is| json!(is)));
    }
}

/// Links of mails that Django sent depend on it: it is what Django has, unless somebody logged in here since.
#[test]
fn of_two_last_logins_the_later_counts() {
    for (source, target) in pairs(DJANGO) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        for (name, password) in [("fx_pbkdf2", "Pbkdf2-walrus-01"), ("fx_pbkdf2_old", "Old-walrus-02")] {
            let login = json!({"username": name, "password": password});
            assert_eq!(server.anon().post("/auth/token/login/", login).status, 200);
        }
        let last_login = |id: &str| shown(&sandbox, id, "last_login_at");
        let here = last_login("2");
        run(
            &source.url,
            "UPDATE auth_user SET last_login = '2037-01-01 00:00:00' WHERE id = 1; \
             UPDATE auth_user SET last_login = '2024-06-01 00:00:00' WHERE id = 2; \
             UPDATE auth_user SET last_login = '2021-01-01 00:00:00' WHERE id = 4; \
             UPDATE auth_user SET last_login = NULL WHERE id = 5;",
        );
        let again = import(&sandbox, "django", &source, &[]);
        assert_eq!(again.said(), Vec::<String>::new());
        assert_eq!(again.counts()[0], "auth_user: 21 0 3 18 0 0");
        let second = |id: &str| last_login(id).as_str().map(|moment| moment[..19].to_owned());
        assert_eq!(second("1").as_deref(), Some("2037-01-01T00:00:00"));
        assert_eq!(last_login("2"), here);
        assert_eq!(second("4").as_deref(), Some("2021-01-01T00:00:00"));
        assert_eq!(second("5"), None);
    }
}

/// A rehearsal says of those who changed what the run will say.
#[test]
fn a_check_finds_what_is_in_the_way_of_a_change() {
    for (source, target) in pairs(LARAVEL) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        let name = format!("{}_{}", source.name, target.name);
        import(&sandbox, "laravel", &source, &[]);
        let add = ["user", "add", "--username", "zed", "--email", &format!("{name}@example.org"), "--password-stdin"];
        sandbox.done_with("password", &add);
        // Alice's old address goes to Bob, Bob's to somebody new, Carol wants Zed's.
        run(
            &source.url,
            &format!(
                "CREATE TABLE aside AS SELECT * FROM users; \
                 UPDATE users SET email = 'a@example.com' WHERE id = 1; \
                 UPDATE users SET email = 'alice@example.com' WHERE id = 2; \
                 UPDATE users SET email = '{name}@example.org' WHERE id = 3; \
                 INSERT INTO users (id, name, email, password) VALUES (2000, 'New', 'bob@example.com', '{OF_PASSWORD}');"
            ),
        );
        let zed = shown(&sandbox, "zed", "id");
        let clash = format!(
            "clash users 3: the new email belongs to somebody else in the target; the old one stays \
             [user {zed} \"zed\" <{name}@example.org>]"
        );
        for more in [&["--check"][..], &["--dry-run"], &[]] {
            let imported = import(&sandbox, "laravel", &source, more);
            assert_eq!(imported.said(), [clash.as_str(), ORPHAN], "{more:?}");
            assert_eq!(imported.counts()[0], "users: 13 1 3 9 0 1", "{more:?}");
        }
        let addresses = ["1", "2", "3", "2000"].map(|id| shown(&sandbox, id, "email"));
        let expected = ["a@example.com", "alice@example.com", "carol@example.com", "bob@example.com"];
        assert_eq!(addresses, expected.map(|address| json!(address)));
        run(&source.url, "DELETE FROM users; INSERT INTO users SELECT * FROM aside; DROP TABLE aside;");
    }
}

/// An older server may be running on the target: a rehearsal leaves its tables alone, the run says what it does to them.
#[test]
fn a_rehearsal_leaves_an_older_target_as_it_is() {
    let source = countersign_tests::databases::sqlite();
    super::common::fill(&source, LARAVEL);
    for target in databases() {
        eprintln!("on {}", target.name);
        let sandbox = installation(&target);
        sandbox.done(&["migrate"]);
        let back = if target.name == "mysql" {
            include_str!("../../../migrations/mysql/2026-11-22-000000_find_users_by_email/down.sql")
        } else {
            include_str!("../../../migrations/sqlite/2026-11-22-000000_find_users_by_email/down.sql")
        };
        run(&target.url, back);
        run(&target.url, "DELETE FROM __diesel_schema_migrations WHERE version = '20261122000000'");
        for more in ["--check", "--dry-run"] {
            let ran = sandbox.run(&["import", "laravel", "--from", &source.url, more]);
            assert_eq!(
                (ran.code, ran.stderr.as_str(), ran.stdout.as_str()),
                (
                    1,
                    "countersign: the target's tables are of an older version (without 20261122000000), and this would bring \
                     them up to date: a server of that version may be using them. Say `countersign migrate` first, or take a \
                     copy\n",
                    ""
                )
            );
            let store = countersign::store::Store::open(&target.options()).unwrap();
            assert_eq!(store.missing().unwrap(), Some(vec!["20261122000000".to_owned()]), "{more}");
        }
        let imported = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(imported.summary["notes"][1], json!("the target's tables were brought up to date (20261122000000)"));
        assert_eq!(import(&sandbox, "laravel", &source, &[]).summary["notes"].as_array().unwrap().len(), 1);
    }
}
