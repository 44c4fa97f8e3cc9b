//! The server key file: made once, readable by its owner only, the active key first.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD},
};
use countersign_core::{env::Random, seal::KeyRing};

use crate::config::{KeySettings, key_bytes};

/// Anybody but the owner and its group. The group may read: that is how an orchestrator hands a secret to a process.
const OTHERS: u32 = 0o007;
/// What the group has no use for in a key file.
const GROUP_WRITES: u32 = 0o020;

/// Why there is no key ring.
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
    #[error("the key file {} is damaged at line {line}: each line holds one key of 32 bytes in base64", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1; 0 if the file holds no key at all.
        line: usize,
    },
    /// Somebody else could read or replace the keys.
    #[error("the key file {} is open to others (mode {mode:03o}): run chmod 600 on it, and make a new key if others were there", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// `keys.secret` is no key.
    #[error("keys.secret is not a usable key")]
    Secret,
}

/// The ring of the configuration: `keys.secret`, or the file, which is made if there is none.
///
/// # Errors
/// [`KeyError`].
pub fn key_ring(settings: &KeySettings, random: &dyn Random) -> Result<KeyRing, KeyError> {
    if let Some(secret) = &settings.secret {
        let bytes = key_bytes(secret).ok_or(KeyError::Secret)?;
        return KeyRing::new([bytes]).map_err(|_| KeyError::Secret);
    }
    let path = &settings.file;
    let at = |source| KeyError::File { path: path.clone(), source };
    if !path.exists() {
        create(path, random).map_err(at)?;
    }
    let mode = fs::metadata(path).map_err(at)?.permissions().mode() & 0o777;
    if mode & (OTHERS | GROUP_WRITES) != 0 {
        return Err(KeyError::Exposed { path: path.clone(), mode });
    }
    let text = fs::read_to_string(path).map_err(at)?;
    let keys = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(line, number)| BASE64.decode(line.trim()).ok().filter(|key| key.len() >= 32).ok_or(number))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|line| KeyError::Damaged { path: path.clone(), line })?;
    KeyRing::new(keys).map_err(|_| KeyError::Damaged { path: path.clone(), line: 0 })
}

/// Writes a file with one new key. Of several processes that start at once one makes it, whole or not at all.
fn create(path: &Path, random: &dyn Random) -> io::Result<()> {
    let key = BASE64.encode(random.bytes::<32>());
    let text = format!(
        "# The key ring of this Countersign server. The first key seals and signs, all of them open.\n\
         # Without it, tokens that are handed out again and cookies are lost: back it up, and show it to nobody.\n\
         {key}\n"
    );
    // A name of its own: two containers on one volume may have the same process number.
    let draft = path.with_extension(format!("new-{}", URL_SAFE_NO_PAD.encode(random.bytes::<12>())));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A link is made only where nothing is yet: whoever comes second reads the first one's key.
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(path),
    }
}

/// Makes the name of a new file as lasting as its contents.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use countersign_core::env::SystemRandom;

    use super::*;

    fn settings(file: PathBuf) -> KeySettings {
        KeySettings { file, ..KeySettings::default() }
    }

    #[test]
    fn a_key_is_made_once_and_kept_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path().join("countersign.keys"));
        let first = key_ring(&settings, &SystemRandom).unwrap().derive("x");
        assert_eq!(key_ring(&settings, &SystemRandom).unwrap().derive("x"), first);
        assert_eq!(fs::metadata(&settings.file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_many_that_start_at_once_all_have_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path().join("countersign.keys"));
        let start = || key_ring(&settings, &SystemRandom).unwrap().derive("x");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path().join("countersign.keys"));
        key_ring(&settings, &SystemRandom).unwrap();
        for (mode, taken) in [(0o600, true), (0o400, true), (0o640, true), (0o644, false), (0o660, false)] {
            fs::set_permissions(&settings.file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(key_ring(&settings, &SystemRandom).is_ok(), taken, "{mode:o}");
        }
    }

    #[test]
    fn a_damaged_file_is_named_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path().join("countersign.keys"));
        fs::write(&settings.file, "# ring\nnot a key\n").unwrap();
        fs::set_permissions(&settings.file, fs::Permissions::from_mode(0o600)).unwrap();
        let error = key_ring(&settings, &SystemRandom).unwrap_err().to_string();
        assert!(error.contains("countersign.keys is damaged at line 2"), "{error}");
    }
}
