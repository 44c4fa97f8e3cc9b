//! Files with keys in them: made whole or not at all, exchanged at once, readable by their owner only.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::env::Random;

/// Anybody but the owner and its group. The group may read: that is how an orchestrator hands a secret to a process.
const OTHERS: u32 = 0o007;
/// What the group has no use for in a key file.
const GROUP_WRITES: u32 = 0o020;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can be neither read nor made.
    #[error("cannot use the key file {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a list of keys.
    #[error("the key file {} is damaged at line {line}: {expected}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1; 0 if the file holds no key at all.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// Nothing is in it, not even a comment.
    #[error("the key file {} is empty: bring back a copy, or delete it, and a new one is made", .0.display())]
    Empty(PathBuf),
    /// A key that is not used, whatever the rest of the file is.
    #[error("the key file {} is refused at line {line}: {reason}", path.display())]
    Refused {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Why; never the key.
        reason: String,
    },
    /// Somebody else could read or replace the keys.
    #[error("the key file {} is open to others (mode {mode:03o}): run chmod 600 on it, and make a new key if others were there", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// `keys.secret` or `jwt.secret` is no key.
    #[error("keys.secret or jwt.secret is not a usable key")]
    Secret,
    /// No key could be made.
    #[error("cannot make a key for {0}")]
    Generate(countersign_core::strategy::JwtAlgorithm),
    /// What was to be imported is no key.
    #[error("{0}")]
    Import(String),
    /// What is written in the configuration is changed there.
    #[error("{0}")]
    Configured(&'static str),
}

/// The text of a key file.
pub fn read(path: &Path) -> Result<String, KeyError> {
    let at = |source| KeyError::File { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(at)?.permissions().mode() & 0o777;
    if mode & (OTHERS | GROUP_WRITES) != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    fs::read_to_string(path).map_err(at)
}

/// Makes the file, if there is none. Of several processes that start at once one makes it, whole or not at all: whoever
/// comes second reads the first one's keys.
pub fn create(path: &Path, text: &str, random: &dyn Random) -> Result<(), KeyError> {
    let at = |source| KeyError::File { path: path.to_owned(), source };
    let draft = draft(path, text, random).map_err(at)?;
    // A link is made only where nothing is yet.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(at)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(at(error)),
        _ => sync_folder(path).map_err(at),
    }
}

/// Exchanges the text of a key file for what `change` makes of it. Of several who do so one comes after the other.
pub fn exchange<T>(
    path: &Path,
    random: &dyn Random,
    change: impl FnOnce(&str) -> Result<(String, T), KeyError>,
) -> Result<T, KeyError> {
    let at = |source| KeyError::File { path: path.to_owned(), source };
    // The folder is what stays: the file itself is another one afterwards.
    let folder = File::open(folder(path)).map_err(at)?;
    folder.lock().map_err(at)?;
    let (text, outcome) = change(&read(path)?)?;
    let draft = draft(path, &text, random).map_err(at)?;
    let renamed = fs::rename(&draft, path);
    if renamed.is_err() {
        fs::remove_file(&draft).map_err(at)?;
    }
    renamed.and_then(|()| sync_folder(path)).map_err(at)?;
    Ok(outcome)
}

/// Tells a file from the one that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    size: u64,
    written: (i64, i64),
}

/// Which file this is now; `None` if there is none.
pub fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some(Stamp { inode: found.ino(), size: found.size(), written: (found.mtime(), found.mtime_nsec()) })
}

/// Writes a file of another name. Two containers on one volume may have the same process number, so it is drawn.
fn draft(path: &Path, text: &str, random: &dyn Random) -> io::Result<PathBuf> {
    let draft = path.with_extension(format!("new-{}", URL_SAFE_NO_PAD.encode(random.bytes::<12>())));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    Ok(draft)
}

/// Makes the name of a new file as lasting as its contents.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
