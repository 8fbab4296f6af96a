//! Who has the journal open: a small file beside it that names the process and its address.
//!
//! It is a help for people and decides nothing: the lock on the journal file does. It holds no secret, is for its
//! owner only, and may be stale after a crash.

use std::{
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Name of the file in the data folder.
const FILE: &str = "journal.run";
/// More than this is not read: it would not be ours.
const MAX_BYTES: u64 = 256;

/// The file of this process; taken away when dropped.
pub struct RunFile {
    path: PathBuf,
}

impl RunFile {
    /// Says that this process serves the journal in `folder` at `address`. On a medium that cannot be written there is
    /// no such file, and nothing depends on it.
    pub fn write(folder: &Path, address: SocketAddr) -> Option<Self> {
        let path = folder.join(FILE);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).ok()?;
        let text = format!("process {}\naddress http://{address}\n", std::process::id());
        file.write_all(text.as_bytes()).ok()?;
        Some(Self { path })
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        if std::fs::remove_file(&self.path).is_err() {
            tracing::debug!("the file that names this process stays");
        }
    }
}

/// Who has the journal in `folder` open, in words: `process 1234 at http://127.0.0.1:5757`. `None` when nobody says,
/// or when that process is gone.
pub fn other(folder: &Path) -> Option<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(folder.join(FILE)).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let process: u32 = line("process")?.parse().ok()?;
    let address: SocketAddr = line("address")?.strip_prefix("http://")?.parse().ok()?;
    let processes = Path::new("/proc/self");
    if processes.exists() && !processes.with_file_name(process.to_string()).exists() {
        return None;
    }
    Some(format!("process {process} at http://{address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_file_names_a_living_process_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let address: SocketAddr = "127.0.0.1:5757".parse().unwrap();
        assert_eq!(other(folder.path()), None);
        let file = RunFile::write(folder.path(), address).unwrap();
        let expected = format!("process {} at http://127.0.0.1:5757", std::process::id());
        assert_eq!(other(folder.path()), Some(expected));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        drop(file);
        assert_eq!(other(folder.path()), None);
        let stale =
            ["process 4194999\naddress http://127.0.0.1:1\n", "process x", "", "\u{1b}[31mprocess 1\n"];
        for text in stale {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(other(folder.path()), None, "{text:?}");
        }
    }
}
