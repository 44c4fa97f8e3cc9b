//! Asks a server what the real one was asked and says where it answers otherwise: docs/conformance.md.
//!
//! Without `--url` it starts the server under test itself, which is this program once more, as `conformance serve`: a
//! small application that is built on the library and has views of its own.

mod application;
mod report;

use std::{env, fs, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use countersign_tests::{
    conformance::{JWT_SECRET, Json, Outcome, Score, Suite, Target, UnderTest, run},
    databases::sqlite,
    mailbox::Mailbox,
};

/// Asks a server what the real one was asked
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The suite recorded from Django with Djoser
    Djoser(Options),
    /// The suite recorded from Laravel with Sanctum, Breeze and Fortify
    Laravel(Options),
    /// Be the server under test, configured by the working directory and the environment
    Serve,
}

#[derive(Args)]
struct Options {
    /// default; activation or locale of djoser, fortify of laravel
    #[arg(long, default_value = "default")]
    profile: String,
    /// The server to ask, such as <http://127.0.0.1:8000>, with the suite's accounts in an otherwise empty database;
    /// without it, one is started
    #[arg(long, requires = "smtp")]
    url: Option<String>,
    /// The port on 127.0.0.1 to which that server sends its mails
    #[arg(long, requires = "url", value_name = "PORT")]
    smtp: Option<u16>,
    /// The key that it signs JWTs with
    #[arg(long, default_value = JWT_SECRET, requires = "url")]
    jwt_secret: String,
    /// The empty database of the server that is started; without it, a temporary SQLite file
    #[arg(long, conflicts_with = "url")]
    database: Option<String>,
    /// Write what was answered, in the form of the suite's own recordings
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Leave the slips of the real server out of the score
    #[arg(long)]
    lenient: bool,
    /// Run every profile on every database that is there, and print a Markdown table
    #[arg(long, conflicts_with_all = ["profile", "url", "database", "record", "lenient"])]
    report: bool,
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve => application::serve(),
        Command::Djoser(options) => conform(&Suite::named("djoser"), &options),
        Command::Laravel(options) => conform(&Suite::named("laravel"), &options),
    }
}

/// 0 only if every step is equal.
fn conform(suite: &Suite, options: &Options) -> ExitCode {
    let program = env::current_exe().expect("this program has a path");
    let program = program.to_str().expect("which is text");
    if options.report {
        return report::print(suite, program);
    }
    let profile = options.profile.as_str();
    let mut outcomes = if let (Some(url), Some(smtp)) = (&options.url, options.smtp) {
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let target = Target { host, jwt_secret: &options.jwt_secret, mailbox: &Mailbox::at(smtp) };
        run(suite, profile, &target)
    } else {
        let temporary = sqlite();
        let url = options.database.as_deref().unwrap_or(&temporary.url);
        UnderTest::start(program, suite, profile, url).run(suite, profile)
    };
    if let Some(file) = &options.record {
        fs::write(file, recording(&outcomes)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    outcomes.retain(|outcome| !(options.lenient && outcome.step.quirk));
    let score = Score::of(&outcomes);
    println!("{score}");
    if score.is_full() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A line a step.
fn recording(outcomes: &[Outcome]) -> String {
    let line = |outcome: &Outcome| {
        let mut members = vec![("id".to_owned(), Json::text(outcome.step.id.clone()))];
        members.extend(outcome.answer.members().iter().cloned());
        format!("{}\n", Json::Object(members))
    };
    outcomes.iter().map(line).collect()
}
