//! Requests whose end two readers would see in two places: refused, and what hides behind them is never answered.

use countersign_tests::Server;

/// The hidden request; its answer would be a second one with a 405.
const HIDDEN: &str = "PUT /health/live HTTP/1.1\r\nHost: hidden\r\n\r\n";

fn answers(server: &Server, head: &str, body: &str) -> Vec<String> {
    let request =
        format!("POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n\r\n{body}");
    let answer = server.raw(request.as_bytes());
    answer.split("HTTP/1.1 ").skip(1).map(str::to_owned).collect()
}

#[test]
fn an_ambiguous_length_is_a_bad_request_and_nothing_behind_it_is_answered() {
    let server = Server::start();
    let heads = [
        ("both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        ("both lengths, the other way round", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6"),
        ("a list of lengths", "Content-Length: 5, 6"),
        ("a signed length", "Content-Length: +5"),
        ("a negative length", "Content-Length: -5"),
        ("a hexadecimal length", "Content-Length: 0x5"),
        ("no length at all", "Content-Length: "),
        ("a length beyond every number", "Content-Length: 99999999999999999999999"),
        ("an unknown coding", "Transfer-Encoding: xchunked"),
        ("chunked not last", "Transfer-Encoding: chunked, identity"),
        ("a blank before the colon", "Transfer-Encoding : chunked"),
        ("a folded line", "Content-Length: 5\r\n Transfer-Encoding: chunked"),
        ("two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    ];
    for (what, head) in heads {
        let answers = answers(&server, head, &format!("0\r\n\r\n{HIDDEN}"));
        assert_eq!(answers.len(), 1, "{what}: {answers:?}");
        assert!(answers[0].starts_with("400 "), "{what}: {answers:?}");
    }
    assert_eq!(server.anon().get("/health/live").status, 200);
}

#[test]
fn broken_chunks_end_the_connection() {
    let server = Server::start();
    for chunk in ["x\r\n", "-1\r\n", "fffffffffffffffff\r\n", "5;\n", "5\nhello\r\n", "1\r\nab\r\n0\r\n\r\n", "\r\n"] {
        let answers = answers(&server, "Transfer-Encoding: chunked", &format!("{chunk}{HIDDEN}"));
        assert!(answers.len() <= 1, "{chunk:?}: {answers:?}");
        assert!(answers.iter().all(|answer| answer.starts_with("400 ")), "{chunk:?}: {answers:?}");
    }
    assert_eq!(server.anon().get("/health/live").status, 200);
}

#[test]
fn a_head_that_is_no_head_is_a_bad_request() {
    let server = Server::start();
    let heads: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n\r\n\r\nnothing\r\n\r\n",
    ];
    for head in heads {
        let answer = server.raw(head);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{:?}: {answer}", String::from_utf8_lossy(head));
    }
    assert_eq!(server.anon().get("/health/live").status, 200);
}
