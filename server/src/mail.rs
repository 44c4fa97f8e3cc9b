//! Mails on their way out: a bounded queue with threads of its own between the requests and the mail server.
//!
//! What waits is in memory: a process that is killed loses it, and its reader asks for another mail.

mod letter;
mod queue;
mod relay;
mod transport;

use std::{
    fmt, io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use countersign_adapters::mail::{Mail, Postman};
use countersign_core::env::{Clock, Random};

use crate::config::MailSettings;
use letter::{Letter, Sender};
use queue::{Courier as _, Limits, Queue};
use transport::{Carrier, Transport, Trouble};

pub use letter::sender_check;

/// Why mails cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// `mail.from` is no address.
    #[error("mail.from: {0}")]
    From(String),
    /// `mail.transport` cannot be used.
    #[error("mail.transport: {0}")]
    Transport(String),
    /// The system gave no threads.
    #[error("cannot start the threads that send mails: {0}")]
    Threads(#[from] io::Error),
}

/// Why one mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// No mail would.
    #[error(transparent)]
    Unusable(#[from] MailError),
    /// No mail does at the moment: connecting, encrypting or logging in failed.
    #[error("the mail server cannot be used: {0}")]
    Closed(String),
    /// This one does not at the moment.
    #[error("the mail server puts it off: {0}")]
    NotYet(String),
    /// This one never will.
    #[error("refused: {0}")]
    Refused(String),
}

/// Sends one mail at once, waits for what the mail server says, and tries no second time.
///
/// # Errors
/// [`Undelivered`].
pub fn deliver(settings: &MailSettings, mail: Mail, clock: &dyn Clock, random: &dyn Random) -> Result<(), Undelivered> {
    let transport = Transport::open(settings)?;
    let sender = Sender::parse(&settings.from).map_err(MailError::From)?;
    let letter = Letter { mail, written: clock.now(), id: random.uuid() };
    let mut carrier = Carrier::new(&transport, &sender);
    let sent = carrier.send(&letter);
    carrier.rest();
    sent.map_err(|trouble| match trouble {
        Trouble::Refused(why) => Undelivered::Refused(why),
        Trouble::NotYet(why) => Undelivered::NotYet(why),
        Trouble::Closed(why) => Undelivered::Closed(why),
    })
}

/// Sends mails as `[mail]` says, on threads of its own.
///
/// Whoever starts one ends it with [`Mailer::stop_by`] and [`Mailer::finish`]; one that is only dropped gives up what
/// still waits.
pub struct Mailer(Arc<Office>);

/// What requests and threads share.
struct Office {
    queue: Queue,
    transport: Transport,
    sender: Sender,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Mailer {
    /// Starts the threads. The mail server is not asked before the first mail.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn start(settings: &MailSettings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, MailError> {
        let office = Arc::new(Office {
            queue: Queue::new(Limits { length: settings.queue, retry_for: settings.retry_for.into() }),
            transport: Transport::open(settings)?,
            sender: Sender::parse(&settings.from).map_err(MailError::From)?,
            clock,
            random,
        });
        let mailer = Self(office);
        for _ in 0..settings.connections {
            let office = Arc::clone(&mailer.0);
            thread::Builder::new()
                .name("mail".to_owned())
                .spawn(move || office.queue.work(&mut Carrier::new(&office.transport, &office.sender)))?;
        }
        Ok(mailer)
    }

    /// For [`Parts`](crate::app::Parts); it may outlive the mailer, and then gives up what it is handed.
    pub fn postman(&self) -> Arc<dyn Postman> {
        Arc::clone(&self.0) as Arc<dyn Postman>
    }

    /// Begins to stop: what waits for another try is tried now, and again every second, until this moment. More mails
    /// are taken.
    pub fn stop_by(&self, end: Instant) {
        self.0.queue.stop_by(end);
    }

    /// Waits until everything is sent or the moment of [`Mailer::stop_by`] has come; without one, no longer. Says what is
    /// lost. No thread is waited for longer: one may be waiting for a mail server that is silent.
    pub fn finish(self) {
        self.0.queue.drain();
    }

    /// How many mails wait or are being sent.
    pub fn pending(&self) -> usize {
        self.0.queue.pending()
    }

    /// Waits until nothing is pending; `false` if something still is after `patience`.
    pub fn settle(&self, patience: Duration) -> bool {
        self.0.queue.settle(Instant::now() + patience)
    }
}

impl Drop for Mailer {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("pending", &self.pending()).finish_non_exhaustive()
    }
}

impl Postman for Office {
    fn post(&self, mail: Mail) {
        self.queue.push(Letter { mail, written: self.clock.now(), id: self.random.uuid() });
    }

    fn pending(&self) -> Option<usize> {
        Some(self.queue.pending())
    }
}
