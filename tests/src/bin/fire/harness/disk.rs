//! A small file system in memory that can be filled up.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    process::Command,
};

use tempfile::TempDir;

/// The file system; it goes with this.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// One of so many MiB. Only root may mount it.
    pub fn mount(size_mib: usize) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("fire-disk").tempdir().map_err(|error| error.to_string())?;
        let size = format!("size={size_mib}m");
        let mut mount = Command::new("mount");
        let output = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(Self { folder })
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all that is free.
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.path().join("ballast")).expect("a file");
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![0xaa; size];
            while ballast.write_all(&block).is_ok() {}
        }
    }

    /// Gives so many MiB back.
    pub fn free(&self, mib: u64) -> io::Result<()> {
        let ballast = File::options().write(true).open(self.path().join("ballast"))?;
        let length = ballast.metadata()?.len();
        ballast.set_len(length.saturating_sub(mib << 20))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path().join("ballast"));
        // Somebody may still have a file open: it goes when they close it.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
