//! An application behind a gateway that asks `/verify`, and what must be so behind every gateway.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use countersign_tests::{Actor, Server, required::is_required};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::common::{credentials, sending, session, with_ada};

/// The addresses in the configurations of the documentation.
const IN_DOCS: [&str; 3] = ["127.0.0.1:8000", "127.0.0.1:3001", "127.0.0.1:8080"];

/// A gateway that is running; dropping it ends it.
pub struct Gateway {
    process: Child,
    folder: TempDir,
    url: String,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where a program is; it need not be in the path of somebody who is not root.
///
/// `None`, told on standard error, if it is not there and need not be.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    let found = folders.map(|folder| Path::new(folder).join(program)).find(|file| file.is_file());
    if found.is_none() {
        assert!(!is_required(program), "{program} is not installed");
        // Not by a macro, whose output the tests keep for themselves.
        let missing = format!("NOT RUN: behind {program}, because it is not installed\n");
        std::io::stderr().write_all(missing.as_bytes()).expect("standard error is open");
    }
    found
}

/// Runs `command` with `configuration`, whose addresses are put in the place of those of the documentation, written to the
/// file that `command` is told.
pub fn run(server: &Server, configuration: &str, command: impl Fn(&Path, &Path) -> Command) -> Gateway {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let listening = free_address();
    let addresses = [server.address(), application(), listening].map(|address| address.to_string());
    let text = IN_DOCS.into_iter().zip(&addresses).fold(configuration.to_owned(), |text, (documented, real)| {
        assert!(text.contains(documented), "{documented} is not in the configuration");
        text.replace(documented, real)
    });
    let file = folder.path().join("configuration");
    fs::write(&file, text).expect("a file can be written");
    let log = fs::File::create(folder.path().join("log")).expect("a file can be made");
    let process = command(&file, folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    let gateway = Gateway { process: process.expect("it runs"), folder, url: format!("http://{listening}") };
    gateway.wait(listening);
    gateway
}

impl Gateway {
    fn wait(&self, address: SocketAddr) {
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(30), "the gateway does not listen: {log}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn anon(&self) -> Actor {
        Actor::at(&self.url)
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("it has an address")
}

/// An application that answers each request with its method and path, the headers that name somebody, and its body.
fn application() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream));
        }
    });
    address
}

fn echo(mut stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let request = line.rsplit_once(' ')?.0.to_owned();
    let (mut named, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        let name = name.to_ascii_lowercase().replace('_', "-");
        if name == "content-length" {
            length = value.trim().parse().ok()?;
        }
        if name.starts_with("x-auth-") {
            named.push(format!("{name}: {}", value.trim()));
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    named.sort();
    let answer = json!({"request": request, "named": named, "body": String::from_utf8_lossy(&body)}).to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
    stream.write_all((head + &answer).as_bytes()).ok()
}

/// What the application was told of the sender.
fn named(answer: &Value) -> Vec<&str> {
    answer["named"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

/// Everything that must hold behind a gateway, whichever it is.
pub fn assert_guarded(start: impl Fn(&Server) -> Gateway) {
    let (server, ada) = with_ada();
    let gateway = start(&server);
    let user = format!("x-auth-user: {ada}");
    let lies = |actor: &Actor| {
        let names = ["X-Auth-User", "x-auth-email", "X-Auth-Role", "X-Auth-Abilities", "X-Auth-Kind", "X-Auth-Token"];
        names.iter().fold(actor.with("X-Auth-Uuid", "999999"), |actor, name| actor.with(name, "999999"))
    };
    let all = credentials(&server);
    for (dialect, kind, credential) in &all {
        let answer = lies(&sending(&gateway.anon(), credential)).get("/orders/7?page=2");
        assert_eq!(answer.status, 200, "{dialect}: {}", answer.body);
        let (seen, kind) = (answer.json(), format!("x-auth-kind: {kind}"));
        assert_eq!(seen["request"], "GET /orders/7?page=2", "{dialect}");
        let told = named(&seen);
        assert_eq!(told.len(), 8, "{dialect}: {told:?}");
        for line in
            [user.as_str(), &kind, "x-auth-email: ada@example.org", "x-auth-role: tourist", "x-auth-abilities: *"]
        {
            assert!(told.contains(&line), "{dialect}: no {line} in {told:?}");
        }
        assert!(!told.iter().any(|line| line.contains("999999")), "{dialect}: {told:?}");
    }
    let nobody = lies(&gateway.anon()).get("/orders");
    assert_eq!((nobody.status, nobody.header("www-authenticate").is_empty()), (401, false), "{}", nobody.body);

    let token = sending(&gateway.anon(), &all[0].2);
    let written = token.send("PUT", "/orders/7", Some("text/plain"), "a body that goes through");
    assert_eq!(written.json()["body"], "a body that goes through");
    let (cookies, csrf) = session(&server);
    let browser = sending(&gateway.anon(), &cookies);
    assert_eq!(browser.send("DELETE", "/orders/7", None, "").status, 403);
    assert_eq!(browser.with("X-Original-Method", "GET").send("DELETE", "/orders/7", None, "").status, 403);
    assert_eq!(browser.with("X-Forwarded-Method", "GET").send("DELETE", "/orders/7", None, "").status, 403);
    let meant = browser.with("X-XSRF-TOKEN", &csrf).send("DELETE", "/orders/7", None, "");
    assert_eq!((meant.status, meant.json()["request"].as_str()), (200, Some("DELETE /orders/7")));

    server.owner.set_active(ada, false).unwrap();
    for (dialect, _, credential) in &all {
        assert_eq!(sending(&gateway.anon(), credential).get("/orders").status, 401, "{dialect}");
    }
}
