//! Tokens as their owner, or the server's owner, sees and ends them.

use super::Auth;
use crate::{
    error::AuthError,
    model::{Grant, Issued, NewToken, Token, TokenId, TokenKind, User, UserId},
    secret::Secret,
    store::Revoke,
    strategy::{SanctumPat, Strategy},
};

/// What `users.api_token` is sealed for.
const API_TOKEN: &str = "api-token";
/// The name that document 001 gives the token: `createToken('api-token')`.
const API_TOKEN_NAME: &str = "api-token";
/// How long revocations stay in the log: far longer than any process may go without reading it.
const KEEP_REVOCATIONS: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Which tokens of the user a new api-token puts an end to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiTokenReplaces {
    /// The api-token before it.
    ApiToken,
    /// Every personal access token, as the code in document 001 has it.
    EveryToken,
}

impl Auth {
    /// Issues a token without a password: to somebody who is already known, or by the server's owner.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the user was changed or disabled meanwhile; [`AuthError::Store`].
    pub fn issue(&self, user: &User, grant: &Grant) -> Result<Issued, AuthError> {
        self.strategy.issue(&self.realm, user, grant, false)
    }

    /// Replaces the api-token of document 001: one a user, kept sealed in `users.api_token`.
    ///
    /// # Errors
    /// [`AuthError::Unsupported`] under another strategy than `sanctum_pat`; otherwise as [`Auth::issue`].
    pub fn rotate_api_token(&self, user: &User, replaces: ApiTokenReplaces) -> Result<Issued, AuthError> {
        let Strategy::SanctumPat(strategy) = &self.strategy else {
            return Err(AuthError::Unsupported(self.strategy.kind()));
        };
        let secret = strategy.secret(&self.realm);
        let now = self.realm.now();
        let new = NewToken {
            slot: Some(format!("api-token:{}", user.id)),
            ..SanctumPat::row(user, &Grant::named(API_TOKEN_NAME), &secret, now, false)
        };
        let published = self.realm.keys().seal(API_TOKEN, secret.expose(), self.realm.random());
        let sweep = replaces == ApiTokenReplaces::EveryToken;
        let stored = self.realm.tokens().replace_token(&new, sweep, &published)?;
        self.realm.cache().forget(user.id);
        let token = stored.ok_or(AuthError::WrongCredentials)?;
        Ok(strategy.issued(token, &secret, user.clone(), now))
    }

    /// The current api-token of document 001 in clear, for the meta tag; `None` if there is none any more.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn api_token(&self, user: UserId) -> Result<Option<Secret>, AuthError> {
        let Some(user) = self.realm.users().user(user)? else { return Ok(None) };
        let opened = user.api_token.as_deref().and_then(|sealed| self.realm.keys().open(API_TOKEN, sealed));
        let Some(secret) = opened.map(Secret::new) else { return Ok(None) };
        let row = self.realm.tokens().token_by_digest(TokenKind::Sanctum, &secret.digest())?;
        Ok(row.map(|(token, _)| Secret::new(format!("{}|{}", token.id, secret.expose()))))
    }

    /// A user's tokens in the order of their numbers, with their last use as of now; of one kind, if given.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn tokens(&self, user: UserId, kind: Option<TokenKind>) -> Result<Vec<Token>, AuthError> {
        self.realm.flush_usage()?;
        Ok(self.realm.tokens().tokens_of(user, kind)?)
    }

    /// Ends one token; `owner` restricts it to that user's own.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] if there is no such token, or it is somebody else's; [`AuthError::Store`].
    pub fn revoke(&self, token: TokenId, owner: Option<UserId>) -> Result<(), AuthError> {
        let whose = self.realm.tokens().revoke_token(token, owner, self.realm.now())?;
        let whose = whose.ok_or(AuthError::NotFound)?;
        self.realm.cache().forget(whose);
        Ok(())
    }

    /// Ends several tokens of a user at once; returns how many there were.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn revoke_many(&self, user: UserId, which: Revoke) -> Result<usize, AuthError> {
        let gone = self.realm.tokens().revoke_tokens(user, which, self.realm.now())?;
        self.realm.cache().forget(user);
        Ok(gone)
    }

    /// Deletes what has ended; returns how many tokens went.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn prune(&self) -> Result<usize, AuthError> {
        let now = self.realm.now();
        Ok(self.realm.tokens().prune(now, now - KEEP_REVOCATIONS)?)
    }
}
