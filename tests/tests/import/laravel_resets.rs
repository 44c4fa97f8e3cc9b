//! Links to a new password that a real Laravel mailed (`tests/import/links`): the import brings what it kept of them.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Timelike as _};
use countersign_core::{
    Secret, UserId,
    env::{Clock as _, SystemClock},
    model::Timestamp,
};
use countersign_tests::{
    Answer, Server,
    databases::{Database, databases, fresh, kinds, run, sqlite},
    program::Sandbox,
    server::{noon, settings},
};
use serde_json::{Value, json};

use super::{
    browser::Browser,
    common::{LARAVEL, import, installation, pairs, sources},
};

const NEW_PASSWORD: &str = "Fresh-walrus-88";
const BOB: UserId = UserId(2);
const SET: &str = r#"{"status":"Your password has been reset."}"#;
const DEAD: &str = r#"{"message":"This password reset token is invalid.","errors":{"email":["This password reset token is invalid."]}}"#;
const NOTE: &str = "2 links to a new password, mailed in the last day, can be followed here while they live";

/// What Breeze sent: the links, and the rows that it kept, whose moment is given: an import takes no notice of old ones.
struct Recorded {
    resets: Value,
    rows: Value,
    made_at: Timestamp,
}

impl Recorded {
    fn now() -> Self {
        let recorded: Value = serde_json::from_str(include_str!("../../import/links/laravel-breeze.json")).unwrap();
        let made_at = SystemClock.now().with_nanosecond(0).unwrap();
        Self { resets: recorded["resets"].clone(), rows: recorded["password_reset_tokens"].clone(), made_at }
    }

    /// Bob's and Grace's.
    fn link(&self, at: usize) -> (&str, &str) {
        let text = |name: &str| self.resets[at][name].as_str().unwrap();
        (text("email"), text("token"))
    }

    /// Puts the rows into a source; of the recorded ones only SQLite's has the table.
    fn fill(&self, source: &Database, table: &str) {
        run(&source.url, "DROP TABLE IF EXISTS password_reset_tokens");
        let columns = "email VARCHAR(255) NOT NULL PRIMARY KEY, token VARCHAR(255) NOT NULL, created_at TIMESTAMP NULL";
        run(&source.url, &format!("CREATE TABLE {table} ({columns})"));
        for row in self.rows.as_array().unwrap() {
            let text = |name: &str| row[name].as_str().unwrap();
            let at = self.made_at.format("%Y-%m-%d %H:%M:%S");
            run(&source.url, &format!("INSERT INTO {table} VALUES ('{}', '{}', '{at}')", text("email"), text("token")));
        }
    }

    /// A server on `target` at this moment, with what `sandbox` imports into it.
    fn served(&self, sandbox: &Sandbox, source: &Database, target: Database, options: &str) -> Server {
        let imported = import(sandbox, "laravel", source, &[]);
        assert_eq!(imported.summary["notes"].as_array().unwrap().last(), Some(&json!(NOTE)), "{}", imported.summary);
        let configuration = format!(
            "[[mount]]\nadapter = \"sanctum_spa\"\n{options}\n[passwords]\nmemory_kib = 64\niterations = 1\n\
             failure_floor = \"0s\"\nmax_wait = \"120s\"\n[throttle]\nenabled = false\n"
        );
        let server = Server::run(Arc::new(target), settings(&configuration));
        server.wait(self.made_at - noon());
        server
    }

    /// The same from SQLite.
    fn simply_served(&self, target: Database) -> Server {
        let source = sources(LARAVEL).swap_remove(0);
        self.fill(&source, "password_reset_tokens");
        let sandbox = installation(&target);
        self.served(&sandbox, &source, target, "")
    }
}

fn reset(server: &Server, (email, token): (&str, &str)) -> Answer {
    let body = json!({
        "email": email, "token": token, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD,
    });
    Browser::ready(server, "").post("/reset-password", body)
}

