//! `--inspect`, `--check` and `--dry-run` say what would be and leave everything as it is.

use countersign_tests::databases::{databases, run};
use serde_json::{Value, json};

use super::common::{DJANGO, LARAVEL, import, installation, sources};

#[test]
fn a_look_tells_what_is_there_and_needs_no_target() {
    for source in sources(DJANGO) {
        let sandbox = countersign_tests::sandbox!();
        let told = sandbox.done(&["import", "django", "--from", &source.url, "--inspect", "--json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["tables"][0]["rows"], json!(21));
        assert_eq!(told["tables"][1]["rows"], json!(12));
        assert_eq!(told["tables"][0]["columns"]["created_at"], json!("date_joined"));
        assert_eq!(told["passwords"]["pbkdf2_sha256 (iterations=1000000)"], json!(9), "{told}");
        assert_eq!(told["passwords"]["no usable password"], json!(2));
        assert_eq!(told["passwords"]["md5"], json!(1));
        assert_eq!(told["counts"]["inactive users"], json!(1));
        assert_eq!(told["counts"]["staff"], json!(2));
        assert_eq!(told["counts"]["addresses that several users have"], json!(1));
        assert_eq!(told["counts"]["users without an address"], json!(2));
        assert!(!sandbox.path("countersign.db").exists(), "a look makes no target");
    }
    for source in sources(LARAVEL) {
        let sandbox = countersign_tests::sandbox!();
        let told = sandbox.done(&["import", "laravel", "--from", &source.url, "--inspect"]);
        for line in [
            "users: 12 rows",
            "  not imported: remember_token",
            "         1  argon2i (m=65536,t=4,p=1)",
            "         1  tokens without a user",
            "        18  tokens of App\\Models\\User",
            "         2  users with an unconfirmed address",
            "note: remember_token: 4 browsers that stayed logged in have to log in again",
        ] {
            assert!(told.lines().any(|found| found == line), "{line:?} is not in\n{told}");
        }
    }
}

#[test]
fn a_check_and_a_dry_run_leave_nothing_behind() {
    for source in sources(LARAVEL) {
        for target in databases() {
            let sandbox = installation(&target);
            for more in ["--check", "--dry-run"] {
                let told = import(&sandbox, "laravel", &source, &[more]);
                assert_eq!(told.counts(), ["users: 12 12 0 0 0 0", "personal_access_tokens: 18 17 0 0 0 1"], "{more}");
                assert_eq!(
                    serde_json::from_str::<Value>(&sandbox.done(&["user", "list", "--json"])).unwrap(),
                    json!([])
                );
            }
            assert_eq!(import(&sandbox, "laravel", &source, &[]).counts()[0], "users: 12 12 0 0 0 0");
        }
    }
}

/// The source's own permissions are not asked: nothing is tried that would need them.
#[test]
fn the_source_is_never_written() {
    let source = countersign_tests::databases::sqlite();
    super::common::fill(&source, LARAVEL);
    let file = source.url.strip_prefix("sqlite://").unwrap();
    let before = std::fs::read(file).unwrap();
    let target = countersign_tests::databases::sqlite();
    import(&installation(&target), "laravel", &source, &[]);
    assert_eq!(std::fs::read(file).unwrap(), before);
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    let sandbox = countersign_tests::sandbox!();
    let source = countersign_tests::databases::sqlite();
    run(&source.url, "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT, password TEXT)");
    let refused = |arguments: &[&str]| {
        let ran = sandbox.run(&[&["import", "laravel", "--from", &source.url], arguments].concat());
        (ran.code, ran.stderr)
    };
    assert_eq!(
        refused(&["--inspect"]),
        (1, "countersign: table users has no column email for email; name it by --column\n".to_owned())
    );
    assert_eq!(
        refused(&["--inspect", "--user-table", "people"]),
        (1, "countersign: the source has no table people\n".to_owned())
    );
    assert_eq!(
        refused(&["--inspect", "--column", "email=post"]),
        (1, "countersign: table users has no column post for email\n".to_owned())
    );
    assert_eq!(refused(&["--column", "email=mail", "--inspect"]).0, 0);
    assert_eq!(refused(&["--check", "--dry-run"]).0, 2);
    assert_eq!(sandbox.run(&["import", "laravel", "--from", "oracle://db"]).code, 2);
    let ran = sandbox.run(&["import", "laravel", "--from", "sqlite:///no/such.db"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("countersign: cannot read sqlite:///no/such.db: "), "{}", ran.stderr);
}
