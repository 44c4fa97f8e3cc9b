//! A second run brings what is new or changed since, ends what is gone, and leaves alone what was changed here. One that was
//! killed is finished by the next.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use countersign_core::Digest;
use countersign_tests::{
    databases::{Database, databases, number, run},
    program::Sandbox,
};
use serde_json::json;

use super::common::{DJANGO, LARAVEL, cells, import, installation, pairs, sources};

#[test]
fn a_second_run_finds_nothing_to_do() {
    for (source, target) in cells(LARAVEL) {
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        let again = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(again.counts(), ["users: 12 0 0 12 0 0", "personal_access_tokens: 18 0 0 17 0 1"]);
        assert_eq!(again.said(), ["refused personal_access_tokens 16: its user 4242 was not imported"]);
    }
}

/// A run brings what was issued there since the last one, but not what the owner has ended here in between.
#[test]
fn what_was_issued_there_before_everything_was_ended_here_does_not_come_alive() {
    for (source, target) in pairs(LARAVEL) {
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        let server = sandbox.serve();
        let (early, late) =
            ("a-token-of-a-thief-who-came-before-the-end", "a-token-of-bob-who-logged-in-again-after-it");
        for (id, token, created_at) in [(5000, early, "2024-01-01 00:00:00"), (5001, late, "2037-01-01 00:00:00")] {
            let digest = Digest::of(token.as_bytes()).to_hex();
            run(
                &source.url,
                &format!(
                    "INSERT INTO personal_access_tokens (id, tokenable_type, tokenable_id, name, token, abilities, created_at) \
                     SELECT {id}, tokenable_type, 2, 'phone', '{digest}', abilities, '{created_at}' \
                     FROM personal_access_tokens WHERE id = 2;"
                ),
            );
        }
        sandbox.done(&["token", "revoke-all", "2"]);
        let again = import(&sandbox, "laravel", &source, &[]);
        let ended =
            "kept personal_access_tokens 5000: was issued before everything of user 2 was ended here, and stays ended";
        assert!(again.said().contains(&ended.to_owned()), "{:?}", again.said());
        let asked = |id: i64, token: &str| server.bearer(&format!("{id}|{token}")).wants_json().get("/api/user").status;
        assert_eq!((asked(5000, early), asked(5001, late)), (401, 200), "from {} to {}", source.name, target.name);
        // It is on record: the next run has nothing to say of it.
        assert_eq!(
            import(&sandbox, "laravel", &source, &[]).said(),
            ["refused personal_access_tokens 16: its user 4242 was not imported"]
        );
        assert_eq!(asked(5000, early), 401);
    }
}

