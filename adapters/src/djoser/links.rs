//! What a client sends of a link, `uid` and `token`, and whom they stand for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::{AuthError, UserId, auth::Linked};

use super::Djoser;
use crate::{
    django::{CharField, Error, Form, Int, decode_base64, int},
    guarded::Guarded,
    mount::Use,
};

/// The fields of the wire.
pub(super) const UID: CharField = CharField::new("uid");
pub(super) const TOKEN: CharField = CharField::new("token");

/// A link as it came. Djoser validates the fields and then reads them again as they were sent, blanks and all.
pub(super) struct Presented {
    pub(super) uid: String,
    pub(super) token: String,
}

impl Presented {
    /// Of any body. What is no text is nobody's: Djoser answers it with 500.
    pub(super) fn of(form: &Form<'_>) -> Self {
        let raw = |field: &CharField| form.raw(field.name).unwrap_or_default().to_owned();
        Self { uid: raw(&UID), token: raw(&TOKEN) }
    }

    /// The user who has this link.
    ///
    /// # Errors
    /// 400 that says which of the two is wrong.
    pub(super) async fn follow(self, mount: &Use<Djoser>, attempt: Guarded<'_, Djoser>) -> Result<Linked, Error> {
        let user = read_uid(&self.uid).ok_or_else(unknown)?;
        let life = mount.options.link_life();
        let followed = attempt.blocking(move |auth| auth.follow_link(user, &self.token, life)).await;
        followed.map_err(|error| match error {
            AuthError::NotFound => unknown(),
            error => dead(error),
        })
    }
}

/// 400: nobody is meant.
fn unknown() -> Error {
    Error::field(UID.name, "Invalid user id or user doesn't exist.")
}

/// 400 for a link that is not good, or not any more.
pub(super) fn dead(error: AuthError) -> Error {
    match error {
        AuthError::WrongCredentials => Error::field(TOKEN.name, "Invalid token for given user."),
        error => error.into(),
    }
}

/// A user's number as links hold it.
pub(super) fn uid(user: UserId) -> String {
    URL_SAFE_NO_PAD.encode(user.to_string())
}

fn read_uid(text: &str) -> Option<UserId> {
    let decoded = String::from_utf8(decode_base64(text)?).ok()?;
    match int(&decoded)? {
        Int::Of(id) => Some(UserId(id)),
        Int::Beyond => None,
    }
}
