//! A control group with little memory.

use std::{fs, path::PathBuf};

/// The group; it goes with this, when it is empty.
pub struct Cage {
    folder: PathBuf,
    files: &'static Files,
}

/// What the two versions call the same things.
struct Files {
    root: &'static str,
    limit: &'static str,
    peak: &'static str,
    events: &'static str,
}

const VERSIONS: [Files; 2] = [
    Files {
        root: "/sys/fs/cgroup/memory",
        limit: "memory.limit_in_bytes",
        peak: "memory.max_usage_in_bytes",
        events: "memory.oom_control",
    },
    Files { root: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak", events: "memory.events" },
];

/// What the groups are called, before the number of the process.
const NAME: &str = "countersign-fire-";

/// Takes groups away whose processes have ended without them; those in use stay.
pub fn sweep_cages() {
    for group in VERSIONS.iter().flat_map(|files| fs::read_dir(files.root)).flatten().flatten() {
        if group.file_name().to_string_lossy().starts_with(NAME) {
            let _ = fs::remove_dir(group.path());
        }
    }
}

impl Cage {
    /// Puts a process into a new group with so many MiB.
    pub fn of(process: u32, mib: u64) -> Result<Self, String> {
        let mut reasons = Vec::new();
        for files in &VERSIONS {
            let folder = PathBuf::from(files.root).join(format!("{NAME}{process}"));
            let made = fs::create_dir(&folder)
                .and_then(|()| fs::write(folder.join(files.limit), (mib << 20).to_string()))
                .and_then(|()| fs::write(folder.join("cgroup.procs"), process.to_string()));
            match made {
                Ok(()) => return Ok(Self { folder, files }),
                Err(error) => {
                    let _ = fs::remove_dir(&folder);
                    reasons.push(format!("{}: {error}", files.root));
                }
            }
        }
        Err(reasons.join(", "))
    }

    /// The most that was ever used, in MiB, with what the system keeps of its files.
    pub fn peak(&self) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join(self.files.peak)).ok()?;
        text.trim().parse::<u64>().ok().map(|bytes| bytes >> 20)
    }

    /// How many processes were killed for want of memory.
    pub fn kills(&self) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join(self.files.events)).ok()?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}
