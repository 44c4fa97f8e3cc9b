//! Tokens of django-rest-knox work as they did, on every phone, and are ended like any other.

use std::{fmt::Write as _, net::TcpStream, time::Duration};

use countersign_core::{
    UserId,
    env::{Clock as _, SystemClock},
    store::TokenStore as _,
};
use countersign_tests::{
    Actor,
    databases::{Database, databases, fresh, kinds, run},
    program::{Running, Sandbox},
};
use serde_json::{Value, json};
use sha2::Digest as _;
use tungstenite::client::IntoClientRequest as _;

use super::common::{Dumps, import, installation, pairs, sources};

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

/// Whoever has read Django's database has a digest, and our database has another one: neither lets anybody in.
#[test]
fn what_is_stored_opens_nothing() {
    for target in databases() {
        let source = countersign_tests::databases::sqlite();
        run(&source.url, FIVE[0].1);
        let sandbox = phones(&target, "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let store = target.store();
        let held = store.tokens_of(UserId(1), None).unwrap();
        assert_eq!(held.len(), 6);
        for row in five().iter().filter_map(|row| row["digest"].as_str()) {
            assert_eq!(me(&server.anon(), &format!("Token {row}")), 401);
        }
        for row in &held {
            for token in [row.digest.to_hex(), row.slot.clone().unwrap()] {
                assert_eq!(me(&server.anon(), &format!("Token {token}")), 401, "{token:?}");
            }
        }
    }
}

/// A socket with this token; the status of a refusal.
fn socket(server: &Running, token: &str) -> Result<tungstenite::WebSocket<TcpStream>, u16> {
    let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
    request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().unwrap());
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(refused))) => Err(refused.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_gateways_question_the_introspection_and_the_socket_take_them() {
    for target in databases() {
        let source = countersign_tests::databases::sqlite();
        run(&source.url, FIVE[0].1);
        let sandbox = phones(&target, "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let (live, dead) = (header("Knox 5, with an end"), header("Knox 5, expired"));
        let verified = server.anon().with("Authorization", &live).get("/verify");
        let told =
            ["x-auth-user", "x-auth-username", "x-auth-kind", "x-auth-abilities"].map(|name| verified.header(name));
        assert_eq!((verified.status, told), (200, ["1", "ann", "knox", "*"]));
        assert_eq!(server.anon().with("Authorization", &dead).get("/verify").status, 401);
        let service = sandbox.done(&["token", "issue", "ann", "--name", "service", "--ability", "tokens:introspect"]);
        let ask = |token: &str| {
            let form = format!("token={token}");
            let service = server.bearer(service.trim_end());
            service.send("POST", "/introspect", Some("application/x-www-form-urlencoded"), &form).json()
        };
        let told = ask(&token("Knox 5, with an end"));
        let named = ["active", "token_type", "token_use", "scope", "username"].map(|name| told[name].clone());
        assert_eq!(json!(named), json!([true, "Token", "access_token", "*", "ann"]));
        assert!(told["exp"].as_i64() > Some(2_147_483_646), "{told}");
        assert_eq!(ask(&token("Knox 5, expired")), json!({"active": false}));
        let mut socket = socket(&server, &token("Knox 5, with an end")).unwrap();
        assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), r#"{"user":{"id":1,"login":"ann"}}"#);
        assert_eq!(self::socket(&server, &token("Knox 5, expired")).unwrap_err(), 401);
        // The logout of that device ends its socket, and nobody else's token.
        let logout = server.anon().with("Authorization", &live).post_empty(LOGOUT);
        assert_eq!(logout.whole(), (204, ""));
        let closed = std::iter::from_fn(|| socket.read().ok()).find_map(|message| match message {
            tungstenite::Message::Close(frame) => frame.map(|frame| u16::from(frame.code)),
            _ => None,
        });
        assert_eq!(closed, Some(4401));
        assert_eq!(me(&server.anon(), &live), 401);
        assert_eq!(me(&server.anon(), &header("Knox 5, without an end")), 200);
        assert_eq!(me(&server.anon(), &header("Knox 5, a third one")), 200);
    }
}

#[test]
fn the_owner_lists_and_revokes_them_one_by_one() {
    for source in sources(FIVE) {
        let targets = databases();
        let sandbox = phones(targets.last().unwrap(), "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let list =
            |who: &str| serde_json::from_str::<Vec<Value>>(&sandbox.done(&["token", "list", who, "--json"])).unwrap();
        let listed = list("ann");
        assert_eq!(listed.len(), 6);
        assert!(listed.iter().all(|token| token["kind"] == "knox" && token["abilities"] == json!(["*"])), "{listed:?}");
        assert!(listed.iter().all(|token| token["created_at"].as_str().is_some_and(|at| at.starts_with("2026-"))));
        let live = ["Knox 5, without an end", "Knox 5, with an end", "Knox 5, a third one"].map(header);
        let status = || live.each_ref().map(|header| me(&server.anon(), header));
        assert_eq!(status(), [200; 3]);
        let endless = listed.iter().find(|token| token["expires_at"].is_null()).unwrap();
        sandbox.done(&["token", "revoke", &endless["id"].to_string()]);
        assert_eq!(status(), [401, 200, 200]);
        // What was ended here stays so, whatever the source has.
        let again = import(&sandbox, "django", &source, &[]);
        assert_eq!(again.counts()[1], "knox_authtoken: 14 0 0 14 0 0");
        assert_eq!(status(), [401, 200, 200]);
        sandbox.done(&["token", "revoke-all", "ann"]);
        assert_eq!((status(), list("ann").len()), ([401; 3], 0));
        // A login makes a token of Djoser's, which lives beside them.
        let login = json!({"username": "bob", "password": "bob-walrus-17"});
        let token = server.anon().post("/auth/token/login/", login).text("auth_token");
        let bob = header("Knox 5, with a prefix");
        assert_eq!((me(&server.anon(), &format!("Token {token}")), me(&server.anon(), &bob)), (200, 200));
        server.anon().with("Authorization", &format!("Token {token}")).post_empty(LOGOUT);
        assert_eq!((me(&server.anon(), &format!("Token {token}")), me(&server.anon(), &bob)), (401, 200));
        let kinds: Vec<_> = list("bob").iter().map(|token| token["kind"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["knox"; 4]);
    }
}

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

/// Knox's `AUTH_HEADER_PREFIX`: a phone says what it was told to say.
#[test]
fn the_scheme_is_what_the_application_had() {
    let source = countersign_tests::databases::sqlite();
    run(&source.url, FIVE[0].1);
    for scheme in ["Bearer", "Knox"] {
        let target = countersign_tests::databases::sqlite();
        let sandbox = phones(&target, &format!("auth_header_prefix = \"{scheme}\"\n"));
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let token = token("Knox 5, of bob");
        assert_eq!(me(&server.anon(), &format!("{} {token}", scheme.to_lowercase())), 200);
        assert_eq!(server.anon().with("Authorization", &format!("{scheme} {token}")).get("/verify").status, 200);
        let refused = server.anon().with("Authorization", &format!("{scheme} {token}0")).get(ME);
        assert_eq!(refused.whole(), (401, r#"{"detail":"Invalid token."}"#));
        assert_eq!(refused.header("www-authenticate"), scheme);
        let other = server.anon().with("Authorization", &format!("Token {token}")).get(ME);
        assert_eq!(other.whole(), (401, r#"{"detail":"Authentication credentials were not provided."}"#));
        assert_eq!(other.header("www-authenticate"), scheme);
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
