//! What was revoked stays so when the process is killed the moment after: on every surface, with the program itself.

use countersign_tests::{
    Actor,
    databases::{Database, databases},
    program::{Running, Sandbox},
    sandbox,
};
use serde_json::{Value, json};

const PASSWORD: &str = "Zx9-quokka-77";
const ADDRESS: &str = "ada@example.org";
const FRONT_END: &str = "http://localhost:3000";
const DEVICE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";
/// A spent refresh token ends its login at once.
const CONFIGURATION: &str = r#"
front_ends = ["http://localhost:3000"]
[jwt]
rotate_refresh = true
refresh_grace = "0s"
[[mount]]
adapter = "sanctum"
[[mount]]
adapter = "sanctum_spa"
[[mount]]
adapter = "hotel"
[[mount]]
adapter = "minimal"
[[mount]]
adapter = "djoser"
rotate_refresh_tokens = true
blacklist_after_rotation = true
"#;

/// Something that lets Ada in.
#[derive(Debug)]
enum Proof {
    /// A header, and who-am-I.
    Header(&'static str, String, &'static str),
    /// A field of a body, and what exchanges it.
    Body(&'static str, String, &'static str),
}

impl Proof {
    fn bearer(token: &str, path: &'static str) -> Self {
        Self::Header("Authorization", format!("Bearer {token}"), path)
    }

    fn actor(&self, server: &Running) -> Actor {
        let page = server.anon().wants_json();
        match self {
            Self::Header("Cookie", value, _) => page.with("Origin", FRONT_END).with("Cookie", value),
            Self::Header(name, value, _) => page.with(name, value),
            Self::Body(..) => page,
        }
    }

    /// The status that it gets.
    fn shown(&self, server: &Running) -> u16 {
        match self {
            Self::Header(.., path) => self.actor(server).get(path).status,
            Self::Body(field, token, path) => self.actor(server).post(path, json!({*field: token})).status,
        }
    }
}

fn post(server: &Running, path: &str, body: Value) -> Value {
    let answer = server.anon().wants_json().post(path, body);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_else(|| panic!("{member} in {answer}")).to_owned()
}

fn login(server: &Running, path: &str, field: &str) -> Value {
    post(server, path, json!({field: "ada", "password": PASSWORD}))
}

