//! A mailbox on a loopback port: an SMTP server that takes any mail and keeps it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use mail_parser::{MessageParser, MimeHeaders as _};

/// The mails that came; dropping it does not close the port, which goes with the process.
pub struct Mailbox {
    address: SocketAddr,
    kept: Arc<Mutex<Vec<Mail>>>,
}

/// A mail as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The addresses of `To`.
    pub to: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// `Content-Type` without parameters, such as `multipart/alternative`.
    pub content_type: String,
    /// The plain part, without line ends around it.
    pub text: String,
    /// The HTML part, in the same way.
    pub html: Option<String>,
}

impl Mailbox {
    /// Listens on a free port.
    pub fn open() -> Self {
        Self::at("127.0.0.1:0")
    }

    /// Listens there.
    ///
    /// # Panics
    /// If the address is taken.
    pub fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("mailbox at {address}: {error}"));
        let address = listener.local_addr().expect("it has an address");
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let keep = Arc::clone(&keep);
                // A client that hangs up has said all that it will.
                thread::spawn(move || drop(converse(stream, &keep)));
            }
        });
        Self { address, kept }
    }

    /// Where it listens, as the setting `mail.transport` has it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Everything that came so far to this address, the oldest first.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|mail| mail.to.iter().any(|to| to == address)).cloned().collect()
    }

    /// Waits at most this long until `count` mails came to this address; those that are there then.
    pub fn wait(&self, address: &str, count: usize, patience: Duration) -> Vec<Mail> {
        let began = Instant::now();
        loop {
            let mails = self.to(address);
            if mails.len() >= count || began.elapsed() > patience {
                return mails;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Takes mails from one connection until it closes.
fn converse(stream: TcpStream, kept: &Mutex<Vec<Mail>>) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut say = |line: &str| writer.write_all(format!("{line}\r\n").as_bytes());
    say("220 mailbox")?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let command = String::from_utf8_lossy(&line).trim().to_uppercase();
        match command.split(' ').next().unwrap_or_default() {
            "EHLO" => say("250-mailbox\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "DATA" => {
                say("354 go on")?;
                let mut message = Vec::new();
                loop {
                    line.clear();
                    if reader.read_until(b'\n', &mut line)? == 0 || line == b".\r\n" {
                        break;
                    }
                    message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                }
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(Mail::read(&message));
                say("250 kept")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 ok")?,
        }
    }
}

impl Mail {
    /// Reads an RFC 822 message.
    ///
    /// # Panics
    /// If it is none.
    pub fn read(message: &[u8]) -> Self {
        let message = MessageParser::default().parse(message).expect("a mail");
        let addresses = message.to().into_iter().flat_map(mail_parser::Address::iter);
        let content_type = message.content_type().map_or_else(
            || "text/plain".to_owned(),
            |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()),
        );
        let html = message.parts.iter().any(|part| part.is_text_html());
        let trimmed = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
        Self {
            to: addresses.filter_map(|address| address.address().map(str::to_owned)).collect(),
            subject: message.subject().unwrap_or_default().to_owned(),
            content_type,
            text: trimmed(&message.body_text(0).unwrap_or_default()),
            html: html.then(|| trimmed(&message.body_html(0).unwrap_or_default())),
        }
    }
}
