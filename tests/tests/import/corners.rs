//! What sources and targets are like in the field: a file that somebody writes, columns of packages, times with a summer, a server
//! that is used meanwhile, somebody who watches.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use countersign_tests::{
    databases::{databases, run, sqlite},
    program::Sandbox,
};
use diesel::{Connection as _, connection::SimpleConnection as _};
use serde_json::{Value, json};

use super::common::{LARAVEL, fill, import, installation, pairs, sources};

/// A user as `user show` has them.
fn shown(sandbox: &Sandbox, who: &str) -> Value {
    serde_json::from_str(&sandbox.done(&["user", "show", who, "--json"])).unwrap()
}

/// An SQLite file in WAL mode keeps what was written lately beside it, and its application goes on writing.
#[test]
fn a_source_in_wal_mode_with_an_open_writer_is_one_snapshot_and_stays_as_it_is() {
    let source = sqlite();
    fill(&source, LARAVEL);
    let file = source.url.strip_prefix("sqlite://").unwrap();
    // Somebody holds the file open: what they have committed is in the log alone, what they have not is for nobody to see.
    let mut writer = diesel::SqliteConnection::establish(file).unwrap();
    let mut write = |statements: &str| writer.batch_execute(statements).unwrap();
    write("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    let copy = |id: u32, name: &str| {
        format!(
            "INSERT INTO users (id, name, email, password) \
             SELECT {id}, '{name}', '{name}@example.com', password FROM users WHERE id = 1"
        )
    };
    write(&copy(3000, "committed"));
    write("BEGIN IMMEDIATE");
    write(&copy(3001, "open"));
    // Read by another process: SQLite's locks are gone when this one closes the file.
    let read = |end: &str| Command::new("cat").arg(format!("{file}{end}")).output().unwrap().stdout;
    let bytes = || ["", "-wal"].map(read);
    let before = bytes();
    assert!(before[1].len() > 1000, "the log is in use");

    let target = sqlite();
    let sandbox = installation(&target);
    let imported = import(&sandbox, "laravel", &source, &[]);
    assert_eq!(imported.counts()[0], "users: 13 13 0 0 0 0");
    assert_eq!(shown(&sandbox, "3000")["email"], "committed@example.com");
    assert_ne!(sandbox.run(&["user", "show", "3001"]).code, 0);
    assert_eq!(bytes(), before, "the source was written");

    write("COMMIT");
    assert_eq!(import(&sandbox, "laravel", &source, &[]).counts()[0], "users: 14 1 0 13 0 0");
}

#[test]
fn a_column_with_phone_numbers_is_what_users_log_in_by() {
    for (source, target) in pairs(LARAVEL) {
        run(&source.url, "ALTER TABLE users ADD COLUMN mobile VARCHAR(40)");
        for (id, number) in [(1, "+7 916 123-45-67"), (2, "089 1234"), (3, "")] {
            run(&source.url, &format!("UPDATE users SET mobile = '{number}' WHERE id = {id}"));
        }
        let sandbox = installation(&target);
        let imported = import(&sandbox, "laravel", &source, &["--column", "phone=mobile"]);
        let refused = r#"refused users 2: the phone number is not one in international form: "089 1234""#;
        assert_eq!(imported.said()[0], refused, "from {} to {}", source.name, target.name);
        assert_eq!(imported.counts()[0], "users: 12 11 0 0 0 1");
        assert_eq!(shown(&sandbox, "1")["phone"], "+79161234567");
        assert_eq!(shown(&sandbox, "3")["phone"], Value::Null);
        assert_eq!(shown(&sandbox, "+7 916 1234567")["id"], 1);
        // A number that is another one later takes the place of the first.
        run(&source.url, "UPDATE users SET mobile = '+79160000000' WHERE id = 1");
        run(&source.url, "UPDATE users SET mobile = NULL WHERE id = 2");
        let again = import(&sandbox, "laravel", &source, &["--column", "phone=mobile"]);
        assert_eq!(again.counts()[0], "users: 12 1 1 10 0 0");
        assert_eq!(shown(&sandbox, "+79160000000")["id"], 1);
        assert_ne!(sandbox.run(&["user", "show", "+79161234567"]).code, 0);
    }
}