#[test]
fn what_changed_at_the_source_is_taken_over_and_what_changed_here_stays() {
    for (source, target) in pairs(LARAVEL) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        let server = sandbox.serve();
        let alice = "1|OkBBfrrfCeSXcwH63uolX0ktIgYlHgHuyk8oo7zT19c8c821";
        let bob = "5|rcFKufQyCgFbdaOWN2zMSLtX1F9EHh2FbJFDybDB75b1f86f";
        for live in [alice, bob] {
            assert_eq!(server.bearer(live).wants_json().get("/api/user").status, 200);
        }
        // Bob has a new password here; Carol's is the same as ever.
        sandbox.done_with("chosen here", &["user", "set-password", "2", "--password-stdin"]);
        let hash = "$2y$10$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.";
        run(
            &source.url,
            &format!(
                "DELETE FROM personal_access_tokens WHERE id IN (1, 8); \
                     UPDATE users SET password = '{hash}' WHERE id IN (2, 3); \
                     UPDATE users SET name = 'Alice Anders', email = 'alice@example.net' WHERE id = 1; \
                     UPDATE personal_access_tokens SET abilities = '[\"write\"]' WHERE id = 2; \
                     DELETE FROM users WHERE id = 4; \
                     INSERT INTO users (id, name, email, password) VALUES (2000, 'New', 'new@example.com', '{hash}');"
            ),
        );
        let again = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(
            again.said(),
            [
                "kept users 2: changed there and here: password stays as it is here",
                "ended users 4: is not in the source any more; suspended here, with what is theirs",
                "refused personal_access_tokens 16: its user 4242 was not imported",
            ]
        );
        // Bob's tokens were ended by the owner, and stay so although the source has them.
        assert_eq!(again.counts(), ["users: 12 1 2 9 1 0", "personal_access_tokens: 16 0 1 14 2 1"]);

        // The running server has seen all of it.
        std::thread::sleep(Duration::from_millis(500));
        for dead in [alice, bob, "8|sanctum_LHv82djZRY34iu0kRF4NWmzkd93RmEgrbfpFUgO6fe25b3bb"] {
            assert_eq!(server.bearer(dead).wants_json().get("/api/user").status, 401, "{dead}");
        }
        let me = server.bearer("2|aZFyotgQlR31X5HPhR4WhD0AElfhtZbNagsoyAH02368de06").wants_json().get("/api/user");
        assert_eq!((&me.json()["name"], &me.json()["email"]), (&json!("Alice Anders"), &json!("alice@example.net")));
        let log_in = |email: &str, password: &str| {
            let form = json!({"email": email, "password": password, "device_name": "test"});
            server.anon().wants_json().post("/sanctum/token", form).status
        };
        assert_eq!(log_in("alice@example.net", "password"), 200);
        assert_eq!(log_in("alice@example.com", "password"), 422);
        assert_eq!((log_in("bob@example.com", "chosen here"), log_in("bob@example.com", "password")), (200, 422));
        assert_eq!(log_in("carol@example.com", "password"), 200);
        assert_eq!(log_in("dave@example.com", "Dave#2024"), 422);
        assert_eq!(log_in("new@example.com", "password"), 200);
        // What is said once is not said again.
        let third = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(third.said(), ["refused personal_access_tokens 16: its user 4242 was not imported"]);
    }
}

/// Who logs out and in again at the source has another token there; here as well.
#[test]
fn the_next_token_of_django_takes_the_place_of_the_last() {
    for (source, target) in pairs(DJANGO) {
        let sandbox = installation(&target);
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let old = "f101010101010101010101010101010101010101";
        let new = "0123456789abcdef0123456789abcdef01234567";
        let with =
            |token: &str| server.anon().with("Authorization", &format!("Token {token}")).get("/auth/users/me/").status;
        assert_eq!((with(old), with(new)), (200, 401));
        let key = if source.name == "mysql" { "`key`" } else { "key" };
        run(&source.url, &format!("UPDATE authtoken_token SET {key} = '{new}' WHERE user_id = 1"));
        let again = import(&sandbox, "django", &source, &[]);
        assert_eq!(again.counts()[1], "authtoken_token: 12 0 1 11 0 0");
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!((with(old), with(new)), (401, 200), "from {} to {}", source.name, target.name);
        let login = json!({"username": "fx_pbkdf2", "password": "Pbkdf2-walrus-01"});
        assert_eq!(server.anon().post("/auth/token/login/", login).json(), json!({"auth_token": new}));
    }
}

#[test]
fn a_source_that_has_lost_most_of_its_rows_ends_nothing_unasked() {
    for source in sources(LARAVEL) {
        let targets = databases();
        let sandbox = installation(&targets[0]);
        import(&sandbox, "laravel", &source, &[]);
        run(&source.url, "DELETE FROM users WHERE id > 3");
        let ran = sandbox.run(&["import", "laravel", "--from", &source.url]);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (
                1,
                "countersign: users has 3 rows, and 12 were imported from it: the others would be ended here. If they are \
                 really gone, say --end-many\n"
            )
        );
        let told = import(&sandbox, "laravel", &source, &["--end-many"]);
        assert_eq!(told.counts()[0], "users: 3 0 0 3 9 0");
    }
}

/// A source with so many users, each with a token.
fn many(users: usize) -> Database {
    let source = countersign_tests::databases::sqlite();
    run(
        &source.url,
        &format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, password TEXT); \
             CREATE TABLE personal_access_tokens (id INTEGER PRIMARY KEY, tokenable_type TEXT, tokenable_id INTEGER, \
             name TEXT, token TEXT, abilities TEXT); \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users}) \
             INSERT INTO users SELECT i, 'User ' || i, 'u' || i || '@example.org', '' FROM n; \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users}) \
             INSERT INTO personal_access_tokens SELECT i, 'App\\Models\\User', i, 't', printf('%064x', i), '[\"*\"]' FROM n;"
        ),
    );
    source
}

