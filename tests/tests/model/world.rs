//! Two processes of one database, and what the model knows of everybody.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use countersign_core::{Grant, Role, Secret, UserId};
use countersign_tests::{Server, databases::Database, server::noon};
use serde_json::json;

use super::{
    credential::{Credential, Kind, Shown, handed_out, log_in, registration},
    steps::{At, Step, Who},
};

const CONFIGURATION: &str = "[jwt]\nrotate_refresh = true\n[cache]\npoll = \"20ms\"\nbound = \"1s\"\n";
/// What a process may go on accepting that another one has ended, and a busy machine beside it.
const BOUND: Duration = Duration::from_secs(3);
/// `jwt.refresh_grace`, and how long a chain of refresh tokens lives unused.
const GRACE: TimeDelta = TimeDelta::seconds(10);
const REFRESH_TTL: TimeDelta = TimeDelta::days(30);
const NAMES: [&str; 3] = ["ada", "bob", "cyd"];

/// Somebody who has an account, or had one.
struct Person {
    id: UserId,
    name: &'static str,
    passwords: Vec<String>,
    is_active: bool,
    role: Role,
}

/// The refresh tokens of a login with the hotel API, in the order of their exchange.
struct Chain {
    login: usize,
    person: usize,
    tokens: Vec<String>,
    exchanged: DateTime<Utc>,
    is_ended: bool,
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

