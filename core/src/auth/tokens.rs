//! Tokens as their owner, or the server's owner, sees and ends them.

use std::time::Duration;

use super::Auth;
use crate::{
    deadline,
    error::AuthError,
    model::{Grant, Issued, NewToken, Subject, Token, TokenId, TokenKind, UserChange, UserId, Verified},
    secret::Secret,
    store::Revoke,
    strategy::{SanctumPat, Strategy},
};

/// The name that document 001 gives the token: `createToken('api-token')`.
const API_TOKEN_NAME: &str = "api-token";

/// How often an api-token is replaced while others replace it at the same moment.
const ROTATION_TRIES: usize = 3;
/// When it may be worth another try after that.
const ROTATION_AGAIN: Duration = Duration::from_secs(1);

/// Which tokens of the user a new api-token puts an end to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiTokenReplaces {
    /// The api-token before it.
    ApiToken,
    /// Every personal access token, as the code in document 001 has it.
    EveryToken,
}

impl Auth {
    /// Issues a token to somebody who is known.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the proof no longer holds; [`AuthError::Store`].
    pub fn issue(&self, subject: &Subject, grant: &Grant) -> Result<Issued, AuthError> {
        self.strategy.issue(&self.realm, subject, grant)
    }

    /// Issues a token to the caller that may do no more than the credential they came with, and lives no longer than the
    /// token it was; what is made in a browser session outlives the session.
    ///
    /// # Errors
    /// [`AuthError::Forbidden`] if it would; [`AuthError::Token`] if the caller's was revoked meanwhile;
    /// [`AuthError::Store`].
    pub fn issue_within(&self, caller: &Verified, grant: &Grant) -> Result<Issued, AuthError> {
        let own = &caller.token.abilities;
        if !grant.abilities.0.iter().all(|ability| own.can(ability)) {
            return Err(AuthError::Forbidden);
        }
        let own_end = caller.expires_at.filter(|_| caller.token.kind != TokenKind::Session);
        let expires_at = [grant.expires_at, own_end].into_iter().flatten().min();
        self.issue(&self.subject(caller)?, &Grant { expires_at, ..grant.clone() })
    }

    /// Replaces the api-token of document 001: one a user, kept sealed in `users.api_token`.
    ///
    /// # Errors
    /// [`AuthError::Unsupported`] under another strategy than `sanctum_pat`; otherwise as [`Auth::issue`].
    pub fn rotate_api_token(&self, subject: &Subject, replaces: ApiTokenReplaces) -> Result<Issued, AuthError> {
        let Strategy::SanctumPat(strategy) = &self.strategy else {
            return Err(AuthError::Unsupported(self.strategy.kind()));
        };
        for _ in 0..ROTATION_TRIES {
            let (secret, token) = self.replace_api_token(strategy, subject, replaces)?;
            // Of two rotations at once the later may have published first: then this copy is of a dead token.
            if self.realm.tokens().token(token.id)?.is_some() {
                return Ok(strategy.issued(&self.realm, token, &secret, subject));
            }
        }
        Err(AuthError::Busy { retry_after: ROTATION_AGAIN })
    }

    /// Stores a new api-token in the place of the old one, and its sealed copy with the user.
    fn replace_api_token(
        &self,
        strategy: &SanctumPat,
        subject: &Subject,
        replaces: ApiTokenReplaces,
    ) -> Result<(Secret, Token), AuthError> {
        let realm = &self.realm;
        let secret = strategy.secret(realm);
        let new = NewToken {
            slot: Some(format!("api-token:{}", subject.id)),
            ..SanctumPat::row(subject.id, &Grant::named(API_TOKEN_NAME), &secret, realm.now())
        };
        let sweep = replaces == ApiTokenReplaces::EveryToken;
        let replaced = realm.mint(subject, new, |new| realm.tokens().replace_token(new, sweep));
        realm.cache().forget(subject.id);
        let token = replaced?;
        let sealed = realm.keys().seal(&purpose(subject.id), secret.expose(), realm.random());
        let publish = UserChange::ApiToken(Some(sealed));
        deadline::carry_through(|| realm.users().change_user(subject.id, &publish, realm.now()))?;
        Ok((secret, token))
    }

    /// The current api-token of document 001 in clear, for the meta tag; `None` if there is none any more.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn api_token(&self, user: UserId) -> Result<Option<Secret>, AuthError> {
        let Some(user) = self.realm.users().user(user)? else { return Ok(None) };
        let opened = user.api_token.as_deref().and_then(|sealed| self.realm.keys().open(&purpose(user.id), sealed));
        let Some(secret) = opened.map(Secret::new) else { return Ok(None) };
        let row = self.realm.tokens().token_by_digest(TokenKind::Sanctum, &secret.digest())?;
        Ok(row.map(|token| Secret::new(format!("{}|{}", token.id, secret.expose()))))
    }

    /// A user's tokens in the order of their numbers, with their last use as of now; of one kind, if given.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn tokens(&self, user: UserId, kind: Option<TokenKind>) -> Result<Vec<Token>, AuthError> {
        let mut tokens = self.realm.tokens().tokens_of(user, kind)?;
        self.realm.usage().overlay(&mut tokens);
        Ok(tokens)
    }

    /// The personal access tokens of a user, as [`Auth::tokens`], without the api-token of document 001: that one is the
    /// pages', made anew by every login, and none that a person named.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn named_tokens(&self, user: UserId) -> Result<Vec<Token>, AuthError> {
        let mut tokens = self.tokens(user, Some(TokenKind::Sanctum))?;
        tokens.retain(|token| token.slot.is_none());
        Ok(tokens)
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

    /// [`Auth::revoke`] for a list that shows tokens of one kind: a row of another is not found, even if it is the owner's.
    ///
    /// # Errors
    /// As [`Auth::revoke`].
    pub fn revoke_of_kind(&self, token: TokenId, owner: UserId, kind: TokenKind) -> Result<(), AuthError> {
        // A row never changes its kind.
        match self.realm.tokens().token(token)? {
            Some(row) if row.kind == kind => self.revoke(token, Some(owner)),
            _ => Err(AuthError::NotFound),
        }
    }

    /// Ends several tokens of a user at once; returns how many there were.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn revoke_many(&self, user: UserId, which: Revoke) -> Result<usize, AuthError> {
        Ok(self.realm.revoke(user, which)?)
    }
}

/// What `users.api_token` is sealed for: it opens as this user's and as nobody else's.
fn purpose(user: UserId) -> String {
    format!("api-token:{user}")
}
