//! What is told to whoever watches: metrics in Prometheus' text form, and a line a request.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use countersign_core::Registration;
use countersign_tests::{Actor, Server, program::free_addresses, sandbox};
use regex::Regex;
use serde_json::{Value, json};

/// Samples by name and labels, as they are written.
type Samples = BTreeMap<String, f64>;

/// Reads the text form strictly: each family is told once, with its help and kind before its samples, and no sample twice.
fn samples(text: &str) -> Samples {
    let name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    let label = r#"[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*""#;
    let help = Regex::new(&format!("^# HELP ({name}) [^ ].*$")).unwrap();
    let kind = Regex::new(&format!("^# TYPE ({name}) (counter|gauge)$")).unwrap();
    let sample = Regex::new(&format!(r"^(({name})(?:\{{{label}(?:,{label})*\}})?) (-?[0-9.]+)$")).unwrap();
    assert!(text.ends_with('\n'));
    let (mut families, mut found, mut lines) = (BTreeSet::new(), Samples::new(), text.lines().peekable());
    while let Some(line) = lines.next() {
        let family = help.captures(line).unwrap_or_else(|| panic!("no help: {line}"))[1].to_owned();
        let typed = lines.next().unwrap();
        let parts = kind.captures(typed).unwrap_or_else(|| panic!("no type: {typed}"));
        assert_eq!(parts[1], family);
        assert_eq!(&parts[2] == "counter", family.ends_with("_total"), "{family}");
        assert!(families.insert(family.clone()), "{family} twice");
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let parts = sample.captures(line).unwrap_or_else(|| panic!("no sample: {line}"));
            assert_eq!(parts[2], family);
            assert_eq!(found.insert(parts[1].to_owned(), parts[3].parse().unwrap()), None, "{line}");
        }
    }
    found
}

fn metrics(anon: &Actor) -> Samples {
    let answer = anon.get("/metrics");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    samples(&answer.body)
}

/// What came in between, of these samples.
fn gained<'a>(before: &Samples, after: &Samples, names: &[&'a str]) -> Vec<(&'a str, f64)> {
    let of = |samples: &Samples, name: &str| samples.get(name).copied().unwrap_or_default();
    names.iter().map(|name| (*name, of(after, name) - of(before, name))).collect()
}

const USER: &str = r#"countersign_http_requests_total{dialect="sanctum",route="/api/user",status="200"}"#;
const NOBODY: &str = r#"countersign_http_requests_total{dialect="sanctum",route="/api/user",status="401"}"#;
const ONE: &str = r#"countersign_http_requests_total{dialect="djoser",route="/auth/users/{id}/",status="401"}"#;
const UNSERVED: &str = r#"countersign_http_requests_total{dialect="server",route="other",status="404"}"#;
const CACHED: &str = r#"countersign_verifications_total{outcome="cached"}"#;
const UNCACHED: &str = r#"countersign_verifications_total{outcome="uncached"}"#;
const REFUSED: &str = r#"countersign_verifications_total{outcome="refused"}"#;
const ACCEPTED_LOGINS: &str = r#"countersign_logins_total{outcome="accepted"}"#;
const REFUSED_LOGINS: &str = r#"countersign_logins_total{outcome="refused"}"#;

fn add_ada(server: &Server) {
    let email = Some("ada@example.org".to_owned());
    server.owner.register(&Registration { email, ..Registration::new("Zx9-quokka-77".into()) }).unwrap();
}

