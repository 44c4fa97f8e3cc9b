//! What the owner wants: which framework's database it is, where it is, and what becomes of what is read.

use serde::Serialize;

use super::{
    ImportError, source,
    table::Field,
    user::{self, UserRules},
};
use crate::config::DatabaseUrl;

/// The longest name of a source, in bytes.
const MAX_SOURCE: usize = 1020;

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Framework {
    /// Django with Django REST framework's `authtoken`.
    Django,
    /// Laravel with Sanctum.
    Laravel,
}

impl Framework {
    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Django => "django",
            Self::Laravel => "laravel",
        }
    }

    /// Its table of users, unless the application has another one.
    pub const fn user_table(self) -> &'static str {
        match self {
            Self::Django => "auth_user",
            Self::Laravel => "users",
        }
    }

    /// What is wanted of its table of users.
    pub const fn user_fields(self) -> &'static [Field] {
        match self {
            Self::Django => user::DJANGO,
            Self::Laravel => user::LARAVEL,
        }
    }

    /// What a column of the users' table can be named for.
    pub fn field_names(self) -> impl Iterator<Item = &'static str> {
        self.user_fields().iter().map(|field| field.name)
    }
}

/// What becomes of what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It stays.
    Import,
    /// It is written and taken back.
    DryRun,
    /// It is compared with the target, and no row is written.
    Check,
}

/// What the owner wants.
#[derive(Debug, Clone)]
pub struct Options {
    /// The source.
    pub from: DatabaseUrl,
    /// The name by which later runs know the source, if not by its address.
    pub source: Option<String>,
    /// What becomes of it.
    pub mode: Mode,
    /// The table of users.
    pub user_table: String,
    /// Columns of it that are called otherwise than in the framework.
    pub columns: Vec<(String, String)>,
    /// Laravel's names of the model whose tokens are taken.
    pub models: Vec<String>,
    /// The rules for users.
    pub rules: UserRules,
    /// Are users and tokens ended that are not in the source any more, even if they are most of them?
    pub end_many: bool,
}

impl Options {
    /// The name by which the source stands in the record. Each table of users is a source of its own: two of them have the
    /// same numbers, and not the same people.
    ///
    /// # Errors
    /// It is too long.
    pub fn source_name(&self) -> Result<String, ImportError> {
        let framework = self.rules.framework;
        let by_address = || format!("{} {}", framework.as_str(), source::name(&self.from));
        let mut name = self.source.clone().unwrap_or_else(by_address);
        if self.user_table != framework.user_table() {
            let table = format!(" table {}", self.user_table);
            if !name.ends_with(&table) {
                name += &table;
            }
        }
        if name.len() > MAX_SOURCE {
            return Err(ImportError::Because(format!(
                "the source's address is too long to be recorded ({} bytes of {MAX_SOURCE}): name it by --source",
                name.len()
            )));
        }
        Ok(name)
    }
}
