//! A test mail, and what became of it.

use countersign_adapters::mail::Mail;
use countersign_core::env::{Clock, Random};
use serde::Serialize;

use crate::{
    config::{MailSettings, Way},
    mail::{Undelivered, deliver},
};

/// What became of a test mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// The reader.
    pub to: String,
    /// Who took it; `None` if nobody did.
    pub taken_by: Option<String>,
    /// Why nobody took it.
    pub reason: Option<String>,
}

/// Sends a mail without any link to `to`, as `settings` say, and waits for its fate.
pub fn try_mail(settings: &MailSettings, to: &str, (clock, random): (&dyn Clock, &dyn Random)) -> Fate {
    let send = || deliver(settings, letter(to), clock, random).map_err(|error| put(&error, settings));
    let fate = match settings.transport.way() {
        Err(reason) => Err(reason),
        Ok(Way::Log) => Err("mail.transport is \"log\", which sends nothing: name a mail server".to_owned()),
        Ok(Way::Folder(folder)) => send().map(|()| format!("the folder {}", folder.display())),
        Ok(Way::Smtp(server)) => send().map(|()| format!("the mail server {}:{}", server.host, server.port)),
    };
    Fate { to: to.to_owned(), taken_by: fate.clone().ok(), reason: fate.err() }
}

fn letter(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "A test mail of Countersign".to_owned(),
        text: "This mail was sent by `countersign doctor`. If you read it, mails reach you.\n".to_owned(),
        html: None,
    }
}

/// A reason, and what becomes of real mails.
fn put(error: &Undelivered, settings: &MailSettings) -> String {
    match error {
        Undelivered::NotYet(_) => format!("{error}; a server that runs tries again for {}", settings.retry_for),
        Undelivered::Unusable(_) | Undelivered::Closed(_) | Undelivered::Refused(_) => error.to_string(),
    }
}
