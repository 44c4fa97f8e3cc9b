//! The server key file: made once, readable by its owner only, the active key first.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use countersign_core::{env::Random, seal::KeyRing};

use crate::config::{KeySettings, key_bytes};

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
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // A link is made only where nothing is yet: whoever comes second reads the first one's key.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

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
    fn a_damaged_file_is_named_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path().join("countersign.keys"));
        fs::write(&settings.file, "# ring\nnot a key\n").unwrap();
        let error = key_ring(&settings, &SystemRandom).unwrap_err().to_string();
        assert!(error.contains("countersign.keys is damaged at line 2"), "{error}");
    }
}
