//! The work itself: table by table, page by page. One thread reads and judges, the other writes.

use std::{
    sync::mpsc::{self, SyncSender},
    thread,
    time::{Duration, Instant},
};

use super::{
    ImportError, Listener, Options,
    groups::Groups,
    outstanding,
    page::{Counts, Finding, Outcome, Run},
    report::TableSummary,
    reserve,
    source::Source,
    subject::{Beside, Page, Subject},
    table::{PAGE, Place, Table},
};
use crate::store::{Bulk, revocations};

/// With fewer rows recorded, nobody is asked whether the missing ones are really gone.
const FEW: i64 = 10;
/// Pages that are read and judged before they can be written.
const AHEAD: usize = 2;
/// The most rows of the record that a transaction goes through beside those of a page: where the source has lost many rows in a
/// row, the page is cut.
const MOST: usize = 2 * PAGE;

/// Everything that a run holds in its hands.
pub struct Work<'a> {
    /// The source.
    pub source: Source,
    /// The target.
    pub bulk: Bulk,
    /// What the pages share.
    pub run: Run<'a>,
    /// Who is told.
    pub listener: &'a mut dyn Listener,
    /// What the owner wants.
    pub options: &'a Options,
}

/// The tables that the source has.
pub struct Tables {
    /// That of the users first.
    there: Vec<(Subject, Table)>,
    /// The names of those that it has not.
    missing: Vec<String>,
}

/// Looks which tables the source has.
///
/// # Errors
/// There are no users; a table is not the framework's own; the database's.
pub fn tables(source: &mut Source, options: &Options) -> Result<Tables, ImportError> {
    let framework = options.rules.framework;
    let mut tables = Tables { there: Vec::new(), missing: Vec::new() };
    for subject in Subject::of(framework) {
        let name = subject.table(options);
        if *subject != Subject::Users && source.columns(name)?.is_empty() {
            tables.missing.push(name.to_owned());
            continue;
        }
        let fields = subject.fields(framework);
        let table = Table::find(source, name, subject.key(), fields, subject.renamed(options))?;
        tables.there.push((*subject, table));
    }
    Ok(tables)
}

impl Tables {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &(Subject, Table)> {
        self.there.iter()
    }

    /// The users.
    pub fn users(&self) -> &Table {
        &self.there[0].1
    }

    /// What the owner must know.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let missing = if self.there.len() == 1 { self.missing.as_slice() } else { &[] };
        missing.iter().map(|name| format!("the source has no table {name}: no tokens"))
    }
}

impl Work<'_> {
    /// A source that has lost most of its rows is more likely the wrong one.
    ///
    /// # Errors
    /// It has; the databases'.
    pub fn guard(&mut self, table: &Table, subject: Subject) -> Result<(), ImportError> {
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

    /// Brings a table over.
    ///
    /// # Errors
    /// The databases'; nobody listens.
    pub fn table(&mut self, table: &Table, subject: Subject) -> Result<TableSummary, ImportError> {
        let began = Instant::now();
        let total = u64::try_from(table.count(&mut self.source)?).unwrap_or(0);
        if let Some(numbered) = subject.numbered() {
            let highest = table.highest(&mut self.source)?;
            reserve::reserve(&mut self.bulk, numbered, highest, self.run.random)?;
        }
        let ledger = self.run.ledger(subject);
        let mut counts = Counts::default();
        let is_first = self.bulk.page(|conn| ledger.behind(conn, (i64::MIN + 1, i64::MAX), 0))?.is_none();
        let (source, options) = (&mut self.source, self.options);
        let (bulk, run, listener) = (&mut self.bulk, &mut self.run, &mut *self.listener);
        thread::scope(|scope| {
            let (sender, pages) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || read(source, table, subject, options, &sender));
            for page in pages {
                let mut page: Page = page?;
                loop {
                    let bound = if is_first { None } else { bulk.page(|conn| ledger.behind(conn, page.range, MOST))? };
                    let rest = bound.map(|bound| page.split_off(bound));
                    let outcome = bring(bulk, run, page)?;
                    counts += outcome.counts;
                    for finding in outcome.findings {
                        listener.found(&Finding { table: table.name.clone(), ..finding })?;
                    }
                    run.seen.add(outcome.accepted);
                    match rest {
                        Some(rest) => page = rest,
                        None => break,
                    }
                }
                listener.progress(&table.name, counts.read, total);
            }
            Ok::<_, ImportError>(())
        })?;
        Ok(TableSummary { table: table.name.clone(), counts, seconds: seconds(began.elapsed()) })
    }
}

/// Reads a table and judges its rows, a page after the other, until the last or until nobody takes them any more.
fn read(
    source: &mut Source,
    table: &Table,
    subject: Subject,
    options: &Options,
    pages: &SyncSender<Result<Page, ImportError>>,
) {
    let mut look = || {
        let mut groups = match subject {
            Subject::Users => Some(Groups::find(source, options)?),
            _ => None,
        };
        let mut next = Some(Place::default());
        while let Some(place) = next {
            let rows;
            (rows, next) = table.page(source, &place)?;
            let range = (place.number, next.as_ref().map_or(i64::MAX, |next| next.number));
            let mut beside = Beside::default();
            if let Some(groups) = &mut groups {
                beside.groups = groups.of(source, range)?;
            }
            if subject == Subject::OutstandingTokens {
                beside.blacklisted = outstanding::blacklisted(source, range)?;
            }
            if pages.send(Ok(subject.judge(rows, range, &beside, options))).is_err() {
                break;
            }
        }
        Ok(())
    };
    if let Err(error) = look() {
        // Whoever is not there to hear it has stopped for another reason.
        let _ = pages.send(Err(error));
    }
}

/// Brings a page into the target.
fn bring(bulk: &mut Bulk, run: &Run, page: Page) -> Result<Outcome, ImportError> {
    let commits = bulk.commits();
    let mut outcome = bulk.page(|conn| {
        let outcome = page.write(conn, run)?;
        // At the very end: from the first entry to the commit every other revocation waits. What is taken back is told to
        // nobody.
        if commits {
            revocations::log_all(conn, &outcome.revoked, run.now.and_utc())?;
        }
        Ok(outcome)
    })?;
    outcome.counts.read += page.present.len() as u64;
    outcome.counts += page.refused.counts;
    outcome.findings.extend(page.refused.findings);
    outcome.findings.sort_by_key(|finding| finding.row);
    Ok(outcome)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of some hours")]
fn seconds(duration: Duration) -> f64 {
    duration.as_millis() as f64 / 1000.0
}