#[test]
fn what_happens_is_counted_on_every_database() {
    for server in Server::each() {
        add_ada(&server);
        let anon = server.anon().wants_json();
        let login =
            |password: &str| anon.post("/api/auth/token", json!({"email": "ada@example.org", "password": password}));
        let before = samples(&server.all_metrics());
        let token = login("Zx9-quokka-77").text("token");
        assert_eq!(login("wrong").status, 422);
        for _ in 0..3 {
            assert_eq!(server.bearer(&token).wants_json().get("/api/user").status, 200);
        }
        assert_eq!(server.bearer("1|nothing").wants_json().get("/api/user").status, 401);
        let unknown = anon.with("Authorization", "Token 0123456789abcdef0123456789abcdef01234567");
        assert_eq!(unknown.get("/auth/users/7/").status, 401);
        assert_eq!(unknown.get("/auth/users/eve/").status, 401);
        let after = samples(&server.all_metrics());
        let wanted = [
            (USER, 3.0),
            (NOBODY, 1.0),
            (ONE, 2.0),
            (CACHED, 2.0),
            (UNCACHED, 1.0),
            (REFUSED, 3.0),
            (ACCEPTED_LOGINS, 1.0),
            (REFUSED_LOGINS, 1.0),
        ];
        assert_eq!(gained(&before, &after, &wanted.map(|(name, _)| name)), wanted, "{}", server.backend);
        for (name, least, most) in [
            ("countersign_cache_entries", 1.0, 1.0),
            ("countersign_revocations_age_seconds", 0.0, 60.0),
            (r#"countersign_hashing_jobs{state="waiting"}"#, 0.0, 0.0),
            (r#"countersign_database_connections{state="most"}"#, 1.0, 1_000.0),
            (r#"countersign_websockets{of="user"}"#, 0.0, 0.0),
            ("countersign_mails_pending", 0.0, 0.0),
            ("process_resident_memory_bytes", 1e6, 1e10),
            ("process_open_fds", 3.0, 1e6),
        ] {
            let value = after.get(name).unwrap_or_else(|| panic!("{name} is not told"));
            assert!((least..=most).contains(value), "{name}: {value}");
        }
    }
}

/// Those that change by what no client may learn: whether a form found its address, and when a password was really checked.
const TELLING: [&str; 3] = ["countersign_logins_total", "countersign_hashing_jobs", "countersign_mails_pending"];

/// Those of [`TELLING`] that are told.
fn telling(samples: &Samples) -> Vec<&'static str> {
    let told = |name: &&str| samples.keys().any(|sample| sample.split('{').next() == Some(name));
    TELLING.into_iter().filter(told).collect()
}

#[test]
fn clients_read_nothing_that_tells_who_has_an_account() {
    let server = Server::start();
    add_ada(&server);
    let anon = server.anon().wants_json();
    assert_eq!(anon.post("/auth/users/reset_password/", json!({"email": "ada@example.org"})).status, 204);
    anon.post("/api/auth/token", json!({"email": "ada@example.org", "password": "wrong"}));
    let told = metrics(&anon);
    assert!(telling(&told).is_empty(), "{told:#?}");
    let all = samples(&server.all_metrics());
    assert_eq!(telling(&all), TELLING);
    // The others are told to both; the request for the first text is a sample of the second.
    let others = |samples: &Samples| -> BTreeSet<String> {
        let names = samples.keys().map(|sample| sample.split('{').next().unwrap().to_owned());
        names.filter(|name| !TELLING.contains(&name.as_str())).collect()
    };
    assert_eq!(others(&told), others(&all));
}

#[test]
fn no_client_can_make_up_a_new_sample() {
    let server = Server::start();
    let anon = server.anon().wants_json();
    anon.get("/nowhere/1");
    let before = metrics(&anon);
    for number in 0..50 {
        assert_eq!(anon.get(&format!("/nowhere/{number}")).status, 404);
        anon.get(&format!("/auth/users/{number}/"));
        anon.get(&format!("/auth/me?token={number}"));
        anon.send(&format!("MADE-UP-{number}"), "/auth/me", None, "");
        anon.get(&format!("/verify/{number}"));
    }
    let after = metrics(&anon);
    assert_eq!(gained(&before, &after, &[UNSERVED]), [(UNSERVED, 50.0)]);
    assert!(after.len() <= before.len() + 6, "{:#?}", after.keys().filter(|name| !before.contains_key(*name)));
}

#[test]
fn metrics_have_an_address_of_their_own_and_every_request_is_a_line() {
    let mut sandbox = sandbox!();
    let [watched] = free_addresses();
    sandbox.set("COUNTERSIGN__SERVER__METRICS_BIND", &watched.to_string());
    sandbox.set("COUNTERSIGN__LOG__ACCESS", "file:access.log");
    sandbox.set("COUNTERSIGN__LOG__FORMAT", "json");
    sandbox.add("ada");
    let mut server = sandbox.serve();
    let anon = server.anon();
    assert_eq!(anon.get("/metrics").status, 404);
    let token = anon.post("/auth", json!({"login": "ada", "password": "password"})).text("token");
    assert_eq!(server.bearer(&token).get("/auth/me?secret=x").status, 401);
    assert_eq!(anon.get(&format!("/auth/users/{token}/")).status, 401);
    assert_eq!(anon.get(&format!("/{token}")).status, 404);
    assert_eq!(anon.send("HEAD", "/health/live", None, "").status, 200);
    let watcher = Actor::at(&format!("http://{watched}"));
    let told = metrics(&watcher);
    assert_eq!(told["countersign_access_log_dropped_total"].to_string(), "0");
    assert_eq!(telling(&told), TELLING);
    assert_eq!(watcher.get("/auth/me").status, 404);
    assert_eq!(watcher.get("/health/live").body, r#"{"status":"ok"}"#);
    assert_eq!(server.stop(), 0);
    let log = fs::read_to_string(sandbox.path("access.log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown = |line: &Value| {
        assert_eq!(line["client"], "127.0.0.1");
        assert!(line["micros"].is_u64() && line["bytes"].is_u64());
        let text = |member: &str| line[member].as_str().unwrap().to_owned();
        let status = line["status"].as_u64().unwrap();
        format!("{} {} {status} {}", text("method"), text("route"), text("dialect"))
    };
    let mut lines: Vec<String> = lines.iter().map(shown).filter(|line| !line.contains("/health/ready")).collect();
    // Each worker's are in the order of its answers; those of two workers come as they are fetched.
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "GET /auth/me 401 hotel",
            "GET /auth/users/{id}/ 401 djoser",
            "GET other 404 server",
            "GET other 404 server",
            "HEAD /health/live 200 server",
            "POST /auth 200 minimal",
        ]
    );
    assert!(!log.contains("secret"), "{log}");
}
