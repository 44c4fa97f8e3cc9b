//! Nobody gets what was another's: sources are kept apart, and so are a user and who had the number before, an address and the
//! proof of another one, somebody suspended and what they had.

use std::time::Duration;

use countersign_tests::{databases::run, program::Sandbox};
use serde_json::{Value, json};

use super::common::{DJANGO, LARAVEL, import, installation, pairs};

/// A user as `user show` has them.
fn shown(sandbox: &Sandbox, who: &str) -> Value {
    serde_json::from_str(&sandbox.done(&["user", "show", who, "--json"])).unwrap()
}

#[test]
fn two_tables_of_users_are_two_sources() {
    for (source, target) in pairs(LARAVEL) {
        run(
            &source.url,
            "CREATE TABLE admins (id BIGINT PRIMARY KEY, name VARCHAR(255), email VARCHAR(255), password VARCHAR(255)); \
             INSERT INTO admins SELECT id, name, 'root@example.com', password FROM users WHERE id = 1; \
             INSERT INTO admins SELECT 5000, name, 'boss@example.com', password FROM users WHERE id = 1;",
        );
        let sandbox = installation(&target);
        let first = import(&sandbox, "laravel", &source, &["--source", "shop"]);
        let alice = shown(&sandbox, "1");
        let more = ["--source", "shop", "--user-table", "admins", "--user-model", r"App\Models\Admin"];
        let admins = import(&sandbox, "laravel", &source, &more);
        assert_eq!(
            (&first.summary["source"], &admins.summary["source"]),
            (&json!("shop"), &json!("shop table admins"))
        );
        assert_eq!(
            admins.said()[0],
            "clash admins 1: the id belongs to somebody else in the target [user 1 \"alice@example.com\"]"
        );
        assert_eq!(admins.counts()[0], "admins: 2 1 0 0 0 1");
        // The first table's users are as they were, and its record as well.
        assert_eq!(shown(&sandbox, "1"), alice, "from {} to {}", source.name, target.name);
        let again = import(&sandbox, "laravel", &source, &["--source", "shop"]);
        assert_eq!(again.counts(), ["users: 12 0 0 12 0 0", "personal_access_tokens: 18 0 0 17 0 1"]);
        // Named without it or with it, a table is the same source.
        for name in ["shop", "shop table admins"] {
            let more = ["--source", name, "--user-table", "admins", "--user-model", r"App\Models\Admin"];
            assert_eq!(import(&sandbox, "laravel", &source, &more).counts()[0], "admins: 2 0 0 1 0 1");
        }
    }
}

/// A's Carol is deleted here; if B's user got her number, A's next import would make them Carol.
#[test]
fn the_number_of_somebody_who_was_deleted_is_given_to_nobody_of_another_source() {
    for (source, target) in pairs(LARAVEL) {
        let other = countersign_tests::databases::sqlite();
        run(
            &other.url,
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, password TEXT); \
             INSERT INTO users VALUES (3, 'Somebody', 'somebody@example.com', '')",
        );
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        sandbox.done(&["user", "delete", "3"]);
        for more in [&["--check"][..], &["--dry-run"], &[]] {
            let told = import(&sandbox, "laravel", &other, more);
            assert_eq!(
                told.said(),
                ["clash users 3: the id was given to a user of another source, who was deleted here"],
                "{more:?}"
            );
        }
        run(&source.url, "UPDATE users SET name = 'Carola' WHERE id = 3");
        let again = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(again.said()[0], "kept users 3: was deleted here and stays so");
        assert_ne!(sandbox.run(&["user", "show", "3"]).code, 0);
    }
}

