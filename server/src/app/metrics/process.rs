//! The process as Linux sees it, under the names that every Prometheus client gives them. Elsewhere there is nothing.

use std::fs;

use super::text::{Kind, Text};

/// Ticks a second of the times in `/proc`: the same on every Linux.
const TICKS: f64 = 100.0;

pub(super) fn tell(text: &mut Text) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    if let Some(resident) = kib("VmRSS") {
        text.single("process_resident_memory_bytes", Kind::Gauge, "Resident memory.", resident * 1024);
    }
    if let Some(whole) = kib("VmSize") {
        text.single("process_virtual_memory_bytes", Kind::Gauge, "Virtual memory.", whole * 1024);
    }
    if let Some(ticks) = cpu_ticks() {
        text.single("process_cpu_seconds_total", Kind::Counter, "Processor time, user and system.", ticks / TICKS);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them reads this folder.
        text.single("process_open_fds", Kind::Gauge, "Open file descriptors.", open.count().saturating_sub(1));
    }
    if let Some(most) = most_files() {
        text.single("process_max_fds", Kind::Gauge, "The most file descriptors that may be open.", most);
    }
}

/// The fields behind the name, which may hold blanks: the twelfth and thirteenth are the times.
fn cpu_ticks() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

fn most_files() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