#[test]
fn the_soft_deleted_are_suspended_and_second_factors_are_told() {
    for (source, target) in pairs(LARAVEL) {
        run(&source.url, "ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP NULL");
        run(&source.url, "ALTER TABLE users ADD COLUMN two_factor_secret TEXT");
        run(&source.url, "ALTER TABLE users ADD COLUMN two_factor_recovery_codes TEXT");
        run(&source.url, "UPDATE users SET deleted_at = '2025-01-02 03:04:05' WHERE id = 2");
        run(
            &source.url,
            "UPDATE users SET two_factor_secret = 'eyJpdiI6', two_factor_recovery_codes = 'x' WHERE id IN (1, 3)",
        );
        let sandbox = installation(&target);
        let told = sandbox.done(&["import", "laravel", "--from", &source.url, "--inspect"]);
        let second = "two_factor_secret: 2 users have a second factor there and log in by password alone here";
        for line in ["         1  soft-deleted users", &format!("note: {second}")] {
            assert!(told.lines().any(|found| found == line), "{line:?} is not in\n{told}");
        }
        let imported = import(&sandbox, "laravel", &source, &[]);
        let factor = |id: u32| format!("changed users {id}: has a second factor there; logs in by password alone here");
        let deleted = "changed users 2: is soft-deleted there; suspended here".to_owned();
        assert_eq!(imported.said()[..3], [factor(1), deleted, factor(3)]);
        assert!(imported.summary["notes"].as_array().unwrap().contains(&json!(second)), "{}", imported.summary);
        let server = sandbox.serve();
        let log_in = |email: &str| {
            let form = json!({"email": email, "password": "password", "device_name": "test"});
            server.anon().wants_json().post("/sanctum/token", form).status
        };
        assert_eq!((log_in("alice@example.com"), log_in("bob@example.com")), (200, 422));
        let bobs = "5|rcFKufQyCgFbdaOWN2zMSLtX1F9EHh2FbJFDybDB75b1f86f";
        assert_eq!(server.bearer(bobs).wants_json().get("/api/user").status, 401);
        // Restored there: nobody is enabled here but by the owner, who is told.
        assert_eq!(shown(&sandbox, "2")["is_suspended"], true);
    }
}

/// Users register and log in at the running server while an import runs: nobody loses a number, and nobody is refused.
#[test]
fn a_server_is_used_while_an_import_runs() {
    const USERS: usize = 4000;
    for target in databases() {
        let source = sqlite();
        let hash = "$2y$04$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.";
        run(
            &source.url,
            &format!(
                "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, password TEXT); \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {USERS}) \
                 INSERT INTO users SELECT i, 'User ' || i, 'u' || i || '@example.org', '{hash}' FROM n;"
            ),
        );
        let sandbox = installation(&target);
        let server = sandbox.serve();
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-under-test"));
        sandbox.entrust(&mut command);
        command.args(["import", "laravel", "--from", &source.url]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut importing = command.spawn().unwrap();
        let (mut registered, mut meanwhile) = (Vec::new(), 0);
        let began = Instant::now();
        let code = loop {
            let name = format!("local{}", registered.len());
            let form = json!({"username": name, "password": "Walrus-and-0yster"});
            let answer = server.anon().post("/auth/users/", form.clone());
            assert_eq!(answer.status, 201, "{name}: {}", answer.body);
            registered.push(answer.json()["id"].as_u64().unwrap());
            let login = server.anon().post("/auth/token/login/", form);
            assert_eq!(login.status, 200, "{name}: {}", login.body);
            if let Some(status) = importing.try_wait().unwrap() {
                break status.code();
            }
            meanwhile += 1;
            assert!(began.elapsed() < Duration::from_secs(60));
        };
        // Who came before the numbers were reserved has one of the first, whose row is refused and listed; nobody after that.
        let taken = registered.iter().filter(|id| **id <= USERS as u64).count();
        assert_eq!(code, Some(i32::from(taken > 0)));
        assert!(meanwhile >= 1, "nobody registered while the import ran on {}", target.name);
        eprintln!("{meanwhile} registered meanwhile on {}", target.name);
        let again = import(&sandbox, "laravel", &source, &[]);
        let counts = format!("users: {USERS} 0 0 {} 0 {taken}", USERS - taken);
        assert_eq!(again.counts()[0], counts, "on {}", target.name);
        let mut ids = registered.clone();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), registered.len());
        assert!(registered.iter().skip(taken).all(|id| *id > USERS as u64), "{registered:?}");
        assert!(taken < registered.len(), "{registered:?}");
    }
}

