//! [`TokenStore`]: tokens, sessions, logins, and the log of revocations.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use countersign_core::{
    Digest, NewToken, Token, TokenId, TokenKind, UserId,
    model::Timestamp,
    store::{Adopted, Connections, Noted, Origin, Revocation, Revoke, StoreResult, TokenStore},
};
use diesel::{prelude::*, result::Error};

use super::{
    Store,
    connection::{self, AnyConnection, natively},
    old_resets, outstanding,
    pool::Failure,
    revocations,
    rows::{NewTokenRow, TokenRow, stored},
    schema::tokens,
    subjects,
};

/// Rows that go in one transaction of a pruning: few enough that no request waits long for it, even where years have
/// piled up.
const PRUNE_BATCH: i64 = 500;

/// How long a token of Knox's is kept when its end is over: the application that it came from may have put that off, and an
/// import finds out. Whoever was revoked has no row any more.
const KNOX_KEPT: TimeDelta = TimeDelta::days(30);

impl TokenStore for Store {
    fn at_once(&self) -> Option<Arc<dyn TokenStore>> {
        Some(Arc::new(Self(self.0.at_once()?)))
    }

    fn connections(&self) -> Option<Connections> {
        Some(self.0.state())
    }

    fn generation(&self, user: UserId) -> StoreResult<i64> {
        Ok(self.0.read(|conn| subjects::generation(conn, user))?)
    }

    fn insert_token(&self, new: &NewToken) -> StoreResult<Option<Token>> {
        Ok(self.0.write_contended(|conn| {
            if !subjects::admit(conn, new)? {
                return Ok(None);
            }
            insert(conn, new, None).map(Some)
        })?)
    }

