//! The command line: what the owner of a server does without a browser.
//!
//! Exit codes: 0 done, 1 refused (said on standard error), 2 wrong usage. Users and tokens are changed through
//! [`countersign_core::Auth`] alone, as from the web.

mod config;
mod desk;
mod doctor;
mod greeting;
mod help;
mod import;
mod keys;
mod openapi;
mod output;
mod password;
mod record;
mod refused;
mod token;
mod user;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    app,
    config::{Settings, Sources},
    heap, log, serve,
    store::{Store, StoreOptions},
};
use desk::{Desk, ONE_CONNECTION};
use output::Output;
use refused::{Outcome, Refused};

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
    /// Serve until SIGTERM or SIGINT, then finish what is being answered
    #[command(after_help = help::example("countersign --config /etc/countersign.toml serve"))]
    Serve,
    /// Bring the tables of the database up to date (serve does it too)
    #[command(after_help = help::example("countersign --config /etc/countersign.toml migrate"))]
    Migrate,
    /// Add, show, change and delete users
    #[command(subcommand)]
    User(user::Command),
    /// Issue, list and revoke tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Bring users and tokens over from Django or Laravel
    #[command(subcommand)]
    Import(import::Command),
    /// List and rotate the server's keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print or write the OpenAPI documents
    #[command(after_help = help::example("countersign openapi djoser"))]
    Openapi(openapi::Command),
    /// Say what follows from the configuration, or play a browser against a running server and name the first rule that fails
    #[command(after_help = doctor::HELP)]
    Doctor(doctor::Command),
    /// Write, check or show the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    match command.run(&Sources::of_process(config), &mut Output::standard()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refused) if refused.is_closed_pipe() => ExitCode::SUCCESS,
        Err(refused) => {
            output::complain(&refused.to_string());
            ExitCode::FAILURE
        }
    }
}

impl Command {
    fn run(self, sources: &Sources, output: &mut Output) -> Outcome {
        match self {
            Self::Serve => run_server(sources, output),
            Self::Migrate => migrate(sources, output),
            Self::User(command) => command.run(&Desk::open(sources)?, output),
            Self::Token(command) => command.run(&Desk::open(sources)?, output),
            Self::Import(command) => command.run(sources, output),
            Self::Keys(command) => command.run(sources, output),
            Self::Openapi(command) => command.run(output),
            Self::Doctor(command) => command.run(sources, output),
            Self::Config(command) => command.run(sources, output),
        }
    }
}

fn run_server(sources: &Sources, output: &mut Output) -> Outcome {
    heap::limit_arenas();
    let settings = app::load(sources)?;
    log::start(&settings.log);
    let ready = |backend| {
        tracing::info!(address = %settings.server.bind, "listening");
        // A server whose output nobody reads serves all the same.
        let _ = output.line(&greeting::text(&settings, backend));
    };
    Ok(serve::serve(&settings, ready)?)
}

fn migrate(sources: &Sources, output: &mut Output) -> Outcome {
    let settings = Settings::load(sources)?;
    let options = StoreOptions { pool_size: ONE_CONNECTION, ..StoreOptions::from(&settings.database) };
    let store = Store::open(&options).map_err(serve::ServeError::from)?;
    let applied = store.migrate().map_err(serve::ServeError::from)?;
    if applied.is_empty() {
        return output.line("the database is up to date");
    }
    applied.iter().try_for_each(|version| output.line(&format!("applied {version}")))
}
