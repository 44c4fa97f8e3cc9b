//! The address of the database, which may hold a password.

use std::fmt;

use countersign_adapters::settings::{SettingValue, Value};

use super::url_mask::masked;
use crate::store::Backend;

/// Where the database is: `sqlite://FILE`, `postgres://…` or `mysql://…`. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Wraps a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL with its password, for the one place that connects.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What stands before `://`.
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Which database it names; `None` for one that no build knows.
    pub fn backend(&self) -> Option<Backend> {
        match self.scheme() {
            "sqlite" => Some(Backend::Sqlite),
            "postgres" | "postgresql" => Some(Backend::Postgres),
            "mysql" => Some(Backend::Mysql),
            _ => None,
        }
    }

    /// The URL with its password masked.
    pub fn masked(&self) -> String {
        masked(&self.0)
    }

    /// Does this build have a driver for it?
    ///
    /// # Errors
    /// What the URL is not, or what the build lacks.
    pub fn check(&self) -> Result<(), String> {
        match self.backend() {
            Some(backend) if backend.is_compiled_in() => Ok(()),
            Some(backend) => Err(format!(
                "needs {}, which this build is without; build with --features {backend}",
                backend.product()
            )),
            None => Err("does not start with sqlite://, postgres:// or mysql://".to_owned()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({:?})", self.masked())
    }
}

impl SettingValue for DatabaseUrl {
    const SECRET: bool = true;

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self)
    }

    fn show(&self) -> Option<Value> {
        self.masked().show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_is_masked() {
        for (url, expected) in [
            ("sqlite://countersign.db", "sqlite://countersign.db"),
            ("postgres://ada:p@ss/w:rd@db:5432/auth", "postgres://ada:********@db:5432/auth"),
            ("mysql://ada@db/auth", "mysql://ada@db/auth"),
            (
                "postgres://db/auth?user=ada&password=x&sslmode=require",
                "postgres://db/auth?user=ada&password=********&sslmode=require",
            ),
        ] {
            assert_eq!(DatabaseUrl::new(url).masked(), expected);
            assert_eq!(format!("{:?}", DatabaseUrl::new(url)), format!("DatabaseUrl({expected:?})"));
        }
    }

    #[test]
    fn an_unknown_scheme_is_refused() {
        assert!(DatabaseUrl::new("mongodb://x").check().is_err());
        assert!(DatabaseUrl::new("countersign.db").check().is_err());
        assert_eq!(DatabaseUrl::new("sqlite://x.db").check().is_ok(), cfg!(feature = "sqlite"));
    }
}
