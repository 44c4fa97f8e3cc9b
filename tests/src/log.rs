//! What the program says in its log, kept for a test that asks. Tests of one process share it.

use std::{
    io::{self, Write},
    sync::{Mutex, OnceLock, PoisonError},
};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Pen;

impl Write for Pen {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps the log from now on.
pub fn keep() {
    static START: OnceLock<()> = OnceLock::new();
    START.get_or_init(|| tracing_subscriber::fmt().with_ansi(false).with_writer(|| Pen).init());
}

/// Everything that was logged so far.
pub fn whole() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// The lines so far with this in them.
pub fn logged(about: &str) -> Vec<String> {
    whole().lines().filter(|line| line.contains(about)).map(ToOwned::to_owned).collect()
}
