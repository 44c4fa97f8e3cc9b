//! Whose socket it is, and whether it still is theirs.

use std::sync::Arc;

use countersign_core::{AuthError, Secret, TokenFault, User, Verified, cache::Watch};

use super::Minimal;
use crate::{caller, mount::Use};

/// A token that was found live when the socket was opened, and that is asked about again when it may have died.
pub(super) struct Guard {
    mount: Use<Minimal>,
    token: Secret,
    verified: Arc<Verified>,
    watch: Watch,
}

impl Guard {
    /// Verifies `token`.
    pub(super) async fn admit(mount: &Use<Minimal>, token: &str) -> Result<Self, AuthError> {
        let user = caller::lookup(mount, &mount.auth, token).await?.user.id;
        // Whose revocations to watch is known only now; what was revoked before the watch began is found by asking
        // again, which the cache answers if nothing was.
        let watch = mount.auth.watch(user);
        let verified = caller::lookup(mount, &mount.auth, token).await?;
        Ok(Self { mount: mount.clone(), token: token.into(), verified, watch })
    }

    /// Whose it is, as of the last verification.
    pub(super) fn user(&self) -> &User {
        &self.verified.user
    }

    /// Is the token's time over? Otherwise asks again if anything of the user was revoked; a store that fails is no
    /// refusal then: the next check asks again.
    pub(super) async fn check(&mut self) -> Result<(), AuthError> {
        let now = self.mount.auth.realm().now();
        if self.verified.expires_at.is_some_and(|end| end <= now) {
            return Err(TokenFault::Expired.into());
        }
        if !self.watch.is_stale() {
            return Ok(());
        }
        let watch = self.mount.auth.watch(self.verified.user.id);
        match caller::lookup(&self.mount, &self.mount.auth, self.token.expose()).await {
            Ok(verified) => {
                (self.verified, self.watch) = (verified, watch);
                Ok(())
            }
            Err(AuthError::Store(cause)) => {
                tracing::debug!(%cause, "minimal: cannot verify the token of an open socket yet");
                Ok(())
            }
            Err(refusal) => Err(refusal),
        }
    }
}
