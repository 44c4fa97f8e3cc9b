//! `countersign user`.

use countersign_tests::sandbox;
use serde_json::{Value, json};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
}

/// A record without what differs from run to run.
fn steady(mut record: Value) -> Value {
    for changing in ["uuid", "created_at", "updated_at"] {
        let value = record[changing].take();
        assert!(value.is_string(), "{changing}: {value}");
        record.as_object_mut().unwrap().remove(changing);
    }
    record
}

#[test]
fn a_user_is_added_with_everything_that_was_said_and_shown_as_json() {
    let sandbox = sandbox!();
    let arguments = [
        "user",
        "add",
        "--username",
        "Ada",
        "--email",
        "Ada@example.org",
        "--phone",
        "+7 999 123-45-67",
        "--first-name",
        "Ada",
        "--last-name",
        "Lovelace",
        "--role",
        "hotelier",
        "--staff",
        "--superuser",
        "--inactive",
        "--password-stdin",
        "--json",
    ];
    let expected = json!({
        "id": 1, "username": "Ada", "email": "Ada@example.org", "phone": "+79991234567", "name": "Ada Lovelace",
        "first_name": "Ada", "last_name": "Lovelace", "role": "hotelier", "is_staff": true, "is_superuser": true,
        "is_active": false, "is_suspended": false, "suspended_at": null, "email_verified_at": null,
        "last_login_at": null,
    });
    assert_eq!(steady(parsed(&sandbox.done_with("password", &arguments))), expected);
    assert_eq!(steady(parsed(&sandbox.done(&["user", "show", "1", "--json"]))), expected);
    let list = parsed(&sandbox.done(&["user", "list", "--json"]));
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!(steady(list[0].clone()), expected);
}

#[test]
fn a_user_is_found_by_id_name_address_and_number_in_any_spelling() {
    let sandbox = sandbox!();
    let arguments = [
        "user",
        "add",
        "--username",
        "Ada",
        "--email",
        "ada@example.org",
        "--phone",
        "+79991234567",
        "--password-stdin",
    ];
    assert_eq!(sandbox.done_with("password", &arguments), "added user 1\n");
    for who in ["1", "Ada", "ada@EXAMPLE.org", "+79991234567", "+7 (999) 123-45-67"] {
        assert_eq!(parsed(&sandbox.done(&["user", "show", who, "--json"]))["id"], 1, "{who}");
    }
    let ran = sandbox.run(&["user", "show", "bob"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (1, "", "countersign: there is no user \"bob\"\n")
    );
}

#[test]
fn a_number_that_is_one_users_id_and_anothers_name_is_refused() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    sandbox.add("1");
    let ran = sandbox.run(&["user", "disable", "1"]);
    let refusal =
        "countersign: 1 is the id of one user and names another, whose id is 2; name the one you mean differently\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", refusal));
}

#[test]
fn an_identifier_belongs_to_one_user() {
    let sandbox = sandbox!();
    let first = [
        "user",
        "add",
        "--username",
        "ada",
        "--email",
        "ada@example.org",
        "--phone",
        "+79991234567",
        "--password-stdin",
    ];
    sandbox.done_with("password", &first);
    let taken = [
        (["--username", "ada"], "user name"),
        (["--email", "ADA@example.org"], "e-mail"),
        (["--phone", "+7 999 1234567"], "phone number"),
    ];
    for ([option, value], kind) in taken {
        let ran = sandbox.run_with("password", &["user", "add", option, value, "--password-stdin"]);
        let refusal = format!("countersign: another user has this {kind}\n");
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", refusal.as_str()));
    }
    assert_eq!(sandbox.done(&["user", "list"]).lines().count(), 2);
}

#[test]
fn wrong_usage_ends_with_two_and_says_why() {
    let sandbox = sandbox!();
    let wrong: [&[&str]; 9] = [
        &[],
        &["user"],
        &["frobnicate"],
        &["user", "add", "--password-stdin"],
        &["user", "add", "--username", "ada"],
        &["user", "add", "--username", "ada", "--role", "king", "--password-stdin"],
        &["user", "add", "--username", "ada", "--password", "password"],
        &["token", "revoke", "x"],
        &["token", "issue", "ada", "--name", "x", "--expires", "soon"],
    ];
    for arguments in wrong {
        let ran = sandbox.run_with("password", arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(!ran.stderr.is_empty() && !ran.stderr.contains("panicked"), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_dir(sandbox.folder()).unwrap().count(), 0, "wrong usage makes no files");
}

#[test]
fn every_command_has_help_with_an_example() {
    let sandbox = sandbox!();
    let commands: [&[&str]; 19] = [
        &["serve"],
        &["migrate"],
        &["user", "add"],
        &["user", "list"],
        &["user", "show"],
        &["user", "disable"],
        &["user", "enable"],
        &["user", "set-role"],
        &["user", "delete"],
        &["user", "set-password"],
        &["token", "issue"],
        &["token", "list"],
        &["token", "revoke"],
        &["token", "revoke-all"],
        &["token", "prune"],
        &["openapi"],
        &["config", "init"],
        &["config", "check"],
        &["config", "dump"],
    ];
    for command in commands {
        let help = sandbox.done(&[command, &["--help"]].concat());
        let example = help.split_once("Example:\n").unwrap_or_else(|| panic!("{command:?}: {help}")).1;
        assert!(example.contains("countersign ") && example.contains(&command.join(" ")), "{command:?}: {help}");
    }
}

#[test]
fn an_empty_password_and_one_that_is_no_text_are_refused() {
    let sandbox = sandbox!();
    let add = ["user", "add", "--username", "ada", "--password-stdin"];
    for empty in ["", "\n", "\r\n"] {
        let ran = sandbox.run_with(empty, &add);
        assert_eq!((ran.code, ran.stderr.as_str()), (1, "countersign: the password on standard input is empty\n"));
    }
    let ran = sandbox.run_with(&"x".repeat(16_385), &add);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "countersign: the password has more than 16384 bytes\n"));
}

