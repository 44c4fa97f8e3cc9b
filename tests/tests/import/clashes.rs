//! What is in the way of a row is named, with both rows, and the others are imported.

use countersign_tests::databases::{databases, run};
use serde_json::{Value, json};

use super::common::{DJANGO, LARAVEL, import, installation, pairs, sources};

#[test]
fn an_id_or_an_address_that_is_taken_is_told_with_both_rows() {
    for (source, target) in pairs(LARAVEL) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        // The first user here has the id of Alice and the address of Bob.
        sandbox.done_with(
            "password",
            &["user", "add", "--username", "ada", "--email", "bob@example.com", "--password-stdin"],
        );
        let expected = [
            "clash users 1: the id belongs to somebody else in the target [user 1 \"ada\" <bob@example.com>]",
            "clash users 2: the e-mail address belongs to somebody else in the target [user 1 \"ada\" <bob@example.com>]",
            "refused personal_access_tokens 1: its user 1 was not imported",
            "refused personal_access_tokens 2: its user 1 was not imported",
            "refused personal_access_tokens 3: its user 1 was not imported",
            "refused personal_access_tokens 4: its user 1 was not imported",
            "refused personal_access_tokens 5: its user 2 was not imported",
            "refused personal_access_tokens 6: its user 2 was not imported",
            "refused personal_access_tokens 7: its user 2 was not imported",
            "refused personal_access_tokens 16: its user 4242 was not imported",
        ];
        let counts = ["users: 12 10 0 0 0 2", "personal_access_tokens: 18 10 0 0 0 8"];
        for more in [&["--check"][..], &["--dry-run"], &[]] {
            let imported = import(&sandbox, "laravel", &source, more);
            assert_eq!(imported.said(), expected, "{more:?}");
            assert_eq!(imported.counts(), counts, "{more:?}");
            assert_eq!(imported.ran.code, 1);
            assert_eq!(imported.findings[1]["who"], json!("\"bob@example.com\""));
        }
        // No token of Alice speaks for Ada.
        let server = sandbox.serve();
        let alice = server.bearer("1|OkBBfrrfCeSXcwH63uolX0ktIgYlHgHuyk8oo7zT19c8c821");
        assert_eq!(alice.wants_json().get("/api/user").status, 401);
    }
}

/// PostgreSQL and SQLite let Laravel keep two spellings of one address apart; a login could not.
#[test]
fn two_spellings_of_one_address_are_one_user_too_many() {
    for source in sources(LARAVEL).into_iter().filter(|source| source.name != "mysql") {
        run(&source.url, "INSERT INTO users (id, name, email, password) VALUES (1500, 'A', 'ALICE@example.com', '')");
        for target in databases() {
            let sandbox = installation(&target);
            for more in [&["--check"][..], &[]] {
                let imported = import(&sandbox, "laravel", &source, more);
                let said = imported.said();
                let told = said.iter().find(|line| line.contains("1500")).unwrap();
                assert!(
                    told.starts_with(
                        "clash users 1500: the e-mail address belongs to somebody else in the target [user 1 "
                    ),
                    "{told}"
                );
            }
        }
    }
}

/// Django lets somebody take another's address for a user name. The name is how they log in there, so it is here.
#[test]
fn a_user_name_counts_for_more_than_an_address() {
    for source in sources(DJANGO) {
        run(
            &source.url,
            "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, \
             date_joined) SELECT 3000, password, is_superuser, 'fx_pbkdf2@example.com', '', '', '', is_staff, is_active, \
             date_joined FROM auth_user WHERE id = 2",
        );
        for target in databases() {
            let sandbox = installation(&target);
            let imported = import(&sandbox, "django", &source, &[]);
            assert_eq!(imported.ran.code, 0, "{}", imported.ran.stderr);
            assert!(
                imported.said().iter().any(|line| line.starts_with("changed auth_user 1: ")),
                "{:?}",
                imported.said()
            );
            let found: Value =
                serde_json::from_str(&sandbox.done(&["user", "show", "fx_pbkdf2@example.com", "--json"])).unwrap();
            assert_eq!(found["id"], json!(3000));
            let found: Value = serde_json::from_str(&sandbox.done(&["user", "show", "fx_pbkdf2", "--json"])).unwrap();
            assert_eq!(found["id"], json!(1));
        }
    }
}

#[test]
fn what_cannot_be_imported_is_listed_with_its_reason() {
    for source in sources(LARAVEL) {
        let long = "x".repeat(256);
        let mut rows = vec![
            "INSERT INTO users (id, name, email, password) VALUES (1501, 'A', 'md@example.com', '5f4dcc3b5aa765d61d8327deb882cf99')"
                .to_owned(),
            "INSERT INTO personal_access_tokens (id, tokenable_type, tokenable_id, name, token, abilities) \
             VALUES (20, 'App/Models/Admin', 1, 'x', '00', '[]'), (21, 'App\\\\Models\\\\User', 1, 'x', 'no digest', '[]'), \
             (22, 'App\\\\Models\\\\User', 1, 'x', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'all')"
                .to_owned(),
        ];
        if source.name != "mysql" {
            rows[1] = rows[1].replace("\\\\", "\\");
        }
        if source.name == "sqlite" {
            rows.push(format!(
                "INSERT INTO users (id, name, email, password) VALUES (1502, '{long}', 'l@example.com', '')"
            ));
            rows.push("INSERT INTO users (id, name, email, password, created_at) VALUES (1503, 'A', 'd@example.com', '', 'soon')".to_owned());
        }
        for row in rows {
            run(&source.url, &row);
        }
        let targets = databases();
        let sandbox = installation(&targets[0]);
        let mut expected = vec![
            "refused users 1501: the password hash cannot be checked here: it is in no known format",
            "refused users 1502: the name has more than 255 characters",
            "refused users 1503: created_at is no moment: \"soon\"",
            "refused personal_access_tokens 16: its user 4242 was not imported",
            "refused personal_access_tokens 20: belongs to a \"App/Models/Admin\", which is not the model of the users; if it \
             is, name it by --user-model",
            "refused personal_access_tokens 21: is stored as something else than a SHA-256",
            "refused personal_access_tokens 22: abilities is no JSON list of texts: \"all\"",
        ];
        if source.name != "sqlite" {
            expected.drain(1..3);
        }
        let imported = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(imported.said(), expected, "from {}", source.name);
        assert_eq!(imported.ran.code, 1);
        let kept = import(&sandbox, "laravel", &source, &["--keep-unknown-hashes"]);
        assert_eq!(
            kept.said()[0],
            "changed users 1501: the password does not work here until it is reset: of the hash, it is in no known format"
        );
    }
}