/// Starts an import and kills it as soon as the number that `question` answers in the target is at least `enough`; that number
/// after its end.
fn kill_at(sandbox: &Sandbox, source: &Database, target: &Database, question: &str, enough: i64, more: &[&str]) -> i64 {
    let program = env!("CARGO_BIN_EXE_countersign-under-test");
    let mut command = Command::new(program);
    command.args(["import", "laravel", "--from", &source.url]).args(more).current_dir(sandbox.folder());
    command.env("COUNTERSIGN__DATABASE__URL", &target.url).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while number(&target.url, question) < enough && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    number(&target.url, question)
}

/// Killed in the middle of the users and of the tokens, again and again; then it ends complete, and nothing is there twice.
#[test]
fn an_import_that_is_killed_is_finished_by_the_next() {
    const USERS: usize = 6000;
    for target in databases() {
        let source = many(USERS);
        let sandbox = installation(&target);
        sandbox.done(&["migrate"]);
        let most = i64::try_from(USERS).unwrap();
        for (table, enough) in [("users", 1), ("users", 2500), ("tokens", 1), ("tokens", 2500)] {
            let question = format!("SELECT COUNT(*) FROM {table}");
            let there = kill_at(&sandbox, &source, &target, &question, enough, &[]);
            assert!(there >= enough && there < most, "{there} {table} of {most} on {}", target.name);
        }
        let last = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(last.ran.code, 0, "{}", last.ran.stderr);
        for table in last.summary["tables"].as_array().unwrap() {
            let number = |name: &str| table[name].as_u64().unwrap();
            assert_eq!(number("new") + number("unchanged"), USERS as u64, "{table}");
            assert_eq!(number("refused"), 0, "{table}");
        }
        let again = import(&sandbox, "laravel", &source, &[]);
        let all = format!("{USERS} 0 0 {USERS} 0 0");
        assert_eq!(again.counts(), [format!("users: {all}"), format!("personal_access_tokens: {all}")]);
        let there = installation_store(&target);
        assert_eq!(there, (USERS, USERS), "on {}", target.name);
    }
}

/// However many rows are gone at once, a transaction ends some thousands of them: one that is killed meanwhile has ended some
/// and not all, and the next ends the others.
#[test]
fn a_mass_deletion_is_ended_piece_by_piece() {
    const USERS: usize = 7000;
    for target in databases() {
        let source = many(USERS);
        let sandbox = installation(&target);
        import(&sandbox, "laravel", &source, &[]);
        run(&source.url, "DELETE FROM users WHERE id > 2 AND id < 7000");
        let suspended = "SELECT COUNT(*) FROM users WHERE is_suspended";
        let there = kill_at(&sandbox, &source, &target, suspended, 1, &["--end-many"]);
        assert!(there > 0 && there < 6997, "{there} on {}", target.name);
        let rest = import(&sandbox, "laravel", &source, &["--end-many"]);
        assert_eq!(rest.counts()[0], format!("users: 3 0 0 3 {} 0", 6997 - there), "on {}", target.name);
        assert_eq!(number(&target.url, suspended), 6997);
        // Each of them once, in numbers without a gap, which running servers read.
        for question in ["SELECT COUNT(*) FROM revocations", "SELECT COUNT(DISTINCT user_id) FROM revocations"] {
            assert_eq!(number(&target.url, question), 6997, "{question} on {}", target.name);
        }
        for question in ["SELECT MAX(id) - MIN(id) + 1 FROM revocations", "SELECT last FROM revocation_counter"] {
            assert_eq!(number(&target.url, question), 6997, "{question} on {}", target.name);
        }
    }
}

/// How many users there are, and how many have a token.
fn installation_store(target: &Database) -> (usize, usize) {
    use countersign_core::{
        UserId,
        store::{TokenStore as _, UserStore as _},
    };
    let store = target.store();
    let (mut users, mut tokens, mut after) = (0, 0, UserId(0));
    loop {
        let page = store.users(after, 1000).unwrap();
        let Some(last) = page.last() else { return (users, tokens) };
        after = last.id;
        users += page.len();
        tokens += page.iter().filter(|user| store.tokens_of(user.id, None).unwrap().len() == 1).count();
    }
}
