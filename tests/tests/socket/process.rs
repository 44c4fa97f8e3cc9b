//! The program itself, with its own log and its own memory.

use std::{fs, io::Write as _, net::TcpStream, time::Duration};

use countersign_tests::{
    program::{Running, Sandbox},
    sandbox,
    wire::exchange,
};
use serde_json::Value;

use crate::common::{BOUND, ME, Socket, UNAUTHORIZED, closed, closed_in_time, handshake, text};

/// An installation with the minimal API alone, where ada is registered.
fn installation(options: &str) -> Sandbox {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", &format!("[[mount]]\nadapter = \"minimal\"\n{options}"));
    sandbox.add("ada");
    sandbox
}

fn token(server: &Running) -> String {
    server.anon().post("/auth", serde_json::json!({"login": "ada", "password": "password"})).text("token")
}

fn opened(server: &Running, token: &str) -> Socket {
    let bearer = format!("Bearer {token}");
    let (mut socket, _) = handshake(server.address, "/ws", &[("Authorization", &bearer)]).unwrap();
    assert_eq!(text(&mut socket), ME);
    socket
}

/// How much memory a process has, in bytes.
fn resident(server: &Running) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn who_says_nothing_for_five_seconds_is_closed_with_4401() {
    let sandbox = installation("");
    let server = sandbox.serve();
    let (mut socket, _) = handshake(server.address, "/ws", &[]).unwrap();
    let opened = std::time::Instant::now();
    assert_eq!(closed(&mut socket), 4401);
    assert!((4.9..6.0).contains(&opened.elapsed().as_secs_f32()), "{:?}", opened.elapsed());
}

#[test]
fn tokens_are_many_listed_for_the_owner_and_revoked_one_by_one() {
    let sandbox = installation("");
    let server = sandbox.serve();
    let mut sockets: Vec<_> = (0..3).map(|_| opened(&server, &token(&server))).collect();
    let listed = || serde_json::from_str::<Vec<Value>>(&sandbox.done(&["token", "list", "ada", "--json"])).unwrap();
    let ids = |tokens: &[Value]| tokens.iter().map(|token| token["id"].as_i64().unwrap()).collect::<Vec<_>>();
    let tokens = listed();
    assert_eq!(ids(&tokens), [1, 2, 3]);
    assert!(tokens.iter().all(|token| token["name"] == "minimal" && token["user_id"] == 1), "{tokens:?}");
    for (revoked, left) in [(2, vec![1, 3]), (1, vec![3]), (3, vec![])] {
        let mut dead = sockets.remove(usize::from(revoked == 2));
        let revoke = || drop(sandbox.done(&["token", "revoke", &revoked.to_string()]));
        assert_eq!(closed_in_time(&mut dead, revoke), 4401);
        assert_eq!(ids(&listed()), left);
        for socket in &mut sockets {
            socket.send(tungstenite::Message::text("still there?")).unwrap();
            assert_eq!(text(socket), ME);
        }
    }
}

#[test]
fn after_a_restart_everybody_says_again_who_they_are() {
    let sandbox = installation("socket_login = \"1s\"");
    let mut server = sandbox.serve();
    let (address, token) = (server.address, token(&server));
    let mut socket = opened(&server, &token);
    server.terminate();
    assert_eq!(closed(&mut socket), 1001);
    assert_eq!(server.wait(), 0);

    let server = sandbox.spawn_on(address);
    server.wait_ready();
    assert!(socket.read().is_err());
    let (mut nobody, _) = handshake(address, "/ws", &[]).unwrap();
    assert_eq!(closed(&mut nobody), 4401);
    opened(&server, &token);
}