#[test]
fn one_line_end_is_not_part_of_the_password_and_blanks_are() {
    let sandbox = sandbox!();
    let passwords = [("ada", "  pass word ", "  pass word \n"), ("bob", "two\nlines", "two\nlines\r\n")];
    for (name, _, typed) in passwords {
        sandbox.done_with(typed, &["user", "add", "--username", name, "--password-stdin"]);
    }
    let server = sandbox.serve();
    for (name, password, typed) in passwords {
        let log_in = |password: &str| server.anon().post("/auth", json!({"login": name, "password": password})).status;
        assert_eq!(
            (log_in(password), log_in(typed), log_in(password.trim())),
            (200, 401, if name == "bob" { 200 } else { 401 })
        );
    }
}

#[test]
fn no_command_repeats_the_password() {
    let sandbox = sandbox!();
    let canary = "canary-Zx9-quokka";
    let commands: [&[&str]; 5] = [
        &["user", "add", "--username", "ada", "--password-stdin", "--json"],
        &["user", "add", "--username", "ada", "--password-stdin"],
        &["user", "set-password", "ada", "--password-stdin"],
        &["user", "set-password", "bob", "--password-stdin"],
        &["user", "show", "ada", "--json"],
    ];
    for command in commands {
        let ran = sandbox.run_with(canary, command);
        assert!(!ran.stdout.contains(canary) && !ran.stderr.contains(canary), "{command:?}: {ran:?}");
        assert!(!ran.stdout.contains("argon2") && !ran.stdout.contains("password\""), "{command:?}: {ran:?}");
    }
}

#[test]
fn roles_activity_and_existence_are_changed() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    assert_eq!(sandbox.done(&["user", "set-role", "ada", "admin"]), "user 1 is admin now\n");
    let told = |command: &[&str], stdout: &str| {
        let ran = sandbox.run(command);
        let warning =
            "countersign: warning: no active administrator is left; `countersign user set-role WHO admin` makes one\n";
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, stdout, warning), "{command:?}");
    };
    told(&["user", "disable", "ada"], "disabled user 1\n");
    let states = |user: &Value| json!([user["is_active"], user["is_suspended"], user["suspended_at"].is_string()]);
    let shown = parsed(&sandbox.done(&["user", "show", "ada", "--json"]));
    assert_eq!((&shown["role"], states(&shown)), (&json!("admin"), json!([false, true, true])));
    assert_eq!(states(&parsed(&sandbox.done(&["user", "list", "--json"]))[0]), json!([false, true, true]));
    assert_eq!(sandbox.done(&["user", "enable", "ada"]), "enabled user 1\n");
    let shown = parsed(&sandbox.done(&["user", "show", "ada", "--json"]));
    assert_eq!(states(&shown), json!([true, false, true]));
    told(&["user", "set-role", "ada", "hotelier"], "user 1 is hotelier now\n");
    assert_eq!(sandbox.done(&["user", "set-role", "ada", "admin"]), "user 1 is admin now\n");
    sandbox.add("bob");
    assert_eq!(sandbox.done(&["user", "set-role", "bob", "admin"]), "user 2 is admin now\n");
    assert_eq!(sandbox.done(&["user", "disable", "ada"]), "disabled user 1\n");
    assert_eq!(sandbox.done(&["user", "enable", "ada"]), "enabled user 1\n");
    assert_eq!(sandbox.done(&["user", "delete", "bob"]), "deleted user 2\n");
    told(&["user", "delete", "ada"], "deleted user 1\n");
    assert_eq!(sandbox.run(&["user", "show", "ada"]).code, 1);
    // An id is never given twice: an old token must not speak for somebody new.
    assert_eq!(
        sandbox.done_with("password", &["user", "add", "--username", "ada", "--password-stdin"]),
        "added user 3\n"
    );
}
