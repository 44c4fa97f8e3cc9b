//! How long a start takes, and how much memory a server holds that nobody asks.

use std::{thread, time::Duration};

use crate::{figures::Row, process::Installation};

/// When an idle server has done all that it does after a start.
const IDLE: Duration = Duration::from_secs(10);

/// The rows of the table.
pub fn rows() -> Vec<Row> {
    let installation = Installation::new("");
    let first = installation.start().ready_after;
    let server = installation.start();
    let second = server.ready_after;
    let at_first = server.resident();
    thread::sleep(IDLE);
    let millis = |duration: Duration| format!("{:.0} ms", duration.as_secs_f64() * 1e3);
    vec![
        Row::new("first start, with migrations and new keys, until `/health/ready` answers", millis(first), ""),
        Row::new("second start", millis(second), ""),
        Row::new("resident memory after the start", format!("{at_first:.1} MiB"), ""),
        Row::new("resident memory after ten idle seconds", format!("{:.1} MiB", server.resident()), ""),
    ]
}
