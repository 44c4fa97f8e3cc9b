//! The mail server that takes our mails, and one connection to it.

use std::time::Duration;

use lettre::{
    Message,
    transport::smtp::{
        self,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{SmtpConnection, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::transport::Trouble;
use crate::config::{Encryption, MailServer};

/// How long a server may take to say goodbye: nothing depends on it.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a mail server is reached.
pub struct Relay {
    host: String,
    port: u16,
    tls: Tls,
    login: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

impl Relay {
    /// Does not connect yet. With encryption it reads the certificates that the system trusts.
    ///
    /// # Errors
    /// What the TLS library said.
    pub fn new(server: MailServer, timeout: Duration) -> Result<Self, smtp::Error> {
        let MailServer { host, port, encryption, login, hello } = server;
        let parameters = || TlsParameters::new(host.clone());
        let tls = match encryption {
            Encryption::None => Tls::None,
            Encryption::Offered => Tls::Opportunistic(parameters()?),
            Encryption::Required => Tls::Required(parameters()?),
            Encryption::Wrapped => Tls::Wrapper(parameters()?),
        };
        let login = login.map(|(user, password)| Credentials::new(user, password.expose().to_owned()));
        let hello = hello.map_or_else(ClientId::default, ClientId::Domain);
        Ok(Self { host, port, tls, login, hello, timeout })
    }

    /// Connects, encrypts and logs in.
    fn connect(&self) -> Result<SmtpConnection, smtp::Error> {
        let wrapped = if let Tls::Wrapper(parameters) = &self.tls { Some(parameters) } else { None };
        let address = (self.host.as_str(), self.port);
        let mut connection = SmtpConnection::connect(address, Some(self.timeout), &self.hello, wrapped, None)?;
        match &self.tls {
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters, &self.hello)?
            }
            Tls::Required(parameters) => connection.starttls(parameters, &self.hello)?,
            _ => {}
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login)?;
        }
        Ok(connection)
    }

    /// Sends over `connection`, or over a new one that it leaves there.
    ///
    /// # Errors
    /// What fails before the mail is begun says nothing about it, whatever the code: that is [`Trouble::Closed`].
    pub fn send(&self, connection: &mut Option<SmtpConnection>, message: &Message) -> Result<(), Trouble> {
        let kept = connection.take().and_then(|mut kept| kept.test_connected().then_some(kept));
        let mut open = match kept {
            Some(kept) => kept,
            None => self.connect().map_err(|error| Trouble::Closed(error.to_string()))?,
        };
        let text = message.formatted();
        // The library ends the last line itself, as if it never were.
        let sent = open.send(message.envelope(), text.strip_suffix(b"\r\n").unwrap_or(&text));
        // The library closes what broke.
        *connection = Some(open).filter(|open| !open.has_broken());
        sent.map(drop).map_err(|error| judge(&error))
    }
}

/// What became of a mail that was begun. Even a connection that broke off counts against this mail alone: it may be what a
/// filter does to it. If the server has gone, the next mail finds out.
fn judge(error: &smtp::Error) -> Trouble {
    let why = error.to_string();
    if error.is_permanent() || error.is_client() { Trouble::Refused(why) } else { Trouble::NotYet(why) }
}

/// Ends a connection that nobody needs now.
pub fn hang_up(connection: &mut Option<SmtpConnection>) {
    if let Some(mut open) = connection.take() {
        // Should the timeout not be set, the old one holds.
        let _ = open.set_timeout(Some(FAREWELL));
        open.abort();
    }
}
