//! `countersign keys`: which keys the server has, and new ones.

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use countersign_core::{
    env::{Clock as _, SystemClock, SystemRandom},
    strategy::KeyState,
};

use super::{
    Outcome, Output,
    help::example,
    record::{KEY_COLUMNS, Record},
    user::Form,
};
use crate::{
    app,
    config::Sources,
    keys::{Keys, Rotate, rotate},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the keys of the ring and those that sign JSON Web Tokens, the newest first; never the keys themselves
    #[command(after_help = example("countersign keys list"))]
    List(Form),
    /// Make new keys. They are used when `keys.announce` has passed; what the old ones signed and sealed stays good
    #[command(after_help = rotating())]
    Rotate(Chosen),
}

#[derive(Debug, Args)]
pub struct Chosen {
    /// Only the asymmetric key that signs JSON Web Tokens
    #[arg(long, conflicts_with = "ring")]
    jwt: bool,
    /// Only the key ring, and with it the key that signs under HS256 unless it is configured
    #[arg(long)]
    ring: bool,
    #[command(flatten)]
    form: Form,
}

fn rotating() -> String {
    format!(
        "{}\n\nRunning servers on the same files notice it by themselves. If they run on several machines, copy the files there \
         before the time that is printed.",
        example("countersign keys rotate --jwt")
    )
}

impl Command {
    pub fn run(self, sources: &Sources, output: &mut Output) -> Outcome {
        let settings = app::load(sources)?;
        let (random, now) = (SystemRandom, SystemClock.now());
        match self {
            Self::List(form) => {
                let ring = Keys::ring_states(&settings, &random, now)?;
                let ring = ring.iter().map(|(id, seals, from)| {
                    let state = match from {
                        Some(from) if *from > now => "announced",
                        _ if *seals => "seals",
                        _ => "opens",
                    };
                    Record::of_key("ring", Some(id), "XChaCha20-Poly1305", state, *from, None)
                });
                let jwt = Keys::open(&settings, &random, now)?.jwt.states(now);
                let jwt = jwt.iter().map(|(key, state)| {
                    let (state, until) = match state {
                        KeyState::Announced(_) => ("announced", None),
                        KeyState::Signs => ("signs", None),
                        KeyState::Checks(until) => ("checks", *until),
                        KeyState::Over => ("over", None),
                    };
                    Record::of_key("jwt", key.kid(), key.algorithm().as_str(), state, key.from(), until)
                });
                output.records(&ring.chain(jwt).collect::<Vec<_>>(), &KEY_COLUMNS, form.json)
            }
            Self::Rotate(chosen) => {
                let which = match (chosen.jwt, chosen.ring) {
                    (true, _) => Rotate::Jwt,
                    (_, true) => Rotate::Ring,
                    (false, false) => Rotate::All,
                };
                let rotated = rotate(&settings, which, &random, now)?;
                let algorithm =
                    |kind| if kind == "jwt" { settings.jwt.algorithm.as_str() } else { "XChaCha20-Poly1305" };
                let state = |from| if from - now <= TimeDelta::zero() { "used" } else { "announced" };
                let record = |new: &crate::keys::Rotated| {
                    Record::of_key(new.kind, Some(&new.id), algorithm(new.kind), state(new.from), Some(new.from), None)
                };
                output.records(&rotated.iter().map(record).collect::<Vec<_>>(), &KEY_COLUMNS, chosen.form.json)
            }
        }
    }
}