#[test]
fn a_link_of_laravel_works_once() {
    for (source, target) in pairs(LARAVEL) {
        let kinds = format!("from {} to {}", source.name, target.name);
        let recorded = Recorded::now();
        // The name of before Laravel 10.
        recorded.fill(&source, if source.name == "postgres" { "password_resets" } else { "password_reset_tokens" });
        let sandbox = installation(&target);
        let options = if source.name == "sqlite" { "stack = \"fortify\"" } else { "" };
        let server = recorded.served(&sandbox, &source, target, options);
        let (bob, grace) = (recorded.link(0), recorded.link(1));
        assert_eq!(reset(&server, (bob.0, grace.1)).whole(), (422, DEAD), "{kinds}");
        assert_eq!(reset(&server, bob).status, 200, "{kinds}");
        assert_eq!(reset(&server, bob).whole(), (422, DEAD), "{kinds}");
        let status = Browser::ready(&server, "").log_in("", bob.0, NEW_PASSWORD);
        assert!([200, 204].contains(&status), "{kinds}");
        // Laravel does not know that it was used, and has the old password.
        let again = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(again.ran.code, 1, "the token of nobody");
        assert_eq!(reset(&server, bob).whole(), (422, DEAD), "{kinds}");
        assert_eq!(reset(&server, grace).status, 200, "{kinds}");
    }
}

/// Before Laravel 10 nothing kept two rows for an address apart.
#[test]
fn of_two_rows_for_an_address_the_latest_counts() {
    for (source, target) in pairs(LARAVEL) {
        let kinds = format!("from {} to {}", source.name, target.name);
        let recorded = Recorded::now();
        recorded.fill(&source, "password_resets");
        let columns = "email VARCHAR(255) NOT NULL, token VARCHAR(255) NOT NULL, created_at TIMESTAMP NULL";
        run(&source.url, &format!("CREATE TABLE again ({columns})"));
        // Older ones for Bob, with Grace's token, before and behind the latest.
        let graces = recorded.rows[1]["token"].as_str().unwrap();
        let older = |minutes: i64| {
            let at = (recorded.made_at - TimeDelta::minutes(minutes)).format("%Y-%m-%d %H:%M:%S");
            run(&source.url, &format!("INSERT INTO again VALUES ('bob@example.com', '{graces}', '{at}')"));
        };
        older(20);
        run(&source.url, "INSERT INTO again SELECT * FROM password_resets");
        older(40);
        run(&source.url, "DROP TABLE password_resets");
        run(&source.url, "ALTER TABLE again RENAME TO password_resets");
        let sandbox = installation(&target);
        let server = recorded.served(&sandbox, &source, target, "");
        let (bob, grace) = (recorded.link(0), recorded.link(1));
        assert_eq!(reset(&server, (bob.0, grace.1)).whole(), (422, DEAD), "{kinds}");
        assert_eq!(reset(&server, bob).status, 200, "{kinds}");
        assert_eq!(reset(&server, grace).status, 200, "{kinds}");
    }
}

