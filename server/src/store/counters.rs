//! The counters of the throttles, where several processes count together.

mod sweep;

use std::cell::RefCell;

use chrono::NaiveDateTime;
use countersign_core::{
    model::Timestamp,
    store::StoreResult,
    throttle::{CounterKind, CounterRow, CounterStore, Counters},
};
use diesel::{dsl::sql, prelude::*, sql_types};

use super::{Store, connection::AnyConnection, rows::stored, schema::counters};

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = counters, treat_none_as_default_value = false)]
struct Row<'a> {
    id: &'a str,
    kind: i16,
    state: &'a str,
    weight: i32,
    ends_at: NaiveDateTime,
}

impl<'a> Row<'a> {
    fn of(id: &'a str, row: &'a CounterRow) -> Self {
        Self { id, kind: row.kind.number(), state: &row.state, weight: row.weight, ends_at: stored(row.ends_at) }
    }
}

impl CounterStore for Store {
    fn edit(&self, keys: &[&str], edit: &mut dyn FnMut(&mut Counters)) -> StoreResult<()> {
        let edit = RefCell::new(edit);
        // Who inserts a row that somebody else has just inserted finds it at the next run.
        Ok(self.0.write_contended(|conn| {
            relax(conn)?;
            let mut rows = Counters::new(take(conn, keys)?);
            (*edit.borrow_mut())(&mut rows);
            for (id, row, exists) in rows.changes() {
                let row = Row::of(id, row);
                if exists {
                    diesel::update(counters::table.filter(counters::id.eq(id))).set(row).execute(conn)?;
                } else {
                    diesel::insert_into(counters::table).values(row).execute(conn)?;
                }
            }
            Ok(())
        })?)
    }

    fn sweep(&self, now: Timestamp, most: &[(CounterKind, usize)]) -> StoreResult<()> {
        Ok(sweep::run(&self.0, now, most)?)
    }

    fn moment(&self) -> StoreResult<Timestamp> {
        Ok(self.0.read(moment)?.and_utc())
    }
}

/// A counter that a crash takes back is no loss worth a sync of the disk. SQLite and MySQL have no such thing for one
/// transaction.
fn relax(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => {
            diesel::connection::SimpleConnection::batch_execute(conn, "SET LOCAL synchronous_commit TO OFF")
        }
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(_) => Ok(()),
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// What time it is in the database. SQLite has that of this machine, as have all who open the file.
fn moment(conn: &mut AnyConnection) -> QueryResult<NaiveDateTime> {
    let asked = |now: &str| diesel::select(sql::<sql_types::Timestamp>(now));
    match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => asked("clock_timestamp() AT TIME ZONE 'UTC'").get_result(conn),
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => asked("UTC_TIMESTAMP(6)").get_result(conn),
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => asked("strftime('%Y-%m-%d %H:%M:%f', 'now')").get_result(conn),
    }
}

/// What is stored under these keys, which nobody else changes until the commit. SQLite has one writer.
fn take(conn: &mut AnyConnection, keys: &[&str]) -> QueryResult<Vec<(String, String)>> {
    let rows = counters::table.filter(counters::id.eq_any(keys));
    let rows = rows.order(counters::id).select((counters::id, counters::state));
    match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => rows.for_update().load(conn),
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => rows.for_update().load(conn),
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => rows.load(conn),
    }
}
