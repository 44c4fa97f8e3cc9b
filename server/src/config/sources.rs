//! Where settings come from: a TOML file, and above it the environment.

use std::{
    collections::BTreeMap,
    env, fmt, fs,
    path::{Path, PathBuf},
};

use config::{Config, Environment, File, FileFormat};
use countersign_adapters::settings::{Problem, Table};

/// Read from the working directory if no file is named.
const DEFAULT_FILE: &str = "countersign.toml";

/// Variables that start so are settings: `COUNTERSIGN__SERVER__BIND` is `server.bind`.
const PREFIX: &str = "COUNTERSIGN";
const SEPARATOR: &str = "__";

/// A file and an environment.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file, which must exist; `None` for none.
    pub file: Option<PathBuf>,
    /// Environment variables; those that are no settings are passed over.
    pub environment: BTreeMap<String, String>,
}

impl fmt::Debug for Sources {
    /// The names of the variables; their values may be secrets, and not only of this program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.environment.keys().collect();
        f.debug_struct("Sources").field("file", &self.file).field("environment", &names).finish()
    }
}

impl Sources {
    /// The named file or else `countersign.toml` in the working directory if there is one, and the environment of
    /// this process.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists());
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        };
        Self { file: file.or_else(default), environment: env::vars_os().map(text).collect() }
    }

    /// Everything that is set, the environment over the file.
    pub(super) fn table(&self) -> Result<Table, Problem> {
        let mut builder = Config::builder();
        if let Some(path) = &self.file {
            builder = builder.add_source(File::from_str(&read(path)?, FileFormat::Toml));
        }
        let environment = Environment::with_prefix(PREFIX)
            .separator(SEPARATOR)
            .source(Some(self.environment.clone().into_iter().collect()));
        let merged = builder.add_source(environment).build().and_then(Config::try_deserialize);
        merged.map_err(|error| Problem::new("configuration", None, error.to_string()))
    }

    /// Names the variable in a problem with what the environment set.
    pub(super) fn attribute(&self, problem: Problem) -> Problem {
        let variable = |name: &&String| {
            let path = name.to_ascii_lowercase().replace(SEPARATOR, ".");
            let path = path.strip_prefix("countersign.");
            path.is_some_and(|path| path == problem.key || path.starts_with(&format!("{}.", problem.key)))
        };
        match self.environment.keys().find(variable) {
            Some(name) => Problem { key: format!("{} (from {name})", problem.key), ..problem },
            None => problem,
        }
    }
}

/// Reads a file that must be there and must be TOML.
fn read(path: &Path) -> Result<String, Problem> {
    let problem = |message: String| Problem::new(&path.display().to_string(), None, message);
    let text = fs::read_to_string(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let Err(error) = text.parse::<Table>() else {
        return Ok(text);
    };
    let before = &text[..error.span().map_or(0, |span| span.start)];
    let line = before.matches('\n').count() + 1;
    let said = error.message().lines().collect::<Vec<_>>().join("; ");
    Err(problem(format!("line {line} is not TOML: {said}")))
}
