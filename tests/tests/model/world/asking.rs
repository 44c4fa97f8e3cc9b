//! Every credential is asked at both processes.

use std::{
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;

use super::{
    super::{
        credential::{Credential, Kind, address},
        steps::At,
    },
    Outcome, World,
};

/// What a process may go on accepting that another one has ended, and a busy machine beside it.
const BOUND: Duration = Duration::from_secs(3);

impl World {
    /// At the process where something happened it is true at once, at the other one within the bound.
    pub(super) fn ask_everybody(&mut self, at: At) -> Outcome {
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
                let address = address(person.name);
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
