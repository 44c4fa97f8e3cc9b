//! `countersign token`: tokens issued, listed and ended by the owner of the server.

use clap::{Args, Subcommand};
use countersign_adapters::settings::Span;
use countersign_core::{Abilities, AuthError, Grant, TokenId, store::Revoke};
use serde_json::json;

use super::{
    Outcome, Output, Refused,
    desk::Desk,
    help::{example, revoking},
    record::{Record, TOKEN_COLUMNS},
    user::{Form, Who},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Issue a personal access token (Sanctum's form) and print it, once
    #[command(after_help = example("countersign token issue ada --name ci --ability deploy --expires 90d"))]
    Issue(Issue),
    /// List what is live for a user: tokens, logins and sessions
    #[command(after_help = example("countersign token list ada --json"))]
    List {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        form: Form,
    },
    /// End one token, login or session
    #[command(after_help = revoking("countersign token revoke 17"))]
    Revoke {
        /// The number that `token list` shows
        id: i64,
    },
    /// End every token, login and session of a user
    #[command(after_help = revoking("countersign token revoke-all ada"))]
    RevokeAll(Who),
    /// Delete what has expired
    #[command(after_help = example("countersign token prune"))]
    Prune,
}

#[derive(Debug, Args)]
pub struct Issue {
    #[command(flatten)]
    who: Who,
    /// The name that lists show
    #[arg(long)]
    name: String,
    /// What the token may do; may be given several times. Without it, everything
    #[arg(long = "ability", value_name = "ABILITY")]
    abilities: Vec<String>,
    /// How long it lives, such as 12h or 90d. Without it, as long as the strategy allows
    #[arg(long, value_name = "DURATION", value_parser = life)]
    expires: Option<Span>,
    #[command(flatten)]
    form: Form,
}

impl Command {
    pub fn run(self, desk: &Desk, output: &mut Output) -> Outcome {
        let auth = desk.auth();
        match self {
            Self::Issue(issue) => issue.run(desk, output),
            Self::List { who, form } => {
                let tokens = auth.tokens(desk.find(&who.who)?.id, None)?;
                let records: Vec<Record> = tokens.iter().map(Record::of_token).collect();
                output.records(&records, &TOKEN_COLUMNS, form.json)
            }
            Self::Revoke { id } => {
                auth.revoke(TokenId(id), None).map_err(|error| match error {
                    AuthError::NotFound => Refused::Because(format!("there is no token {id}")),
                    error => error.into(),
                })?;
                desk.settle();
                output.line(&format!("revoked token {id}"))
            }
            Self::RevokeAll(who) => {
                let user = desk.find(&who.who)?;
                let gone = auth.revoke_many(user.id, Revoke::Everything)?;
                desk.settle();
                output.line(&format!("revoked {gone} of user {}", user.id))
            }
            Self::Prune => output.line(&format!("deleted {}", auth.realm().prune().map_err(AuthError::from)?)),
        }
    }
}

/// A life that is not over at once.
fn life(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error| format!("{error}"))?;
    if span.duration().is_zero() { Err("leaves the token no time".to_owned()) } else { Ok(span) }
}

impl Issue {
    fn run(self, desk: &Desk, output: &mut Output) -> Outcome {
        let user = desk.find(&self.who.who)?;
        if !user.is_active {
            return Err(Refused::Because(format!("user {} is disabled; enable the user first", user.id)));
        }
        let abilities = if self.abilities.is_empty() { Abilities::all() } else { Abilities(self.abilities) };
        let expires_at = self.expires.map(|span| desk.auth().realm().now() + span.delta());
        let subject = desk.auth().subject_by_owner(user.id)?;
        let issued = desk.auth().issue(&subject, &Grant { name: self.name, abilities, expires_at })?;
        if self.form.json {
            let token = json!(issued.access.expose());
            output.record(&Record::of_token(&issued.token).with("token", token), true)
        } else {
            output.line(issued.access.expose())
        }
    }
}
