//! Tokens of django-rest-knox work as they did, on every phone, and are ended like any other.

#[path = "knox/again.rs"]
mod again;
#[path = "knox/doors.rs"]
mod doors;

use std::{fmt::Write as _, time::Duration};

use countersign_tests::{
    Actor,
    databases::{Database, databases, run},
    program::Sandbox,
};
use serde_json::{Value, json};
use sha2::Digest as _;

use super::common::{Dumps, import, installation, sources};

/// A database of Knox 5, where tokens of Knox 4 are left.
const FIVE: Dumps = [
    ("sqlite", include_str!("../../import/knox/five.sqlite.sql")),
    ("postgres", include_str!("../../import/knox/five.postgres.sql")),
    ("mysql", include_str!("../../import/knox/five.mysql.sql")),
];
/// The same while it was one of Knox 4.
const FOUR: &str = include_str!("../../import/knox/four.sqlite.sql");

const ME: &str = "/auth/users/me/";
const LOGOUT: &str = "/auth/token/logout/";

/// What the real Knox answered, a request each.
fn recorded(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn five() -> Vec<Value> {
    recorded(include_str!("../../import/knox/five.jsonl"))
}

/// A token of Knox 5, with the scheme.
fn header(about: &str) -> String {
    let found = five().into_iter().find(|row| row["about"] == about).unwrap();
    found["header"].as_str().unwrap().to_owned()
}

fn token(about: &str) -> String {
    header(about).split_once(' ').unwrap().1.to_owned()
}

/// An installation without JSON Web Tokens, as an application with Knox has none, and with a socket for tokens.
fn phones(target: &Database, more: &str) -> Sandbox {
    let sandbox = installation(target);
    let mounts = "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"minimal\"\nstrategy = \"djoser_token\"\n\
                  [[mount]]\nadapter = \"djoser\"\njwt = false\n";
    sandbox.write("countersign.toml", &format!("{mounts}{more}"));
    sandbox
}

/// What Knox 5 stores of a token.
fn sha512(token: &str) -> String {
    let mut stored = String::new();
    for byte in sha2::Sha512::digest(token) {
        write!(stored, "{byte:02x}").unwrap();
    }
    stored
}

fn me(anon: &Actor, header: &str) -> u16 {
    anon.with("Authorization", header).get(ME).status
}

/// Every request of the recording that reads something.
fn ask(anon: &Actor, rows: &[Value], context: &str) {
    let mut asked = 0;
    for row in rows.iter().filter(|row| !row["about"].as_str().unwrap().starts_with("POST")) {
        let anon = row["header"].as_str().map_or(anon.clone(), |header| anon.with("Authorization", header));
        // The second answer is one of the cache.
        for _ in 0..2 {
            let answer = anon.get(ME);
            let challenge = Some(answer.header("www-authenticate")).filter(|value| !value.is_empty());
            let said = json!({"status": answer.status, "body": answer.json(), "www_authenticate": challenge});
            for (name, value) in said.as_object().unwrap() {
                assert_eq!(value, &row[name], "{name}: {} ({context})", row["about"]);
            }
        }
        asked += 1;
    }
    assert!(asked > 15);
}

#[test]
fn every_token_is_answered_as_knox_answered() {
    for source in sources(FIVE) {
        for target in databases() {
            let sandbox = phones(&target, "");
            let imported = import(&sandbox, "django", &source, &[]);
            assert_eq!((imported.ran.code, imported.ran.stderr.as_str()), (0, ""));
            assert_eq!(imported.counts(), ["auth_user: 4 4 0 0 0 0", "knox_authtoken: 14 14 0 0 0 0"]);
            let inactive = "changed auth_user 4: is inactive there; suspended here until the owner enables them";
            assert_eq!(imported.said(), [inactive]);
            let note = "knox_authtoken has 6 tokens of Knox 4, which Knox 5 does not take: they are over here, too";
            assert_eq!(imported.summary["notes"], json!([note]));
            let server = sandbox.serve();
            ask(&server.anon(), &five(), &format!("from {} to {}", source.name, target.name));
        }
    }
}

/// Knox 4 hashes other bytes, and takes capitals.
#[test]
fn tokens_of_knox_4_are_live_where_knox_4_is() {
    let source = countersign_tests::databases::sqlite();
    run(&source.url, FOUR);
    for target in databases() {
        let sandbox = phones(&target, "");
        let imported = import(&sandbox, "django", &source, &[]);
        assert_eq!(imported.counts(), ["auth_user: 4 4 0 0 0 0", "knox_authtoken: 6 6 0 0 0 0"]);
        assert_eq!(imported.summary["notes"], json!([]));
        let server = sandbox.serve();
        ask(&server.anon(), &recorded(include_str!("../../import/knox/four.jsonl")), target.name);
        // The application goes on to Knox 5: there they are dead, and here by the next run.
        let live = recorded(include_str!("../../import/knox/four.jsonl"))[0]["header"].as_str().unwrap().to_owned();
        assert_eq!(me(&server.anon(), &live), 200);
        run(
            &source.url,
            "INSERT INTO django_migrations (app, name, applied) VALUES ('knox', '0009_extend_authtoken_field', '2026-01-01')",
        );
        let again = import(&sandbox, "django", &source, &[]);
        assert_eq!(again.counts()[1], "knox_authtoken: 6 0 6 0 0 0");
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(me(&server.anon(), &live), 401);
        run(&source.url, "DELETE FROM django_migrations WHERE name = '0009_extend_authtoken_field'");
    }
}

/// Before Knox 4.2 each row had a salt.
#[test]
fn salted_tokens_are_passed_over_and_said_so() {
    let source = countersign_tests::databases::sqlite();
    run(&source.url, FOUR);
    run(&source.url, "ALTER TABLE knox_authtoken ADD COLUMN salt varchar(16)");
    let target = countersign_tests::databases::sqlite();
    let imported = import(&phones(&target, ""), "django", &source, &[]);
    assert_eq!(imported.counts(), ["auth_user: 4 4 0 0 0 0"]);
    let note = "knox_authtoken has salts: tokens of Knox before 4.2 are not imported, and who has one logs in again";
    assert_eq!(imported.summary["notes"], json!([note]));
}

#[test]
fn a_look_a_check_and_a_dry_run_know_them() {
    for source in sources(FIVE) {
        let target = countersign_tests::databases::sqlite();
        let sandbox = phones(&target, "");
        let told = sandbox.done(&["import", "django", "--from", &source.url, "--inspect"]);
        for line in [
            "knox_authtoken: 14 rows",
            "         0  tokens of Knox without a user",
            "         2  tokens of Knox without an end",
            "note: knox_authtoken has 6 tokens of Knox 4, which Knox 5 does not take: they are over here, too",
        ] {
            assert!(told.lines().any(|found| found == line), "{line:?} is not in\n{told}");
        }
        for more in ["--check", "--dry-run"] {
            let told = import(&sandbox, "django", &source, &[more]);
            assert_eq!(told.counts()[1], "knox_authtoken: 14 14 0 0 0 0", "{more} from {}", source.name);
        }
        let users: Value = serde_json::from_str(&sandbox.done(&["user", "list", "--json"])).unwrap();
        assert_eq!(users, json!([]));
        // An application may have a table of its own for them; then it must be there.
        let refused = sandbox.run(&["import", "django", "--from", &source.url, "--check", "--knox-table", "tokens"]);
        assert_eq!((refused.code, refused.stderr.as_str()), (1, "countersign: the source has no table tokens\n"));
        run(&source.url, "ALTER TABLE knox_authtoken RENAME TO tokens");
        let told = import(&sandbox, "django", &source, &["--check", "--knox-table", "tokens"]);
        assert_eq!(told.counts()[1], "tokens: 14 14 0 0 0 0");
    }
}