/// A bar is drawn for somebody at a terminal, wiped before each line, and gone at the end.
#[test]
fn a_terminal_shows_a_bar() {
    let source = sources(LARAVEL).swap_remove(0);
    let target = sqlite();
    let sandbox = installation(&target);
    let mut command = Command::new("script");
    sandbox.entrust(&mut command);
    command.env("PATH", "/usr/bin:/bin").env("TERM", "xterm");
    let line = format!("{} import laravel --from {}", env!("CARGO_BIN_EXE_countersign-under-test"), source.url);
    let output = command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output().expect("script is installed");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let full = "#".repeat(30);
    let bar = |table: &str, rows: u32| format!("\r\x1b[K{table} [{full}] {rows} of {rows}");
    for bar in [bar("users", 12), bar("personal_access_tokens", 18)] {
        assert!(shown.contains(&bar), "{bar:?} is not in {shown:?}");
    }
    // Each line of the report begins at the left, on a wiped line.
    let line = "refused  personal_access_tokens 16: its user 4242 was not imported";
    assert!(shown.contains(&format!("\r\x1b[K{line}")), "{shown:?}");
    assert!(shown.contains("\r\x1b[Ktable "), "{shown:?}");
    // Without a terminal there is none.
    let ran = installation(&sqlite()).run(&["import", "laravel", "--from", &source.url, "--inspect"]);
    assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'));
}

/// Laravel writes the time of `app.timezone`, with its summer.
#[test]
fn moments_are_in_the_time_zone_of_the_application() {
    for source in sources(LARAVEL) {
        run(
            &source.url,
            "UPDATE users SET created_at = '2024-01-15 12:00:00', email_verified_at = '2024-07-15 12:00:00' WHERE id = 1",
        );
        run(
            &source.url,
            "UPDATE users SET created_at = '2024-10-27 02:30:00', email_verified_at = '2024-10-27 03:30:00' WHERE id = 2",
        );
        let moments = |more: &[&str]| {
            let target = sqlite();
            let sandbox = installation(&target);
            import(&sandbox, "laravel", &source, more);
            ["1", "2"].map(|id| {
                ["created_at", "email_verified_at"]
                    .map(|name| shown(&sandbox, id)[name].as_str().unwrap()[..19].to_owned())
            })
        };
        let paris = [["2024-01-15T11:00:00", "2024-07-15T10:00:00"], ["2024-10-27T01:30:00", "2024-10-27T02:30:00"]];
        assert_eq!(moments(&["--time-zone", "Europe/Paris"]), paris, "from {}", source.name);
        let fixed = [["2024-01-15T11:00:00", "2024-07-15T11:00:00"], ["2024-10-27T01:30:00", "2024-10-27T02:30:00"]];
        assert_eq!(moments(&["--utc-offset", "+01:00"]), fixed);
    }
    let sandbox = countersign_tests::sandbox!();
    let refused = sandbox.run(&["import", "laravel", "--from", "sqlite:///x", "--time-zone", "Europe/Pariss"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("is no time zone"), "{}", refused.stderr);
    let both = ["import", "laravel", "--from", "sqlite:///x", "--time-zone", "UTC", "--utc-offset", "+01:00"];
    assert_eq!(sandbox.run(&both).code, 2);
}

/// MySQL's driver makes NULL of a moment after 2038, and a token without an end never ends.
#[test]
fn an_end_after_2038_is_an_end_on_every_database() {
    for target in databases() {
        let sandbox = installation(&target);
        sandbox.add("ada");
        sandbox.done(&["token", "issue", "ada", "--name", "long", "--expires", "20000d"]);
        let listed: Value = serde_json::from_str(&sandbox.done(&["token", "list", "ada", "--json"])).unwrap();
        let end: chrono::DateTime<chrono::Utc> = listed[0]["expires_at"].as_str().expect(target.name).parse().unwrap();
        let expected = if target.name == "mysql" { 2_147_483_647 } else { 2_500_000_000 };
        assert!(end.timestamp() >= expected, "{end} on {}", target.name);
    }
    for target in databases() {
        let source = sqlite();
        fill(&source, LARAVEL);
        run(&source.url, "UPDATE personal_access_tokens SET expires_at = '2060-01-01 00:00:00' WHERE id = 1");
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        let end = || {
            let listed: Value = serde_json::from_str(&sandbox.done(&["token", "list", "1", "--json"])).unwrap();
            listed[0]["expires_at"].as_str().map(|end| end[..4].to_owned())
        };
        let expected = if target.name == "mysql" { "2038" } else { "2060" };
        assert_eq!(end().as_deref(), Some(expected), "on {}", target.name);
        run(&source.url, "UPDATE personal_access_tokens SET expires_at = '2030-01-01 00:00:00' WHERE id = 1");
        let again = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(again.counts()[1], "personal_access_tokens: 18 0 1 16 0 1");
        assert_eq!(end().as_deref(), Some("2030"), "on {}", target.name);
    }
}
