//! Users and tokens of a Django or Laravel application, read from its database and written into ours.
//!
//! The source is read in one snapshot and never written. Rows are read by pages of a thousand (`table`), judged one by one
//! (`user`, `token`), and each page is one transaction of the target (`users`, `tokens`) that also records what the rows
//! were like (`ledger`). So a run that was killed is finished by another one, and a later run finds what is new, changed or
//! gone since.

mod groups;
mod inspect;
mod ledger;
mod marks;
mod page;
mod person;
mod reserve;
mod source;
mod table;
mod token;
mod tokens;
mod user;
mod users;
mod value;

use std::time::{Duration, Instant};

use chrono::FixedOffset;
use countersign_core::{
    UserId,
    env::{Clock, Random},
    seal::KeyRing,
};
use diesel::QueryResult;
use serde::Serialize;

pub(crate) use self::users::record::rehashed;
pub use self::{
    inspect::{Inspection, inspect},
    page::{Counts, Finding, Verdict},
    user::UserRules,
};
use self::{
    ledger::Subject,
    page::{Outcome, Run, Seen},
    reserve::Numbered,
    source::{Row, Source},
    table::{Field, Table},
    token::Bearer,
    value::Unreadable,
};
use crate::{
    config::DatabaseUrl,
    store::{Bulk, OpenError, Store, bulk, connection::AnyConnection, pool::one_line, revocations, rows::stored},
};

