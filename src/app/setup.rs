//! The setup token, when other machines can reach the program and there is no journal yet (SR-08): shown on standard
//! error, which the log goes to as well, and in a file that only its owner can read.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::services::admission::Setup;

/// Name of the file in the data folder.
pub const FILE: &str = "setup-token";

/// The file of this start; taken away when dropped.
pub struct SetupFile(PathBuf);

impl Drop for SetupFile {
    fn drop(&mut self) {
        // It is gone already when the token was used.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes what a start left that was killed.
pub fn forget(folder: &Path) {
    let _ = std::fs::remove_file(folder.join(FILE));
}

/// Draws the token of this start and shows it. On a medium that cannot be written there is no file; no journal could be
/// made there either.
pub fn offer(folder: &Path, now_ms: i64) -> (Setup, Option<SetupFile>) {
    forget(folder);
    let path = folder.join(FILE);
    let (setup, text) = Setup::random(now_ms, Some(path.clone()));
    show(&text, &path);
    let file = write(&path, &text).is_ok().then_some(SetupFile(path));
    (setup, file)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(path)?, "{text}")
}

fn show(text: &Zeroizing<String>, path: &Path) {
    // Nobody reads it when it cannot be written; the file is there as well.
    let _ = writeln!(
        std::io::stderr(),
        "\nThere is no journal here yet, and other machines can reach this program.\n\
         Setup token for the first journal, good once and for 30 minutes:\n\n    {}\n\n\
         It also stands in {}\n",
        text.as_str(),
        path.display()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_the_token_is_private_and_goes_with_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, "left over").unwrap();
        let (_, file) = offer(folder.path(), 0);
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim().len(), 34);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(file);
        assert!(!path.exists());
    }
}
