//! Two processes of one database, and what the model knows of everybody.

#[path = "world/asking.rs"]
mod asking;
#[path = "world/doing.rs"]
mod doing;
#[path = "world/refreshing.rs"]
mod refreshing;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use countersign_core::{Role, UserId};
use countersign_tests::{Actor, Server, databases::Database, server::noon};

use self::refreshing::{Chain, GRACE, REFRESH_TTL};
use super::{
    credential::{Credential, Kind, Shown, handed_out, log_in, registration},
    steps::{At, Step},
};

const CONFIGURATION: &str = "[jwt]\nrotate_refresh = true\n[cache]\npoll = \"20ms\"\nbound = \"1s\"\n";
const NAMES: [&str; 3] = ["ada", "bob", "cyd"];

/// Somebody who has an account, or had one.
struct Person {
    id: UserId,
    name: &'static str,
    passwords: Vec<String>,
    is_active: bool,
    role: Role,
}

/// A login that must not go well: the status, if it is no refusal.
fn refusal(status: u16) -> Result<(), u16> {
    if [400, 401, 403, 422].contains(&status) { Ok(()) } else { Err(status) }
}

/// All of it.
pub struct World {
    servers: Vec<Server>,
    database: Arc<Database>,
    now: DateTime<Utc>,
    persons: Vec<Person>,
    /// Who has each name now.
    present: [usize; 3],
    credentials: Vec<Credential>,
    chains: Vec<Chain>,
    logins: usize,
    /// How many servers there were: each has randomness of its own.
    started: u64,
}

/// What is wrong.
type Outcome = Result<(), String>;

impl World {
    /// Three people who have just registered, at two processes.
    pub fn new(database: Database) -> Self {
        let mut world = Self {
            servers: Vec::new(),
            database: Arc::new(database),
            now: noon(),
            persons: Vec::new(),
            present: [0, 1, 2],
            credentials: Vec::new(),
            chains: Vec::new(),
            logins: 0,
            started: 0,
        };
        for _ in 0..2 {
            let server = world.begin();
            world.servers.push(server);
        }
        for name in NAMES {
            world.register(name, 0);
        }
        world
    }

    fn begin(&mut self) -> Server {
        self.started += 1;
        let server = Server::seeded(Arc::clone(&self.database), CONFIGURATION, self.started);
        server.wait(self.now - noon());
        server
    }

    fn register(&mut self, name: &'static str, at: At) -> usize {
        let password = format!("Walrus-and-0yster-{}", self.persons.len());
        let answer = self.servers[at].anon().post("/auth/users/", registration(name, &password));
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = UserId(answer.json()["id"].as_i64().unwrap());
        let person = Person { id, name, passwords: vec![password], is_active: true, role: Role::default() };
        self.persons.push(person);
        self.persons.len() - 1
    }

    /// Takes a step, and asks every credential afterwards.
    pub fn take(&mut self, step: &Step) -> Outcome {
        let at = self.step(step)?;
        self.ask_everybody(at)
    }

    /// What was asked without an end: of a chain of refresh tokens one is good, if its login lives.
    pub fn end(&mut self) -> Outcome {
        self.wait(GRACE);
        for chain in &self.chains {
            let exchange = |token: &String| self.exchange(token, 0).is_ok();
            let good = chain.tokens.iter().rev().filter(|token| exchange(token)).count();
            let expected = usize::from(!chain.is_ended && self.now < chain.exchanged + REFRESH_TTL);
            if good != expected {
                return Err(format!("{good} refresh tokens of login {} are good, not {expected}", chain.login));
            }
        }
        Ok(())
    }

    fn wait(&mut self, time: TimeDelta) {
        self.now += time;
        for server in &self.servers {
            server.wait(time);
        }
    }

    fn issued(&mut self, kind: Kind, person: usize, shown: Shown, ends: Option<DateTime<Utc>>) {
        self.credentials.push(Credential { kind, person, login: self.logins, shown, ends, is_ended: false });
    }

