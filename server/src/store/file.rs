//! The file of an SQLite database: for its owner's eyes only, and the same one as long as the process runs.

use std::{
    fs::{self, Metadata, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    sync::atomic::{AtomicBool, Ordering},
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

/// The file that was opened, and whether its path still leads to it.
///
/// Somebody may move another file there, a backup for instance. Connections that are open would go on with the old one, which
/// nobody will ever read again, and new ones would meet the new one with the old one's `-wal`, which does not fit. Neither is
/// right, so nothing is asked any more.
pub struct Watch {
    path: String,
    /// Device and inode, by which SQLite tells files apart as well.
    opened: (u64, u64),
    is_exchanged: AtomicBool,
}

impl Watch {
    /// Notes which file a path leads to that was just opened.
    ///
    /// # Errors
    /// What the system says.
    pub fn begin(path: &str) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), opened: identity(&fs::metadata(path)?), is_exchanged: AtomicBool::new(false) })
    }

    /// Was there another file, or none, when it was last looked?
    pub fn is_exchanged(&self) -> bool {
        self.is_exchanged.load(Ordering::Relaxed)
    }

    /// Looks, and tells the log of what has changed. A system that does not say anything of the file changes nothing.
    pub fn look(&self) {
        let is_exchanged = match fs::metadata(&self.path) {
            Ok(file) => identity(&file) != self.opened,
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(_) => return,
        };
        if is_exchanged == self.is_exchanged.swap(is_exchanged, Ordering::Relaxed) {
            return;
        }
        let file = self.path.as_str();
        if is_exchanged {
            tracing::error!(
                file,
                "the database file was moved, deleted or exchanged under the running server: every request that needs it is \
                 answered 503. To restore a backup, stop the server, put the file in place, delete those ending in -wal and \
                 -shm beside it, and start again"
            );
        } else {
            tracing::info!(file, "the database file is back in its place");
        }
    }

    /// [`Watch::look`] for whoever opens the file.
    ///
    /// # Errors
    /// If it is another one.
    pub fn check(&self) -> ConnectionResult<()> {
        self.look();
        if self.is_exchanged() {
            return Err(ConnectionError::BadConnection(format!(
                "{}: not the file that was opened at start",
                self.path
            )));
        }
        Ok(())
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_no_file_and_the_old_one_again_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let [path, aside, other] = ["db", "aside", "other"].map(|name| folder.path().join(name).display().to_string());
        create_private(&path).unwrap();
        create_private(&other).unwrap();
        let watch = Watch::begin(&path).unwrap();
        fs::write(&path, "the same file, written").unwrap();
        assert!(watch.check().is_ok());
        fs::rename(&path, &aside).unwrap();
        assert!(watch.check().is_err(), "none");
        fs::rename(&other, &path).unwrap();
        assert!(watch.check().is_err(), "another");
        fs::rename(&aside, &path).unwrap();
        assert!(watch.check().is_ok(), "the old one");
    }
}
