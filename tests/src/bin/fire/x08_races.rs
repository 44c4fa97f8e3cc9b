//! X8: sixteen requests whose last bytes are sent at the same moment, to one process and to two on one database.

use std::{sync::Barrier, thread};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{
    Base, Client, Door, Figures, Installation, PASSWORD, Process, Reply, Run, address, count, execute, is_taken,
    register, request,
};

/// Requests at the same moment.
const RACERS: usize = 16;

/// A race: its row of security.md, what it is about, and one round of it.
type Race = (&'static str, &'static str, fn(&mut Field, usize));

const RACES: [Race; 6] = [
    ("B12", "one refresh token", one_refresh_token),
    ("B13", "a logout among refreshes", logout_among_refreshes),
    ("B19", "first logins", first_logins),
    ("G7", "one name", one_name),
    ("A14", "a new password among logins that hash anew", new_password),
    ("A15", "a user is disabled among logins and refreshes", disabled),
];

/// Where the races are run.
struct Field<'a> {
    base: &'a Base,
    servers: &'a [Process],
    /// Whoever may disable users.
    boss: String,
    wrong: Vec<String>,
    later: usize,
}

pub fn run(run: &Run, figures: &mut Figures) {
    for base in run.bases(figures) {
        let installation = Installation::new(&base.url).set("JWT__REFRESH_GRACE", "30s");
        let servers = [installation.serve(), installation.serve()];
        let rounds = run.rounds(8, 1_000);
        let mut client = servers[0].client();
        installation
            .own(PASSWORD, &["user", "add", "--username", "boss", "--role", "admin", "--password-stdin"])
            .expect("the owner may");
        let boss = Door::Hotel.enter(&mut client, "boss", PASSWORD).expect("an answer").1.expect("it lets in");
        let boss = boss.proof.authorization;
        for (row, name, race) in RACES {
            let mut field = Field { base: &base, servers: &servers, boss: boss.clone(), wrong: Vec::new(), later: 0 };
            for round in 0..rounds {
                // Half of the rounds in one process.
                field.servers = if round % 2 == 0 { &servers } else { &servers[..1] };
                race(&mut field, round);
            }
            let what = format!("{row}, {name}: violations in {rounds} rounds");
            figures.never(base.name, &what, &field.wrong);
            if field.later > 0 {
                figures.told(base.name, &format!("{row}: 503 with Retry-After"), field.later);
            }
        }
        if base.name == "PostgreSQL" {
            let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
            let deadlocks = count(&base.url, deadlocks);
            figures.must(base.name, "deadlocks (pg_stat_database)", "0", deadlocks, deadlocks == 0);
        }
        let complaints: Vec<_> = servers.iter().flat_map(Process::complaints).collect();
        figures.never(base.name, "panics, locks and deadlocks in the logs", &complaints);
    }
}