/// With fewer rows recorded, nobody is asked whether the missing ones are really gone.
const FEW: i64 = 10;
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

    const fn user_fields(self) -> &'static [Field] {
        match self {
            Self::Django => user::DJANGO,
            Self::Laravel => user::LARAVEL,
        }
    }

    /// Its table of tokens: the name, the columns, and what it is in the record.
    const fn token_table(self) -> (&'static str, &'static [Field], Subject) {
        match self {
            Self::Django => ("authtoken_token", token::AUTHTOKEN, Subject::AuthTokens),
            Self::Laravel => ("personal_access_tokens", token::PERSONAL, Subject::PersonalAccessTokens),
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
    fn source_name(&self) -> Result<String, ImportError> {
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

/// Why an import did not happen, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// In words for the owner.
    #[error("{0}")]
    Because(String),
    /// The target.
    #[error(transparent)]
    Target(#[from] OpenError),
    /// A database in the middle of it.
    #[error("{}", one_line(&.0.to_string()))]
    Database(#[from] diesel::result::Error),
    /// Nobody takes what is said.
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// Who is told what happens while it does.
pub trait Listener {
    /// A sentence about a row.
    ///
    /// # Errors
    /// Nobody takes it: the import stops.
    fn found(&mut self, finding: &Finding) -> Result<(), ImportError>;

    /// How many rows of a table were read, of how many.
    fn progress(&mut self, table: &str, read: u64, of: u64);
}

/// What became of a table.
#[derive(Debug, Clone, Serialize)]
pub struct TableSummary {
    /// The source's table.
    pub table: String,
    /// In numbers.
    #[serde(flatten)]
    pub counts: Counts,
    /// How long it took.
    pub seconds: f64,
}

/// What became of all.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The name of the source.
    pub source: String,
    /// What became of what was read.
    pub mode: Mode,
    /// A table each.
    pub tables: Vec<TableSummary>,
    /// What is not imported at all, or must be known, a sentence each.
    pub notes: Vec<String>,
}

impl Summary {
    /// Rows that were not imported.
    pub fn refused(&self) -> u64 {
        self.tables.iter().map(|table| table.counts.refused).sum()
    }
}

/// Whom the import asks for what is not in the databases.
pub struct Means<'a> {
    /// The target.
    pub store: &'a Store,
    /// Its keys.
    pub keys: &'a KeyRing,
    /// The time.
    pub clock: &'a dyn Clock,
    /// For ids and nonces.
    pub random: &'a dyn Random,
}

/// Imports.
///
/// # Errors
/// Whatever stops the whole of it; what is wrong with a row is a [`Finding`].
pub fn import(options: &Options, means: &Means, listener: &mut dyn Listener) -> Result<Summary, ImportError> {
    let framework = options.rules.framework;
    let mut source = Source::open(&options.from)?;
    let users = Table::find(&mut source, &options.user_table, framework.user_fields(), &options.columns)?;
    users.check_numbers(&mut source)?;
    let (name, fields, subject) = framework.token_table();
    let tokens =
        if source.columns(name)?.is_empty() { None } else { Some(Table::find(&mut source, name, fields, &[])?) };
    if let Some(tokens) = &tokens {
        tokens.check_numbers(&mut source)?;
    }

    let mut notes = inspect::notes(&mut source, options, &users)?;
    let mut bulk = means.store.bulk(match options.mode {
        Mode::Import => bulk::Mode::Commit,
        Mode::DryRun => bulk::Mode::Rehearse,
        Mode::Check => bulk::Mode::Look,
    })?;
    let now = stored(means.clock.now());
    let source_name = options.source_name()?;
    let (number, others) = open_ledger(&mut bulk, &source_name, now)?;
    if number == 0 || others.is_empty() {
        notes.extend(others.iter().map(|other| {
            format!("there was an import from {other:?} before: if this is the same database, say --source {other:?}")
        }));
    }
    let run = Run {
        source: number,
        now,
        random: means.random,
        keys: means.keys,
        writes: bulk.writes(),
        seen: Seen::default(),
    };
    let mut work = Work { source, bulk, run, listener, options };
    let mut tables = vec![(&users, Subject::Users)];
    tables.extend(tokens.as_ref().map(|tokens| (tokens, subject)));
    for (table, subject) in &tables {
        work.guard(table, *subject)?;
    }
    let mut done = Vec::new();
    for (table, subject) in tables {
        done.push(work.table(table, subject)?);
    }
    if done.len() == 1 {
        notes.push(format!("the source has no table {name}: no tokens"));
    }
    Ok(Summary { source: source_name, mode: options.mode, tables: done, notes })
}

/// The number of the source, 0 if it is not recorded; and the names of the others.
fn open_ledger(bulk: &mut Bulk, name: &str, now: chrono::NaiveDateTime) -> QueryResult<(i64, Vec<String>)> {
    let writes = bulk.writes();
    bulk.page(|conn| {
        let known = ledger::find_source(conn, name)?;
        let others = if known.is_none() { ledger::sources(conn)? } else { Vec::new() };
        let number = if writes { ledger::record_source(conn, name, now)? } else { known.unwrap_or(0) };
        Ok((number, others))
    })
}

struct Work<'a> {
    source: Source,
    bulk: Bulk,
    run: Run<'a>,
    listener: &'a mut dyn Listener,
    options: &'a Options,
}

impl Work<'_> {
    /// A source that has lost most of its rows is more likely the wrong one.
    fn guard(&mut self, table: &Table, subject: Subject) -> Result<(), ImportError> {
        let there = table.count(&mut self.source)?;
        let ledger = self.run.ledger(subject);
        let recorded = self.bulk.page(|conn| ledger.count(conn))?;
        if recorded >= FEW && there < recorded / 2 && !self.options.end_many {
            return Err(ImportError::Because(format!(
                "{} has {there} rows, and {recorded} were imported from it: the others would be ended here. If they are \
                 really gone, say --end-many",
                table.name
            )));
        }
        Ok(())
    }

    fn table(&mut self, table: &Table, subject: Subject) -> Result<TableSummary, ImportError> {
        let began = Instant::now();
        let total = u64::try_from(table.count(&mut self.source)?).unwrap_or(0);
        let numbered = match subject {
            Subject::Users => Some(Numbered::Users),
            Subject::PersonalAccessTokens => Some(Numbered::Tokens),
            Subject::AuthTokens => None,
        };
        if let Some(numbered) = numbered {
            let highest = table.highest(&mut self.source)?;
            reserve::reserve(&mut self.bulk, numbered, highest, self.run.random)?;
        }
        let mut groups = groups::Groups::find(&mut self.source, self.options)?;
        let mut counts = Counts::default();
        let mut after = i64::MIN + 1;
        loop {
            let rows = table.page(&mut self.source, after)?;
            let rows = numbered_rows(rows, table)?;
            let last = rows.last().map_or(i64::MAX, |(number, _)| *number);
            let range = (after, last);
            let outcome = match subject {
                Subject::Users => {
                    let groups = groups.of(&mut self.source, range)?;
                    self.users(rows, range, &groups)?
                }
                _ => self.tokens(rows, range, subject)?,
            };
            counts += outcome.counts;
            for finding in outcome.findings {
                self.listener.found(&Finding { table: table.name.clone(), ..finding })?;
            }
            self.run.seen.add(outcome.accepted);
            self.listener.progress(&table.name, counts.read, total);
            if last == i64::MAX {
                break;
            }
            after = last;
        }
        Ok(TableSummary { table: table.name.clone(), counts, seconds: seconds(began.elapsed()) })
    }

    fn users(
        &mut self,
        rows: Vec<(i64, Row)>,
        range: (i64, i64),
        groups: &std::collections::HashMap<i64, Vec<String>>,
    ) -> Result<Outcome, ImportError> {
        let rules = &self.options.rules;
        let judge = |id: i64, row: Row| {
            user::number(Some(&id.to_string()))?;
            let groups = groups.get(&id).map(Vec::as_slice).unwrap_or_default();
            user::judge(id, row, groups, rules).map(|judged| (id, judged))
        };
        self.page(rows, judge, |conn, run, judged, present| users::page(conn, run, judged, range, present))
    }

    fn tokens(&mut self, rows: Vec<(i64, Row)>, range: (i64, i64), subject: Subject) -> Result<Outcome, ImportError> {
        let (offset, models): (FixedOffset, _) = (self.options.rules.offset, &self.options.models);
        let judge = |id: i64, row: Row| {
            user::number(Some(&id.to_string()))?;
            match subject {
                Subject::PersonalAccessTokens => token::of_laravel(id, row, models, offset),
                _ => token::of_django(id, row, offset),
            }
        };
        let write = |conn: &mut AnyConnection, run: &Run, bearers: &[Bearer], present: &[i64]| {
            tokens::page(conn, run, subject, bearers, range, present)
        };
        self.page(rows, judge, write)
    }

    /// Judges a page and brings it into the target.
    fn page<T>(
        &mut self,
        rows: Vec<(i64, Row)>,
        judge: impl Fn(i64, Row) -> Result<T, Unreadable>,
        write: impl Fn(&mut AnyConnection, &Run, &[T], &[i64]) -> QueryResult<Outcome>,
    ) -> Result<Outcome, ImportError> {
        let present: Vec<i64> = rows.iter().map(|(number, _)| *number).collect();
        let (mut judged, mut refused) = (Vec::with_capacity(rows.len()), Outcome::default());
        for (number, row) in rows {
            match judge(number, row) {
                Ok(one) => judged.push(one),
                Err(Unreadable(reason)) => refused.say(Verdict::Refused, number, None, reason, None),
            }
        }
        let (run, commits) = (&self.run, self.bulk.commits());
        let mut outcome = self.bulk.page(|conn| {
            let outcome = write(conn, run, &judged, &present)?;
            // At the very end: from the first entry to the commit every other revocation waits. What is taken back is
            // told to nobody.
            for user in outcome.revoked.iter().filter(|_| commits) {
                revocations::log(conn, UserId(*user), run.now.and_utc())?;
            }
            Ok(outcome)
        })?;
        outcome.counts.read += present.len() as u64;
        outcome.counts += refused.counts;
        outcome.findings.extend(refused.findings);
        outcome.findings.sort_by_key(|finding| finding.row);
        Ok(outcome)
    }
}

/// The rows with their numbers.
fn numbered_rows(rows: Vec<Row>, table: &Table) -> Result<Vec<(i64, Row)>, ImportError> {
    let numbered = |mut row: Row| {
        let text = row.take(0);
        let number = text.as_deref().and_then(|text| text.parse().ok());
        let shown = text.unwrap_or_default();
        number.map(|number| (number, row)).ok_or_else(|| {
            ImportError::Because(format!("{} has a row whose number is {shown:?}: it is no whole number", table.name))
        })
    };
    rows.into_iter().map(numbered).collect()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of some hours")]
fn seconds(duration: Duration) -> f64 {
    duration.as_millis() as f64 / 1000.0
}
