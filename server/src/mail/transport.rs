//! Where a letter goes: the log, a folder, or a mail server.

use std::{
    fmt::{self, Write as _},
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use lettre::transport::smtp::client::SmtpConnection;

use super::{
    MailError,
    letter::{Letter, Sender},
    queue::Courier,
    relay::{self, Relay},
};
use crate::config::{MailSettings, Way};

/// How mails leave.
pub enum Transport {
    /// Into the log, with their text.
    Log,
    /// A file each, in this folder.
    Folder(PathBuf),
    /// To a mail server.
    Smtp(Relay),
}

/// Why a letter did not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It never will.
    Refused(String),
    /// It may, later.
    NotYet(String),
    /// No letter would have left.
    Closed(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused(why) | Self::NotYet(why) | Self::Closed(why)) = self;
        f.write_str(why)
    }
}

impl Transport {
    /// Makes ready what `settings` name. A mail server is not asked yet.
    ///
    /// # Errors
    /// [`MailError::Transport`].
    pub fn open(settings: &MailSettings) -> Result<Self, MailError> {
        let wrong = |error: &dyn fmt::Display| MailError::Transport(error.to_string());
        match settings.transport.way().map_err(|error| wrong(&error))? {
            Way::Log => Ok(Self::Log),
            Way::Folder(folder) => {
                let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
                made.map_err(|error| wrong(&format!("cannot make the folder {}: {error}", folder.display())))?;
                Ok(Self::Folder(folder))
            }
            Way::Smtp(server) => {
                Relay::new(server, settings.timeout.into()).map(Self::Smtp).map_err(|error| wrong(&error))
            }
        }
    }
}

/// One thread's way out.
pub struct Carrier<'a> {
    transport: &'a Transport,
    sender: &'a Sender,
    connection: Option<SmtpConnection>,
}

impl<'a> Carrier<'a> {
    /// Not connected yet.
    pub fn new(transport: &'a Transport, sender: &'a Sender) -> Self {
        Self { transport, sender, connection: None }
    }
}

impl Courier for Carrier<'_> {
    fn send(&mut self, letter: &Letter) -> Result<(), Trouble> {
        let message = letter.message(self.sender).map_err(Trouble::Refused)?;
        match self.transport {
            Transport::Log => {
                log(letter);
                Ok(())
            }
            Transport::Folder(folder) => {
                let name = format!("{}-{}.eml", letter.written.format("%Y%m%dT%H%M%S%.6fZ"), letter.id);
                write(folder, &name, &message.formatted()).map_err(|error| Trouble::Closed(error.to_string()))
            }
            Transport::Smtp(relay) => relay.send(&mut self.connection, &message),
        }
    }

    fn rest(&mut self) {
        relay::hang_up(&mut self.connection);
    }
}

/// The whole mail, for who develops. Each line of the text is marked, so that no text looks like a line of the log.
fn log(letter: &Letter) {
    let mail = &letter.mail;
    let text = mail.text.lines().fold(String::new(), |mut text, line| {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  | {line}");
        text
    });
    tracing::info!(to = ?mail.to, subject = ?mail.subject, "mail, not sent but written here:{text}");
}

/// Whole or not at all: who watches the folder finds no half-written mail.
fn write(folder: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!(".{name}.new"));
    // It may be there: a try that failed half-way.
    let mut file: File = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(message).and_then(|()| file.sync_all())?;
    fs::rename(&draft, folder.join(name))
}
