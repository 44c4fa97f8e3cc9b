//! `countersign keys`: which keys the server has, and new ones.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use countersign_adapters::settings::Span;
use countersign_core::{
    Secret,
    env::{Clock as _, SystemClock, SystemRandom},
    model::Timestamp,
    strategy::{ForeignTokens, JwtAlgorithm, JwtKey, KeyState},
};

use super::{
    Outcome, Output, Refused,
    help::example,
    record::{KEY_COLUMNS, Record},
    user::Form,
};
use crate::{
    app,
    config::Sources,
    keys::{Import, Keys, Rotate, import, rotate},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the keys of the ring and those that sign JSON Web Tokens, the newest first; never the keys themselves
    #[command(after_help = example("countersign keys list"))]
    List(Form),
    /// Make new keys. They are used when `keys.announce` has passed; what the old ones signed and sealed stays good
    #[command(after_help = rotating())]
    Rotate(Chosen),
    /// Keep a key that this server signed with before, another one on its database, or a Django that was imported: it only
    /// checks, until a moment
    #[command(after_help = importing())]
    Import(Box<Imported>),
}

#[derive(Debug, Args)]
pub struct Chosen {
    /// Only the asymmetric key that signs JSON Web Tokens
    #[arg(long, conflicts_with = "ring")]
    jwt: bool,
    /// For this algorithm instead of `jwt.algorithm`, which is to change soon: `RS256`, `ES256` or `EdDSA`. The key is published,
    /// and signs when the configuration names the algorithm. Change that when the key's time has come: a server that is started before
    /// has no other key for the algorithm, warns, and signs with it at once
    #[arg(long, requires = "jwt", value_name = "ALGORITHM")]
    algorithm: Option<JwtAlgorithm>,
    /// Only the key ring, and with it the key that signs under HS256 unless it is configured
    #[arg(long)]
    ring: bool,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub struct Imported {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    django: Django,
    /// When it checks no more: a moment (RFC 3339), a day (its first second, UTC), or a time from now, such as 30d
    #[arg(long, value_name = "WHEN", value_parser = end)]
    until: End,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// The file of an HS256 secret, or `-` for standard input: the text itself, or base64 behind "base64:". One line
    /// end there is not part of it. Without --simplejwt it is for a former `jwt.secret`: tokens must name logins that this server
    /// knows
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// The file of a public key in PEM (RSA, P-256 or Ed25519), or `-` for standard input. Unless it is Django's, it is published
    /// in the JWKS until its end: who checks by that alone takes what the holder of the private half signs
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
}

/// How simplejwt was set at a Django.
#[derive(Debug, Args)]
pub struct Django {
    /// It is the key of a Django's djangorestframework-simplejwt (`SIGNING_KEY` or `VERIFYING_KEY`): tokens that were signed there
    /// speak for the users who were imported from there, and its refresh tokens become logins here when they are used. Whoever has
    /// the secret can make such tokens for any of these users until the end
    #[arg(long)]
    simplejwt: bool,
    /// `USER_ID_CLAIM` there, if it is set
    #[arg(long, value_name = "NAME", requires = "simplejwt")]
    user_id_claim: Option<String>,
    /// `TOKEN_TYPE_CLAIM` there, if it is set
    #[arg(long, value_name = "NAME", requires = "simplejwt")]
    token_type_claim: Option<String>,
    /// `JTI_CLAIM` there, if it is set
    #[arg(long, value_name = "NAME", requires = "simplejwt")]
    jti_claim: Option<String>,
    /// `AUDIENCE` there, if it is set; several times for a list
    #[arg(long, value_name = "NAME", requires = "simplejwt")]
    audience: Vec<String>,
    /// `ISSUER` there, if it is set
    #[arg(long, value_name = "NAME", requires = "simplejwt")]
    issuer: Option<String>,
    /// `CHECK_REVOKE_TOKEN` is on there: a token ends with the password that its user had
    #[arg(long, requires = "simplejwt")]
    check_revoke_token: bool,
    /// The source of the import that brought its users, as the import's summary names it. Needed if users of several
    /// Djangos were imported: without it the key then speaks for nobody
    #[arg(long, value_name = "NAME", requires = "simplejwt")]
    source: Option<String>,
}

impl Django {
    fn tokens(&self) -> Option<ForeignTokens> {
        let usual = ForeignTokens::default();
        self.simplejwt.then(|| ForeignTokens {
            user_id_claim: self.user_id_claim.clone().unwrap_or(usual.user_id_claim),
            token_type_claim: self.token_type_claim.clone().unwrap_or(usual.token_type_claim),
            jti_claim: self.jti_claim.clone().unwrap_or(usual.jti_claim),
            audience: self.audience.clone(),
            issuer: self.issuer.clone(),
            check_revoke_token: self.check_revoke_token,
            source: self.source.clone(),
        })
    }
}

/// An end, as it is given.
#[derive(Debug, Clone, Copy)]
enum End {
    At(Timestamp),
    After(Span),
}

fn end(text: &str) -> Result<End, String> {
    if let Ok(span) = text.parse::<Span>() {
        return Ok(End::After(span));
    }
    let day = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN).and_utc());
    let at = DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc)).or_else(day);
    at.map(End::At).ok_or_else(|| "write 2027-01-31T00:00:00Z, 2027-01-31 or 30d".to_owned())
}

