//! Who may administer at this moment, and that somebody still may afterwards.

use std::collections::BTreeSet;

use countersign_core::{
    Role, UserId,
    model::{Mandate, Objection, Step},
};
use diesel::prelude::*;

use super::{
    connection::AnyConnection,
    schema::{administration, users},
};

/// The numbers of all administrators, who stay what they are until the end of the transaction: the first statement takes the
/// one lock that whoever changes them passes by, so that of two who would demote one another the second finds out what the
/// first has done. Locks on the administrators' own rows would be taken in any order, and meet in deadlocks.
fn locked(conn: &mut AnyConnection) -> QueryResult<BTreeSet<i64>> {
    diesel::update(administration::table).set(administration::steps.eq(administration::steps + 1)).execute(conn)?;
    let all = users::table.filter(users::role.eq(Role::Admin.as_str())).filter(users::is_active.eq(true));
    Ok(all.select(users::id).load(conn)?.into_iter().collect())
}

/// Is `by` an administrator? If so, until the end of the transaction.
pub fn admit(conn: &mut AnyConnection, by: UserId) -> QueryResult<bool> {
    Ok(locked(conn)?.contains(&by.0))
}

/// What stands in the way of a step, if anything does. If nothing does, nothing will until the end of the transaction.
pub fn objection(
    conn: &mut AnyConnection,
    mandate: Mandate,
    id: UserId,
    step: &Step,
) -> QueryResult<Option<Objection>> {
    let mut administrators = locked(conn)?;
    if let Mandate::Administrator(by) = mandate
        && !administrators.contains(&by.0)
    {
        return Ok(Some(Objection::NotPermitted));
    }
    let is_last = mandate != Mandate::Owner
        && step.ends_administration()
        && administrators.remove(&id.0)
        && administrators.is_empty();
    Ok(is_last.then_some(Objection::LastAdministrator))
}
