//! Tokens that a real simplejwt signed before the switch (tests/import/simplejwt, with the script that recorded them).

#[path = "simplejwt/adopted.rs"]
mod adopted;
#[path = "simplejwt/answers.rs"]
mod answers;
#[path = "simplejwt/ends.rs"]
mod ends;
#[path = "simplejwt/forged.rs"]
mod forged;
#[path = "simplejwt/outstanding.rs"]
mod outstanding;

use countersign_core::{
    env::{Random, SystemRandom},
    strategy::JwtKey,
};
use countersign_tests::{
    Actor, Answer,
    databases::{Database, databases, fresh, run},
    program::{Running, Sandbox},
};
use serde_json::{Value, json};

use super::common::{DJANGO, Imported, fill, import, installation};

/// The number of `fx_pbkdf2`.
const ADA: u64 = 1;
/// When the recorded tokens were issued.
const THEN: i64 = 1_705_320_000;
/// When they end.
const END: i64 = THEN + 5_000 * 86_400;
/// As the recorded Django was set with its blacklist app.
const BLACKLISTING: &str = "[[mount]]\nadapter = \"djoser\"\nrotate_refresh_tokens = true\nblacklist_after_rotation = true\n[[mount]]\nadapter = \"hotel\"\n\
     [[mount]]\nadapter = \"minimal\"\n";

/// A recording.
struct Recorded(Value);

impl Recorded {
    fn of(profile: &str) -> Self {
        let text = match profile {
            "plain" => include_str!("../../import/simplejwt/plain.json"),
            "blacklist" => include_str!("../../import/simplejwt/blacklist.json"),
            _ => include_str!("../../import/simplejwt/rs256.json"),
        };
        Self(serde_json::from_str(text).unwrap())
    }

    fn key(&self) -> &str {
        self.0["key"].as_str().unwrap()
    }

    fn cases(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0["cases"].as_object().unwrap().iter()
    }

    fn token(&self, case: &str) -> String {
        self.0["cases"][case]["token"].as_str().unwrap().to_owned()
    }

    /// The tables of the blacklist app as they stand on this kind of database; the tokens themselves are never read.
    fn tables(&self, source: &Database) -> String {
        let moment = match source.name {
            "postgres" => "timestamp with time zone",
            "mysql" => "datetime(6)",
            _ => "datetime",
        };
        let mut text = format!(
            "CREATE TABLE token_blacklist_outstandingtoken (id bigint PRIMARY KEY, token text NOT NULL, created_at {moment} \
             NULL, expires_at {moment} NOT NULL, user_id bigint NULL, jti varchar(255) NOT NULL UNIQUE); \
             CREATE TABLE token_blacklist_blacklistedtoken (id bigint PRIMARY KEY, blacklisted_at {moment} NOT NULL, \
             token_id bigint NOT NULL UNIQUE);"
        );
        let zone = if source.name == "postgres" { "+00" } else { "" };
        for row in self.0["outstanding"].as_array().unwrap() {
            text += &outstanding(row, zone);
        }
        for row in self.0["blacklisted"].as_array().unwrap() {
            text += &blacklisting(row[0].as_i64().unwrap(), row[1].as_i64().unwrap(), zone);
        }
        text
    }

    /// The source's row of the refresh token of a case.
    fn row(&self, case: &str) -> i64 {
        let token = self.token(case);
        let rows = self.0["outstanding"].as_array().unwrap();
        rows.iter().find(|row| row[1] == json!(token)).unwrap()[0].as_i64().unwrap()
    }
}

/// A row of the outstanding tokens.
fn outstanding(row: &Value, zone: &str) -> String {
    let [created, expires, jti] = [2, 3, 5].map(|at| row[at].as_str().unwrap());
    let owner = row[4].as_i64().map_or("NULL".to_owned(), |owner| owner.to_string());
    let id = &row[0];
    format!(
        "INSERT INTO token_blacklist_outstandingtoken (id, token, created_at, expires_at, user_id, jti) VALUES \
         ({id}, '', '{created}{zone}', '{expires}{zone}', {owner}, '{jti}');"
    )
}

