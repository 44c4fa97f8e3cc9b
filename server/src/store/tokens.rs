//! [`TokenStore`]: tokens, sessions, logins, and the log of revocations.

use countersign_core::{
    Digest, NewToken, Token, TokenId, TokenKind, User, UserId,
    model::Timestamp,
    store::{Revoke, StoreResult, TokenStore},
};
use diesel::{prelude::*, result::Error};

use super::{
    Store,
    connection::AnyConnection,
    revocations,
    rows::{NewTokenRow, TokenRow, UserRow, stored},
    schema::{tokens, users},
    users::lock,
};

/// Rows that go in one transaction of a pruning: few enough that no request waits long for it, even where years have
/// piled up.
const PRUNE_BATCH: i64 = 500;

impl TokenStore for Store {
    fn insert_token(&self, new: &NewToken) -> StoreResult<Option<Token>> {
        Ok(self.0.write(|conn| {
            if !may_mint(conn, new)? {
                return Ok(None);
            }
            insert(conn, new, None).map(Some)
        })?)
    }

    fn find_or_create_token(&self, new: &NewToken) -> StoreResult<Option<Token>> {
        Ok(self.0.write(|conn| {
            if !may_mint(conn, new)? {
                return Ok(None);
            }
            let Some(slot) = new.slot.as_deref() else { return insert(conn, new, None).map(Some) };
            // The user's row is locked, so nobody else fills this user's slot now.
            let in_slot = tokens::table.filter(tokens::slot.eq(slot)).filter(tokens::user_id.eq(new.user_id.0));
            let found: Option<TokenRow> = in_slot.select(TokenRow::as_select()).get_result(conn).optional()?;
            if let Some(row) = found {
                let token = Token::try_from(row)?;
                if !token.is_expired(new.created_at) {
                    return Ok(Some(token));
                }
                diesel::delete(tokens::table.filter(tokens::id.eq(token.id.0))).execute(conn)?;
            }
            insert(conn, new, Some(slot)).map(Some)
        })?)
    }

    fn replace_token(&self, new: &NewToken, sweep: bool, published: &str) -> StoreResult<Option<Token>> {
        Ok(self.0.write(|conn| {
            if !may_mint(conn, new)? {
                return Ok(None);
            }
            let slot = new.slot.as_deref();
            let of_user = tokens::user_id.eq(new.user_id.0);
            if let Some(slot) = slot {
                diesel::delete(tokens::table.filter(of_user).filter(tokens::slot.eq(slot))).execute(conn)?;
            }
            if sweep {
                delete(conn, new.user_id, Revoke::Kind(new.kind))?;
            }
            let token = insert(conn, new, slot)?;
            diesel::update(users::table.filter(users::id.eq(new.user_id.0)))
                .set(users::api_token.eq(published))
                .execute(conn)?;
            revocations::log(conn, new.user_id, new.created_at)?;
            Ok(Some(token))
        })?)
    }

    fn token(&self, id: TokenId) -> StoreResult<Option<(Token, User)>> {
        Ok(self.0.read(|conn| {
            let row = tokens::table
                .inner_join(users::table)
                .filter(tokens::id.eq(id.0))
                .select((TokenRow::as_select(), UserRow::as_select()))
                .get_result(conn);
            with_user(row)
        })?)
    }

    fn token_by_digest(&self, kind: TokenKind, digest: &Digest) -> StoreResult<Option<(Token, User)>> {
        Ok(self.0.read(|conn| {
            let row = tokens::table
                .inner_join(users::table)
                .filter(tokens::digest.eq(digest.to_hex()))
                .filter(tokens::kind.eq(kind.as_str()))
                .select((TokenRow::as_select(), UserRow::as_select()))
                .get_result(conn);
            with_user(row)
        })?)
    }

    fn token_by_family(&self, kind: TokenKind, family: &str) -> StoreResult<Option<(Token, User)>> {
        if family.contains('\0') {
            return Ok(None);
        }
        Ok(self.0.read(|conn| {
            // Nothing makes a family unique; the newest row is the one that is in use. No LIMIT: SQLite plans again at
            // each bound one, and a family has one row or few.
            let rows: Vec<(TokenRow, UserRow)> = tokens::table
                .inner_join(users::table)
                .filter(tokens::family.eq(family))
                .filter(tokens::kind.eq(kind.as_str()))
                .order(tokens::id.desc())
                .select((TokenRow::as_select(), UserRow::as_select()))
                .load(conn)?;
            with_user(rows.into_iter().next().ok_or(Error::NotFound))
        })?)
    }

    fn tokens_of(&self, user: UserId, kind: Option<TokenKind>) -> StoreResult<Vec<Token>> {
        let kinds: Vec<&str> =
            TokenKind::ALL.into_iter().filter(|k| kind.is_none_or(|kind| kind == *k)).map(TokenKind::as_str).collect();
        Ok(self.0.read(|conn| {
            let rows: Vec<TokenRow> = tokens::table
                .filter(tokens::user_id.eq(user.0))
                .filter(tokens::kind.eq_any(&kinds))
                .order(tokens::id)
                .select(TokenRow::as_select())
                .load(conn)?;
            rows.into_iter().map(Token::try_from).collect()
        })?)
    }

