//! Counters go that are over, and of each kind those that say least, by one process at a time.
//!
//! Whoever begins takes the turn for some seconds, and each batch asks whether it still has it, which holds the turn's row until
//! the commit: so what was counted before the first batch is never less than what there is, however many want to
//! sweep. A batch locks what it deletes and passes over what somebody else has locked. It waits for nobody, so it meets
//! nobody in a deadlock, and what is counted up meanwhile stays.

use chrono::{NaiveDateTime, TimeDelta};
use countersign_core::{model::Timestamp, throttle::CounterKind};
use diesel::{dsl::count_star, prelude::*};

use crate::store::{
    connection::AnyConnection,
    handle::Handle,
    pool::Failure,
    rows::stored,
    schema::{counter_sweeps, counters},
};

/// How many rows a transaction deletes.
const BATCH: i64 = 1_000;
/// How long the turn is kept: less than the minute between two sweeps of a process, and longer than a batch takes.
const TURN: TimeDelta = TimeDelta::seconds(30);

/// See [`countersign_core::throttle::CounterStore::sweep`].
pub fn run(handle: &Handle, now: Timestamp, most: &[(CounterKind, usize)]) -> Result<(), Failure> {
    let (now, end) = (stored(now), stored(now + TURN));
    let Some(turn) = handle.write(|conn| take_turn(conn, now, end))? else { return Ok(()) };
    while handle.write(|conn| forget_over(conn, turn, now))? {}
    let held: Vec<(i16, i64)> = handle
        .read(|conn| counters::table.group_by(counters::kind).select((counters::kind, count_star())).load(conn))?;
    for (kind, most) in most {
        let rows = held.iter().find(|(number, _)| *number == kind.number()).map_or(0, |(_, rows)| *rows);
        let mut surplus = rows.saturating_sub(i64::try_from(*most).unwrap_or(i64::MAX));
        while surplus > 0 {
            let gone = handle.write(|conn| forget_least(conn, turn, *kind, surplus.min(BATCH)))?;
            if gone == 0 {
                break;
            }
            surplus -= gone;
        }
    }
    Ok(())
}

/// The number of the turn that begins, unless somebody has it. One that ends later than any could was taken by a clock that
/// was wrong.
fn take_turn(conn: &mut AnyConnection, now: NaiveDateTime, end: NaiveDateTime) -> QueryResult<Option<i64>> {
    let is_free = counter_sweeps::held_until.le(now).or(counter_sweeps::held_until.gt(end));
    let next = (counter_sweeps::turn.eq(counter_sweeps::turn + 1), counter_sweeps::held_until.eq(end));
    if diesel::update(counter_sweeps::table.filter(is_free)).set(next).execute(conn)? == 0 {
        return Ok(None);
    }
    counter_sweeps::table.select(counter_sweeps::turn).get_result(conn).map(Some)
}

/// Is it still this turn? Then nobody takes the next before the commit.
fn has_turn(conn: &mut AnyConnection, turn: i64) -> QueryResult<bool> {
    let mine = counter_sweeps::table.filter(counter_sweeps::turn.eq(turn));
    Ok(diesel::update(mine).set(counter_sweeps::turn.eq(turn)).execute(conn)? > 0)
}

/// Deletes some of what is over; `true` if there is more.
fn forget_over(conn: &mut AnyConnection, turn: i64, now: NaiveDateTime) -> QueryResult<bool> {
    if !has_turn(conn, turn)? {
        return Ok(false);
    }
    let over = counters::table.filter(counters::ends_at.le(now)).order(counters::ends_at).limit(BATCH);
    let found: Vec<String> = over.select(counters::id).load(conn)?;
    let is_full = i64::try_from(found.len()).is_ok_and(|found| found == BATCH);
    Ok(forget(conn, &found, |(_, _, ends_at)| *ends_at <= now)? > 0 && is_full)
}

/// Deletes so many of those that say least, and says how many went; none if it is another's turn.
fn forget_least(conn: &mut AnyConnection, turn: i64, kind: CounterKind, most: i64) -> QueryResult<i64> {
    if !has_turn(conn, turn)? {
        return Ok(0);
    }
    let of_kind = counters::table.filter(counters::kind.eq(kind.number()));
    let least = of_kind.order((counters::weight, counters::ends_at)).limit(most).select(COLUMNS);
    let least: Vec<Found> = least.load(conn)?;
    let Some((_, weight, ends_at)) = least.last() else { return Ok(0) };
    let last = (*weight, *ends_at);
    let ids: Vec<String> = least.into_iter().map(|(id, ..)| id).collect();
    forget(conn, &ids, |(_, weight, ends_at)| (*weight, *ends_at) <= last)
}

/// A row: its key, its weight and its end.
type Found = (String, i32, NaiveDateTime);
const COLUMNS: (counters::id, counters::weight, counters::ends_at) =
    (counters::id, counters::weight, counters::ends_at);

/// Deletes those of these rows that nobody has locked and of which `is_to_go` says so still, as they are by then; says how
/// many.
///
/// They are locked by the primary key alone, which is how everybody locks them: whoever holds an entry of another index on `InnoDB`
/// waits for the row, and is waited for.
fn forget(conn: &mut AnyConnection, ids: &[String], is_to_go: impl Fn(&Found) -> bool) -> QueryResult<i64> {
    let rows = counters::table.filter(counters::id.eq_any(ids)).order(counters::id).select(COLUMNS);
    let mut held: Vec<Found> = match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => rows.for_update().skip_locked().load(conn)?,
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => rows.for_update().skip_locked().load(conn)?,
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => rows.load(conn)?,
    };
    held.retain(is_to_go);
    let ids: Vec<&str> = held.iter().map(|(id, ..)| id.as_str()).collect();
    let gone = match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => {
            diesel::delete(counters::table.filter(counters::id.eq_any(&ids))).execute(conn)?
        }
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(conn) => delete_by_key(conn, &ids)?,
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(conn) => {
            diesel::delete(counters::table.filter(counters::id.eq_any(&ids))).execute(conn)?
        }
    };
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

/// One by one, a thousand in a few hundred milliseconds: MariaDB reads a small table from end to end for a list of keys, and
/// waits for every row that somebody has locked.
#[cfg(feature = "mysql")]
fn delete_by_key(conn: &mut diesel::MysqlConnection, ids: &[&str]) -> QueryResult<usize> {
    ids.iter().map(|id| diesel::delete(counters::table.filter(counters::id.eq(id))).execute(conn)).sum()
}