#[test]
fn a_proof_is_taken_over_with_its_address_alone() {
    for (source, target) in pairs(LARAVEL) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        // Erin has another address here, which nobody proved, and Bob has proved his, here alone.
        run(
            &target.url,
            "UPDATE users SET email = 'other@example.com' WHERE id = 5; \
             UPDATE users SET email_verified_at = '2024-05-05 05:05:05' WHERE id = 2; \
             UPDATE users SET email_verified_at = NULL WHERE id = 3",
        );
        // There Erin proves the old one, Bob takes another without a proof, and Dave one that somebody here has.
        run(
            &source.url,
            "UPDATE users SET email_verified_at = '2025-07-07 07:07:07' WHERE id = 5; \
             UPDATE users SET email = 'robert@example.com', email_verified_at = NULL WHERE id = 2; \
             UPDATE users SET email = 'caroline@example.com', email_verified_at = '2025-07-08 07:07:07' WHERE id = 3; \
             UPDATE users SET email = 'alice@example.net', email_verified_at = '2025-07-09 07:07:07' WHERE id = 4",
        );
        sandbox.done_with(
            "password",
            &["user", "add", "--username", "ada", "--email", "alice@example.net", "--password-stdin"],
        );
        let told = import(&sandbox, "laravel", &source, &[]);
        assert!(
            told.said()[0].starts_with("clash users 4: the new email belongs to somebody else in the target"),
            "{:?}",
            told.said()
        );
        let held = |id: &str| {
            let user = shown(&sandbox, id);
            let verified = user["email_verified_at"].as_str().map(|at| at[..10].to_owned());
            (user["email"].as_str().unwrap().to_owned(), verified)
        };
        let (of, on) = (|email: &str| email.to_owned(), |day: &str| Some(day.to_owned()));
        assert_eq!(held("5"), (of("other@example.com"), None));
        assert_eq!(held("2"), (of("robert@example.com"), None));
        assert_eq!(held("3"), (of("caroline@example.com"), on("2025-07-08")));
        assert_eq!(held("4"), (of("dave@example.com"), on("2023-12-31")));
        // With the address comes what it was proved by.
        run(&target.url, "UPDATE users SET email = 'erin@example.com' WHERE id = 5");
        import(&sandbox, "laravel", &source, &[]);
        assert_eq!(held("5"), (of("erin@example.com"), on("2025-07-07")));
    }
}

/// Disabling ends everything, and enabling brings nothing of it back: so it is with those whom the source disables.
#[test]
fn whom_the_source_suspends_loses_what_is_theirs_here() {
    for (source, target) in pairs(DJANGO) {
        let sandbox = installation(&target);
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let imported = "f101010101010101010101010101010101010101";
        let with =
            |token: &str| server.anon().with("Authorization", &format!("Token {token}")).get("/auth/users/me/").status;
        assert_eq!(with(imported), 200);
        let (no, yes) = if source.name == "postgres" { ("false", "true") } else { ("0", "1") };
        run(&source.url, &format!("UPDATE auth_user SET is_active = {no} WHERE id = 1"));
        import(&sandbox, "django", &source, &[]);
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(with(imported), 401);
        run(&source.url, &format!("UPDATE auth_user SET is_active = {yes} WHERE id = 1"));
        import(&sandbox, "django", &source, &[]);
        assert_eq!(shown(&sandbox, "1")["is_active"], json!(true));
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(with(imported), 401, "from {} to {}", source.name, target.name);
        let login = json!({"username": "fx_pbkdf2", "password": "Pbkdf2-walrus-01"});
        let fresh = server.anon().post("/auth/token/login/", login).json();
        assert_eq!(with(fresh["auth_token"].as_str().unwrap()), 200);
    }
}

#[test]
fn nobody_gives_way_to_a_user_who_is_refused() {
    for (source, target) in pairs(DJANGO) {
        let sandbox = installation(&target);
        run(
            &source.url,
            "UPDATE auth_user SET last_name = ''; UPDATE auth_user SET last_name = '+493012345678' WHERE id = 2",
        );
        let more = ["--column", "phone=last_name"];
        import(&sandbox, "django", &source, &more);
        run(
            &source.url,
            "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, \
             date_joined) SELECT 3000, password, is_superuser, 'fx_pbkdf2@example.com', '', last_name, '', is_staff, \
             is_active, date_joined FROM auth_user WHERE id = 2",
        );
        let again = import(&sandbox, "django", &source, &more);
        assert_eq!(again.counts()[0], "auth_user: 22 0 0 21 0 1");
        assert!(
            again.said()[0]
                .starts_with("clash auth_user 3000: the phone number belongs to somebody else in the target"),
            "{:?}",
            again.said()
        );
        assert_eq!(again.said().len(), 1);
        assert_eq!(shown(&sandbox, "fx_pbkdf2@example.com")["id"], json!(1), "from {} to {}", source.name, target.name);
    }
}