    fn revoke_token(&self, id: TokenId, owner: Option<UserId>, now: Timestamp) -> StoreResult<Option<UserId>> {
        Ok(self.0.write(|conn| {
            let row = tokens::table.filter(tokens::id.eq(id.0));
            let found: Option<i64> = row.select(tokens::user_id).get_result(conn).optional()?;
            let Some(user) = found.map(UserId).filter(|user| owner.is_none_or(|owner| owner == *user)) else {
                return Ok(None);
            };
            // Of several callers one deletes the row, and only that one is told so.
            if diesel::delete(row).execute(conn)? == 0 {
                return Ok(None);
            }
            revocations::log(conn, user, now)?;
            Ok(Some(user))
        })?)
    }

    fn revoke_tokens(&self, user: UserId, revoke: Revoke, now: Timestamp) -> StoreResult<usize> {
        Ok(self.0.write(|conn| {
            if !lock(conn, user)? {
                return Ok(0);
            }
            let gone = delete(conn, user, revoke)?;
            revocations::log(conn, user, now)?;
            Ok(gone)
        })?)
    }

    fn touch_tokens(&self, uses: &[(TokenId, Timestamp)]) -> StoreResult<()> {
        if uses.is_empty() {
            return Ok(());
        }
        // In the order of the rows, so that two batches wait for each other instead of meeting in a deadlock.
        let mut uses: Vec<_> = uses.iter().map(|(id, at)| (id.0, stored(*at))).collect();
        uses.sort_unstable();
        Ok(self.0.write(|conn| {
            for (id, at) in &uses {
                let older = tokens::last_used_at.is_null().or(tokens::last_used_at.lt(at));
                diesel::update(tokens::table.filter(tokens::id.eq(id)).filter(older))
                    .set(tokens::last_used_at.eq(at))
                    .execute(conn)?;
            }
            Ok(())
        })?)
    }

    fn prune(&self, now: Timestamp, revocations_before: Timestamp) -> StoreResult<usize> {
        let mut gone = 0;
        loop {
            let batch = self.0.write(|conn| {
                let ended: Vec<i64> = tokens::table
                    .filter(tokens::expires_at.lt(stored(now)))
                    .order(tokens::id)
                    .limit(PRUNE_BATCH)
                    .select(tokens::id)
                    .load(conn)?;
                diesel::delete(tokens::table.filter(tokens::id.eq_any(ended))).execute(conn)
            })?;
            gone += batch;
            if batch == 0 {
                break;
            }
        }
        while self.0.write(|conn| revocations::prune(conn, revocations_before, PRUNE_BATCH))? > 0 {}
        Ok(gone)
    }

    fn revocations(&self, after: i64) -> StoreResult<Vec<(i64, UserId)>> {
        Ok(self.0.read(|conn| revocations::after(conn, after))?)
    }

    fn last_revocation(&self) -> StoreResult<i64> {
        Ok(self.0.read(revocations::last)?)
    }

    fn ping(&self) -> StoreResult<()> {
        // A row that is asked for, not only the connection: SQLite would answer `SELECT 1` without its file.
        let any = |conn: &mut AnyConnection| tokens::table.select(tokens::id).first::<i64>(conn).optional();
        Ok(self.0.read(any).map(drop)?)
    }
}

/// Deletes what `revoke` names of the user's tokens; returns how many went.
pub fn delete(conn: &mut AnyConnection, user: UserId, revoke: Revoke) -> QueryResult<usize> {
    let all = tokens::table.filter(tokens::user_id.eq(user.0));
    match revoke {
        Revoke::Everything => diesel::delete(all).execute(conn),
        Revoke::Kind(kind) => diesel::delete(all.filter(tokens::kind.eq(kind.as_str()))).execute(conn),
        Revoke::AllBut(kept) => diesel::delete(all.filter(tokens::id.ne(kept.0))).execute(conn),
        Revoke::Nothing => Ok(0),
    }
}

/// The first statement of every mint: locks the user's row, if the user still has the generation that was read with
/// the password and is active.
///
/// The lock orders a mint against a recovery: either the mint is first, and the recovery deletes its token, or the
/// recovery is first, and this finds no row.
fn may_mint(conn: &mut AnyConnection, new: &NewToken) -> QueryResult<bool> {
    let user = users::table
        .filter(users::id.eq(new.user_id.0))
        .filter(users::generation.eq(new.generation))
        .filter(users::is_active.eq(true));
    let unchanged = users::generation.eq(users::generation);
    let matched = if new.login {
        diesel::update(user).set((unchanged, users::last_login_at.eq(stored(new.created_at)))).execute(conn)?
    } else {
        diesel::update(user).set(unchanged).execute(conn)?
    };
    Ok(matched == 1)
}

fn insert(conn: &mut AnyConnection, new: &NewToken, slot: Option<&str>) -> QueryResult<Token> {
    let row = NewTokenRow::new(new, slot)?;
    diesel::insert_into(tokens::table).values(&row).execute(conn)?;
    let stored: TokenRow =
        tokens::table.filter(tokens::digest.eq(new.digest.to_hex())).select(TokenRow::as_select()).get_result(conn)?;
    stored.try_into()
}

fn with_user(row: QueryResult<(TokenRow, UserRow)>) -> Result<Option<(Token, User)>, Error> {
    row.optional()?.map(|(token, user)| Ok((token.try_into()?, user.try_into()?))).transpose()
}