    fn log_in(&mut self, kind: Kind, person: usize, at: At) -> Outcome {
        let Person { name, passwords, is_active, .. } = &self.persons[person];
        let answer = log_in(kind, &self.servers[at], name, passwords.last().unwrap());
        if !is_active {
            return refusal(answer.status).map_err(|status| format!("a login of who is disabled: {status}"));
        }
        if ![200, 204].contains(&answer.status) {
            return Err(format!("a login is answered {} {}", answer.status, answer.body));
        }
        self.logins += 1;
        for (kind, shown, life) in handed_out(kind, &answer) {
            let known = self.credentials.iter().find(|known| known.shown == shown);
            match known {
                // Djoser hands out the one that the user has.
                Some(known) if kind == Kind::Djoser && known.person == person && !known.is_ended => {}
                Some(_) => return Err(format!("a {kind:?} was handed out before")),
                None if kind == Kind::Djoser && self.living(kind, person).is_some() => {
                    return Err("there are two tokens of Djoser's".to_owned());
                }
                None => self.issued(kind, person, shown, life.map(|life| self.now + life)),
            }
        }
        if kind == Kind::Hotel {
            let tokens = vec![answer.text("refresh_token")];
            let (login, exchanged) = (self.logins, self.now);
            self.chains.push(Chain { login, person, tokens, exchanged, is_ended: false });
        }
        Ok(())
    }

    fn guess(&self, kind: Kind, person: usize, at: At) -> Outcome {
        let Person { name, passwords, .. } = &self.persons[person];
        for password in passwords.iter().rev().skip(1) {
            let status = log_in(kind, &self.servers[at], name, password).status;
            refusal(status).map_err(|status| format!("a login with a password of before: {status}"))?;
        }
        Ok(())
    }

    /// Only who is disabled may be refused.
    fn refused(&self, person: usize) -> Outcome {
        if self.persons[person].is_active { Err("nothing is issued".to_owned()) } else { Ok(()) }
    }

    fn log_out(&mut self, which: usize, at: At) -> Outcome {
        let Some(number) = which.checked_rem(self.credentials.len()) else { return Ok(()) };
        let credential = self.credentials[number].clone();
        let Some(status) = credential.log_out(&self.servers[at]) else { return Ok(()) };
        if !credential.lives(self.now) {
            // What is dead ends nothing. A browser without a session has lost its CSRF token with it.
            let refused = [401, 419].contains(&status) || (credential.kind == Kind::Session && status == 204);
            return if refused { Ok(()) } else { Err(format!("a logout with a dead {:?}: {status}", credential.kind)) };
        }
        if status != 204 {
            return Err(format!("a logout with {:?} is answered {status}", credential.kind));
        }
        let Credential { person, login, kind, .. } = credential;
        match kind {
            // Djoser's own rule: whatever it came with, its token ends and no JSON Web Token.
            Kind::Djoser | Kind::SimpleJwt => self.end_of(person, |kind| kind == Kind::Djoser),
            Kind::Hotel => {
                self.end_where(|other| other.login == login && other.kind == Kind::Hotel);
                for chain in self.chains.iter_mut().filter(|chain| chain.login == login) {
                    chain.is_ended = true;
                }
            }
            _ => self.credentials[number].is_ended = true,
        }
        Ok(())
    }

    /// A living credential of this kind.
    fn living(&self, kind: Kind, person: usize) -> Option<&Credential> {
        let mut all = self.credentials.iter();
        all.find(|credential| credential.kind == kind && credential.person == person && credential.lives(self.now))
    }

    /// What somebody does with a credential of this kind, if they have one that lives, and what ends by it.
    fn by(
        &mut self,
        kind: Kind,
        person: usize,
        at: At,
        act: impl Fn(&Actor) -> u16,
        ends: impl Fn(Kind) -> bool,
    ) -> Result<At, String> {
        let Some(credential) = self.living(kind, person) else { return Ok(at) };
        let status = act(&credential.actor(&self.servers[at]));
        if status != 204 {
            return Err(format!("with a {kind:?}: {status}"));
        }
        self.end_of(person, ends);
        Ok(at)
    }

    fn end_of(&mut self, person: usize, ends: impl Fn(Kind) -> bool) {
        if ends(Kind::Hotel) {
            for chain in self.chains.iter_mut().filter(|chain| chain.person == person) {
                chain.is_ended = true;
            }
        }
        self.end_where(|credential| credential.person == person && ends(credential.kind));
    }

    fn end_where(&mut self, ends: impl Fn(&Credential) -> bool) {
        for credential in self.credentials.iter_mut().filter(|credential| ends(credential)) {
            credential.is_ended = true;
        }
    }
}
