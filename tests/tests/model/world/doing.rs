//! What each step does, and what the model makes of it.

use chrono::TimeDelta;
use countersign_core::{Grant, Role, Secret};
use countersign_tests::Actor;
use serde_json::json;

use super::{
    super::{
        credential::{Kind, Shown},
        steps::{At, Step, Who},
    },
    NAMES, World,
};

impl World {
    /// The process at which it happened.
    pub(super) fn step(&mut self, step: &Step) -> Result<At, String> {
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
                let drop = |actor: &Actor| actor.delete("/api/tokens").status;
                self.by(Kind::Sanctum, person, *at, drop, |kind| kind == Kind::Sanctum)
            }
            Step::ChangePassword(name, at) => {
                let person = who(name);
                let old = self.persons[person].passwords.last().unwrap().clone();
                let new = format!("{old}x");
                let body = json!({"current_password": old, "new_password": new});
                let before = self.living(Kind::Djoser, person).is_some();
                let change = |actor: &Actor| actor.post("/auth/users/set_password/", body.clone()).status;
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
}
