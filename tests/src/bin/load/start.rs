//! How long a start takes.

use std::time::Duration;

use crate::{
    figures::{Row, median},
    process::Installation,
};

/// Each once; the middle one is told.
const STARTS: usize = 5;
const TARGET: &str = "≤ 100 ms";

/// The rows of the table.
pub fn rows() -> Vec<Row> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let installation = Installation::new("");
        first.push(installation.start().ready_after);
        second.push(installation.start().ready_after);
    }
    vec![
        Row::new("first start, with migrations and new keys, until `/health/ready` answers", told(&first), TARGET),
        Row::new("second start", told(&second), TARGET),
    ]
}

fn told(starts: &[Duration]) -> String {
    let millis = |start: &Duration| start.as_secs_f64() * 1e3;
    let longest = starts.iter().max().map_or(0.0, millis);
    format!("{:.0} ms, the longest of {} {longest:.0} ms", median(starts.iter().map(millis)), starts.len())
}
