//! `countersign openapi`: the documents that are generated from the handlers.

use std::{fs, path::PathBuf};

use clap::Args;
use countersign_adapters::{
    ALL, Dialect,
    mount::Neighbours,
    settings::{Table, nearest},
};
use utoipa::openapi::OpenApi;

use super::{Outcome, Output, Refused};
use crate::{
    app,
    openapi::{self, Mounted},
};

#[derive(Debug, Args)]
pub struct Command {
    /// One adapter, such as djoser; without it, what a server with all of them has
    adapter: Option<String>,
    /// Write DIR/ADAPTER.json, for every adapter if none is named, instead of printing
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

impl Command {
    pub fn run(self, output: &mut Output) -> Outcome {
        let named = self.adapter.as_deref().map(dialect).transpose()?;
        let Some(folder) = self.write else {
            return output.text(&text(&named.map_or_else(everything, openapi::standalone))?);
        };
        let refused = |path: &PathBuf, error| Refused::Because(format!("{}: {error}", path.display()));
        fs::create_dir_all(&folder).map_err(|error| refused(&folder, error))?;
        for dialect in named.map_or(ALL, std::slice::from_ref) {
            let path = folder.join(dialect.name).with_extension("json");
            fs::write(&path, text(&openapi::standalone(dialect))?).map_err(|error| refused(&path, error))?;
            output.line(&format!("wrote {}", path.display()))?;
        }
        Ok(())
    }
}

fn dialect(name: &str) -> Result<&'static Dialect, Refused> {
    Dialect::named(name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|dialect| dialect.name).collect();
        let one_of = || format!("one of {}", names.join(", "));
        let hint = nearest(name, &names).map_or_else(one_of, |near| format!("did you mean {near}?"));
        Refused::Because(format!("there is no adapter {name:?}: {hint}"))
    })
}

/// All adapters at their documented places, and the server's own operations.
fn everything() -> OpenApi {
    let options = Table::new();
    let mounted = |dialect: &'static Dialect| Mounted { dialect, prefix: dialect.prefix, options: &options };
    let mounted: Vec<_> = ALL.iter().map(mounted).collect();
    let beside = ALL.iter().map(|dialect| (dialect.name.to_owned(), dialect.prefix.to_owned()));
    openapi::merged(&mounted, &Neighbours::new(beside), app::own_document())
}

fn text(document: &OpenApi) -> Result<String, Refused> {
    openapi::to_text(document).map_err(|error| Refused::Because(error.to_string()))
}
