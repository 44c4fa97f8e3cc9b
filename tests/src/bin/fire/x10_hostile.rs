//! X10: clients that send a byte a second, that never read, that say nothing, and that send far too much, beside a polite one.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Client, Door, Figures, Installation, PASSWORD, Process, Run, percentile, register};

/// How long a bad socket may stay: the longest limit is that of a body (10 s), and they are looked at once a second.
const CLOSED: Duration = Duration::from_millis(12_500);
/// How much of an oversize body is read at most: the limit and 64 kB.
const READ: usize = 65_536 * 2;
/// What all of it may cost.
const MEMORY_MIB: f64 = 200.0;

/// What a bad socket begins with, and what it goes on with.
struct Kind {
    name: &'static str,
    begins: &'static [u8],
    drips: &'static [u8],
}

const KINDS: [Kind; 3] = [
    Kind { name: "a byte of the head a second", begins: b"POST /auth/login HTTP/1.1\r\nX-Slow: ", drips: b"a" },
    Kind {
        name: "a byte of the body a second",
        begins:
            b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
        drips: b" ",
    },
    Kind {
        name: "a WebSocket without a token",
        begins:
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        drips: b"",
    },
];

pub fn run(run: &Run, figures: &mut Figures) {
    let on = "SQLite";
    let (base, dripping) = (run.sqlite(), run.of(600, 2_000));
    // The sockets of both ends are this user's: two files each, one of them ours.
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if allowed.is_some_and(|allowed| allowed < dripping as u64 + 1_500) {
        return figures.not_run(on, "the experiment", format!("{allowed:?} open files are too few (ulimit -n)"));
    }
    let mut server = Installation::new(&base.url).serve();
    let mut client = server.client();
    register(&mut client, "ada").expect("an answer");
    let proof = Door::Hotel.enter(&mut client, "ada", PASSWORD).expect("an answer").1.expect("it lets in").proof;
    thread::sleep(Duration::from_secs(1));
    let (files, memory) = (server.files(), server.resident());
    let over = AtomicBool::new(false);
    let address = server.address;
    let (polite, floods, idle, closed) = thread::scope(|scope| {
        let polite = scope.spawn(|| {
            let (mut client, mut took, mut failed) = (Client::new(address), Vec::new(), 0);
            while !over.load(Ordering::SeqCst) {
                match proof.show(&mut client) {
                    Ok(reply) if reply.status == 200 => took.push(reply.took),
                    _ => failed += 1,
                }
                thread::sleep(Duration::from_millis(5));
            }
            (took, failed)
        });
        let flood = scope.spawn(|| flood(address, &over));
        let idle: Vec<_> = (0..run.of(200, 500)).filter_map(|_| open(address).ok()).collect();
        let bad: Vec<_> =
            KINDS.iter().map(|kind| scope.spawn(move || drip(address, kind, dripping / KINDS.len()))).collect();
        let closed: Vec<_> = bad.into_iter().map(|bad| bad.join().expect("a client that ends")).collect();
        over.store(true, Ordering::SeqCst);
        (polite.join().expect("it ends"), flood.join().expect("it ends"), idle, closed)
    });
    let more = server.peak() - memory;
    let (mut took, failed) = polite;
    let share = failed * 1_000 <= took.len() + failed;
    figures.must(
        on,
        "the polite client's successes",
        "≥ 99.9 %",
        format!("{} of {}", took.len(), took.len() + failed),
        share,
    );
    let p99 = percentile(&mut took, 0.99);
    figures.must_if(
        run.is_timed(),
        on,
        "p99 of the polite client",
        "≤ 50 ms",
        format!("{p99:.2?}"),
        p99 <= Duration::from_millis(50),
    );
    for (kind, closed) in KINDS.iter().zip(closed) {
        let what = format!("{} sockets: {}: closed, the last after", closed.len(), kind.name);
        let all = closed.iter().all(Option::is_some);
        let last = closed.iter().flatten().max().copied().unwrap_or(Duration::MAX);
        figures.must(
            on,
            &what,
            "all, ≤ 10 s",
            format!("{}, {last:.1?}", closed.iter().flatten().count()),
            all && last <= CLOSED,
        );
    }
    figures.told(on, "bodies that are far too long, MB sent", format!("{}, {}", floods.asked, floods.sent >> 20));
    figures.never(on, "another answer to them than 413", &floods.strange);
    let read = floods.most;
    let asked = "≤ 128 kB beside 8 MB of buffers";
    figures.must(
        on,
        "most that one had sent when its 413 came",
        asked,
        format!("{} kB", read >> 10),
        read <= READ + BUFFERS,
    );
    let [of_length, in_chunks] = floods.lingered;
    figures.within(on, "longest until such a connection was closed then", Duration::from_secs(2), of_length, "");
    let what = "the same for bodies in chunks (docs/fire.md; given up by the client)";
    figures.told(on, what, format!("{in_chunks:.2?}"));
    figures.told(on, "idle connections that were kept meanwhile", idle.len());
    drop(idle);
    figures.must(on, "more memory", "≤ 200 MiB", format!("{more:.1} MiB"), more <= MEMORY_MIB);
    let began = Instant::now();
    while server.files() > files + 5 && began.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(100));
    }
    let left = server.files();
    figures.must(on, "open files afterwards", &format!("≤ {}", files + 5), left, left <= files + 5);
    unread(run, figures, &server, &proof.authorization);
    let alive = server.is_alive();
    figures.must(on, "the same process all the time", "yes", if alive { "yes" } else { "no" }, alive);
    figures.never(on, "complaints in the log", &server.complaints());
}

