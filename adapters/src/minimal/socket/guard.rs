//! Whose socket it is, and whether it still is theirs.

use std::{sync::Arc, time::Duration};

use actix_web::rt::time::Instant;
use countersign_core::{AuthError, Secret, TokenFault, Verified, cache::Watch, model::Timestamp};

use super::Minimal;
use crate::{
    caller::{self, Authentication},
    mount::Use,
};

/// How long an answer counts at most, whatever happens: the last belt, as the cache has one.
const LIFE: Duration = Duration::from_secs(60);
/// How long it counts while it is not known what other processes revoke.
const BLIND_LIFE: Duration = Duration::from_secs(1);

/// What a socket was opened with.
pub(super) enum Credential {
    /// A token of the mount.
    Token(Secret),
    /// The session of a front end, in a cookie that ends.
    Session { secret: Secret, ends_at: Timestamp },
}

impl Credential {
    /// This token.
    pub(super) fn token(token: &str) -> Self {
        Self::Token(token.into())
    }

    fn verify(&self, mount: &Use<Minimal>) -> Authentication {
        match self {
            Self::Token(token) => caller::lookup(mount, &mount.auth, token.expose()),
            Self::Session { secret, .. } => caller::lookup_session(mount, secret.clone()),
        }
    }

    fn ends_at(&self) -> Option<Timestamp> {
        match self {
            Self::Token(_) => None,
            Self::Session { ends_at, .. } => Some(*ends_at),
        }
    }
}

/// A credential that was found live when the socket was opened, and that is asked about again when it may have died.
pub(super) struct Guard {
    mount: Use<Minimal>,
    credential: Credential,
    verified: Arc<Verified>,
    watch: Watch,
    asked: Instant,
}

/// What a check found.
pub(super) enum Checked {
    /// Nothing has changed.
    Good,
    /// The credential was verified again: the user may have changed.
    Again,
    /// Something may have been revoked, and the store does not say what. That is no refusal, but nothing is said or heard
    /// until a later check knows.
    Unknown,
}

impl Guard {
    /// Verifies `credential`.
    pub(super) async fn admit(mount: &Use<Minimal>, credential: Credential) -> Result<Self, AuthError> {
        let user = credential.verify(mount).await?.user.id;
        // Whose revocations to watch is known only now; what was revoked before the watch began is found by asking
        // again, which the cache answers if nothing was.
        let watch = mount.auth.watch(user);
        let verified = credential.verify(mount).await?;
        Ok(Self { mount: mount.clone(), credential, verified, watch, asked: Instant::now() })
    }

    /// Who is there, as of the last verification.
    pub(super) fn caller(&self) -> Arc<Verified> {
        Arc::clone(&self.verified)
    }

    /// Tells whether anything was revoked since that.
    pub(super) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Is the credential's time over? Otherwise asks again if anything of the user was revoked, or may have been.
    ///
    /// # Errors
    /// [`AuthError::Token`] alone.
    pub(super) async fn check(&mut self) -> Result<Checked, AuthError> {
        let now = self.mount.auth.realm().now();
        let ends = [self.verified.expires_at, self.credential.ends_at()];
        if ends.into_iter().flatten().any(|end| end <= now) {
            return Err(TokenFault::Expired.into());
        }
        let is_blind = !self.mount.auth.hears_others();
        let is_in_doubt = self.watch.is_stale() || is_blind && self.asked.elapsed() >= BLIND_LIFE;
        if !is_in_doubt && self.asked.elapsed() < LIFE {
            return Ok(Checked::Good);
        }
        let watch = self.mount.auth.watch(self.verified.user.id);
        match self.credential.verify(&self.mount).await {
            Ok(verified) => {
                (self.verified, self.watch, self.asked) = (verified, watch, Instant::now());
                Ok(Checked::Again)
            }
            Err(refusal @ AuthError::Token(_)) => Err(refusal),
            Err(trouble) => {
                tracing::debug!(cause = %trouble, "minimal: cannot verify the credential of an open socket yet");
                Ok(if is_in_doubt { Checked::Unknown } else { Checked::Good })
            }
        }
    }
}