#[test]
fn links_that_cannot_be_kept_are_a_note() {
    for (source, target) in pairs(LARAVEL) {
        let recorded = Recorded::now();
        recorded.fill(&source, "password_resets");
        let sandbox = installation(&target);
        let first = import(&sandbox, "laravel", &source, &[]);
        run(&target.url, "DROP TABLE old_resets");
        for mode in [&["--dry-run"][..], &[]] {
            let again = import(&sandbox, "laravel", &source, mode);
            assert_eq!(again.ran.code, first.ran.code, "{}", again.ran.stderr);
            let note = again.summary["notes"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
            assert!(note.starts_with("links to a new password could not be kept: "), "{note}");
        }
    }
}

#[test]
fn a_link_lives_for_an_hour() {
    let recorded = Recorded::now();
    let server = recorded.simply_served(sqlite());
    server.wait(TimeDelta::hours(1));
    assert_eq!(reset(&server, recorded.link(0)).whole(), (200, SET));
    server.wait(TimeDelta::seconds(1));
    assert_eq!(reset(&server, recorded.link(1)).whole(), (422, DEAD));
}

#[test]
fn whatever_ends_a_link_of_ours_ends_one_of_laravels() {
    type End<'a> = &'a dyn Fn(&Server);
    let ends: [(&str, End); 4] = [
        ("another password", &|server| drop(server.owner.recover(BOB, &Secret::from("another password")).unwrap())),
        ("another address", &|server| {
            server.owner.change_email(BOB, Some("bob@example.net")).unwrap();
        }),
        ("disabled and enabled", &|server| {
            server.owner.set_active(BOB, false).unwrap();
            server.owner.set_active(BOB, true).unwrap();
        }),
        ("a login that hashes anew", &|server| {
            let status = Browser::ready(server, "").log_in("", "bob@example.com", "s3cret-Bob!");
            assert!([200, 204].contains(&status));
        }),
    ];
    for kind in kinds() {
        let recorded = Recorded::now();
        for (what, end) in &ends {
            let server = recorded.simply_served(fresh(kind));
            end(&server);
            let email = server.owner.user(BOB).unwrap().email.unwrap();
            let (_, token) = recorded.link(0);
            assert_eq!(reset(&server, (&email, token)).whole(), (422, DEAD), "{what} on {}", server.backend);
            assert_eq!(reset(&server, recorded.link(1)).whole(), (200, SET), "{what} on {}", server.backend);
        }
    }
}

#[test]
fn of_sixteen_who_use_a_link_at_once_one_wins() {
    for target in databases() {
        let recorded = Recorded::now();
        let server = recorded.simply_served(target);
        let start = Barrier::new(16);
        let mut statuses: Vec<u16> = thread::scope(|scope| {
            let follow = || {
                start.wait();
                reset(&server, recorded.link(0)).status
            };
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(follow)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        let expected: Vec<u16> = std::iter::once(200).chain([422; 15]).collect();
        assert_eq!(statuses, expected, "on {}", server.backend);
    }
}

/// A hash takes its time; where it is not to be known who is registered, what is nobody's takes as long.
#[test]
fn the_time_does_not_tell_whose_link_there_was() {
    let recorded = Recorded::now();
    let source = sources(LARAVEL).swap_remove(0);
    recorded.fill(&source, "password_reset_tokens");
    let target = sqlite();
    import(&installation(&target), "laravel", &source, &[]);
    let configuration = "[[mount]]\nadapter = \"sanctum_spa\"\ntell_unknown_address = false\n[passwords]\nmemory_kib = 64\n\
                         iterations = 1\nfailure_floor = \"400ms\"\nmax_wait = \"120s\"\n[throttle]\nenabled = false\n";
    let server = Server::run(Arc::new(target), settings(configuration));
    server.wait(recorded.made_at - noon());
    let (_, token) = recorded.link(1);
    for address in ["bob@example.com", "carol@example.com", "nobody@example.com"] {
        let browser = Browser::ready(&server, "");
        let began = Instant::now();
        let body = json!({
            "email": address, "token": token, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD,
        });
        assert_eq!(browser.post("/reset-password", body).whole(), (422, DEAD), "{address}");
        assert!(began.elapsed() >= Duration::from_millis(400), "{address}");
    }
}

/// Whoever has the address here is somebody else than whom Laravel mailed.
#[test]
fn a_link_of_somebody_who_was_not_imported_is_nobodys() {
    let target = sqlite();
    let source = sources(LARAVEL).swap_remove(0);
    let recorded = Recorded::now();
    recorded.fill(&source, "password_reset_tokens");
    let sandbox = installation(&target);
    let user = ["user", "add", "--username", "ada", "--email", "bob@example.com", "--password-stdin"];
    sandbox.done_with("password", &user);
    let imported = import(&sandbox, "laravel", &source, &[]);
    let one = NOTE.replace("2 links", "1 link");
    assert_eq!(imported.summary["notes"].as_array().unwrap().last(), Some(&json!(one)));
    // What neither a check nor a rehearsal writes, nobody finds.
    for more in ["--check", "--dry-run"] {
        let other = sqlite();
        let sandbox = installation(&other);
        import(&sandbox, "laravel", &source, &[more]);
        let server = Server::on(Arc::new(other), "[[mount]]\nadapter = \"sanctum_spa\"\n");
        assert_eq!(countersign_core::store::UserStore::old_reset(&server.store, BOB).unwrap(), None, "{more}");
    }
}
