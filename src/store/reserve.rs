//! A reserve beside the journal: 1 MiB that is given up when the disk is full, so that deleting still works.
//!
//! Deleting writes before it frees: an entry goes to the trash, the trash is emptied, the file is compacted. The
//! bytes are noise without meaning, so that a file system that compresses cannot save them.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Size of the reserve.
const BYTES: usize = 1 << 20;
/// What must be writable before a disk that was full counts as having room again.
const PROBE_BYTES: usize = 64 << 10;

/// The reserve of one journal file.
pub(super) struct Reserve {
    file: PathBuf,
    probe: PathBuf,
}

impl Reserve {
    /// The reserve of the journal at `path`: `journal.reserve` for `journal.llamora`.
    pub(super) fn beside(path: &Path) -> Self {
        Self { file: path.with_extension("reserve"), probe: path.with_extension("probe") }
    }

    /// Makes sure that it is there; an unfinished one is taken away again.
    pub(super) fn keep(&self) -> io::Result<()> {
        if std::fs::metadata(&self.file).is_ok_and(|meta| meta.len() == BYTES as u64) {
            return Ok(());
        }
        write_noise(&self.file, BYTES).inspect_err(|_| {
            let _ = std::fs::remove_file(&self.file);
        })
    }

    /// Gives it up. `false` when there is none.
    pub(super) fn spend(&self) -> bool {
        std::fs::remove_file(&self.file).is_ok()
    }

    /// Whether the disk takes new bytes.
    pub(super) fn has_room(&self) -> bool {
        let written = write_noise(&self.probe, PROBE_BYTES);
        let _ = std::fs::remove_file(&self.probe);
        written.is_ok()
    }
}

fn write_noise(path: &Path, len: usize) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // xorshift64, always the same: it only has to resist compression.
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        word.to_le_bytes()
    })
    .take(len / 8)
    .flatten()
    .collect();
    file.write_all(&noise)?;
    // Some file systems notice only here that they are full.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_kept_spent_and_kept_again() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::beside(&folder.path().join("journal.llamora"));
        assert!(!reserve.spend());
        reserve.keep().unwrap();
        let file = folder.path().join("journal.reserve");
        assert_eq!(std::fs::metadata(&file).unwrap().len(), BYTES as u64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(reserve.has_room());
        assert!(reserve.spend() && !file.exists());
        std::fs::write(&file, b"short").unwrap();
        reserve.keep().unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().len(), BYTES as u64);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the probe is gone");
    }
}
