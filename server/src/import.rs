//! Users and tokens of a Django or Laravel application, read from its database and written into ours.
//!
//! The source is read in one snapshot and never written (`source`). Rows are read by pages (`table`), judged one by one
//! (`user`, `token`), and each page is one transaction of the target (`users`, `tokens`) that also records what the rows
//! were like (`ledger`). So a run that was killed is finished by another one, and a later run finds what is new, changed or
//! gone since. Which tables there are, and what a further one needs, stands in `subject`; `work` goes through them.

mod groups;
mod inspect;
mod knox;
mod options;
mod outstanding;
mod page;
mod person;
mod report;
mod reserve;
mod resets;
mod source;
mod subject;
mod table;
mod token;
mod tokens;
mod user;
mod users;
mod value;
mod work;
mod zone;

use chrono::TimeDelta;
use countersign_core::{
    env::{Clock, Random},
    seal::KeyRing,
};
use diesel::QueryResult;

pub use self::{
    inspect::{Inspection, inspect},
    knox::TABLE as KNOX_TABLE,
    options::{Framework, Mode, Options},
    page::{Counts, Finding, Verdict},
    report::{ImportError, Listener, Summary, TableSummary},
    user::UserRules,
    zone::Zone,
};
use self::{
    page::{Run, Seen},
    source::Source,
    work::Work,
};
use crate::store::{Bulk, Store, bulk, imports, rows::stored};

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
    /// How long access tokens in simplejwt's form live.
    pub access_lifetime: TimeDelta,
}

/// Imports.
///
/// # Errors
/// Whatever stops the whole of it; what is wrong with a row is a [`Finding`].
pub fn import(options: &Options, means: &Means, listener: &mut dyn Listener) -> Result<Summary, ImportError> {
    let mut source = Source::open(&options.from)?;
    let tables = work::tables(&mut source, options)?;
    for (_, table) in tables.iter() {
        table.check_keys(&mut source)?;
    }

    let mut notes = inspect::notes(&mut source, options, &tables)?;
    let mut bulk = means.store.bulk(match options.mode {
        Mode::Import => bulk::Mode::Commit,
        Mode::DryRun => bulk::Mode::Rehearse,
        Mode::Check => bulk::Mode::Look,
    })?;
    let now = stored(means.clock.now());
    let source_name = options.source_name()?;
    let is_django = options.rules.framework == Framework::Django;
    if is_django {
        notes.extend(of_other_djangos(&mut bulk, &source_name)?);
    }
    let (number, others) = open_ledger(&mut bulk, &source_name, is_django, now)?;
    if number == 0 || others.is_empty() {
        notes.extend(others.iter().map(|other| {
            format!("there was an import from {other:?} before: if this is the same database, say --source {other:?}")
        }));
    }
    let run = Run {
        source: number,
        now,
        clock: means.clock,
        random: means.random,
        keys: means.keys,
        writes: bulk.writes(),
        access_lifetime: means.access_lifetime,
        seen: Seen::default(),
    };
    let mut work = Work { source, bulk, run, listener, options };
    for (subject, table) in tables.iter() {
        work.guard(table, *subject)?;
    }
    let mut done = Vec::new();
    for (subject, table) in tables.iter() {
        done.push(work.table(table, *subject)?);
    }
    if options.rules.framework == Framework::Laravel {
        notes.extend(resets::bring(&mut work, tables.users())?);
    }
    Ok(Summary { source: source_name, mode: options.mode, tables: done, notes })
}

/// What the owner must know where users of another Django were imported.
fn of_other_djangos(bulk: &mut Bulk, name: &str) -> QueryResult<Option<String>> {
    let mut others = bulk.page(imports::djangos)?;
    others.retain(|other| other != name);
    let others: Vec<String> = others.iter().map(|other| format!("{other:?}")).collect();
    Ok((!others.is_empty()).then(|| {
        format!(
            "users of another Django were imported before ({}): a key that was imported with --simplejwt counts for nobody \
             unless it names its source, which is --source {name:?} for the key of this one",
            others.join(", ")
        )
    }))
}

/// The number of the source, 0 if it is not recorded; and the names of the others.
fn open_ledger(
    bulk: &mut Bulk,
    name: &str,
    is_django: bool,
    now: chrono::NaiveDateTime,
) -> QueryResult<(i64, Vec<String>)> {
    let writes = bulk.writes();
    bulk.page(|conn| {
        let known = imports::find_source(conn, name)?;
        let others = if known.is_none() { imports::sources(conn)? } else { Vec::new() };
        let number = if writes { imports::record_source(conn, name, is_django, now)? } else { known.unwrap_or(0) };
        Ok((number, others))
    })
}
