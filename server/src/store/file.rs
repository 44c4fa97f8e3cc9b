//! The file of an SQLite database: for its owner's eyes only.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
};

use diesel::{ConnectionError, ConnectionResult};

const OWNER_ONLY: u32 = 0o600;
const ANYBODY_ELSE: u32 = 0o077;

/// Creates the file for its owner alone, before SQLite would with the umask's rights; `-wal` and `-shm` take over its
/// mode. A file that is there keeps the mode that somebody gave it.
pub fn create_private(path: &str) -> ConnectionResult<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(OWNER_ONLY)
        .open(path)
        .map_err(|error| ConnectionError::BadConnection(format!("{path}: {error}")))?;
    Ok(())
}

/// May others than its owner open the file? Then what is in it (hashes, sealed tokens, addresses) is theirs too.
pub fn is_open_to_others(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & ANYBODY_ELSE != 0)
}