fn gone(server: &Running, proof: &Proof, method: &str, path: &str) {
    let answer = proof.actor(server).send(method, path, None, "");
    assert!([200, 204].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
}

/// The hotel API: what a logout, the end of one session and a stolen refresh token leave.
fn hotel(server: &Running, left: &mut Vec<Proof>) {
    let pair = || {
        let pair = login(server, "/auth/login", "identifier");
        let access = Proof::bearer(&text(&pair, "access_token"), "/auth/me");
        assert_eq!(access.shown(server), 200);
        (access, text(&pair, "refresh_token"))
    };
    let refresh = |token: String| Proof::Body("refresh_token", token, "/auth/refresh");
    let (access, token) = pair();
    gone(server, &access, "POST", "/auth/logout");
    left.extend([access, refresh(token)]);

    let (access, token) = pair();
    let sessions = access.actor(server).get("/auth/sessions").json();
    let own = sessions.as_array().or_else(|| sessions["sessions"].as_array()).unwrap().iter();
    let own = own.clone().find(|session| session["current"] == true).unwrap_or_else(|| panic!("{sessions}"));
    let id = own["id"].as_str().map_or_else(|| own["id"].to_string(), str::to_owned);
    gone(server, &access, "DELETE", &format!("/auth/sessions/{id}"));
    left.extend([access, refresh(token)]);

    let (access, first) = pair();
    let next = post(server, "/auth/refresh", json!({"refresh_token": first}));
    let first = refresh(first);
    assert_eq!(first.shown(server), 401);
    left.extend([access, Proof::bearer(&text(&next, "access_token"), "/auth/me"), first]);
    left.push(refresh(text(&next, "refresh_token")));
}

/// Djoser's token, and a refresh token of simplejwt's that came back.
fn djoser(server: &Running, left: &mut Vec<Proof>) {
    const ME: &str = "/auth/users/me/";
    let token = text(&login(server, "/auth/token/login/", "username"), "auth_token");
    let token = Proof::Header("Authorization", format!("Token {token}"), ME);
    assert_eq!(token.shown(server), 200);
    gone(server, &token, "POST", "/auth/token/logout/");
    left.push(token);

    let pair = login(server, "/auth/jwt/create/", "username");
    let (access, first) = (Proof::bearer(&text(&pair, "access"), ME), text(&pair, "refresh"));
    assert_eq!(access.shown(server), 200);
    let next = post(server, "/auth/jwt/refresh/", json!({"refresh": first}));
    let refresh = |token: String| Proof::Body("refresh", token, "/auth/jwt/refresh/");
    let first = refresh(first);
    assert_eq!(first.shown(server), 401);
    left.extend([access, Proof::bearer(&text(&next, "access"), ME), first, refresh(text(&next, "refresh"))]);
}

/// Personal access tokens, of `sanctum` and of `minimal`.
fn sanctum(server: &Running, left: &mut Vec<Proof>) {
    let own = || post(server, "/api/auth/token", json!({"email": ADDRESS, "password": PASSWORD}));
    let own = || Proof::bearer(&text(&own(), "token"), "/api/user");
    let token = own();
    assert_eq!(token.shown(server), 200);
    gone(server, &token, "POST", "/api/auth/logout");
    left.push(token);

    let minimal = text(&login(server, "/auth", "login"), "token");
    let (number, _) = minimal.split_once('|').unwrap();
    let (listed, path) = (Proof::bearer(&minimal, "/verify"), format!("/api/tokens/{number}"));
    assert_eq!(listed.shown(server), 200);
    gone(server, &own(), "DELETE", &path);
    left.push(listed);
}

/// A session, and the device that it was remembered on.
fn spa(server: &Running, left: &mut Vec<Proof>) {
    let page = server.anon().wants_json().with("Origin", FRONT_END);
    let named = |cookies: &[String], name: &str| {
        cookies.iter().find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap().to_owned()
    };
    let visit = page.get("/sanctum/csrf-cookie").cookies();
    let visitor = page.with("Cookie", &visit.join("; ")).with("X-XSRF-TOKEN", &named(&visit, "XSRF-TOKEN"));
    let entered = visitor.post("/login", json!({"email": ADDRESS, "password": PASSWORD, "remember": true}));
    assert_eq!(entered.whole(), (204, ""));
    let cookies = entered.cookies();
    let proof = |name: &str| Proof::Header("Cookie", format!("{name}={}", named(&cookies, name)), "/api/user");
    let (session, device) = (proof("laravel-session"), proof(DEVICE));
    assert_eq!((session.shown(server), device.shown(server)), (200, 200));
    let inside = session.actor(server).with("X-XSRF-TOKEN", &named(&cookies, "XSRF-TOKEN"));
    assert_eq!(inside.post_empty("/logout").status, 204);
    left.extend([session, device]);
}

/// Revokes on every surface, kills the process with what it has in memory, starts another, and shows everything again.
fn survive(sandbox: &Sandbox, rounds: usize) {
    let mut server = sandbox.serve();
    let ada = json!({"username": "ada", "email": ADDRESS, "password": PASSWORD});
    assert_eq!(server.anon().wants_json().post("/auth/users/", ada).status, 201);
    for round in 0..rounds {
        let mut left = Vec::new();
        let surfaces = [hotel, djoser, sanctum, spa];
        // Another one is the last before the end each time.
        for at in 0..surfaces.len() {
            surfaces[(at + round) % surfaces.len()](&server, &mut left);
        }
        // SIGKILL.
        drop(server);
        server = sandbox.serve();
        for proof in &left {
            assert_eq!(proof.shown(&server), 401, "round {round}: {proof:?}");
        }
    }
    // And who logs in again is let in.
    let pair = login(&server, "/auth/login", "identifier");
    assert_eq!(Proof::bearer(&text(&pair, "access_token"), "/auth/me").shown(&server), 200);
}

#[test]
fn nothing_that_was_revoked_comes_back_when_the_process_is_killed() {
    // A server of a database has its own durability; the fewer rounds there show that nothing is kept in the process.
    let of = |database: &Database| if database.name == "sqlite" { 50 } else { 5 };
    for database in databases() {
        let mut sandbox = sandbox!();
        sandbox.write("countersign.toml", CONFIGURATION);
        sandbox.set("COUNTERSIGN__DATABASE__URL", &database.url);
        survive(&sandbox, of(&database));
    }
}
