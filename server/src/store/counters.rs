//! The counters of the throttles, where several processes count together.

use std::cell::RefCell;

use chrono::NaiveDateTime;
use countersign_core::{
    model::Timestamp,
    store::StoreResult,
    throttle::{CounterRow, CounterStore, Counters},
};
use diesel::{dsl::count_star, prelude::*};

use super::{Store, connection::AnyConnection, rows::stored, schema::counters};

/// How many rows a transaction deletes.
const BATCH: i64 = 1_000;

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = counters, treat_none_as_default_value = false)]
struct Row<'a> {
    id: &'a str,
    state: &'a str,
    weight: i32,
    ends_at: NaiveDateTime,
}

impl<'a> Row<'a> {
    fn of(id: &'a str, row: &'a CounterRow) -> Self {
        Self { id, state: &row.state, weight: row.weight, ends_at: stored(row.ends_at) }
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

    fn sweep(&self, now: Timestamp, most: usize) -> StoreResult<()> {
        let now = stored(now);
        while self.0.write(|conn| forget_over(conn, now))? == BATCH {}
        let rows = self.0.read(|conn| counters::table.select(count_star()).get_result::<i64>(conn))?;
        let mut surplus = rows.saturating_sub(i64::try_from(most).unwrap_or(i64::MAX));
        while surplus > 0 {
            if self.0.write(|conn| forget_least(conn, surplus.min(BATCH)))? == 0 {
                break;
            }
            surplus -= BATCH;
        }
        Ok(())
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

/// Deletes some of what is over, and says how many.
fn forget_over(conn: &mut AnyConnection, now: NaiveDateTime) -> QueryResult<i64> {
    let over = counters::ends_at.le(now);
    let ids: Vec<String> =
        counters::table.filter(over).order(counters::ends_at).limit(BATCH).select(counters::id).load(conn)?;
    // One that was counted anew meanwhile is not over any more.
    diesel::delete(counters::table.filter(counters::id.eq_any(&ids)).filter(over)).execute(conn)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Deletes so many of those that say least, and says how many.
fn forget_least(conn: &mut AnyConnection, most: i64) -> QueryResult<usize> {
    let least = counters::table.order((counters::weight, counters::ends_at)).limit(most);
    let ids: Vec<String> = least.select(counters::id).load(conn)?;
    diesel::delete(counters::table.filter(counters::id.eq_any(&ids))).execute(conn)
}