impl Source {
    fn read(&self) -> Result<Import, Refused> {
        match (&self.secret, &self.public) {
            (Some(file), _) => {
                let text = Secret::new(text(file)?);
                let line = text.expose().strip_suffix("\r\n").or_else(|| text.expose().strip_suffix('\n'));
                Ok(Import::Secret(Secret::from(line.unwrap_or(text.expose()))))
            }
            (None, Some(file)) => Ok(Import::Public(text(file)?)),
            (None, None) => Err(Refused::Because("--secret or --public is missing".to_owned())),
        }
    }
}

/// More than any key has.
const MOST: u64 = 65_536;

fn text(file: &Path) -> Result<String, Refused> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(MOST).read_to_string(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(MOST).read_to_string(&mut text))
    };
    read.map_err(|error| Refused::Because(format!("{}: {error}", file.display())))?;
    Ok(text)
}

fn importing() -> String {
    format!(
        "{}\n{}\n\nThe key is written into the key file (`jwt.key_file`), where running servers find it within a second. `keys list` shows it \
         by an id that tells nothing about it. Who still has the secret can sign until the end.",
        example("countersign keys import --secret old-signing-key.txt --until 30d"),
        "countersign keys import --simplejwt --secret django-signing-key.txt --until 15d"
    )
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
                let jwt = Keys::view(&settings, &random, now)?.jwt.states(now);
                let jwt = jwt.iter().map(|(key, state)| record(key, *state));
                output.records(&ring.chain(jwt).collect::<Vec<_>>(), &KEY_COLUMNS, form.json)
            }
            Self::Import(imported) => {
                let until = match imported.until {
                    End::At(at) => at,
                    End::After(span) => now + span.delta(),
                };
                let key = imported.source.read()?;
                let id = import(&settings, &key, imported.django.tokens().as_ref(), until, &random, now)?;
                let keys = Keys::view(&settings, &random, now)?;
                let of_id = keys.jwt.states(now).into_iter().filter(|(key, _)| key.id() == id);
                let records: Vec<Record> = of_id.map(|(key, state)| record(&key, state)).collect();
                output.records(&records, &KEY_COLUMNS, imported.form.json)
            }
            Self::Rotate(chosen) => {
                let which = match (chosen.algorithm, chosen.jwt, chosen.ring) {
                    (Some(algorithm), ..) => Rotate::Announce(algorithm),
                    (_, true, _) => Rotate::Jwt,
                    (.., true) => Rotate::Ring,
                    (None, false, false) => Rotate::All,
                };
                let rotated = rotate(&settings, which, &random, now)?;
                let of_tokens = chosen.algorithm.unwrap_or(settings.jwt.algorithm).as_str();
                let algorithm = |kind| if kind == "jwt" { of_tokens } else { "XChaCha20-Poly1305" };
                let state = |from| if from - now <= TimeDelta::zero() { "used" } else { "announced" };
                let record = |new: &crate::keys::Rotated| {
                    Record::of_key(new.kind, Some(&new.id), algorithm(new.kind), state(new.from), Some(new.from), None)
                };
                output.records(&rotated.iter().map(record).collect::<Vec<_>>(), &KEY_COLUMNS, chosen.form.json)
            }
        }
    }
}

/// A key of tokens and what it does.
fn record(key: &JwtKey, state: KeyState) -> Record {
    let (state, until) = match state {
        KeyState::Announced(_) => ("announced", None),
        KeyState::Signs => ("signs", None),
        KeyState::Checks(until) => ("checks", until),
        KeyState::Over => ("over", None),
    };
    let kind = if key.foreign().is_some() { "simplejwt" } else { "jwt" };
    Record::of_key(kind, Some(&key.id()), key.algorithm().as_str(), state, key.from(), until)
}