fn blacklisting(id: i64, token: i64, zone: &str) -> String {
    format!(
        "INSERT INTO token_blacklist_blacklistedtoken (id, blacklisted_at, token_id) VALUES ({id}, '2024-01-15 \
         12:00:00{zone}', {token});"
    )
}

/// A Django that was imported into `target`, with its key.
struct Moved {
    recorded: Recorded,
    source: Database,
    sandbox: Sandbox,
}

impl Moved {
    fn to(target: &Database, profile: &str) -> Self {
        let recorded = Recorded::of(profile);
        let source = fresh(target.name);
        fill(&source, DJANGO);
        let sandbox = installation(target);
        if profile == "blacklist" {
            run(&source.url, &recorded.tables(&source));
            sandbox.write("countersign.toml", BLACKLISTING);
        }
        let moved = Self { recorded, source, sandbox };
        let imported = moved.import();
        assert_eq!((imported.ran.code, imported.ran.stderr.as_str()), (0, ""));
        moved.take_key(profile);
        moved
    }

    fn import(&self) -> Imported {
        import(&self.sandbox, "django", &self.source, &[])
    }

    fn take_key(&self, profile: &str) {
        self.sandbox.write("django.key", self.recorded.key());
        let usual = ["keys", "import", "--simplejwt", "--until", "2125-01-01"];
        let more: &[&str] = if profile == "rs256" {
            &[
                "--public",
                "django.key",
                "--audience",
                "shop",
                "--audience",
                "back-office",
                "--issuer",
                "https://django.example",
                "--user-id-claim",
                "uid",
                "--token-type-claim",
                "typ",
                "--jti-claim",
                "tid",
                "--check-revoke-token",
            ]
        } else {
            &["--secret", "django.key"]
        };
        self.sandbox.done(&[&usual[..], more].concat());
    }

    /// The logins of a user as the owner sees them.
    fn logins(&self, user: u64) -> Vec<Value> {
        let listed = self.sandbox.done(&["token", "list", &user.to_string(), "--json"]);
        let tokens: Vec<Value> = serde_json::from_str(&listed).unwrap();
        tokens.into_iter().filter(|token| token["kind"] == json!("jwt")).collect()
    }

    /// A token as somebody makes it who has Django's secret.
    fn signed(&self, claims: &Value) -> String {
        JwtKey::hs256(self.recorded.key().as_bytes()).sign(claims).unwrap()
    }
}

/// Claims as simplejwt writes them, with these in their place.
fn claims(kind: &str, changes: &Value) -> Value {
    let jti = id();
    let mut claims = json!({"token_type": kind, "exp": END, "iat": THEN, "jti": jti, "user_id": ADA.to_string()});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A `jti` that nobody had.
fn id() -> String {
    let random: &dyn Random = &SystemRandom;
    random.uuid().simple().to_string()
}

fn me(anon: &Actor, token: &str) -> Answer {
    anon.with("Authorization", &format!("Bearer {token}")).get("/auth/users/me/")
}

fn verify(anon: &Actor, token: &str) -> Answer {
    anon.post("/auth/jwt/verify/", json!({"token": token}))
}

fn refresh(anon: &Actor, token: &str) -> Answer {
    anon.post("/auth/jwt/refresh/", json!({"refresh": token}))
}

/// Each database that is there, with a Django that was moved into it and a server.
fn each(profile: &str, test: impl Fn(&Moved, &Running)) {
    for target in databases() {
        eprintln!("on {}", target.name);
        let moved = Moved::to(&target, profile);
        let server = moved.sandbox.serve();
        test(&moved, &server);
    }
}

/// Waits for what another process did to be known.
fn eventually(what: &str, is: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is() {
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
