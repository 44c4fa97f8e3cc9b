//! `countersign keys`: new keys while servers run, and nobody notices.

use std::{
    thread,
    time::{Duration, Instant},
};

use countersign_tests::{
    program::{Running, Sandbox},
    sandbox,
};
use serde_json::{Value, json};

/// How long a new key is announced here.
const ANNOUNCE: Duration = Duration::from_secs(4);

fn sandbox_with(algorithm: &str) -> Sandbox {
    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__JWT__ALGORITHM", algorithm);
    sandbox.set("COUNTERSIGN__KEYS__ANNOUNCE", "4s");
    sandbox.add("ada");
    sandbox
}

fn log_in(server: &Running) -> String {
    server.anon().post("/auth/login", json!({"identifier": "ada", "password": "password"})).text("access_token")
}

fn status(server: &Running, token: &str) -> u16 {
    server.bearer(token).get("/auth/me").status
}

fn published(server: &Running) -> Vec<String> {
    let set = server.anon().get("/.well-known/jwks.json").json();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

fn records(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_rotation_is_noticed_by_running_servers_and_by_nobody_else() {
    let sandbox = sandbox_with("ES256");
    let (one, other) = (sandbox.serve(), sandbox.serve());
    let old = log_in(&one);
    assert_eq!(published(&one), [kid(&old)]);

    let began = Instant::now();
    let rotated = records(&sandbox.done(&["keys", "rotate", "--jwt", "--json"]));
    let new = rotated[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&rotated[0]["kind"], &rotated[0]["state"]), (&json!("jwt"), &json!("announced")));
    for server in [&one, &other] {
        while published(server).len() < 2 {
            assert!(began.elapsed() < ANNOUNCE, "not published before its first use: {}", server.log());
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(published(server), [new.clone(), kid(&old)]);
    }
    if began.elapsed() < ANNOUNCE {
        assert_eq!(kid(&log_in(&one)), kid(&old), "published, and not in use yet");
    }
    let fresh = loop {
        let token = log_in(&other);
        assert_eq!((status(&one, &token), status(&other, &token)), (200, 200));
        if kid(&token) == new {
            break token;
        }
        assert!(began.elapsed() < 4 * ANNOUNCE, "the new key never signs");
        thread::sleep(Duration::from_millis(100));
    };
    assert!(began.elapsed() >= ANNOUNCE);
    for server in [&one, &other] {
        assert_eq!((status(server, &old), status(server, &fresh)), (200, 200));
    }
    let states: Vec<Value> = records(&sandbox.done(&["keys", "list", "--json"]));
    let jwt: Vec<&Value> = states.iter().filter(|key| key["kind"] == "jwt").map(|key| &key["state"]).collect();
    assert_eq!(jwt, ["signs", "checks"]);
}

#[test]
fn a_key_that_somebody_has_seen_is_taken_out_and_its_tokens_end_at_once_also_where_they_were_cached() {
    let sandbox = sandbox_with("ES256");
    let (one, other) = (sandbox.serve(), sandbox.serve());
    let old = log_in(&one);
    for server in [&one, &other] {
        assert_eq!((status(server, &old), status(server, &old)), (200, 200));
    }
    // Its owner leaves the comments.
    let file = sandbox.path("countersign.jwt.pem");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, _) = text.split_once("-----BEGIN").unwrap();
    std::fs::write(&file, before).unwrap();
    let began = Instant::now();
    for server in [&one, &other] {
        while status(server, &old) != 401 {
            assert!(began.elapsed() < Duration::from_secs(20), "still taken: {}", server.log());
            thread::sleep(Duration::from_millis(50));
        }
    }
    let new = log_in(&one);
    assert_ne!(kid(&new), kid(&old));
    for server in [&one, &other, &sandbox.serve()] {
        assert_eq!((status(server, &new), status(server, &old), published(server)), (200, 401, vec![kid(&new)]));
    }
}

#[test]
fn a_new_ring_leaves_every_token_good() {
    let sandbox = sandbox_with("HS256");
    let server = sandbox.serve();
    let began = Instant::now();
    let login = json!({"username": "ada", "password": "password"});
    let djoser = server.anon().post("/auth/token/login/", login.clone()).text("auth_token");
    let before = log_in(&server);
    sandbox.done(&["keys", "rotate"]);
    while !server.log().contains("read the keys again") || began.elapsed() < ANNOUNCE + Duration::from_secs(3) {
        assert!(began.elapsed() < 4 * ANNOUNCE, "{}", server.log());
        thread::sleep(Duration::from_millis(100));
    }
    let states = records(&sandbox.done(&["keys", "list", "--json"]));
    let of = |kind: &str| -> Vec<&str> {
        states.iter().filter(|key| key["kind"] == kind).map(|key| key["state"].as_str().unwrap()).collect()
    };
    assert_eq!((of("ring"), of("jwt")), (vec!["seals", "opens"], vec!["signs", "checks"]));
    let after = log_in(&server);
    assert_ne!(before.rsplit_once('.').unwrap().1, after.rsplit_once('.').unwrap().1);
    for server in [&server, &sandbox.serve()] {
        assert_eq!((status(server, &before), status(server, &after)), (200, 200));
        assert_eq!(server.anon().post("/auth/token/login/", login.clone()).text("auth_token"), djoser);
    }
}

#[test]
fn what_cannot_be_rotated_is_refused_with_the_reason() {
    let mut sandbox = sandbox!();
    let ran = sandbox.run(&["keys", "rotate", "--jwt"]);
    let reason = "countersign: the HS256 key is derived from the key ring and rotates with it: use --ring\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, reason));
    assert_eq!(sandbox.run(&["keys", "rotate", "--jwt", "--ring"]).code, 2);
    sandbox.set("COUNTERSIGN__JWT__ALGORITHM", "none");
    assert_eq!(sandbox.run(&["serve"]).code, 1);
}

#[test]
fn an_old_secret_is_taken_over_while_a_server_runs_and_shown_nowhere() {
    const SECRET: &str = "canary-Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";
    let mut sandbox = sandbox!();
    sandbox.add("ada");
    sandbox.set("COUNTERSIGN__JWT__SECRET", SECRET);
    let token = log_in(&sandbox.serve());
    sandbox.set("COUNTERSIGN__JWT__SECRET", "another-Zt5yXc7Lf1Gh2Bn8Pd4Qs6kq3Vw0");
    let server = sandbox.serve();
    assert_eq!(status(&server, &token), 401);

    sandbox.write("old.txt", &format!("{SECRET}\n"));
    let imported = records(&sandbox.done(&["keys", "import", "--secret", "old.txt", "--until", "1h", "--json"]));
    assert_eq!((&imported[0]["algorithm"], &imported[0]["state"]), (&json!("HS256"), &json!("checks")));
    let began = Instant::now();
    while status(&server, &token) != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
    let listed = records(&sandbox.done(&["keys", "list", "--json"]));
    let states: Vec<&Value> = listed.iter().filter(|key| key["kind"] == "jwt").map(|key| &key["state"]).collect();
    assert_eq!(states, ["signs", "checks"]);
    assert_eq!(listed.last(), imported.first());
    assert_eq!(listed.last().unwrap()["id"].as_str().unwrap().len(), 8);
    for command in [&["keys", "list"][..], &["keys", "list", "--json"], &["config", "dump"]] {
        assert!(!sandbox.done(command).contains("canary"), "{command:?}");
    }
    assert!(!server.log().contains("canary"));
    drop(server);
    // After a restart under another algorithm as well.
    sandbox.set("COUNTERSIGN__JWT__ALGORITHM", "ES256");
    assert_eq!(status(&sandbox.serve(), &token), 200);
}

#[test]
fn what_cannot_be_imported_is_refused_with_the_reason_and_without_the_secret() {
    let sandbox = sandbox!();
    sandbox.write("short.txt", "canary\n");
    let import = |arguments: &[&str]| {
        let ran = sandbox.run(&[&["keys", "import"][..], arguments].concat());
        assert!(!ran.stderr.contains("canary") && !ran.stdout.contains("canary"), "{ran:?}");
        (ran.code, ran.stderr)
    };
    let short = "countersign: a secret for HS256 has 32 bytes or more, and this one has 6\n";
    assert_eq!(import(&["--secret", "short.txt", "--until", "2099-01-31"]), (1, short.to_owned()));
    let past = "countersign: the end is in the past: nothing would be checked\n";
    assert_eq!(import(&["--secret", "short.txt", "--until", "2020-01-31T00:00:00Z"]), (1, past.to_owned()));
    let (code, told) = import(&["--secret", "missing.txt", "--until", "30d"]);
    assert!(code == 1 && told.starts_with("countersign: missing.txt: "), "{told}");
    for wrong in
        [&["--secret", "short.txt"][..], &["--until", "30d"], &["--secret", "a", "--public", "b", "--until", "30d"]]
    {
        assert_eq!(import(wrong).0, 2, "{wrong:?}");
    }
    let (code, told) = import(&["--secret", "short.txt", "--until", "soon"]);
    assert!(code == 2 && told.contains("write 2027-01-31T00:00:00Z, 2027-01-31 or 30d"), "{told}");
    assert!(!sandbox.path("countersign.jwt.pem").exists());
}

#[test]
fn a_key_for_another_algorithm_is_published_before_the_change() {
    let mut sandbox = sandbox_with("ES256");
    let server = sandbox.serve();
    let old = log_in(&server);
    let began = Instant::now();
    let announced = records(&sandbox.done(&["keys", "rotate", "--jwt", "--algorithm", "RS256", "--json"]));
    assert_eq!((&announced[0]["algorithm"], &announced[0]["state"]), (&json!("RS256"), &json!("announced")));
    let new = announced[0]["id"].as_str().unwrap().to_owned();
    while published(&server) != [new.clone(), kid(&old)] {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(ANNOUNCE.saturating_sub(began.elapsed()));
    assert_eq!(kid(&log_in(&server)), kid(&old), "the configuration still names the old one");
    drop(server);
    sandbox.set("COUNTERSIGN__JWT__ALGORITHM", "RS256");
    let server = sandbox.serve();
    assert_eq!(published(&server), [new.clone(), kid(&old)]);
    assert_eq!((kid(&log_in(&server)), status(&server, &old)), (new, 200));
    let told = sandbox.run(&["keys", "rotate", "--algorithm", "RS256"]);
    assert_eq!(told.code, 2, "only with --jwt");
}

#[test]
fn after_a_kill_keys_and_revocations_are_what_they_were() {
    for algorithm in ["HS256", "ES256"] {
        let sandbox = sandbox_with(algorithm);
        let server = sandbox.serve();
        let (ended, live) = (log_in(&server), log_in(&server));
        assert_eq!((status(&server, &ended), status(&server, &live)), (200, 200));
        assert_eq!(server.bearer(&ended).post("/auth/logout", json!({})).status, 204);
        let before = published(&server);
        // Dropping it kills it.
        drop(server);
        let server = sandbox.serve();
        assert_eq!((status(&server, &ended), status(&server, &live)), (401, 200), "{algorithm}");
        assert_eq!(published(&server), before);
    }
}