/// What the system takes for a process that does not read: both ends' buffers.
const BUFFERS: usize = 8 << 20;

fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Opens sockets, sends a byte a second on each, and notes when the server closed it.
fn drip(address: SocketAddr, kind: &Kind, count: usize) -> Vec<Option<Duration>> {
    let began = Instant::now();
    let mut sockets: Vec<_> = (0..count)
        .filter_map(|_| {
            let mut stream = open(address).ok()?;
            stream.write_all(kind.begins).ok()?;
            stream.set_nonblocking(true).ok()?;
            Some((stream, Instant::now(), None))
        })
        .collect();
    let mut buffer = [0; 4096];
    while began.elapsed() < CLOSED * 2 && sockets.iter().any(|(.., closed)| closed.is_none()) {
        for (stream, opened, closed) in sockets.iter_mut().filter(|(.., closed)| closed.is_none()) {
            let written = stream.write(kind.drips);
            let gone = |error: &io::Error| error.kind() != io::ErrorKind::WouldBlock;
            let read = loop {
                match stream.read(&mut buffer) {
                    Ok(1..) => {}
                    other => break other,
                }
            };
            if matches!(read, Ok(0)) || read.as_ref().is_err_and(gone) || written.as_ref().is_err_and(gone) {
                *closed = Some(opened.elapsed());
            }
        }
        thread::sleep(Duration::from_secs(1));
    }
    sockets.into_iter().map(|(.., closed)| closed).collect()
}

#[derive(Default)]
struct Floods {
    asked: usize,
    sent: usize,
    /// The most that one had sent when its answer came.
    most: usize,
    /// The longest that the server went on listening then: to a body of a length, and to one in chunks.
    lingered: [Duration; 2],
    strange: Vec<String>,
}

/// Bodies of ten gigabytes, one after the other, at 50 MB a second.
fn flood(address: SocketAddr, over: &AtomicBool) -> Floods {
    const HEADS: [&str; 3] = [
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n",
        "POST /api/auth/token HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n40000000\r\n",
        "POST /auth/users/ HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: 104857600\r\n\r\n--b\r\n",
    ];
    let block = vec![b'x'; 64 * 1024];
    let mut floods = Floods::default();
    while !over.load(Ordering::SeqCst) {
        let Ok(mut stream) = open(address) else { continue };
        let head = HEADS[floods.asked % HEADS.len()];
        let is_chunked = head.contains("chunked");
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.set_nonblocking(true);
        let (began, mut sent, mut answered) = (Instant::now(), 0, None);
        let mut answer = [0; 64];
        // The web framework reads chunks, and throws them away, as long as they come: the last one comes here.
        while began.elapsed() < if is_chunked { CLOSED / 4 } else { CLOSED } {
            if answered.is_none() && stream.peek(&mut answer).is_ok_and(|count| count > 16) {
                answered = Some(Instant::now());
                floods.most = floods.most.max(sent);
            }
            match stream.write(&block) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(1)),
                Err(_) => break,
            }
            // 50 MB a second.
            thread::sleep(Duration::from_nanos(20 * sent as u64).saturating_sub(began.elapsed()));
        }
        floods.asked += 1;
        floods.sent += sent;
        if let Some(answered) = answered {
            let lingered = &mut floods.lingered[usize::from(is_chunked)];
            *lingered = answered.elapsed().max(*lingered);
        }
        if !answer.starts_with(b"HTTP/1.1 413") {
            floods.strange.push(format!("{:?} after {sent} bytes", String::from_utf8_lossy(&answer)));
        }
    }
    floods
}

/// Clients that ask and ask and never read: the system gives them up after half a minute.
fn unread(run: &Run, figures: &mut Figures, server: &Process, authorization: &str) {
    let what = "200 sockets that never read: closed within";
    if run.short {
        return figures.told("SQLite", what, "in the long form");
    }
    let request = crate::harness::request("GET", "/auth/me", authorization, None);
    let block = request.repeat(200);
    let before = server.files();
    let mut sockets: Vec<_> = (0..200).filter_map(|_| open(server.address).ok()).collect();
    for stream in &sockets {
        let _ = stream.set_nonblocking(true);
    }
    let began = Instant::now();
    let mut closed = 0;
    while !sockets.is_empty() && began.elapsed() < Duration::from_secs(90) {
        let open = sockets.len();
        sockets.retain_mut(|stream| {
            stream.write(block.as_bytes()).map_or_else(|error| error.kind() == io::ErrorKind::WouldBlock, |_| true)
        });
        closed += open - sockets.len();
        thread::sleep(Duration::from_millis(500));
    }
    let took = began.elapsed();
    let came = format!("{took:.0?}, {closed} closed, {} files more", server.files().saturating_sub(before));
    figures.must("SQLite", what, "45 s", came, sockets.is_empty() && took <= Duration::from_secs(45));
}
