//! What a verification costs with ten thousand tokens and with millions of them, in turns beside each other.
//!
//! `LOAD_GROWTH` says how many there are at most, [`MOST`] if it does not; `COUNTERSIGN_TEST_POSTGRES` names a server to ask as
//! well.

use std::{env, time::Duration};

use countersign_tests::databases::databases;

use crate::{
    DIALECTS,
    figures::{Curve, Findings, Row, median, rate},
    filling::{bearer, fill},
    http::random_loop,
    process::{Installation, Server},
};

/// How many tokens there are.
const SIZES: [u32; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// Unless `LOAD_GROWTH` says otherwise: a million are there in seconds.
const MOST: u32 = 1_000_000;
/// Tokens of each user.
const EACH: u32 = 10;
/// How many different ones are asked for where they are cached.
const HOT: u32 = 10_000;
/// Short, so that all sizes meet the same machine.
const TURN: Duration = Duration::from_millis(250);
const ROUNDS: usize = 12;
/// How long each server is asked before: the first touch of a page of SQLite's map costs more than a look-up, and millions of
/// tokens have hundreds of thousands of pages.
const WARM_UP: Duration = Duration::from_secs(8);
const TARGET: &str = "≤ 1.3";

/// What is asked for: its name, what the server is told, whether the tokens name their rows, and how many of them there are.
const KINDS: [(&str, &str, bool, u32); 3] = [
    ("uncached, by number and secret", "[cache]\nverified = \"off\"", true, u32::MAX),
    ("uncached, by its digest alone", "[cache]\nverified = \"off\"", false, u32::MAX),
    ("cached", "", true, HOT),
];

/// The rows of the table, and the curves.
pub fn findings() -> Findings {
    let most = env::var("LOAD_GROWTH").ok().and_then(|text| text.parse().ok()).unwrap_or(MOST);
    let sizes: Vec<u32> = SIZES.into_iter().filter(|size| *size <= most).collect();
    let mut findings = Findings::default();
    for name in ["sqlite", "postgres"] {
        if !databases().iter().any(|database| database.name == name) {
            continue;
        }
        let filled: Vec<_> = sizes.iter().map(|size| (*size, filled(name, *size))).collect();
        for kind in KINDS {
            findings.extend(measure(name, kind, &filled));
        }
    }
    findings
}

/// An installation with so many tokens.
fn filled(name: &str, size: u32) -> Installation {
    let database = databases().into_iter().find(|database| database.name == name && name != "sqlite");
    let installation = Installation::on(database, "");
    drop(installation.start());
    fill(&installation, size, EACH);
    installation
}

/// A server at one size, and what became of its turns.
struct Side {
    size: u32,
    server: Server,
    answered: Vec<usize>,
    /// In seconds.
    processor: f64,
}

fn measure(
    database: &str,
    (kind, settings, has_id, different): (&str, &str, bool, u32),
    filled: &[(u32, Installation)],
) -> Findings {
    let start = |(size, installation): &(u32, Installation)| {
        installation.configure(settings);
        Side { size: *size, server: installation.start(), answered: Vec::new(), processor: 0.0 }
    };
    let mut sides: Vec<Side> = filled.iter().map(start).collect();
    // From all over the table.
    let ask = |side: &Side, during| {
        let spread = side.size.min(different);
        let step = side.size / spread;
        let fill = |random: u64, next: &mut Vec<u8>| {
            let drawn = u32::try_from(random % u64::from(spread)).unwrap_or_default();
            write(drawn * step, has_id, next);
        };
        random_loop(side.server.address, &fill, during)
    };
    for side in &sides {
        ask(side, WARM_UP);
    }
    for _ in 0..ROUNDS {
        for side in &mut sides {
            let before = side.server.cpu();
            side.answered.push(ask(side, TURN));
            side.processor += side.server.cpu() - before;
        }
    }
    told(database, kind, &sides)
}

fn told(database: &str, kind: &str, sides: &[Side]) -> Findings {
    let cost = |side: &Side| side.processor * 1e6 / rate(side.answered.iter().sum(), Duration::from_secs(1));
    let first = &sides[0];
    let mut findings = Findings::default();
    let mut points = Vec::new();
    for side in sides {
        let by_processor = cost(side) / cost(first);
        let by_requests = side.answered.iter().zip(&first.answered).map(|(ours, first)| ratio(*first, *ours));
        points.push((side.size, by_processor));
        let figure = format!(
            "**{by_processor:.2}** times the server's processor time with {} ({:.1} µs); {:.2} times by requests; {:.0} MiB \
             resident, {:.0} of it its own",
            first.size,
            cost(side),
            median(by_requests),
            side.server.memory().resident,
            side.server.memory().own,
        );
        let what = format!("a token of {}, {kind}, {database}", side.size);
        findings.rows.push(Row::new(what, figure, TARGET));
    }
    findings.growth.push(Curve { name: format!("{database}, {kind}"), points });
    findings
}

fn ratio(one: usize, other: usize) -> f64 {
    let second = Duration::from_secs(1);
    rate(one, second) / rate(other, second)
}

/// The request with the token of a number.
pub fn write(number: u32, has_id: bool, request: &mut Vec<u8>) {
    let mut text = String::from_utf8(std::mem::take(request)).unwrap_or_default();
    text.clear();
    text.push_str("GET ");
    text.push_str(DIALECTS[0].path);
    text.push_str(" HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: Bearer ");
    bearer(number, has_id, &mut text);
    text.push_str("\r\n\r\n");
    *request = text.into_bytes();
}