    fn find_or_create_token(&self, new: &NewToken) -> StoreResult<Option<Token>> {
        Ok(self.0.write_contended(|conn| {
            if !subjects::admit(conn, new)? {
                return Ok(None);
            }
            let Some(slot) = new.slot.as_deref() else { return insert(conn, new, None).map(Some) };
            // The subject's row is locked, so nobody else fills this user's slot now.
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

    fn replace_token(&self, new: &NewToken, sweep: bool) -> StoreResult<Option<Token>> {
        Ok(self.0.write_contended(|conn| {
            if !subjects::admit(conn, new)? {
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
            revocations::log(conn, new.user_id, new.created_at)?;
            Ok(Some(token))
        })?)
    }

    fn token(&self, id: TokenId) -> StoreResult<Option<Token>> {
        Ok(self.0.read(|conn| {
            let of_number = tokens::table.filter(tokens::id.eq(id.0));
            present(natively!(conn, |own| of_number.select(TokenRow::as_select()).get_result(own)))
        })?)
    }

    fn token_by_digest(&self, kind: TokenKind, digest: &Digest) -> StoreResult<Option<Token>> {
        Ok(self.0.read(|conn| {
            let of_kind = tokens::table.filter(tokens::kind.eq(kind.as_str()));
            let with_digest = of_kind.filter(tokens::digest.eq(digest.to_hex()));
            present(natively!(conn, |own| with_digest.select(TokenRow::as_select()).get_result(own)))
        })?)
    }

    fn token_by_family(&self, kind: TokenKind, family: &str) -> StoreResult<Option<Token>> {
        if family.contains('\0') {
            return Ok(None);
        }
        Ok(self.0.read(|conn| {
            // Nothing makes a family unique; the newest row is the one that is in use. No LIMIT: SQLite plans again at
            // each bound one, and a family has one row or few.
            let of_family = tokens::table.filter(tokens::family.eq(family)).filter(tokens::kind.eq(kind.as_str()));
            let newest = of_family.order(tokens::id.desc());
            present(natively!(conn, |own| newest.select(TokenRow::as_select()).get_result(own)))
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

    fn origin(&self, user: UserId, source: Option<&str>) -> StoreResult<Option<Origin>> {
        Ok(self.0.read(|conn| outstanding::origin(conn, user, source))?)
    }

    fn noted(&self, digest: &Digest) -> StoreResult<Option<Noted>> {
        Ok(self.0.read(|conn| outstanding::noted(conn, digest))?)
    }

    fn adopt_token(&self, new: &NewToken, until: Timestamp) -> StoreResult<Adopted> {
        Ok(self.0.write_contended(|conn| outstanding::adopt(conn, new, until))?)
    }

    fn rotate_token(&self, id: TokenId, from: i64, now: Timestamp, expires_at: Timestamp) -> StoreResult<bool> {
        let unchanged = tokens::table.filter(tokens::id.eq(id.0)).filter(tokens::rotation.eq(from));
        Ok(self.0.write_contended(|conn| {
            let next = (
                tokens::rotation.eq(from + 1),
                tokens::rotated_at.eq(stored(now)),
                tokens::expires_at.eq(connection::token_end(conn, stored(expires_at))),
            );
            diesel::update(unchanged).set(next).execute(conn)
        })? == 1)
    }

    fn has_slots(&self, prefix: &str) -> StoreResult<bool> {
        // The character behind the colon.
        let behind = format!("{};", prefix.trim_end_matches(':'));
        let found = self.0.read(|conn| {
            let within = tokens::table.filter(tokens::slot.ge(prefix)).filter(tokens::slot.lt(&behind));
            within.select(tokens::id).first::<i64>(conn).optional()
        })?;
        Ok(found.is_some())
    }

    fn extend_token(&self, id: TokenId, from: Timestamp, to: Timestamp) -> StoreResult<bool> {
        let unchanged = tokens::table.filter(tokens::id.eq(id.0)).filter(tokens::expires_at.eq(stored(from)));
        Ok(self.0.write_contended(|conn| {
            let later = tokens::expires_at.eq(connection::token_end(conn, stored(to)));
            diesel::update(unchanged).set(later).execute(conn)
        })? == 1)
    }

    fn revoke_token(&self, id: TokenId, owner: Option<UserId>, now: Timestamp) -> StoreResult<Option<UserId>> {
        let revoked = self.0.write_contended(|conn| {
            let row = tokens::table.filter(tokens::id.eq(id.0));
            let found: Option<i64> = row.select(tokens::user_id).get_result(conn).optional()?;
            let Some(user) = found.map(UserId).filter(|user| owner.is_none_or(|owner| owner == *user)) else {
                return Ok(None);
            };
            subjects::raise(conn, user)?;
            // Of several callers one deletes the row, and only that one is told so; the others take back the raise.
            if diesel::delete(row).execute(conn)? == 0 {
                return Err(Error::RollbackTransaction);
            }
            revocations::log(conn, user, now)?;
            Ok(Some(user))
        });
        match revoked {
            Err(Failure::Query(Error::RollbackTransaction)) => Ok(None),
            outcome => Ok(outcome?),
        }
    }

    fn revoke_tokens(&self, user: UserId, revoke: Revoke, now: Timestamp) -> StoreResult<usize> {
        Ok(self.0.write_contended(|conn| {
            if ends_logins(revoke) {
                subjects::end(conn, user, stored(now))?;
            } else {
                subjects::raise(conn, user)?;
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
        let (now, long_ago) = (stored(now), stored(now - KNOX_KEPT));
        let (mut gone, mut from) = (0, stored(Timestamp::UNIX_EPOCH + TimeDelta::days(1)));
        loop {
            // Found by index and without the lock that writers wait for; only the deletion takes it.
            let ended: Vec<(i64, Option<NaiveDateTime>)> = self.0.read(|conn| {
                let is_over = tokens::kind.ne(TokenKind::Knox.as_str()).or(tokens::expires_at.lt(long_ago));
                let ended = tokens::table.filter(tokens::expires_at.lt(now)).filter(is_over);
                // What is kept is looked at once.
                let ended = ended.filter(tokens::expires_at.ge(from)).order(tokens::expires_at).limit(PRUNE_BATCH);
                ended.select((tokens::id, tokens::expires_at)).load(conn)
            })?;
            let Some((_, last)) = ended.last() else { break };
            from = last.unwrap_or(now);
            let ended: Vec<i64> = ended.iter().map(|(id, _)| *id).collect();
            gone +=
                self.0.write(|conn| diesel::delete(tokens::table.filter(tokens::id.eq_any(&ended))).execute(conn))?;
        }
        loop {
            let ended = self.0.read(|conn| outstanding::older(conn, now, PRUNE_BATCH))?;
            if ended.is_empty() {
                break;
            }
            self.0.write(|conn| outstanding::forget(conn, &ended))?;
        }
        let mailed_before = now - old_resets::LIFE;
        loop {
            let old = self.0.read(|conn| old_resets::older(conn, mailed_before, PRUNE_BATCH))?;
            if old.is_empty() {
                break;
            }
            self.0.write(|conn| old_resets::forget(conn, &old, mailed_before))?;
        }
        loop {
            let old = self.0.read(|conn| revocations::older(conn, revocations_before, PRUNE_BATCH))?;
            if old.is_empty() {
                return Ok(gone);
            }
            self.0.write(|conn| revocations::forget(conn, &old))?;
        }
    }

    fn revocations_from(&self, from: i64) -> StoreResult<Vec<Revocation>> {
        Ok(self.0.read_aside(|conn| revocations::from(conn, from))?)
    }

    fn last_revocation(&self) -> StoreResult<i64> {
        Ok(self.0.read_aside(revocations::last)?)
    }

    fn ping(&self) -> StoreResult<()> {
        // A row that is asked for, not only the connection: SQLite would answer `SELECT 1` without its file.
        let any = |conn: &mut AnyConnection| tokens::table.select(tokens::id).first::<i64>(conn).optional();
        Ok(self.0.read_aside(any).map(drop)?)
    }
}

/// Are all logins of the JWT pair among what is revoked?
const fn ends_logins(revoke: Revoke) -> bool {
    match revoke {
        Revoke::Everything => true,
        Revoke::Kind(kind) => matches!(kind, TokenKind::Jwt),
        Revoke::One(_) | Revoke::Nothing => false,
    }
}

/// Deletes what `revoke` names of the user's tokens; returns how many went.
fn delete(conn: &mut AnyConnection, user: UserId, revoke: Revoke) -> QueryResult<usize> {
    let all = tokens::table.filter(tokens::user_id.eq(user.0));
    match revoke {
        Revoke::Everything => diesel::delete(all).execute(conn),
        Revoke::Kind(kind) => diesel::delete(all.filter(tokens::kind.eq(kind.as_str()))).execute(conn),
        Revoke::One(id) => diesel::delete(all.filter(tokens::id.eq(id.0))).execute(conn),
        Revoke::Nothing => Ok(0),
    }
}

pub(super) fn insert(conn: &mut AnyConnection, new: &NewToken, slot: Option<&str>) -> QueryResult<Token> {
    let row = NewTokenRow::new(conn, new, slot)?;
    diesel::insert_into(tokens::table).values(&row).execute(conn)?;
    let stored: TokenRow =
        tokens::table.filter(tokens::digest.eq(new.digest.to_hex())).select(TokenRow::as_select()).get_result(conn)?;
    stored.try_into()
}

fn present(row: QueryResult<TokenRow>) -> QueryResult<Option<Token>> {
    row.optional()?.map(Token::try_from).transpose()
}
