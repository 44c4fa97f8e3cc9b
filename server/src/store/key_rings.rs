//! Which server keys the database belongs to.

use countersign_core::model::Timestamp;
use diesel::prelude::*;

use super::{connection::AnyConnection, revocations, rows::stored, schema::key_rings};

/// Records `ids`; `Err` with the recorded ones if there are some and none is among `ids`.
pub fn adopt(conn: &mut AnyConnection, ids: &[String], now: Timestamp) -> QueryResult<Result<(), Vec<String>>> {
    // Of two first starts with different rings, the second sees what the first has recorded.
    revocations::lock(conn)?;
    let recorded = recorded(conn)?;
    if let Err(recorded) = compare(&recorded, ids) {
        return Ok(Err(recorded));
    }
    for id in ids.iter().filter(|id| !recorded.contains(id)) {
        diesel::insert_into(key_rings::table)
            .values((key_rings::id.eq(id), key_rings::created_at.eq(stored(now))))
            .execute(conn)?;
    }
    Ok(Ok(()))
}

/// The recorded ones.
pub fn recorded(conn: &mut AnyConnection) -> QueryResult<Vec<String>> {
    key_rings::table.order((key_rings::created_at, key_rings::id)).select(key_rings::id).load(conn)
}

/// `Err` with the recorded ones if there are some and none is among `ids`.
pub fn compare(recorded: &[String], ids: &[String]) -> Result<(), Vec<String>> {
    let is_ours = recorded.is_empty() || ids.iter().any(|id| recorded.contains(id));
    if is_ours { Ok(()) } else { Err(recorded.to_vec()) }
}