    /// The process at which it happened.
    fn step(&mut self, step: &Step) -> Result<At, String> {
        let who = |who: &Who| self.present[*who];
        match step {
            Step::LogIn(kind, name, at) => self.log_in(*kind, who(name), *at).map(|()| *at),
            Step::Guess(kind, name, at) => self.guess(*kind, who(name), *at).map(|()| *at),
            Step::IssueUntil(name, seconds, at) => {
                let person = who(name);
                let end = self.now + TimeDelta::seconds(*seconds);
                let owner = &self.servers[*at].owner;
                let grant = Grant { expires_at: Some(end), ..Grant::named("short") };
                let subject = owner.subject_by_owner(self.persons[person].id);
                let issued = subject.and_then(|subject| owner.issue(&subject, &grant));
                // Nothing is issued to who is disabled.
                let Ok(issued) = issued else { return self.refused(person).map(|()| *at) };
                let shown = Shown::Token(issued.access.expose().to_owned());
                self.issued(Kind::Sanctum, person, shown, Some(end));
                Ok(*at)
            }
            Step::Refresh(which, back, at) => self.refresh(*which, *back, *at).map(|()| *at),
            Step::LogOut(which, at) => self.log_out(*which, *at).map(|()| *at),
            Step::LogOutAll(name, at) => {
                let person = who(name);
                self.by(
                    Kind::Hotel,
                    person,
                    *at,
                    |actor| actor.post_empty("/auth/logout-all").status,
                    |kind| matches!(kind, Kind::Hotel | Kind::SimpleJwt | Kind::SimpleJwtRefresh),
                )
            }
            Step::DropTokens(name, at) => {
                let person = who(name);
                let drop = |actor: &countersign_tests::Actor| actor.delete("/api/tokens").status;
                self.by(Kind::Sanctum, person, *at, drop, |kind| kind == Kind::Sanctum)
            }
            Step::ChangePassword(name, at) => {
                let person = who(name);
                let old = self.persons[person].passwords.last().unwrap().clone();
                let new = format!("{old}x");
                let body = json!({"current_password": old, "new_password": new});
                let before = self.living(Kind::Djoser, person).is_some();
                let change =
                    |actor: &countersign_tests::Actor| actor.post("/auth/users/set_password/", body.clone()).status;
                self.by(Kind::Djoser, person, *at, change, |kind| kind == Kind::Session)?;
                if before {
                    self.persons[person].passwords.push(new);
                }
                Ok(*at)
            }
            Step::Recover(name, at) => {
                let person = who(name);
                let new = format!("{}y", self.persons[person].passwords.last().unwrap());
                let done = self.servers[*at].owner.recover(self.persons[person].id, &Secret::from(new.as_str()));
                done.map_err(|error| error.to_string())?;
                self.persons[person].passwords.push(new);
                self.end_of(person, |_| true);
                Ok(*at)
            }
            Step::Disable(name, at) | Step::Enable(name, at) => {
                let person = who(name);
                let active = matches!(step, Step::Enable(..));
                let done = self.servers[*at].owner.set_active(self.persons[person].id, active);
                done.map_err(|error| error.to_string())?;
                self.persons[person].is_active = active;
                if !active {
                    self.end_of(person, |_| true);
                }
                Ok(*at)
            }
            Step::Role(name, number, at) => {
                let person = who(name);
                let role = [Role::Tourist, Role::Hotelier, Role::Admin][usize::from(*number)];
                let done = self.servers[*at].owner.set_role(self.persons[person].id, role);
                done.map_err(|error| error.to_string())?;
                if self.persons[person].role != role {
                    self.end_of(person, |kind| kind == Kind::Session);
                }
                self.persons[person].role = role;
                Ok(*at)
            }
            Step::Replace(name, at) => {
                let person = who(name);
                let gone = self.servers[*at].owner.delete_user(self.persons[person].id);
                gone.map_err(|error| error.to_string())?;
                self.end_of(person, |_| true);
                self.present[*name] = self.register(NAMES[*name], *at);
                Ok(*at)
            }
            Step::Prune(at) => {
                self.servers[*at].owner.realm().prune().map_err(|error| error.to_string())?;
                Ok(*at)
            }
            Step::Wait(seconds) => {
                self.wait(TimeDelta::seconds(*seconds));
                Ok(0)
            }
            Step::Restart(at) => {
                let next = self.begin();
                drop(std::mem::replace(&mut self.servers[*at], next));
                Ok(*at)
            }
        }
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

    fn exchange(&self, token: &str, at: At) -> Result<(String, String), u16> {
        let answer = self.servers[at].anon().post("/auth/refresh", json!({"refresh_token": token}));
        if answer.status != 200 {
            return Err(answer.status);
        }
        Ok((answer.text("access_token"), answer.text("refresh_token")))
    }

    /// A chain of the hotel's, or a refresh token of Djoser's, which stays as it is.
    fn refresh(&mut self, which: usize, back: usize, at: At) -> Outcome {
        let fixed: Vec<usize> = (0..self.credentials.len())
            .filter(|number| self.credentials[*number].kind == Kind::SimpleJwtRefresh)
            .collect();
        // Mostly one that lives, and so a thief's next step.
        let living: Vec<usize> = (0..self.chains.len()).filter(|number| !self.chains[*number].is_ended).collect();
        if let Some(number) = which.checked_rem(living.len())
            && !which.is_multiple_of(4)
        {
            return self.refresh_chain(living[number], back, at);
        }
        let count = self.chains.len() + fixed.len();
        let Some(number) = which.checked_rem(count) else { return Ok(()) };
        match number.checked_sub(self.chains.len()) {
            None => self.refresh_chain(number, back, at),
            Some(number) => self.refresh_fixed(fixed[number], at),
        }
    }

    fn refresh_fixed(&mut self, number: usize, at: At) -> Outcome {
        let refresh = self.credentials[number].clone();
        let answer = self.servers[at].anon().post("/auth/jwt/refresh/", json!({"refresh": refresh.token()}));
        if answer.status != if refresh.lives(self.now) { 200 } else { 401 } {
            return Err(format!("a refresh is answered {} {}", answer.status, answer.body));
        }
        if answer.status == 200 {
            let ends = Some(self.now + TimeDelta::minutes(5));
            let shown = Shown::Token(answer.text("access"));
            let Credential { person, login, .. } = refresh;
            self.credentials.push(Credential { kind: Kind::SimpleJwt, person, login, shown, ends, is_ended: false });
        }
        Ok(())
    }

    fn refresh_chain(&mut self, number: usize, back: usize, at: At) -> Outcome {
        let chain = &self.chains[number];
        let newest = chain.tokens.len() - 1;
        let place = newest.saturating_sub(back);
        let (lives, rested) = (!chain.is_ended && self.now < chain.exchanged + REFRESH_TTL, self.now - chain.exchanged);
        // The one before the newest is a second try for a while; whatever else comes back was stolen.
        let expected = match newest - place {
            _ if !lives => None,
            0 => Some(newest + 1),
            1 if rested < GRACE => Some(newest),
            _ => None,
        };
        let (login, person, sent) = (chain.login, chain.person, chain.tokens[place].clone());
        let exchanged = self.exchange(&sent, at);
        let chain = &mut self.chains[number];
        match (expected, exchanged) {
            (Some(next), Ok((access, refresh))) => {
                match chain.tokens.get(next) {
                    Some(known) if *known == refresh => {}
                    Some(_) => return Err("a second try gets another successor".to_owned()),
                    None => {
                        chain.tokens.push(refresh);
                        chain.exchanged = self.now;
                    }
                }
                let (shown, ends) = (Shown::Token(access), Some(self.now + TimeDelta::hours(1)));
                let kind = Kind::Hotel;
                self.credentials.push(Credential { kind, person, login, shown, ends, is_ended: false });
                Ok(())
            }
            (None, Err(401)) => {
                chain.is_ended |= lives;
                if lives {
                    self.end_where(|credential| credential.kind == Kind::Hotel && credential.login == login);
                }
                Ok(())
            }
            (expected, got) => {
                let got = got.map_or_else(|status| status, |_| 200);
                Err(format!("a refresh token of {} exchanges ago is answered {got}, not {expected:?}", newest - place))
            }
        }
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
        act: impl Fn(&countersign_tests::Actor) -> u16,
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

    /// At the process where something happened it is true at once, at the other one within the bound.
    fn ask_everybody(&mut self, at: At) -> Outcome {
        for (place, patience) in [(at, Duration::ZERO), (1 - at, BOUND)] {
            let began = Instant::now();
            for credential in &self.credentials {
                let person = &self.persons[credential.person];
                let lives = credential.lives(self.now);
                let mut said = credential.ask(&self.servers[place])?;
                while said.is_some() && !lives && began.elapsed() < patience {
                    thread::sleep(Duration::from_millis(5));
                    said = credential.ask(&self.servers[place])?;
                }
                let address = super::credential::address(person.name);
                let is_right = match &said {
                    // A refresh tells nobody's name.
                    Some(who) => lives && (*who == address || credential.kind == Kind::SimpleJwtRefresh),
                    None => !lives,
                };
                if !is_right {
                    let Credential { kind, login, .. } = credential;
                    let word = if lives { "lives" } else { "is dead" };
                    let there = if place == at { "the process of the step" } else { "the other process" };
                    return Err(format!(
                        "{kind:?} of {} from login {login} {word}, and {there} says {said:?}",
                        person.name
                    ));
                }
            }
        }
        // Whoever asks keeps a session.
        for credential in self.credentials.iter_mut().filter(|credential| credential.kind == Kind::Session) {
            if credential.lives(self.now) {
                credential.ends = Some(self.now + TimeDelta::hours(2));
            }
        }
        Ok(())
    }
}
