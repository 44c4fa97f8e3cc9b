//! One run of the suite, and the databases that it makes.

use std::{
    cell::OnceCell,
    env,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use tempfile::TempDir;

use super::{Dice, Figures, Postgres, execute};

/// A run: how much of everything, from which seed, with a PostgreSQL of its own.
pub struct Run {
    pub short: bool,
    seed: u64,
    /// How long the soak is, if it was said.
    pub minutes: Option<u64>,
    /// The long form's rounds are divided by it.
    part: u64,
    /// Does MariaDB take part in the short form as well?
    mariadb: bool,
    postgres: OnceCell<Option<Postgres>>,
}

/// A fresh database.
pub struct Base {
    /// As the table calls it.
    pub name: &'static str,
    pub url: String,
    /// Where and how it goes.
    dropped: Option<(String, String)>,
    _folder: Option<TempDir>,
}

impl Run {
    pub fn new(short: bool, seed: u64) -> Self {
        Self { short, seed, minutes: None, part: 1, mariadb: !short, postgres: OnceCell::new() }
    }

    /// Only one of so many rounds of the long form.
    pub fn with_part(self, part: u64) -> Self {
        Self { part: part.max(1), ..self }
    }

    /// A soak of so many minutes.
    pub fn with_minutes(self, minutes: Option<u64>) -> Self {
        Self { minutes, ..self }
    }

    /// MariaDB takes part in any form.
    pub fn with_mariadb(self, mariadb: bool) -> Self {
        Self { mariadb: mariadb || self.mariadb, ..self }
    }

    /// How often: the short form's number, or the long form's or the part of it that was asked for.
    pub fn rounds<T: Copy + TryFrom<u64> + TryInto<u64>>(&self, short: T, long: T) -> T {
        let of = |number: T| number.try_into().unwrap_or_default();
        let part = (of(long) / self.part).max(of(short)).min(of(long));
        if self.short { short } else { T::try_from(part).unwrap_or(long) }
    }

    /// One number for the short form, one for the long.
    pub fn of<T>(&self, short: T, long: T) -> T {
        if self.short { short } else { long }
    }

    /// Are durations judged that only an optimised build on a machine of its own can keep?
    pub fn is_timed(&self) -> bool {
        !self.short && !cfg!(debug_assertions)
    }

    /// Moments for an experiment.
    pub fn dice(&self, of: &str) -> Dice {
        Dice::new(of.bytes().fold(self.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte))))
    }

    /// The PostgreSQL of this run, started when it is first asked for.
    pub fn postgres(&self) -> Option<&Postgres> {
        self.postgres
            .get_or_init(|| Postgres::make().inspect_err(|why| eprintln!("fire: no PostgreSQL: {why}")).ok())
            .as_ref()
    }

    /// Brings PostgreSQL back after an experiment that ended in the middle, so that the others have one.
    pub fn recover(&self) -> Result<(), String> {
        let Some(postgres) = self.postgres.get().and_then(Option::as_ref) else { return Ok(()) };
        postgres.freeze(false);
        postgres.crash();
        postgres.start()
    }

    /// A fresh database of every kind: SQLite and PostgreSQL, and in the long form, or with `--mariadb`, MariaDB if `COUNTERSIGN_TEST_MYSQL` says where.
    pub fn bases(&self, figures: &mut Figures) -> Vec<Base> {
        if self.postgres().is_none() {
            figures.not_run("PostgreSQL", "the experiment", "no PostgreSQL on this machine");
        }
        ["SQLite", "PostgreSQL", "MariaDB"].into_iter().filter_map(|name| self.base(name)).collect()
    }

    /// A fresh database of this kind, if there is a server.
    pub fn base(&self, name: &'static str) -> Option<Base> {
        let admin = match name {
            "SQLite" => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let url = format!("sqlite://{}", folder.path().join("countersign.db").display());
                return Some(Base { name, url, dropped: None, _folder: Some(folder) });
            }
            "PostgreSQL" => self.postgres()?.url("postgres"),
            _ => env::var("COUNTERSIGN_TEST_MYSQL").ok().filter(|url| !url.is_empty() && self.mariadb)?,
        };
        let database = fresh_name();
        execute(&admin, &format!("CREATE DATABASE {database}"));
        let (server, _) = admin.rsplit_once('/').expect("an URL with a database");
        let force = if name == "PostgreSQL" { " WITH (FORCE)" } else { "" };
        let dropped = Some(format!("DROP DATABASE {database}{force}"));
        Some(Base {
            name,
            url: format!("{server}/{database}"),
            dropped: dropped.map(|drop| (admin, drop)),
            _folder: None,
        })
    }

    /// One on PostgreSQL; a figure that is missed where there is none.
    pub fn on_postgres(&self, figures: &mut Figures) -> Option<Base> {
        let base = self.base("PostgreSQL");
        if base.is_none() {
            figures.not_run("PostgreSQL", "the experiment", "no PostgreSQL on this machine");
        }
        base
    }

    /// A fresh SQLite file.
    pub fn sqlite(&self) -> Base {
        self.base("SQLite").expect("it needs nothing")
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        let Some((admin, statement)) = &self.dropped else { return };
        // The experiment may have left the database stopped: a second panic, or a wait without an end, would take the table with it.
        if thread::panicking() {
            eprintln!("fire: left behind: {statement}");
        } else {
            execute(admin, statement);
        }
    }
}

fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("fire_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