#[test]
fn a_token_in_the_address_is_in_no_log() {
    let mut sandbox = installation("");
    sandbox.set("COUNTERSIGN__LOG__LEVEL", "trace");
    let mut server = sandbox.serve();
    let token = token(&server);
    let secret = token.split_once('|').unwrap().1;
    for path in ["/ws?token=", "/ws?access_token=", "/nothing?api_token=", "/auth?token="] {
        let path = format!("{path}{}", token.replace('|', "%7C"));
        server.anon().get(&path);
        let refused = handshake(server.address, &path, &[]).err().unwrap();
        assert!(!refused.status().is_success());
    }
    let refused = handshake(server.address, &format!("/ws?token={secret}"), &[]).err().unwrap();
    assert_eq!((refused.status().as_u16(), refused.body().as_str()), (401, UNAUTHORIZED));
    opened(&server, &token);
    assert_eq!(server.stop(), 0);
    let log = server.log();
    assert!(log.contains("refused a socket with a token in its address"), "{log}");
    let lines: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn huge_headers_of_a_handshake_are_refused() {
    let sandbox = installation("");
    let server = sandbox.serve();
    let before = resident(&server);
    let handshake = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let many = "X-Y: z\r\n".repeat(1_000);
    for headers in
        [format!("X: {}\r\n", "y".repeat(10 << 20)), many, format!("Cookie: {}\r\n", "a=b; ".repeat(1 << 20))]
    {
        let answer = exchange(server.address, format!("{handshake}{headers}\r\n").as_bytes());
        // A client that goes on writing may see the connection end before it sees the answer.
        let refused = ["HTTP/1.1 431 ", "HTTP/1.1 400 "].iter().any(|status| answer.starts_with(status));
        assert!(refused || answer.is_empty(), "{answer}");
    }
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < 20 << 20, "{grown} bytes more");
}

#[test]
fn hostile_sockets_cost_no_memory() {
    const EACH: usize = 10;
    let sandbox = installation("max_sockets_per_user = 1000");
    let server = sandbox.serve();
    let token = token(&server);
    // What every server has after its first sockets.
    (0..EACH).for_each(|_| drop(opened(&server, &token)));
    let before = resident(&server);

    let small = [0, 0x81, 0, 0, 0, 0, b'x'].repeat(100_000);
    let attacks: [(u16, Vec<u8>); 5] = [
        (1009, [&[0x81, 0xff][..], &(1_u64 << 30).to_be_bytes(), &vec![0; 4 << 20]].concat()),
        (1009, [&[1, 0x81, 0, 0, 0, 0, b'x'][..], &small].concat()),
        (1009, [&[1, 0x80, 0, 0, 0, 0][..], &[0, 0x80, 0, 0, 0, 0].repeat(100_000)].concat()),
        (1002, [&[0x81, 126, 255, 255][..], &vec![0; 65_535]].concat()),
        (1008, [0x89, 0x80, 0, 0, 0, 0].repeat(50_000)),
    ];
    let mut sockets: Vec<_> = (0..EACH * attacks.len()).map(|_| opened(&server, &token)).collect();
    // These answer nothing and read nothing: what is said to them waits.
    let unread: Vec<_> = (0..2 * EACH).map(|_| opened(&server, &token)).collect();
    let asking = [0x81, 0x80, 0, 0, 0, 0].repeat(20_000);
    for socket in &unread {
        let mut stream = socket.get_ref();
        stream.set_nonblocking(true).unwrap();
        let _ = stream.write(&asking);
    }
    let mut most = 0;
    for (number, socket) in sockets.iter_mut().enumerate() {
        let (code, bytes) = &attacks[number % attacks.len()];
        write(socket.get_mut(), bytes);
        most = most.max(resident(&server));
        assert_eq!(closed(socket), *code, "attack {}", number % attacks.len());
    }
    std::thread::sleep(BOUND);
    most = most.max(resident(&server));
    let grown = most.saturating_sub(before);
    assert!(grown < 20 << 20, "{} kB more", grown >> 10);
    opened(&server, &token);
}

/// Sends as much as the server takes.
fn write(stream: &mut TcpStream, bytes: &[u8]) {
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    let _ = stream.write_all(bytes);
}
