//! [`HolderStore`]: tokens with their users, which stand side by side here.

use std::sync::Arc;

use countersign_core::{
    User,
    store::{Held, HolderStore, StoreResult, TokenKey},
};
use diesel::prelude::*;

use super::{
    Store,
    connection::{AnyConnection, natively},
    rows::{TokenRow, UserRow},
    schema::{tokens, users},
};

type Row = (TokenRow, Option<UserRow>);

impl HolderStore for Store {
    fn at_once(&self) -> Option<Arc<dyn HolderStore>> {
        Some(Arc::new(Self(self.0.at_once()?)))
    }

    fn held(&self, key: TokenKey<'_>) -> StoreResult<Option<Held>> {
        let both = || tokens::table.left_join(users::table.on(users::id.eq(tokens::user_id)));
        Ok(self.0.read(|conn| {
            let found: Option<Row> = match key {
                TokenKey::Number(id) => {
                    let of_number = both().filter(tokens::id.eq(id.0));
                    natively!(conn, |own| of_number.select(Row::as_select()).get_result(own)).optional()?
                }
                TokenKey::Digest(kind, digest) => {
                    let with_digest =
                        both().filter(tokens::kind.eq(kind.as_str())).filter(tokens::digest.eq(digest.to_hex()));
                    natively!(conn, |own| with_digest.select(Row::as_select()).get_result(own)).optional()?
                }
                TokenKey::Family(_, family) if family.contains('\0') => None,
                TokenKey::Family(kind, family) => {
                    // As in `token_by_family`.
                    let of_family = both().filter(tokens::family.eq(family)).filter(tokens::kind.eq(kind.as_str()));
                    let newest = of_family.order(tokens::id.desc());
                    natively!(conn, |own| newest.select(Row::as_select()).get_result(own)).optional()?
                }
            };
            found
                .map(|(token, user)| Ok(Held { token: token.try_into()?, user: user.map(User::try_from).transpose()? }))
                .transpose()
        })?)
    }
}
