//! Why a command did nothing, in words for the owner.

use std::io;

use countersign_core::{
    AuthError,
    identifier::{Kind, Taken},
    password::PasswordFlaw,
};

use crate::{app::AssemblyError, config::Problems, import::ImportError, keys::KeyError, serve::ServeError};

/// What a command returns.
pub type Outcome = Result<(), Refused>;

/// One clear line, or one for each problem of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] Problems),
    /// The key ring, the database or the address cannot be used.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The key files cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The settings do not fit together.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
    /// The use case refused.
    #[error("{}", reason(.0))]
    Auth(#[from] AuthError),
    /// Anything else.
    #[error("{0}")]
    Because(String),
    /// What was to be imported cannot be.
    #[error("{0}")]
    Import(ImportError),
    /// Nobody takes what is printed.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl From<ImportError> for Refused {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Output(error) => Self::Output(error),
            error => Self::Import(error),
        }
    }
}

impl Refused {
    /// Did the reader of the output just have enough?
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn reason(error: &AuthError) -> String {
    match error {
        AuthError::Taken(Taken(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().copied().map(named).collect();
            format!("another user has this {}", kinds.join(" and this "))
        }
        AuthError::Invalid { field: "phone" } => {
            "the phone number is not one in international form, such as +79991234567".to_owned()
        }
        AuthError::Invalid { field } => {
            format!("--{} cannot be stored: empty, too long, or a NUL in it", dashed(field))
        }
        AuthError::WeakPassword(flaws) => flaws.iter().map(flaw).collect::<Vec<_>>().join("; "),
        AuthError::NotFound => "there is no such user any more".to_owned(),
        AuthError::WrongCredentials => "the user was changed or disabled at the same time; try again".to_owned(),
        other => other.to_string(),
    }
}

const fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Username => "user name",
        Kind::Email => "e-mail",
        Kind::Phone => "phone number",
    }
}

fn dashed(field: &str) -> String {
    field.replace('_', "-")
}

fn flaw(flaw: &PasswordFlaw) -> String {
    match flaw {
        PasswordFlaw::TooLong { max_bytes } => format!("the password has more than {max_bytes} bytes"),
        PasswordFlaw::TooShort { min } => format!("the password has fewer than {min} characters"),
        PasswordFlaw::TooSimilar { attribute } => format!("the password resembles the {attribute}"),
        PasswordFlaw::TooCommon => "the password is a common one".to_owned(),
        PasswordFlaw::EntirelyNumeric => "the password has digits only".to_owned(),
    }
}
