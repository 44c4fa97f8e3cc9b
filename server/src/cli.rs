//! The command line: what the owner of a server does without a browser.
//!
//! Exit codes: 0 done, 1 refused (said on standard error), 2 wrong usage.

mod config;
mod output;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::config::{Problems, Sources};
use output::Output;

/// One user base behind several authentication dialects.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    /// The configuration; without it, countersign.toml in the working directory if there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write, check or show the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Why a command did nothing; one clear line, or one for each problem of the configuration.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Configuration(#[from] Problems),
    #[error("{0}")]
    Because(String),
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// What a command returns.
type Outcome = Result<(), Refused>;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    match command.run(&Sources::of_process(config), &mut Output::standard()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refused::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(refused) => {
            output::complain(&refused.to_string());
            ExitCode::FAILURE
        }
    }
}

impl Command {
    fn run(self, sources: &Sources, output: &mut Output) -> Outcome {
        match self {
            Self::Config(command) => command.run(sources, output),
        }
    }
}
