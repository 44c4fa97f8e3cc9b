//! What both stacks do with somebody who comes in or leaves: a session, a new api-token, perhaps a device that is
//! remembered. How it is answered is the stack's.

use std::sync::Arc;

use actix_web::HttpRequest;
use countersign_core::{Auth, AuthError, Registration, Secret, Subject, Verified};

use super::{SanctumSpa, SanctumSpaOptions, verification};
use crate::{
    laravel::{
        input::Input,
        remember::{self, Device},
        visitor::Visitor,
    },
    mount::Use,
};

/// What somebody has who came in.
pub(super) struct Entry {
    session: Secret,
    device: Option<String>,
}

impl Entry {
    /// Opens a session, replaces the api-token, and remembers the device if that is asked for; if one of them fails, nobody
    /// ever learns the secrets of those before it.
    pub(super) fn open(
        auth: &Auth,
        subject: &Subject,
        options: &SanctumSpaOptions,
        remembers: bool,
    ) -> Result<Self, AuthError> {
        let session = auth.open_session(subject, options.session_absolute_lifetime.delta())?;
        auth.rotate_api_token(subject, options.api_token_replaces.into())?;
        let life = options.remember_lifetime.delta();
        let device = if remembers { Some(auth.remember(subject, life)?) } else { None };
        Ok(Self { session, device })
    }

    /// Makes the visitor somebody who is logged in.
    pub(super) fn admit(self, request: &HttpRequest, mount: &Use<SanctumSpa>) {
        let Some(visitor) = Visitor::of(request) else { return };
        visitor.enter(self.session, mount.auth.realm().random());
        if let Some(device) = self.device {
            visitor.set_device(Device::Remembered(device));
        }
    }
}

/// Creates a user, who comes in and is mailed a link that confirms the address.
pub(super) async fn register(
    request: &HttpRequest,
    mount: &Use<SanctumSpa>,
    registration: Registration,
    remembers: bool,
) -> Result<Entry, AuthError> {
    let options = mount.options.clone();
    let opened = mount.hashing(request, move |auth| {
        let user = auth.register(&registration)?;
        let opened = Entry::open(auth, &user, &options, remembers).map(|entry| (entry, user.user.clone()));
        // Half a registration would tell the second try that the address is taken.
        if let Err(AuthError::Store(_)) = &opened
            && let Err(error) = auth.delete_user(user.id)
        {
            tracing::error!(user = %user.id, %error, "a registration without an api-token was left behind");
        }
        opened
    });
    let (entry, user) = opened.await?;
    if mount.options.send_verification_email {
        verification::write_to(mount, user);
    }
    Ok(entry)
}

/// Ends the session, and no device is remembered any more; the api-token stays.
pub(super) async fn leave(
    request: &HttpRequest,
    mount: &Use<SanctumSpa>,
    session: Arc<Verified>,
) -> Result<(), AuthError> {
    let ended = mount.blocking(move |auth| {
        auth.logout(&session)?;
        auth.forget_devices(session.user.id)
    });
    ended.await?;
    if let Some(visitor) = Visitor::of(request) {
        remember::leave(request, mount, &visitor);
    }
    Ok(())
}

/// Is the device to be remembered? (What PHP takes for true: `FILTER_VALIDATE_BOOLEAN`.)
pub(super) fn remembers(input: &Input) -> bool {
    let text = input.text("remember").unwrap_or_default().to_ascii_lowercase();
    ["1", "true", "on", "yes"].contains(&text.trim())
}
