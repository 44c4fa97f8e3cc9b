//! A proxy in front of a server that does what proxies should not.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// What happens to a message: its head in lines, the first of which is the request line or the status line.
pub type Change = fn(request: &str, head: &mut Vec<String>);

/// A proxy on a loopback port; its thread ends with the process.
pub struct Relay {
    pub address: SocketAddr,
}

impl Relay {
    /// In front of `server`: `ask` changes requests, and `answer` answers, told the request line.
    pub fn to(server: SocketAddr, ask: Change, answer: Change) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let changes = Arc::new((ask, answer));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let changes = Arc::clone(&changes);
                thread::spawn(move || exchange(client, server, &changes));
            }
        });
        Self { address }
    }
}

/// One request and its answer; nobody keeps a connection.
fn exchange(mut client: TcpStream, server: SocketAddr, (ask, answer): &(Change, Change)) {
    let (mut head, body) = message(&client);
    let Some(request) = head.first().cloned() else { return };
    ask(&request, &mut head);
    let mut server = TcpStream::connect(server).unwrap();
    send(&mut server, head, &body);
    let (mut head, body) = message(&server);
    answer(&request, &mut head);
    send(&mut client, head, &body);
}

fn message(stream: &TcpStream) -> (Vec<String>, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = |line: &String| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned);
    let length = head.iter().find_map(length).map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, body)
}

fn send(stream: &mut TcpStream, mut head: Vec<String>, body: &[u8]) {
    head.retain(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    head.push("Connection: close".to_owned());
    stream.write_all(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes()).unwrap();
    stream.write_all(body).unwrap();
}

/// Takes the headers called so away.
pub fn strip(head: &mut Vec<String>, name: &str) {
    let name = format!("{}:", name.to_ascii_lowercase());
    head.retain(|line| !line.to_ascii_lowercase().starts_with(&name));
}

/// Puts a header in the place of those called so.
pub fn put(head: &mut Vec<String>, name: &str, value: &str) {
    strip(head, name);
    head.push(format!("{name}: {value}"));
}
