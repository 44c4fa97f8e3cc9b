//! Every short sequence of refreshes and pauses, against a model: whatever is sent in whatever order, a login has one chain.

use std::sync::Arc;

use chrono::TimeDelta;
use countersign_core::env::{CountedRandom, Random};
use countersign_tests::{
    Answer, Server,
    databases::{databases, sqlite},
};
use serde_json::json;

use super::{PASSWORD, register};

/// Seconds in which a spent token is a second try.
const GRACE: i64 = 10;
/// Steps of the sequences that are all walked; of those that are drawn.
const ALL: usize = 4;
const DRAWN: usize = 12;
/// How many are drawn on each database.
const DRAWS: usize = 25;

/// What somebody does.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Sends the token that was issued so many exchanges before the newest.
    Refresh(usize),
    /// Waits so many seconds.
    Wait(i64),
}

/// Those of which every short sequence is walked.
const STEPS: [Step; 4] = [Step::Refresh(0), Step::Refresh(1), Step::Refresh(2), Step::Wait(GRACE)];
/// What else is drawn.
const OTHERS: [Step; 5] =
    [Step::Refresh(1), Step::Refresh(2), Step::Refresh(3), Step::Wait(GRACE - 1), Step::Wait(GRACE)];

/// What a second try within the grace gets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum SecondTry {
    /// The very same successor.
    Successor,
    /// A refusal, and nothing else.
    Refusal,
    /// There is no grace: the login ends.
    End,
}

/// A wire with refresh tokens that are used once.
struct Wire {
    configuration: &'static str,
    login: (&'static str, &'static str),
    access: &'static str,
    refresh: (&'static str, &'static str),
    me: &'static str,
    second_try: SecondTry,
}

const HOTEL: Wire = Wire {
    configuration: "[jwt]\nrotate_refresh = true",
    login: ("/auth/login", "identifier"),
    access: "access_token",
    refresh: ("/auth/refresh", "refresh_token"),
    me: "/auth/me",
    second_try: SecondTry::Successor,
};

const WIRES: [Wire; 3] = [
    HOTEL,
    Wire { configuration: "[jwt]\nrotate_refresh = true\nrefresh_grace = \"0s\"", second_try: SecondTry::End, ..HOTEL },
    Wire {
        configuration: "[[mount]]\nadapter = \"minimal\"\n[[mount]]\nadapter = \"djoser\"\naccess_token_lifetime = \"1h\"\n\
                        rotate_refresh_tokens = true\nblacklist_after_rotation = true",
        login: ("/auth/jwt/create/", "username"),
        access: "access",
        refresh: ("/auth/jwt/refresh/", "refresh"),
        me: "/auth/users/me/",
        second_try: SecondTry::Refusal,
    },
];

/// A login, and what must be true of it.
struct Model {
    /// The refresh tokens in the order of their exchange.
    chain: Vec<String>,
    access: Vec<String>,
    /// Seconds since the last exchange.
    rested: i64,
    alive: bool,
}

impl Model {
    /// What must come of sending `chain[at]`: a token, if one.
    fn answer(&mut self, wire: &Wire, at: usize) -> Option<usize> {
        let newest = self.chain.len() - 1;
        let is_second_try = at + 1 == newest && self.rested < GRACE && wire.second_try != SecondTry::End;
        match () {
            () if !self.alive => None,
            () if at == newest => {
                self.rested = 0;
                Some(newest + 1)
            }
            () if is_second_try => (wire.second_try == SecondTry::Successor).then_some(newest),
            () => {
                self.alive = false;
                None
            }
        }
    }
}

fn walk(server: &Server, wire: &Wire, steps: &[Step]) {
    let anon = server.anon();
    let told = |answer: &Answer| format!("{} {:?}: {} {}", server.backend, steps, answer.status, answer.body);
    let refresh = |token: &str| anon.post(wire.refresh.0, json!({wire.refresh.1: token}));
    let login = anon.post(wire.login.0, json!({wire.login.1: "ada", "password": PASSWORD}));
    let access = vec![login.text(wire.access)];
    let mut model = Model { chain: vec![login.text(wire.refresh.1)], access, rested: 0, alive: true };
    for step in steps {
        let at = match step {
            Step::Wait(seconds) => {
                server.wait(TimeDelta::seconds(*seconds));
                model.rested += seconds;
                continue;
            }
            Step::Refresh(before) => model.chain.len().saturating_sub(before + 1),
        };
        let sent = model.chain[at].clone();
        let expected = model.answer(wire, at);
        let answer = refresh(&sent);
        assert_eq!(answer.status, if expected.is_some() { 200 } else { 401 }, "{}", told(&answer));
        if let Some(next) = expected {
            let token = answer.text(wire.refresh.1);
            model.access.push(answer.text(wire.access));
            if let Some(known) = model.chain.get(next) {
                assert_eq!(*known, token, "{}", told(&answer));
            } else {
                assert!(!model.chain.contains(&token), "{}", told(&answer));
                model.chain.push(token);
            }
        }
    }
    // Access tokens live and die with their login.
    for access in &model.access {
        let me = server.bearer(access).get(wire.me);
        assert_eq!(me.status, if model.alive { 200 } else { 401 }, "{}", told(&me));
    }
    // And of all refresh tokens that were ever seen one at most is good once the grace is over.
    server.wait(TimeDelta::seconds(GRACE));
    let good = model.chain.iter().rev().filter(|token| refresh(token).status == 200).count();
    assert_eq!(good, usize::from(model.alive), "{} {steps:?}", server.backend);
}

#[test]
fn every_short_sequence_leaves_one_refresh_token_at_most() {
    for wire in &WIRES {
        let server = Server::on(Arc::new(sqlite()), wire.configuration);
        register(&server);
        for number in 0..STEPS.len().pow(u32::try_from(ALL).unwrap()) {
            let digit = |place: usize| number / STEPS.len().pow(u32::try_from(place).unwrap()) % STEPS.len();
            let steps: Vec<Step> = (0..ALL).map(|place| STEPS[digit(place)]).collect();
            walk(&server, wire, &steps);
        }
    }
}

#[test]
fn so_do_long_ones_on_every_database() {
    let random: &dyn Random = &CountedRandom::default();
    for wire in &WIRES {
        for database in databases() {
            let server = Server::on(Arc::new(database), wire.configuration);
            register(&server);
            for _ in 0..DRAWS {
                let steps: [u8; DRAWN] = random.bytes();
                let steps = steps.map(|byte| match byte % 10 {
                    // Mostly as a client should.
                    0..=4 => Step::Refresh(0),
                    other => OTHERS[usize::from(other) - 5],
                });
                walk(&server, wire, &steps);
            }
        }
    }
}
