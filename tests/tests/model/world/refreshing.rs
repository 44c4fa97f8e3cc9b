//! Refresh tokens: those of a login with the hotel API follow one another, those of Djoser's stay as they are.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    super::{
        credential::{Credential, Kind, Shown},
        steps::At,
    },
    Outcome, World,
};

/// `jwt.refresh_grace`, and how long a chain of refresh tokens lives unused.
pub(super) const GRACE: TimeDelta = TimeDelta::seconds(10);
pub(super) const REFRESH_TTL: TimeDelta = TimeDelta::days(30);

/// The refresh tokens of a login with the hotel API, in the order of their exchange.
pub(super) struct Chain {
    pub(super) login: usize,
    pub(super) person: usize,
    pub(super) tokens: Vec<String>,
    pub(super) exchanged: DateTime<Utc>,
    pub(super) is_ended: bool,
}

impl World {
    pub(super) fn exchange(&self, token: &str, at: At) -> Result<(String, String), u16> {
        let answer = self.servers[at].anon().post("/auth/refresh", json!({"refresh_token": token}));
        if answer.status != 200 {
            return Err(answer.status);
        }
        Ok((answer.text("access_token"), answer.text("refresh_token")))
    }

    /// A chain of the hotel's, or a refresh token of Djoser's, which stays as it is.
    pub(super) fn refresh(&mut self, which: usize, back: usize, at: At) -> Outcome {
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
}
