//! `countersign config`: the configuration, written, checked and shown.

use std::{fs::OpenOptions, io::Write as _, path::PathBuf};

use clap::Subcommand;
use countersign_core::env::{Clock as _, SystemClock};

use super::{Outcome, Output, Refused, help::example, output::complain};
use crate::{
    app,
    config::{Findings, Settings, Sources, reference},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print every setting with its default and what it is for, or write that to a new file
    #[command(after_help = example("countersign config init --write countersign.toml"))]
    Init {
        /// The file to write; it must not exist yet
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Check file and environment, and report every problem at once; what may not be meant is a warning
    #[command(after_help = example("countersign --config /etc/countersign.toml config check"))]
    Check,
    /// Print the values in effect, with secrets masked
    #[command(after_help = example("COUNTERSIGN__LOG__LEVEL=debug countersign config dump"))]
    Dump,
}

impl Command {
    pub fn run(self, sources: &Sources, output: &mut Output) -> Outcome {
        match self {
            Self::Init { write: None } => output.text(&reference())?,
            Self::Init { write: Some(file) } => {
                let create = OpenOptions::new().write(true).create_new(true).open(&file);
                let written = create.and_then(|mut created| created.write_all(reference().as_bytes()));
                written.map_err(|error| Refused::Because(format!("{}: {error}", file.display())))?;
                output.line(&format!("wrote {}", file.display()))?;
            }
            Self::Check => {
                let settings = app::load(sources)?;
                for warning in Findings::at(&settings, SystemClock.now()).warned {
                    complain(&format!("warning: {warning}"));
                }
                let file = sources.file.as_ref().map_or("the defaults".into(), |file| file.display().to_string());
                output.line(&format!("{file} and the environment are in order"))?;
            }
            Self::Dump => output.text(&Settings::load(sources)?.dump())?,
        }
        Ok(())
    }
}