impl Field<'_> {
    fn client(&self, at: usize) -> Client {
        self.servers[at % self.servers.len()].client()
    }

    /// Sends all requests but their last bytes, then those at once.
    fn race(&mut self, requests: &[String]) -> Vec<Option<Reply>> {
        let barrier = Barrier::new(requests.len());
        let mut clients: Vec<_> = (0..requests.len()).map(|at| self.client(at)).collect();
        for (client, request) in clients.iter_mut().zip(requests) {
            client.hold(request.as_bytes()).expect("the server listens");
        }
        let replies: Vec<_> = thread::scope(|scope| {
            let barrier = &barrier;
            let racers: Vec<_> = clients
                .into_iter()
                .zip(requests)
                .map(|(mut client, request)| {
                    scope.spawn(move || {
                        barrier.wait();
                        client.release(request.as_bytes()).ok()
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().expect("a client that ends")).collect()
        });
        for reply in &replies {
            match reply {
                Some(reply) if reply.is_later() => self.later += 1,
                Some(reply) if reply.status < 500 => {}
                other => self.wrong.push(format!("{other:?}")),
            }
        }
        replies
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    /// A new user; logs in by the hotel API: access token and refresh token.
    fn newcomer(&mut self, race: &str, round: usize) -> (String, String, String) {
        let name = format!("{race}{round}");
        let mut client = self.client(0);
        register(&mut client, &name).expect("an answer");
        let (access, refresh) = pair(&mut client, &name).unwrap_or_else(|| panic!("{name} logs in"));
        (name, access, refresh)
    }

    /// Who-am-I at each process.
    fn statuses(&self, authorization: &str) -> Vec<u16> {
        let status = |server: &Process| server.client().get("/auth/me", authorization).map_or(0, |reply| reply.status);
        self.servers.iter().map(status).collect()
    }
}

fn pair(client: &mut Client, name: &str) -> Option<(String, String)> {
    let entered = Door::Hotel.enter(client, name, PASSWORD).ok()?.1?;
    Some((entered.proof.authorization, entered.refresh?))
}

fn post(path: &str, authorization: &str, document: &Value) -> String {
    let text = if document.is_null() { " ".to_owned() } else { document.to_string() };
    request("POST", path, authorization, Some(&text))
}

fn refreshed(token: &str) -> Value {
    json!({"refresh_token": token})
}

/// All get the same successor (they are within the grace), and it is good.
fn one_refresh_token(field: &mut Field, round: usize) {
    let (_, _, token) = field.newcomer("refresh", round);
    let replies = field.race(&vec![post("/auth/refresh", "", &refreshed(&token)); RACERS]);
    let next: Vec<_> = replies.iter().flatten().filter_map(|reply| reply.text("refresh_token")).collect();
    let same = !next.is_empty() && next.iter().all(|token| *token == next[0]);
    let others = replies.iter().flatten().filter(|reply| reply.status != 200 && !reply.is_later()).count();
    field.check(same && others == 0, || format!("{next:?}, {others} refused"));
    if let Some(next) = next.first() {
        let reply = field.client(1).post("/auth/refresh", "", refreshed(next));
        field.check(reply.as_ref().is_ok_and(|reply| reply.status == 200), || format!("the successor: {reply:?}"));
    }
}

/// Afterwards nothing of the login works, whatever came back from the refreshes.
fn logout_among_refreshes(field: &mut Field, round: usize) {
    let (_, access, token) = field.newcomer("logout", round);
    let mut requests = vec![post("/auth/refresh", "", &refreshed(&token)); RACERS - 1];
    requests.insert(round % RACERS, post("/auth/logout", &access, &Value::Null));
    let mut replies = field.race(&requests);
    let left = replies.remove(round % RACERS);
    field.check(left.as_ref().is_some_and(|reply| reply.status == 204), || format!("logout: {left:?}"));
    let mut tokens = vec![(access, token)];
    for reply in replies.into_iter().flatten().filter(|reply| reply.status == 200) {
        let access = format!("Bearer {}", reply.text("access_token").unwrap_or_default());
        tokens.push((access, reply.text("refresh_token").unwrap_or_default()));
    }
    tokens.sort();
    tokens.dedup();
    for (access, token) in tokens {
        let statuses = field.statuses(&access);
        field.check(statuses.iter().all(|status| *status == 401), || format!("an access token lives: {statuses:?}"));
        let reply = field.client(1).post("/auth/refresh", "", refreshed(&token));
        field.check(reply.as_ref().is_ok_and(|reply| reply.status == 401), || format!("a refresh token: {reply:?}"));
    }
}

/// Djoser's are all the one token, personal ones all different.
fn first_logins(field: &mut Field, round: usize) {
    let name = format!("first{round}");
    register(&mut field.client(0), &name).expect("an answer");
    for door in [Door::Djoser, Door::Sanctum] {
        let (path, document) = door.login(&name, PASSWORD);
        let replies = field.race(&vec![post(path, "", &document); RACERS]);
        let entered = replies.iter().flatten().filter_map(|reply| door.entered(reply));
        let mut tokens: Vec<_> = entered.map(|entered| entered.proof.authorization).collect();
        let later = replies.iter().flatten().filter(|reply| reply.is_later()).count();
        let let_in = tokens.len();
        tokens.sort();
        tokens.dedup();
        let expected = if door == Door::Djoser { 1 } else { let_in };
        field.check(let_in + later == RACERS && tokens.len() == expected, || {
            format!("{door:?}: {let_in} let in, {} tokens", tokens.len())
        });
        let kind = if door == Door::Djoser { "djoser" } else { "sanctum" };
        let rows = format!(
            "SELECT count(*) FROM tokens, users WHERE users.id = tokens.user_id AND username = '{name}' AND kind = '{kind}'"
        );
        let rows = count(&field.base.url, &rows);
        field.check(usize::try_from(rows).is_ok_and(|rows| rows == expected), || format!("{door:?}: {rows} rows"));
    }
}

/// One of sixteen has it, in whatever compatibility form it was written.
fn one_name(field: &mut Field, round: usize) {
    let names = [format!("ada{round}"), format!("\u{ff41}da{round}")];
    let requests: Vec<_> = (0..RACERS)
        .map(|racer| {
            let document = json!({"username": names[racer % 2], "email": address(&names[0]), "password": PASSWORD});
            post("/auth/users/", "", &document)
        })
        .collect();
    let replies = field.race(&requests);
    let count_of = |test: fn(&Reply) -> bool| replies.iter().flatten().filter(|reply| test(reply)).count();
    let (made, taken, later) = (count_of(|reply| reply.status == 201), count_of(is_taken), count_of(Reply::is_later));
    field.check(made == 1 && made + taken + later == RACERS, || {
        let odd = replies.iter().flatten().find(|reply| reply.status != 201 && !is_taken(reply));
        format!("{made} made, {taken} taken, {later} later: {odd:?}")
    });
    let rows = count(&field.base.url, &format!("SELECT count(*) FROM users WHERE username = '{}'", names[0]));
    field.check(rows == 1, || format!("{rows} rows"));
}

/// The old password's logins hash it anew; none of them brings it back.
fn new_password(field: &mut Field, round: usize) {
    let name = format!("old{round}");
    let mut client = field.client(0);
    register(&mut client, &name).expect("an answer");
    let token = Door::Djoser.enter(&mut client, &name, PASSWORD).expect("an answer").1.expect("it lets in").proof;
    let hash = djangos(PASSWORD);
    execute(&field.base.url, &format!("UPDATE users SET password = '{hash}' WHERE username = '{name}'"));
    let next = format!("{PASSWORD}-{round}");
    let (path, document) = Door::Minimal.login(&name, PASSWORD);
    let mut requests = vec![post(path, "", &document); RACERS / 2];
    let change = json!({"current_password": PASSWORD, "new_password": next});
    let at = round % requests.len();
    requests.insert(at, post("/auth/users/set_password/", &token.authorization, &change));
    let replies = field.race(&requests);
    let changed = replies[at].as_ref().is_some_and(|reply| reply.status == 204);
    field.check(changed, || format!("set_password: {:?}", replies[at]));
    for (password, expected) in [(PASSWORD, 401), (next.as_str(), 200)] {
        let status = Door::Minimal.enter(&mut field.client(1), &name, password).map_or(0, |(reply, _)| reply.status);
        field.check(!changed || status == expected, || format!("afterwards {status} instead of {expected}"));
    }
}

/// Django's hash of a password, of one iteration.
fn djangos(password: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).expect("any key");
    mac.update(b"salt\x00\x00\x00\x01");
    format!("pbkdf2_sha256$1$salt${}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Whatever is made while an administrator disables the user is dead.
fn disabled(field: &mut Field, round: usize) {
    let (name, access, token) = field.newcomer("disabled", round);
    let me = field.client(0).get("/auth/me", &access).expect("an answer");
    let id = me.text("id").unwrap_or_else(|| panic!("an id in {}", me.body));
    let (path, document) = Door::Hotel.login(&name, PASSWORD);
    let mut requests = vec![post(path, "", &document); RACERS / 2];
    requests.extend(vec![post("/auth/refresh", "", &refreshed(&token)); RACERS / 2 - 1]);
    let at = round % requests.len();
    requests.insert(at, post(&format!("/auth/admin/users/{id}/disable"), &field.boss, &Value::Null));
    let replies = field.race(&requests);
    let ended = replies[at].as_ref().is_some_and(|reply| reply.status == 200);
    field.check(ended, || format!("disable: {:?}", replies[at]));
    let mut proofs = vec![access];
    let made = replies.iter().flatten().filter_map(|reply| reply.text("access_token"));
    proofs.extend(made.map(|access| format!("Bearer {access}")));
    for proof in proofs {
        let statuses = field.statuses(&proof);
        field.check(!ended || statuses.iter().all(|status| *status == 401), || format!("a survivor: {statuses:?}"));
    }
}
