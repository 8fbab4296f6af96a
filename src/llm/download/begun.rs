//! Downloads that were begun and are not finished.

use std::fs::{self, File, TryLockError};

use crate::llm::{
    download::{DownloadError, failed},
    shelf::{Shelf, ShelfError, is_file_name},
};

/// A download that was begun and is not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Name the file gets.
    pub file: String,
    /// Where it comes from.
    pub url: String,
    /// Bytes that have come.
    pub bytes: u64,
}

/// All of them, by name.
pub fn all(shelf: &Shelf) -> Vec<Unfinished> {
    let mut all = Vec::new();
    for item in fs::read_dir(shelf.folder()).into_iter().flatten().flatten() {
        let Ok(name) = item.file_name().into_string() else { continue };
        let Some(file) = name.strip_suffix(".part").filter(|file| is_file_name(file)) else { continue };
        let note = fs::read_to_string(shelf.folder().join(format!("{name}.from"))).unwrap_or_default();
        let (Some(bytes), Some(url)) = (bytes(shelf, file), note.lines().next()) else { continue };
        all.push(Unfinished { file: file.to_owned(), url: url.to_owned(), bytes });
    }
    all.sort_by(|left, right| left.file.cmp(&right.file));
    all
}

/// Throws away what has come of a download.
///
/// # Errors
/// [`DownloadError::Busy`] while it goes on; when it is not there or cannot be removed.
pub fn discard(shelf: &Shelf, file: &str) -> Result<(), DownloadError> {
    if !is_file_name(file) {
        return Err(ShelfError::Name(file.to_owned()).into());
    }
    let path = shelf.folder().join(format!("{file}.part"));
    let part = File::open(&path).map_err(|_| ShelfError::Missing(file.to_owned()))?;
    if matches!(part.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(DownloadError::Busy);
    }
    fs::remove_file(&path).map_err(failed("it cannot be removed"))?;
    let _ = fs::remove_file(shelf.folder().join(format!("{file}.part.from")));
    Ok(())
}

/// Bytes of a part that is there from an earlier try.
pub fn bytes(shelf: &Shelf, file: &str) -> Option<u64> {
    let facts = fs::metadata(shelf.folder().join(format!("{file}.part"))).ok()?;
    (facts.is_file() && facts.len() > 0).then_some(facts.len())
}
