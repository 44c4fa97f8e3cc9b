//! Later runs of an import of Knox's tokens, and ends that are put off.

use std::time::Duration;

use countersign_core::{
    UserId,
    env::{Clock as _, SystemClock},
    store::TokenStore as _,
};
use countersign_tests::{
    databases::{Database, databases, fresh, kinds, run},
    program::Sandbox,
};
use serde_json::Value;

use super::{
    super::common::{import, pairs},
    FIVE, five, header, me, phones, sha512,
};

#[test]
fn a_later_run_finds_what_is_new_changed_and_gone() {
    for (source, target) in pairs(FIVE) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = phones(&target, "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let [gone, ended, live] =
            ["without an end", "with an end", "a third one"].map(|about| header(&format!("Knox 5, {about}")));
        let status = || [&gone, &ended, &live].map(|header| me(&server.anon(), header));
        assert_eq!(status(), [200; 3]);
        let digest = |about: &str| {
            let rows = five();
            rows.iter().find(|row| row["about"] == about).unwrap()["digest"].as_str().unwrap().to_owned()
        };
        let new = "walrus0123456789abcdef";
        let stored = sha512(new);
        run(
            &source.url,
            &format!(
                "DELETE FROM knox_authtoken WHERE digest = '{}'; \
                     UPDATE knox_authtoken SET expiry = '2024-01-01 00:00:00' WHERE digest = '{}'; \
                     INSERT INTO knox_authtoken (digest, created, user_id, expiry, token_key) \
                     VALUES ('{stored}', '2026-11-22 12:00:00', 2, NULL, 'walrus012345678');",
                digest("Knox 5, without an end"),
                digest("Knox 5, with an end"),
            ),
        );
        let again = import(&sandbox, "django", &source, &[]);
        assert_eq!(again.counts()[1], "knox_authtoken: 14 1 1 12 1 0");
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(status(), [401, 401, 200]);
        assert_eq!(me(&server.anon(), &format!("Token {new}")), 200);
        assert_eq!(import(&sandbox, "django", &source, &[]).counts()[1], "knox_authtoken: 14 0 0 14 0 0");
    }
}

/// `AUTO_REFRESH`, here as there: who uses a token keeps it.
#[test]
fn each_use_puts_the_end_off_where_that_is_wanted() {
    for kind in kinds() {
        let source = countersign_tests::databases::sqlite();
        run(&source.url, FIVE[0].1);
        let expiry = "strftime('%Y-%m-%d %H:%M:%f', 'now', '+100 seconds')";
        run(&source.url, &format!("UPDATE knox_authtoken SET expiry = {expiry} WHERE expiry > '2030'"));
        let end = |sandbox: &Sandbox| {
            let listed: Vec<Value> = serde_json::from_str(&sandbox.done(&["token", "list", "bob", "--json"])).unwrap();
            let ends = listed.iter().filter_map(|token| token["expires_at"].as_str()?.parse().ok());
            ends.max().map(|end: chrono::DateTime<chrono::Utc>| (end - SystemClock.now()).num_seconds()).unwrap()
        };
        let bob = header("Knox 5, of bob");
        for (settings, ends) in [
            ("", 0..=100),
            ("[knox]\nauto_refresh = true\ntoken_ttl = \"150s\"\n", 0..=100),
            ("[knox]\nauto_refresh = true\ntoken_ttl = \"2h\"\n", 7100..=7200),
        ] {
            let target = fresh(kind);
            let sandbox = phones(&target, settings);
            import(&sandbox, "django", &source, &[]);
            let server = sandbox.serve();
            assert_eq!(me(&server.anon(), &bob), 200);
            let left = end(&sandbox);
            assert!(ends.contains(&left), "{left} s with {settings:?} on {}", target.name);
        }
    }
}

/// With `AUTO_REFRESH` the old side puts ends off while both run: what ended here first lives again by the next run.
#[test]
fn an_end_that_was_put_off_there_counts_although_it_was_over_here() {
    for (source, target) in pairs(FIVE) {
        let over = (SystemClock.now() - chrono::TimeDelta::days(2)).format("%Y-%m-%d 00:00:00");
        run(&source.url, &format!("UPDATE knox_authtoken SET expiry = '{over}' WHERE expiry > '2050-01-01'"));
        let sandbox = phones(&target, "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let bob = header("Knox 5, of bob");
        assert_eq!(me(&server.anon(), &bob), 401);
        // What belongs to Knox is kept for a while.
        sandbox.done(&["token", "prune"]);
        run(&source.url, &format!("UPDATE knox_authtoken SET expiry = '2036-01-01 00:00:00' WHERE expiry = '{over}'"));
        import(&sandbox, "django", &source, &[]);
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(me(&server.anon(), &bob), 200, "from {} to {}", source.name, target.name);
    }
}

/// Killed in the middle, and run again: complete, and nothing twice.
#[test]
fn an_import_of_many_that_is_killed_is_finished_by_the_next() {
    const TOKENS: usize = 6000;
    let source = countersign_tests::databases::sqlite();
    run(&source.url, FIVE[0].1);
    let rows: Vec<String> = (0..TOKENS)
        .map(|number| {
            let stored = sha512(&format!("walrus-{number:016x}"));
            format!("('{stored}', '2026-11-22 12:00:00', 2, NULL, 'walrus-00000000')")
        })
        .collect();
    run(&source.url, "DELETE FROM knox_authtoken");
    run(
        &source.url,
        &format!("INSERT INTO knox_authtoken (digest, created, user_id, expiry, token_key) VALUES {}", rows.join(", ")),
    );
    for target in databases() {
        let sandbox = phones(&target, "");
        sandbox.done(&["migrate"]);
        let mut in_the_middle = 0;
        for pause in [40, 80, 120, 160, 200, 260, 320, 400] {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign-under-test"));
            command.args(["import", "django", "--from", &source.url]).current_dir(sandbox.folder());
            sandbox.entrust(&mut command);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            child.kill().unwrap();
            child.wait().unwrap();
            let there = held(&target);
            in_the_middle += usize::from(there > 0 && there < TOKENS);
        }
        eprintln!("{in_the_middle} of 8 kills hit the middle on {}", target.name);
        let last = import(&sandbox, "django", &source, &[]);
        assert_eq!(last.ran.code, 0, "{}", last.ran.stderr);
        assert_eq!(
            import(&sandbox, "django", &source, &[]).counts()[1],
            format!("knox_authtoken: {TOKENS} 0 0 {TOKENS} 0 0")
        );
        assert_eq!(held(&target), TOKENS);
        let server = sandbox.serve();
        for number in (0..TOKENS).step_by(599) {
            assert_eq!(me(&server.anon(), &format!("Token walrus-{number:016x}")), 200, "{number}");
        }
    }
}

fn held(target: &Database) -> usize {
    target.store().tokens_of(UserId(2), None).unwrap().len()
}
