//! An address that asks for a mail: who is written to, in an answer that does not tell.

use std::time::Instant;

use actix_web::{HttpRequest, web::Bytes};
use countersign_core::{Account, Request, User};
use utoipa::ToSchema;

use super::{
    Djoser,
    mails::{self, SUSPENDED, Topic},
};
use crate::{
    body::Parse,
    django::{ADDRESS_FIELD, Data, Error, Form, Language, Message},
    mount::Use,
};

/// An e-mail address.
#[derive(ToSchema)]
#[schema(as = djoser::Address)]
pub(super) struct Address {
    /// As it is stored: case counts.
    #[schema(format = Email, example = "user@example.com")]
    email: String,
}

impl Parse<Djoser> for Address {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let mut form = Form::new(&data)?;
        match form.text(&ADDRESS_FIELD) {
            Some(email) => Ok(Self { email }),
            None => Err(Error::Invalid(form.into_errors())),
        }
    }
}

/// Of those who have an address, who is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Who may log in.
    Active,
    /// Who may not yet: not whom the owner disabled.
    Inactive,
}

impl Readers {
    /// Why nobody of `found` is written to; for the log.
    fn none_of(self, found: &[Account]) -> &'static str {
        match self {
            _ if found.is_empty() => "nobody has this address",
            _ if !found.iter().any(|account| self.has(account)) => match self {
                Self::Active => "the user is inactive",
                Self::Inactive if found.iter().any(|account| account.user.is_suspended) => SUSPENDED,
                Self::Inactive => "the user is active",
            },
            _ => "the user has no usable password",
        }
    }

    fn has(self, account: &Account) -> bool {
        let User { is_active, is_suspended, .. } = account.user;
        match self {
            Self::Active => is_active,
            Self::Inactive => !is_active && !is_suspended,
        }
    }
}

/// Writes to everybody who has the address, if there is something to say. Whether there is anybody shows neither in the
/// answer nor in its duration: the same queries find all or none, and the answer waits as long as a failed
/// login's.
///
/// # Errors
/// 429 after too many, and 400 if there is nobody, where the settings say that it may be told.
pub(super) async fn write_to(
    request: &HttpRequest,
    mount: &Use<Djoser>,
    language: Language,
    address: Address,
    readers: Readers,
    topic: Option<Topic>,
) -> Result<(), Error> {
    mount.count(request, Request::Mail(&address.email)).await?;
    let began = Instant::now();
    let email = address.email.clone();
    let found = mount.blocking(move |auth| auth.accounts_by_email(&email)).await?;
    let chosen: Vec<Account> =
        found.iter().filter(|account| readers.has(account) && account.has_usable_password()).cloned().collect();
    if chosen.is_empty() {
        tracing::info!(to = ?address.email, ?topic, reason = readers.none_of(&found), "no mail is sent");
        if mount.options.show_email_not_found() {
            return Err(Error::Refused(Message::new("User with given email does not exist.")));
        }
    }
    if let Some(topic) = topic {
        mails::send(mount, language, topic, chosen);
    }
    mount.site.executor.hold(began).await;
    Ok(())
}
