//! The file of an SQLite database: for its owner's eyes only.

use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
};

use diesel::{ConnectionError, ConnectionResult};

const OWNER_ONLY: u32 = 0o600;
const ANYBODY_ELSE: u32 = 0o077;

/// Creates the file for its owner alone, before SQLite would with the umask's rights; `-wal` and `-shm` take over its
/// mode. A file that is there keeps the mode that somebody gave it, and is not opened: to close it again would take back the
/// locks that SQLite has on it in this process (`fcntl`), and the next other program that closes the database would throw the
/// `-wal` of the running server away.
pub fn create_private(path: &str) -> ConnectionResult<()> {
    match OpenOptions::new().create_new(true).append(true).mode(OWNER_ONLY).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(ConnectionError::BadConnection(format!("{path}: {error}")))
        }
        _ => Ok(()),
    }
}

/// May others than its owner open the file? Then what is in it (hashes, sealed tokens, addresses) is theirs too.
pub fn is_open_to_others(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & ANYBODY_ELSE != 0)
}
