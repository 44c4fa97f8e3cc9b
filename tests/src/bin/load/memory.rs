//! How much memory a server holds: when nobody asks it, after it was asked, and with very many cached credentials.
//!
//! `LOAD_CACHED` says how many those are, [`MOST`] if it does not.

use std::{env, net::SocketAddr, thread, time::Duration};

use crate::{
    DIALECTS,
    figures::Row,
    filling::fill,
    growth::write,
    http::{Connection, closed_loop, get, once_each},
    process::{Installation, Memory},
};

/// Unless `LOAD_CACHED` says otherwise.
const MOST: u32 = 1_000_000;
/// When an idle server has given back what it can.
const IDLE: Duration = Duration::from_secs(12);
/// How long it is asked.
const LOAD: Duration = Duration::from_secs(3);
/// How many log in meanwhile, one after the other.
const LOGINS: usize = 20;
const TARGET: &str = "≤ 25 MiB";

/// The rows of the table.
pub fn rows() -> Vec<Row> {
    let mut rows = idle();
    rows.push(cached());
    rows
}

fn idle() -> Vec<Row> {
    let installation = Installation::new("");
    // What a first start does besides is done by another process.
    drop(installation.start());
    installation.add_user();
    let server = installation.start();
    let at_first = server.memory();
    thread::sleep(IDLE);
    let idle = server.memory();
    let requests: Vec<_> = DIALECTS.iter().map(|dialect| get(dialect.path, &server.log_in(dialect))).collect();
    for request in &requests {
        closed_loop(server.address, request, LOAD / 3);
    }
    for _ in 0..LOGINS {
        server.log_in(&DIALECTS[0]);
    }
    let loaded = server.memory();
    thread::sleep(IDLE);
    vec![
        Row::new("memory after the start", at_first.to_string(), ""),
        Row::new("memory after twelve idle seconds", idle.to_string(), TARGET),
        Row::new("memory after verifications by 32 connections and 20 logins", loaded.to_string(), ""),
        Row::new("memory twelve seconds after those", server.memory().to_string(), ""),
    ]
}

fn cached() -> Row {
    let count = env::var("LOAD_CACHED").ok().and_then(|text| text.parse().ok()).unwrap_or(MOST);
    // What was not used for a while falls out when half of the room is full.
    let installation = Installation::new(&format!("[cache]\ncapacity = {}", count * 5 / 2));
    drop(installation.start());
    fill(&installation, count, 1);
    let server = installation.start();
    let before = server.memory();
    once_each(server.address, count, &|number, request: &mut Vec<u8>| write(number, true, request));
    let after = server.memory();
    let entries = entries(server.address);
    assert!(entries >= f64::from(count), "{entries} of {count} credentials are cached");
    let each = (after.own - before.own) * Memory::UNIT / entries;
    let figure = format!("{after}; **{each:.0} bytes** each");
    Row::new(format!("memory with {count} cached credentials of as many users"), figure, "")
}

/// How many entries the cache has, as the metrics tell it.
fn entries(address: SocketAddr) -> f64 {
    let mut connection = Connection::open(address).expect("the server listens");
    let answer = connection.ask(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let text = String::from_utf8_lossy(answer.body);
    let line = text.lines().find_map(|line| line.strip_prefix("countersign_cache_entries "));
    line.and_then(|number| number.trim().parse().ok()).expect("the metrics tell it")
}
