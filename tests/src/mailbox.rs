//! A mail server on loopback that keeps what it is given, and misbehaves when it is told to.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::received::Received;

/// How long a busy machine may take to deliver a mail.
const PATIENCE: Duration = Duration::from_secs(30);

/// `user NUL password` of the only login that it takes, behind the empty authorization identity (RFC 4616).
const LOGIN: &[u8] = b"\0ada\0lovelace";

/// A mail server; dropping it closes it and every connection.
pub struct Mailbox {
    address: SocketAddr,
    desk: Arc<Desk>,
}

/// What it does with the mails that come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes them.
    Takes,
    /// Accepts connections and never says a word on them.
    Silent,
    /// Answers so many recipients with this, such as `451 Later`, and then takes mails.
    Answers(&'static str, usize),
    /// Answers the recipient with this address so, and takes the mails to all others.
    AnswersOne(&'static str, &'static str),
    /// Hangs up in the middle of the mails to this address.
    DropsOne(&'static str),
}

/// What the conversations share.
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    behaviour: Behaviour,
    mails: Vec<Received>,
    recipients: Vec<String>,
    connections: Vec<TcpStream>,
    closed: bool,
}

impl Mailbox {
    /// On a free port; it takes every mail.
    pub fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").expect("a loopback port"))
    }

    /// On this port.
    pub fn at(port: u16) -> Self {
        Self::listen(TcpListener::bind(("127.0.0.1", port)).expect("the port is free"))
    }

    fn listen(listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("it has an address");
        let state = State {
            behaviour: Behaviour::Takes,
            mails: Vec::new(),
            recipients: Vec::new(),
            connections: Vec::new(),
            closed: false,
        };
        let desk = Arc::new(Desk { state: Mutex::new(state), changed: Condvar::new() });
        let theirs = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut state = theirs.lock();
                if state.closed {
                    return;
                }
                state.connections.push(stream.try_clone().expect("a handle can be doubled"));
                let silent = state.behaviour == Behaviour::Silent;
                drop(state);
                if !silent {
                    let desk = Arc::clone(&theirs);
                    thread::spawn(move || {
                        desk.converse(&stream);
                        // The desk has a handle as well, which would keep it open.
                        let _ = stream.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { address, desk }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The configuration of a server that hands its mails to it.
    pub fn configuration(&self) -> String {
        format!("[mail]\ntransport = \"smtp://{}\"\nfrom = \"webmaster@localhost\"\n", self.address)
    }

    /// What it does from the next command on; a connection that was accepted in silence stays silent.
    pub fn behave(&self, behaviour: Behaviour) {
        self.desk.lock().behaviour = behaviour;
    }

    /// Everything that was taken so far, in this order.
    pub fn mails(&self) -> Vec<Received> {
        self.desk.lock().mails.clone()
    }

    /// The recipients that were named so far, taken or not.
    pub fn recipients(&self) -> Vec<String> {
        self.desk.lock().recipients.clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.desk.lock().connections.len()
    }

    /// Waits until `count` mails to this address have come, and returns all that have.
    pub fn wait_for(&self, address: &str, count: usize) -> Vec<Received> {
        let found = self.wait_at_most(PATIENCE, address, count);
        assert!(found.len() >= count, "{} of {count} mails to {address} came: {:?}", found.len(), self.mails());
        found
    }

    /// Waits at most this long until `count` mails to this address have come, and returns all that have.
    pub fn wait_at_most(&self, patience: Duration, address: &str, count: usize) -> Vec<Received> {
        let end = Instant::now() + patience;
        let mut state = self.desk.lock();
        loop {
            let found: Vec<_> = state.mails.iter().filter(|mail| mail.to == address).cloned().collect();
            let rest = end.saturating_duration_since(Instant::now());
            if found.len() >= count || rest.is_zero() {
                return found;
            }
            state = self.desk.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let mut state = self.desk.lock();
        state.closed = true;
        for connection in &state.connections {
            // The other side may have gone.
            let _ = connection.shutdown(Shutdown::Both);
        }
        drop(state);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One connection, until either side ends it.
    fn converse(&self, stream: &TcpStream) -> Option<()> {
        let mut writer = stream;
        let mut lines = BufReader::new(stream).lines();
        let mut say = |reply: &str| writer.write_all(format!("{reply}\r\n").as_bytes()).ok();
        let (mut from, mut to) = (String::new(), String::new());
        say("220 mailbox")?;
        loop {
            let line = lines.next()?.ok()?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => say("250-mailbox\r\n250-8BITMIME\r\n250 AUTH PLAIN")?,
                "AUTH" => say(login(&line))?,
                "MAIL" => {
                    from = path(&line);
                    say("250 Ok")?;
                }
                "RCPT" => {
                    to = path(&line);
                    say(self.receive(&to))?;
                }
                "DATA" if matches!(self.lock().behaviour, Behaviour::DropsOne(address) if address == to) => {
                    return None;
                }
                "DATA" => {
                    say("354 Go on")?;
                    let mut raw = String::new();
                    loop {
                        let line = lines.next()?.ok()?;
                        if line == "." {
                            break;
                        }
                        raw += line.strip_prefix('.').unwrap_or(&line);
                        raw += "\r\n";
                    }
                    self.lock().mails.push(Received::new(&from, &to, &raw));
                    self.changed.notify_all();
                    say("250 Kept")?;
                }
                "QUIT" => return say("221 Bye"),
                "NOOP" | "RSET" => say("250 Ok")?,
                _ => say("502 What?")?,
            }
        }
    }

    /// The answer to a recipient.
    fn receive(&self, to: &str) -> &'static str {
        let mut state = self.lock();
        state.recipients.push(to.to_owned());
        match &mut state.behaviour {
            Behaviour::Answers(reply, times @ 1..) => {
                *times -= 1;
                reply
            }
            Behaviour::AnswersOne(address, reply) if *address == to => reply,
            _ => "250 Ok",
        }
    }
}

/// What stands between the angle brackets of `MAIL FROM:<…>` and `RCPT TO:<…>`.
fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
    inner.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

/// The answer to `AUTH PLAIN …`.
fn login(line: &str) -> &'static str {
    let given = line.rsplit(' ').next().and_then(|encoded| BASE64.decode(encoded).ok());
    if given.is_some_and(|given| given == LOGIN) { "235 Welcome" } else { "535 Who are you?" }
}
